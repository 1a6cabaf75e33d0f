"""NIfTI, NRRD and MetaImage: the same place in the patient, and no made-up scale, orientation or voxels."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from ssc_core.errors import FormatError, GeometryError, InputError, ScaleUnknown
from ssc_core.geometry import Frame
from ssc_core.io.store import read_mask
from ssc_core.io.volume import open_volume, volume_from_array, write_nifti

ENDINGS = [".nii", ".nii.gz", ".nrrd", ".mha", ".mhd"]
DIRECTIONS = {
    "LPS": ((1.0, 0, 0), (0, 1.0, 0), None),
    "RAS": ((-1.0, 0, 0), (0, -1.0, 0), None),
    "z downwards": ((1.0, 0, 0), (0, 1.0, 0), (0, 0, -3.0)),
    "mirrored x": ((-1.0, 0, 0), (0, 1.0, 0), (0, 0, 3.0)),
    "coronal": ((1.0, 0, 0), (0, 0, -1.0), None),
    "oblique": ((0.96, 0.0, 0.28), (0.0784, 0.96, -0.2688), None),
}


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_every_voxel_lies_in_its_place(
    ct: Any, tmp_path: Path, ending: str, direction: str, compressed: bool
) -> None:
    row, column, step = DIRECTIONS[direction]
    image = ct.itk_image(ct.Grid(row=row, column=column, step=step))
    path = tmp_path / f"ct{ending}"
    sitk.WriteImage(image, str(path), compressed)
    volume = open_volume(path)
    assert volume.dtype == np.int16
    ct.assert_in_place(volume)
    array, geometry = volume.to_source(volume.hu)
    assert np.array_equal(array, sitk.GetArrayFromImage(image))
    np.testing.assert_allclose(geometry.origin, image.GetOrigin(), atol=1e-4)
    np.testing.assert_allclose(geometry.spacing, image.GetSpacing(), rtol=1e-6)
    np.testing.assert_allclose(geometry.direction, image.GetDirection(), atol=1e-6)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rotation=st.tuples(*[st.floats(-180, 180)] * 3),
    spacing=st.tuples(*[st.floats(0.3, 8.0)] * 3),
    origin=st.tuples(*[st.floats(-400, 400)] * 3),
    mirrored=st.booleans(),
)
def test_any_rotation_survives_the_way_there_and_back(
    tmp_path: Path, rotation: Any, spacing: Any, origin: Any, mirrored: bool
) -> None:
    cosines = Rotation.from_euler("xyz", rotation, degrees=True).as_matrix()
    if mirrored:
        cosines = cosines * np.array([1.0, 1.0, -1.0])
    hu = np.random.default_rng(0).integers(-1000, 500, (4, 5, 6)).astype(np.int16)
    volume = volume_from_array(hu, Frame(spacing, origin, tuple(map(tuple, cosines.tolist()))))
    assert np.array_equal(volume.to_source(volume.hu)[0], hu)
    path = tmp_path / "there.nii.gz"
    write_nifti(path, volume.hu, volume)
    again = open_volume(path)
    assert np.array_equal(again.hu.compute(), volume.hu.compute())
    corners = np.array([[0, 0, 0], [3, 4, 5], [0, 4, 0], [3, 0, 5]])
    inside = np.minimum(corners, np.array(volume.shape) - 1)
    np.testing.assert_allclose(
        again.frame.to_physical(inside), volume.frame.to_physical(inside), atol=2e-3, rtol=1e-5
    )


def test_the_file_that_is_named_is_read_and_not_its_neighbour(ct: Any, tmp_path: Path) -> None:
    for ending, value in ((".nii", 1), (".nii.gz", 2)):
        image = ct.itk_image(ct.Grid()) * 0 + value
        sitk.WriteImage(image, str(tmp_path / f"ct{ending}"))
    assert open_volume(tmp_path / "ct.nii").hu.max().compute() == 1
    assert open_volume(tmp_path / "ct.nii.gz").hu.max().compute() == 2


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("ending", [".nii", ".nii.gz", ".nrrd", ".mha"])
def test_a_file_truncated_anywhere_is_refused(
    tmp_path: Path, ending: str, compressed: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    noise = np.random.default_rng(1).integers(-1000, 1000, (12, 30, 31)).astype(np.int16)
    path = tmp_path / f"ct{ending}"
    sitk.WriteImage(sitk.GetImageFromArray(noise), str(path), compressed)
    raw = path.read_bytes()
    trailer = 16 if compressed or ending.endswith("gz") else 0
    ends = {0, 1, 3, 100, 300, 347, 352, *(int(len(raw) * f) for f in (0.05, 0.2, 0.5, 0.8, 0.97))}
    for end in sorted({e for e in ends if e < len(raw)} | {len(raw) - 1 - trailer}):
        path.write_bytes(raw[:end])
        with pytest.raises(InputError) as caught:
            open_volume(path).hu.compute()
        assert isinstance(caught.value, FormatError), f"{end} of {len(raw)}: {caught.value}"
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize("ending", [".nii", ".nii.gz", ".nrrd", ".nhdr", ".mha", ".mhd", ".dcm", ".png"])
@pytest.mark.parametrize("content", [b"", b"\0" * 2000, b"just a text\n\nwith lines\n" * 40])
def test_what_is_no_image_is_said_to_be_none(tmp_path: Path, ending: str, content: bytes) -> None:
    path = tmp_path / f"ct{ending}"
    path.write_bytes(content)
    with pytest.raises(FormatError, match="ct"):
        open_volume(path)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ct.zip", "unpack it"),
        ("ct.tar.xz", "unpack it"),
        ("ct.img", "left and right are unknown"),
        ("no", "no such"),
    ],
)
def test_other_files_get_a_way_out(tmp_path: Path, name: str, text: str) -> None:
    if name != "no":
        (tmp_path / name).write_bytes(b"some bytes")
    with pytest.raises(FormatError, match=text):
        open_volume(tmp_path / name)


def patched(path: Path, offset: int, code: str, *values: Any) -> Path:
    raw = bytearray(path.read_bytes())
    struct.pack_into(f"<{code}", raw, offset, *values)
    path.write_bytes(raw)
    return path


@pytest.fixture
def nifti(ct: Any, tmp_path: Path) -> Path:
    sitk.WriteImage(ct.itk_image(ct.Grid()), str(tmp_path / "ct.nii"))
    return tmp_path / "ct.nii"


def test_nifti_units(nifti: Path) -> None:
    plain = open_volume(nifti)
    missing = open_volume(patched(nifti, 123, "B", 0))
    assert missing.frame == plain.frame
    assert "no unit of length" in missing.warnings[0]
    with pytest.raises(ScaleUnknown, match="unknown unit"):
        open_volume(patched(nifti, 123, "B", 5))


def test_nifti_in_micrometres(ct: Any, tmp_path: Path) -> None:
    image = ct.itk_image(ct.Grid())
    image.SetSpacing([s * 1000 for s in image.GetSpacing()])
    image.SetOrigin([o * 1000 for o in image.GetOrigin()])
    path = tmp_path / "um.nii"
    sitk.WriteImage(image, str(path))
    with pytest.raises(GeometryError, match="unit of the spacing is wrong"):
        open_volume(path)
    volume = open_volume(patched(path, 123, "B", 3))
    ct.assert_in_place(volume)


def test_nifti_without_orientation_is_refused(nifti: Path) -> None:
    with pytest.raises(GeometryError, match="left and right are unknown"):
        open_volume(patched(nifti, 252, "hh", 0, 0))


@pytest.mark.parametrize("keep", ["qform", "sform"])
def test_nifti_with_one_orientation_only(ct: Any, tmp_path: Path, keep: str) -> None:
    row, column, _ = DIRECTIONS["oblique"]
    path = tmp_path / "ct.nii"
    sitk.WriteImage(ct.itk_image(ct.Grid(row=row, column=column)), str(path))
    ct.assert_in_place(open_volume(patched(path, 254 if keep == "qform" else 252, "h", 0)))


def test_nifti_whose_two_orientations_differ_is_told(nifti: Path) -> None:
    volume = open_volume(patched(nifti, 268, "f", 77.0))
    assert "sform and qform" in volume.warnings[0]


@pytest.mark.parametrize("spacing", [0.0, float("nan"), float("inf")])
def test_nifti_without_voxel_size_is_refused(nifti: Path, spacing: float) -> None:
    with pytest.raises(ScaleUnknown, match="zero or no number"):
        open_volume(patched(nifti, 84, "f", spacing))


def test_nifti_sheared_by_a_gantry_tilt_is_refused(nifti: Path) -> None:
    with pytest.raises(GeometryError, match="not at right angles"):
        open_volume(patched(patched(nifti, 252, "h", 0), 280 + 16 + 8, "f", 0.6))


def test_nifti_slope_and_intercept(ct: Any, nifti: Path) -> None:
    hu = open_volume(nifti).hu.compute()
    whole = open_volume(patched(nifti, 112, "ff", 2.0, -1024.0))
    assert whole.dtype == np.int16
    assert np.array_equal(whole.hu.compute(), hu * 2 - 1024)
    fraction = open_volume(patched(nifti, 112, "ff", 0.5, 1.25))
    assert fraction.dtype == np.float32
    np.testing.assert_allclose(fraction.hu.compute(), hu * 0.5 + 1.25)
    unset = open_volume(patched(nifti, 112, "ff", 0.0, 0.0))
    assert np.array_equal(unset.hu.compute(), hu)


def test_several_time_points_colours_and_flat_images_are_refused(tmp_path: Path) -> None:
    four = sitk.GetImageFromArray(np.zeros((2, 4, 5, 6), np.int16), isVector=False)
    sitk.WriteImage(four, str(tmp_path / "four.nii"))
    with pytest.raises(InputError, match="several volumes"):
        open_volume(tmp_path / "four.nii")
    colour = sitk.GetImageFromArray(np.zeros((4, 5, 6, 3), np.uint8), isVector=True)
    sitk.WriteImage(colour, str(tmp_path / "colour.mha"))
    with pytest.raises(InputError, match="colours"):
        open_volume(tmp_path / "colour.mha")
    for ending in (".nii", ".mha", ".nrrd"):
        sitk.WriteImage(sitk.GetImageFromArray(np.zeros((5, 6), np.int16)), str(tmp_path / f"flat{ending}"))
        with pytest.raises(InputError):
            open_volume(tmp_path / f"flat{ending}")
        single = sitk.GetImageFromArray(np.zeros((1, 5, 6), np.int16))
        sitk.WriteImage(single, str(tmp_path / f"single{ending}"))
        with pytest.raises(GeometryError, match="single slice"):
            open_volume(tmp_path / f"single{ending}")
        assert open_volume(tmp_path / f"single{ending}", allow_single=True).shape == (1, 5, 6)


@pytest.mark.parametrize("ending", [".nii.gz", ".mha", ".nrrd"])
def test_nan_in_a_file_is_refused_when_it_is_met(ct: Any, tmp_path: Path, ending: str) -> None:
    hu = ct.Grid().hu().astype(np.float32)
    hu[3, 3, 3] = np.nan
    sitk.WriteImage(sitk.GetImageFromArray(hu), str(tmp_path / f"ct{ending}"))
    with pytest.raises(InputError, match="1 voxels hold no number"):
        open_volume(tmp_path / f"ct{ending}").hu.compute()


HEADLESS = {
    "no spacing": (".mha", b"ElementSpacing", b"ElementSpocing", ScaleUnknown),
    "zero spacing": (".mha", b"ElementSpacing = 1.25", b"ElementSpacing = 0.00", ScaleUnknown),
    "no directions": (".nrrd", b"space directions", b"space dorections", ScaleUnknown),
    "no space": (
        ".nrrd",
        b"space: left-posterior-superior",
        b"spoce: left-posterior-superior",
        GeometryError,
    ),
}


@pytest.mark.parametrize("case", HEADLESS)
def test_scale_and_orientation_are_never_made_up(ct: Any, tmp_path: Path, case: str) -> None:
    ending, old, new, kind = HEADLESS[case]
    path = tmp_path / f"ct{ending}"
    sitk.WriteImage(ct.itk_image(ct.Grid()), str(path), False)
    raw = path.read_bytes()
    assert old in raw
    path.write_bytes(raw.replace(old, new))
    with pytest.raises(kind):
        open_volume(path)


def test_a_header_without_its_pixels_says_so(ct: Any, tmp_path: Path) -> None:
    sitk.WriteImage(ct.itk_image(ct.Grid()), str(tmp_path / "ct.mhd"))
    next(p for p in tmp_path.iterdir() if p.suffix in (".raw", ".zraw")).unlink()
    with pytest.raises(FormatError, match="keep both together"):
        open_volume(tmp_path / "ct.mhd")


def test_masks_of_another_grid_or_with_fractions_are_refused(ct: Any, tmp_path: Path) -> None:
    sitk.WriteImage(ct.itk_image(ct.Grid()), str(tmp_path / "ct.nrrd"))
    volume = open_volume(tmp_path / "ct.nrrd")
    labels = np.zeros(volume.shape, np.int32)
    labels[1, 2, 3] = 40000
    turned = ct.itk_image(ct.Grid()) * 0
    turned = sitk.Cast(turned, sitk.sitkInt32)
    turned[3, 2, 1] = 40000
    sitk.WriteImage(
        sitk.Flip(turned, [True, False, True]), str(tmp_path / "turned.mha")
    )  # moves the origin too
    assert np.array_equal(read_mask(tmp_path / "turned.mha", volume), labels)

    turned.SetOrigin([0.0, 0.0, 0.0])
    sitk.WriteImage(turned, str(tmp_path / "aside.nrrd"))
    with pytest.raises(GeometryError, match="another grid"):
        read_mask(tmp_path / "aside.nrrd", volume)
    sitk.WriteImage(ct.itk_image(ct.Grid(), np.float32) * 0.3, str(tmp_path / "soft.nii.gz"))
    with pytest.raises(InputError, match="whole numbers"):
        read_mask(tmp_path / "soft.nii.gz", volume)


def test_a_damaged_gzip_is_noticed(nifti: Path, tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(nifti.read_bytes()))
    packed[len(packed) // 2] ^= 0xFF
    (tmp_path / "damaged.nii.gz").write_bytes(packed)
    with pytest.raises(FormatError):
        open_volume(tmp_path / "damaged.nii.gz").hu.compute()
