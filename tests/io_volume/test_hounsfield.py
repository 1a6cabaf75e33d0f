"""Stored numbers become Hounsfield units, slice by slice, whatever the storage; padding is known as such."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pydicom
import pytest

from ssc_core.errors import EmptyError, FormatError, GeometryError, InputError
from ssc_core.geometry import Frame
from ssc_core.io.volume import check_hu, open_volume, volume_from_array

WAYS = {
    "unsigned": ({}, "int16"),
    "signed": ({"signed": True, "intercept": 0}, "int16"),
    "twelve bits": ({"bits": 12}, "int16"),
    "missing rescale, signed": ({"signed": True, "slope": None, "intercept": None}, "int16"),
    "own intercept per slice": ({"intercept": [-1000 - 9 * k for k in range(9)]}, "int16"),
    "own slope per slice": (
        {"slope": [1 + 0.25 * (k % 3) for k in range(9)], "intercept": [-1000.5 - k for k in range(9)]},
        "float32",
    ),
    "shown inverted": ({"tags": {"PhotometricInterpretation": "MONOCHROME1"}}, "int16"),
    "signed and shown inverted": (
        {"signed": True, "intercept": 0, "tags": {"PhotometricInterpretation": "MONOCHROME1"}},
        "int16",
    ),
    "implicit VR": ({"syntax": "1.2.840.10008.1.2"}, "int16"),
    "deflated": ({"syntax": "1.2.840.10008.1.2.1.99"}, "int16"),
}


@pytest.mark.parametrize("way", WAYS)
def test_hu_do_not_depend_on_how_they_are_stored(ct: Any, tmp_path: Path, way: str) -> None:
    changes, dtype = WAYS[way]
    ct.write_series(tmp_path, **changes)
    volume = open_volume(tmp_path)
    ct.assert_in_place(volume, 1.3)
    assert volume.dtype == dtype
    assert volume.hu.dtype == dtype


CODECS = {
    "JPEG-LS": ("1.2.840.10008.1.2.4.80", imagecodecs.jpegls_encode),
    "JPEG 2000": (
        "1.2.840.10008.1.2.4.90",
        lambda a: imagecodecs.jpeg2k_encode(a, codecformat="j2k", reversible=True, level=0),
    ),
    "JPEG lossless": ("1.2.840.10008.1.2.4.70", imagecodecs.ljpeg_encode),
    "RLE": (str(pydicom.uid.RLELossless), None),
}


def compressed(files: list[Path], codec: str) -> None:
    uid, encode = CODECS[codec]
    for file in files:
        ds = pydicom.dcmread(file)
        if encode is None:
            ds.compress(uid)
        else:
            ds.PixelData = pydicom.encaps.encapsulate([encode(ds.pixel_array)])
            ds.file_meta.TransferSyntaxUID = uid
            ds["PixelData"].is_undefined_length = True
        ds.save_as(file)


@pytest.mark.parametrize("codec", CODECS)
def test_compressed_pixels_decode_and_truncated_ones_are_refused(ct: Any, tmp_path: Path, codec: str) -> None:
    files = ct.write_series(tmp_path)
    compressed(files, codec)
    ct.assert_in_place(open_volume(tmp_path))
    raw = files[4].read_bytes()
    files[4].write_bytes(raw[:-40])
    with pytest.raises(FormatError, match=r"ZZNAME_004\.dcm: the DICOM file is truncated") as caught:
        open_volume(tmp_path)
    assert "ZZNAME" not in caught.value.storable


@pytest.mark.parametrize("share", [0.0, 0.02, 0.2, 0.4, 0.6, 0.8, 0.95, 0.999])
def test_a_truncated_slice_is_named_wherever_it_ends(ct: Any, tmp_path: Path, share: float) -> None:
    files = ct.write_series(tmp_path, grid=ct.Grid(shape=(4, 30, 31)))
    raw = files[2].read_bytes()
    files[2].write_bytes(raw[: int(len(raw) * share)])
    with pytest.raises(FormatError, match=r"ZZNAME_002\.dcm: the .* truncated"):
        open_volume(tmp_path)


def test_files_without_preamble_are_read(ct: Any, tmp_path: Path) -> None:
    for file in ct.write_series(tmp_path, syntax="1.2.840.10008.1.2"):
        ds = pydicom.dcmread(file)
        bare = pydicom.Dataset(ds)
        pydicom.dcmwrite(file, bare, implicit_vr=True, little_endian=True, enforce_file_format=False)
        assert file.read_bytes()[:2] == b"\x08\x00"
    ct.assert_in_place(open_volume(tmp_path))


@pytest.mark.parametrize("intercepts", [None, [-1024.0 + 3 * k for k in range(9)]])
def test_an_enhanced_multi_frame_file(ct: Any, tmp_path: Path, intercepts: Any) -> None:
    row, column = (0.0, 1.0, 0.0), (0.0, 0.0, -1.0)
    ct.write_enhanced(tmp_path / "x.dcm", ct.Grid(row=row, column=column), intercepts=intercepts)
    volume = open_volume(tmp_path / "x.dcm")
    ct.assert_in_place(volume)
    assert volume.kind == "DICOM file of 9 slices"
    assert open_volume(tmp_path).shape == volume.shape


@pytest.mark.parametrize("codec", CODECS)
def test_a_compressed_multi_frame_file(ct: Any, tmp_path: Path, codec: str) -> None:
    uid, encode = CODECS[codec]
    ct.write_enhanced(tmp_path / "x.dcm", ct.Grid())
    ds = pydicom.dcmread(tmp_path / "x.dcm")
    if encode is None:
        ds.compress(uid)
    else:
        ds.PixelData = pydicom.encaps.encapsulate([encode(frame) for frame in ds.pixel_array])
        ds.file_meta.TransferSyntaxUID = uid
        ds["PixelData"].is_undefined_length = True
    ds.save_as(tmp_path / "x.dcm")
    ct.assert_in_place(open_volume(tmp_path / "x.dcm"))


def test_an_enhanced_file_keeps_the_rules_of_a_series(ct: Any, tmp_path: Path) -> None:
    file = tmp_path / "x.dcm"
    ct.write_enhanced(file, ct.Grid(), only=[0, 1, 2, 3, 5, 6, 7, 8])
    with pytest.raises(GeometryError, match=r"1 slice is missing: between frame \d of x\.dcm and"):
        open_volume(file)
    filled = open_volume(file, resample_gaps=True)
    assert "1 missing slice was filled" in filled.warnings[0]
    ct.assert_in_place(filled)  # the field is linear, and so is the filling
    ct.write_enhanced(file, ct.Grid(), only=[0, 1, 2, 3, 4, 5, 5, 6, 7, 8])
    with pytest.raises(GeometryError, match="lie at the same position"):
        open_volume(file)
    ct.write_enhanced(file, ct.Grid(step=(0.0, 0.6, 3.0)))
    assert "sheared by 11.3 degrees" in open_volume(file).warnings[0]
    ds = pydicom.dcmread(file)
    for item in ds.PerFrameFunctionalGroupsSequence:
        del item.PixelValueTransformationSequence
    ds.save_as(file)
    with pytest.raises(InputError, match=r"slice frame \d of x\.dcm has no RescaleIntercept"):
        open_volume(file)


def test_big_endian_pixels(ct: Any, tmp_path: Path) -> None:
    for file in ct.write_series(tmp_path):
        ds = pydicom.dcmread(file)
        ds.PixelData = ds.pixel_array.byteswap().tobytes()
        ds.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRBigEndian
        pydicom.dcmwrite(file, ds, implicit_vr=False, little_endian=False, force_encoding=True)
    ct.assert_in_place(open_volume(tmp_path))


def test_unsigned_values_without_intercept_are_not_taken_for_hu(ct: Any, tmp_path: Path) -> None:
    ct.write_series(tmp_path, slope=None, intercept=None)
    with pytest.raises(InputError, match="no RescaleIntercept and unsigned pixels"):
        open_volume(tmp_path)


def test_a_slice_that_lacks_the_rescale_of_the_others_is_refused(ct: Any, tmp_path: Path) -> None:
    files = ct.write_series(tmp_path, signed=True, intercept=-24)
    ct.edit(files[3], RescaleIntercept=None, RescaleSlope=None)
    with pytest.raises(InputError, match=r"ZZNAME_003\.dcm lacks .* which other slices have") as caught:
        open_volume(tmp_path)
    assert "ZZNAME" not in caught.value.storable
    for file in files:  # where it says nothing, its absence says nothing either
        ct.edit(file, RescaleIntercept=0, RescaleSlope=1)
    ct.edit(files[3], RescaleIntercept=None, RescaleSlope=None)
    assert open_volume(tmp_path).warnings[0].startswith("1 slice lacks RescaleSlope")


def test_an_unknown_compression_has_a_way_out(ct: Any, tmp_path: Path) -> None:
    for file in ct.write_series(tmp_path):
        ds = pydicom.dcmread(file)
        ds.PixelData = pydicom.encaps.encapsulate([ds.PixelData])
        ds.file_meta.TransferSyntaxUID = "1.2.3.4.5"
        ds["PixelData"].is_undefined_length = True
        ds.save_as(file)
    with pytest.raises(FormatError, match=r"ZZNAME_000\.dcm: .*export it uncompressed"):
        open_volume(tmp_path).hu.compute()


@pytest.mark.parametrize(
    ("tags", "text"),
    [({"RescaleSlope": 0}, "unusable RescaleSlope"), ({"RescaleType": "Z_EFF"}, "not as Hounsfield units")],
)
def test_values_that_are_no_hu_are_refused(ct: Any, tmp_path: Path, tags: dict[str, Any], text: str) -> None:
    ct.write_series(tmp_path, tags=tags)
    with pytest.raises(InputError, match=text):
        open_volume(tmp_path)


@pytest.mark.parametrize(
    ("signed", "declared", "stored", "hu"),
    [
        (True, -2000, -2000, -3024),
        (True, 63536, -2000, -3024),  # the same, its VR written unsigned
        (False, 65535, 65535, 32767),
        (True, None, -976, -2000),  # undeclared, but nothing in a body reads so
    ],
)
def test_padding_is_outside(
    ct: Any, tmp_path: Path, signed: bool, declared: Any, stored: int, hu: int
) -> None:
    for k, file in enumerate(ct.write_series(tmp_path, signed=signed)):
        ds = pydicom.dcmread(file)
        pixels = ds.pixel_array.copy()
        pixels[:3, : k + 1] = stored
        ds.PixelData = pixels.tobytes()
        if declared is not None:
            ds.add_new("PixelPaddingValue", "SS" if declared < 0 else "US", declared)
        ds.save_as(file)
    volume = open_volume(tmp_path)
    outside = volume.outside.compute()
    assert outside.sum() == sum(3 * (k + 1) for k in range(9))
    assert outside[8, :3, :9].all()
    assert outside[0].sum() == 3
    assert np.all(volume.hu.compute()[outside] == hu)


def test_padding_that_air_has_too_does_not_hide_air(ct: Any, tmp_path: Path) -> None:
    ct.write_series(tmp_path, tags={"PixelPaddingValue": 0})  # -1024 HU
    volume = open_volume(tmp_path)
    assert not volume.outside.any().compute()
    assert "also a value of air" in volume.warnings[0]


def test_a_volume_travels_by_path_and_reads_only_what_is_asked_for(ct: Any, tmp_path: Path) -> None:
    files = ct.write_series(tmp_path, grid=ct.Grid(shape=(40, 64, 64)))
    volume = open_volume(tmp_path)
    whole = volume.hu.compute()
    packed = pickle.dumps(volume)
    assert len(packed) < whole.nbytes / 10
    again = pickle.loads(packed)
    assert np.array_equal(again.hu.compute(), whole)
    assert again.frame == volume.frame
    assert repr(again) == repr(volume)
    single = volume.pixels
    for file in files[1:]:
        file.unlink()
    assert np.array_equal(single[0:1][0], whole[0])
    with pytest.raises(FormatError):
        single[1:2]


def body(low: float = -1000.0, high: float = 40.0) -> np.ndarray:
    hu = np.full((12, 20, 20), low, np.float32)
    hu[:, 5:15, 5:15] = high
    hu[0, 0, 0] += 1
    return hu


IMPLAUSIBLE = {
    "constant": (np.full((4, 5, 6), -1000.0), EmptyError, "same value"),
    "only air": (body(-1000, -950), EmptyError, "nothing but air"),
    "only padding": (np.full((4, 5, 6), -3024.0), EmptyError, "nothing but padding"),
    "eight bits": (body(0, 255), InputError, "8-bit picture"),
    "no intercept": (body(24, 1064), InputError, "without their intercept"),
}


@pytest.mark.parametrize("case", IMPLAUSIBLE)
def test_implausible_hu_are_refused(case: str) -> None:
    hu, kind, text = IMPLAUSIBLE[case]
    with pytest.raises(kind, match=text):
        check_hu(volume_from_array(hu, Frame((1, 1, 1), (0, 0, 0))))


def test_odd_hu_are_told_and_plain_ones_pass() -> None:
    frame = Frame((1, 1, 1), (0, 0, 0))
    assert check_hu(volume_from_array(body(), frame)) == ()
    assert "clipped or shifted" in check_hu(volume_from_array(body(-700), frame))[0]
    metal = body()
    metal[3, 7, 7] = 9000
    assert "metal" in check_hu(volume_from_array(metal, frame))[0]


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_numbers_that_are_none_are_refused(bad: float) -> None:
    hu = body()
    hu[2, 2, 2] = bad
    with pytest.raises(InputError, match="1 voxels hold no number"):
        volume_from_array(hu, Frame((1, 1, 1), (0, 0, 0)))
