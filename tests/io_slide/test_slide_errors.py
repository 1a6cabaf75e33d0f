"""Bad slides get one sentence that names the file and the way out."""

from __future__ import annotations

import io
import pickle
import struct
import zlib

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from ssc_core.errors import FormatError, InputError, SscError
from ssc_core.geometry import Box
from ssc_core.io.slide import list_scenes, open_slide


def refused(path, kind=FormatError, match=None, **how):
    """Opening `path` raises one sentence that names it and stores no name."""
    with pytest.raises(kind, match=match) as error:
        open_slide(path, **how)
    text = str(error.value)
    assert text.startswith(f"{path}: ")
    assert "\n" not in text
    assert len(text) < 400
    assert path.name not in error.value.storable
    error.value.__cause__ = error.value.__context__ = None  # tblib, where loaded, would pickle these too
    assert str(pickle.loads(pickle.dumps(error.value))) == text
    return text


def test_what_is_not_there(tmp_path):
    refused(tmp_path / "no.svs", InputError, "no such file")
    with pytest.raises(InputError, match="no such file"):
        list_scenes(tmp_path / "no.svs")


@pytest.mark.parametrize(
    "name", ["a.svs", "a.tif", "a.ome.tif", "a.png", "a.scn", "a.ndpi", "a.mrxs", "a.xyz"]
)
def test_empty_files(tmp_path, name):
    (tmp_path / name).touch()
    refused(tmp_path / name, match="empty")


@pytest.mark.parametrize(
    "name", ["a.svs", "a.tif", "a.png", "a.jpg", "a.scn", "a.ndpi", "a.mrxs", "a.dcm", "noname"]
)
@pytest.mark.parametrize(
    "content", [b"these are words\n" * 40, b"\0" * 4000, b"II*\0", b"MM\0*\0\0\0\x08", b"\x89PNG\r\n"]
)
def test_files_that_are_something_else(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    refused(tmp_path / name)


def test_folders(tmp_path):
    refused(tmp_path, match="zarr")
    (tmp_path / "a.svs").mkdir()
    refused(tmp_path / "a.svs", match="zarr")


def test_pictures_under_a_slides_name(tmp_path):
    for kind, name in (("PNG", "a.svs"), ("JPEG", "a.tif"), ("PNG", "a.jpg")):
        Image.new("RGB", (30, 20)).save(tmp_path / name, format=kind)
        refused(tmp_path / name, match=f"{kind} picture", mpp=0.5)


@pytest.mark.parametrize("name", ["aperio", "plain", "OME-TIFF", "strips", "scn", "png", "jpg"])
def test_truncated_files_at_many_offsets(tmp_path, folder, aperio, lossless, levels, write, name):
    paths = {"aperio": aperio, "plain": lossless["pyramidal TIFF"][0]} | {
        k: v[0] for k, v in lossless.items()
    }
    if name == "scn":
        paths[name] = write["scn"](tmp_path / "whole.scn", [levels])
    if name in ("png", "jpg"):
        paths[name] = write["picture"](tmp_path / f"whole.{name}", levels[0])
    data = paths[name].read_bytes()
    suffix = "".join(paths[name].suffixes[-1:])
    for k, share in enumerate((0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999)):
        cut = tmp_path / f"cut{k}{suffix}"
        cut.write_bytes(data[: max(1, int(len(data) * share))])
        refused(cut, SscError, mpp=0.4)


def test_a_cut_real_slide(tmp_path, real_data):
    data = (real_data / "wsi" / "CMU-1-Small-Region.svs").read_bytes()
    for k, size in enumerate((100, 5000, 500_000, len(data) - 200_000, len(data) - 1000)):
        path = tmp_path / f"cut{k}.svs"
        path.write_bytes(data[:size])
        refused(path)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_flipped_bytes_end_in_pixels_or_our_own_errors(tmp_path, tiny, data):
    broken = bytearray(tiny)
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(broken) - 1))
        broken[at] = data.draw(st.integers(0, 255))
    path = tmp_path / "flip.tif"
    path.write_bytes(broken)
    try:
        slide = open_slide(path, mpp=0.5)
        if max(slide.shape) < 2000:
            slide.read(Box((0, 0), slide.shape))
    except SscError:
        pass


@pytest.fixture(scope="module")
def tiny() -> bytes:
    out = io.BytesIO()
    pixels = np.arange(40 * 50 * 3, dtype=np.uint8).reshape(40, 50, 3)
    tifffile.imwrite(out, pixels, tile=(16, 16), compression="jpeg", photometric="rgb", metadata=None)
    return out.getvalue()


@pytest.mark.parametrize(
    ("pixels", "how"),
    [
        (np.zeros((40, 50, 3), np.uint16), {"photometric": "rgb"}),
        (np.zeros((40, 50), np.float32), {}),
        (np.zeros((40, 50), bool), {}),
        (np.zeros((5, 40, 50), np.uint8), {"photometric": "minisblack", "planarconfig": "separate"}),
        (np.zeros((40, 50, 5), np.uint8), {"photometric": "minisblack", "planarconfig": "contig"}),
    ],
)
def test_tiffs_of_other_pixels(tmp_path, pixels, how):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, pixels, metadata=None, **how)
    refused(path, match="8-bit RGB", mpp=0.5)


def test_an_ome_tiff_with_time_points(tmp_path):
    path = tmp_path / "a.ome.tif"
    tifffile.imwrite(path, np.zeros((4, 40, 50, 3), np.uint8), photometric="rgb", metadata={"axes": "TYXS"})
    refused(path, match="several planes or time points", mpp=0.5)


@pytest.mark.parametrize("mode", ["CMYK", "I;16", "F"])
def test_pictures_of_other_colours(tmp_path, mode):
    path = tmp_path / {"CMYK": "a.jpg", "I;16": "a.png", "F": "a.tif"}[mode]
    Image.new(mode, (30, 20)).save(path)
    refused(path, match="8-bit RGB", mpp=0.5)


def test_grey_and_rotated_pictures_are_read_with_a_warning(tmp_path):
    path = tmp_path / "a.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("L", (30, 20), 77).save(path, exif=exif)
    slide = open_slide(path, mpp=0.5)
    assert slide.shape == (20, 30)
    assert (slide.read(Box((0, 0), (20, 30))) == 77).all()
    assert [w.split()[2] for w in slide.warnings] == ["is", "asks"]


def test_a_picture_that_claims_to_be_huge_is_refused_before_it_is_decoded(tmp_path):
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0))
    path = tmp_path / "bomb.png"
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    )
    refused(path, match="tiled, pyramidal TIFF", mpp=0.5)


def test_a_ct_slice_is_no_slide(real_data):
    refused(real_data / "ct" / "single_slice" / "0.dcm", mpp=0.5)


def test_zarr_folders_that_are_no_rgb_image(tmp_path, write, levels):
    import zarr

    zarr.open_group(tmp_path / "bare.zarr", mode="w", zarr_format=2)
    refused(tmp_path / "bare.zarr", match="no OME-Zarr image")
    path = write["zarr"](tmp_path / "grey.zarr", [v[..., :1] for v in levels])
    refused(path, match="8-bit RGB")
    path = write["zarr"](tmp_path / "lost.zarr", levels)
    (path / "1" / ".zarray").unlink()
    refused(path)
    path = write["zarr"](tmp_path / "broken.zarr", levels)
    (path / ".zattrs").write_text("{")
    refused(path)


def test_a_damaged_chunk_is_told_when_it_is_read(tmp_path, write, levels):
    path = write["zarr"](tmp_path / "a.zarr", levels)
    (path / "0" / "0.0.0").write_bytes(b"junk")
    slide = open_slide(path)
    with pytest.raises(FormatError, match="damaged"):
        slide.read(Box((0, 0), (10, 10)))


def test_a_file_without_permission(tmp_path, monkeypatch):
    path = tmp_path / "a.svs"
    path.write_bytes(b"II*\0")
    real = type(path).open

    def locked(self, *args, **more):
        if self.name == "a.svs":
            raise PermissionError(13, "Permission denied")
        return real(self, *args, **more)

    monkeypatch.setattr(type(path), "open", locked)
    refused(path, InputError, "permission")
