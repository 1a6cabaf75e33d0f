"""Masks and maps come back with their frame, other OME-Zarr readers see them, and bytes repeat."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import dask.array as da
import numpy as np
import pytest
import zarr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from ssc_core.errors import FormatError, GeometryError, InputError, OutputError
from ssc_core.geometry import Frame
from ssc_core.io.store import read_array, read_mask, write_map, write_mask
from ssc_core.io.volume import volume_from_array

OBLIQUE = tuple(map(tuple, Rotation.from_euler("xyz", [5, -7, 11], degrees=True).as_matrix().tolist()))
CT_FRAME = Frame((2.5, 0.7, 0.8), (-310.25, -120.5, 33.125), OBLIQUE)
SLIDE_FRAME = Frame((0.499, 0.501), (12.5, -3.25), unit="um")


def digest(folder: Path) -> str:
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    parts = [str(p.relative_to(folder)).encode() + b"\0" + p.read_bytes() for p in files]
    return hashlib.sha256(b"\1".join(parts)).hexdigest()


@pytest.fixture
def labels() -> np.ndarray:
    out = np.zeros((21, 300, 290), np.uint8)
    out[3:9, 20:200, 30:140] = 1
    out[3:9, 20:200, 150:280] = 2
    return out


def test_a_mask_comes_back_with_its_frame_and_names(tmp_path: Path, labels: np.ndarray) -> None:
    names = {2: "left lung", 1: "right lung"}
    write_mask(tmp_path / "m.ome.zarr", labels, CT_FRAME, names)
    array, frame, told = read_array(tmp_path / "m.ome.zarr")
    assert isinstance(array, da.Array)
    assert array.dtype == np.uint8
    assert np.array_equal(array.compute(), labels)
    assert frame == CT_FRAME
    assert told == {"kind": "mask", "labels": names}


@pytest.mark.parametrize("dtype", [bool, np.uint16, np.int32])
def test_the_kind_of_number_is_kept_and_booleans_become_one(tmp_path: Path, dtype: type) -> None:
    mask = (np.arange(12).reshape(3, 4) % 2).astype(dtype)
    write_mask(tmp_path / "m", mask, SLIDE_FRAME)
    array, frame, _ = read_array(tmp_path / "m")
    assert np.array_equal(array.compute(), mask)
    assert array.dtype == (np.uint8 if dtype is bool else dtype)
    assert frame.unit == "um"


def test_a_map_keeps_what_is_not_measured(tmp_path: Path) -> None:
    values = np.random.default_rng(0).random((70, 90)).astype(np.float32)
    values[10:60] = np.nan
    write_map(tmp_path / "map", values, SLIDE_FRAME, "%")
    array, _, told = read_array(tmp_path / "map")
    assert np.array_equal(array.compute(), values, equal_nan=True)
    assert told == {"kind": "map", "unit": "%"}


def test_equal_results_are_equal_bytes_whoever_computes_them(tmp_path: Path, labels: np.ndarray) -> None:
    write_mask(tmp_path / "a", labels, CT_FRAME, {1: "x", 2: "y"})
    write_mask(tmp_path / "b", da.from_array(labels, chunks=(5, 77, 290)), CT_FRAME, {2: "y", 1: "x"})
    assert digest(tmp_path / "a") == digest(tmp_path / "b")
    labels[0, 0, 0] = 1
    write_mask(tmp_path / "c", labels, CT_FRAME, {1: "x", 2: "y"})
    assert digest(tmp_path / "c") != digest(tmp_path / "a")


def test_ome_zarrs_own_reader_sees_scale_place_and_labels(tmp_path: Path, labels: np.ndarray) -> None:
    from ome_zarr.io import parse_url
    from ome_zarr.reader import Multiscales, Reader

    write_mask(tmp_path / "m.ome.zarr", labels, CT_FRAME, {1: "right lung"})
    location = parse_url(tmp_path / "m.ome.zarr")
    assert location is not None
    assert location.fmt.version == "0.4"
    (node,) = [n for n in Reader(location)() if any(isinstance(s, Multiscales) for s in n.specs)]
    assert np.array_equal(np.asarray(node.data[0]), labels)
    assert [a["name"] for a in node.metadata["axes"]] == ["z", "y", "x"]
    assert {a["unit"] for a in node.metadata["axes"]} == {"millimeter"}
    scale, place = node.metadata["coordinateTransformations"][0]
    assert scale["scale"] == list(CT_FRAME.spacing)
    assert place["translation"] == list(CT_FRAME.origin)
    assert zarr.open_group(tmp_path / "m.ome.zarr", mode="r").metadata.zarr_format == 2


def test_large_images_get_coarser_levels_whose_centres_stay(tmp_path: Path) -> None:
    rows, columns = np.mgrid[:2501, :5000]
    values = da.from_array((rows * 5000 + columns).astype(np.float64), chunks=(512, 2048))
    write_map(tmp_path / "big", values, SLIDE_FRAME, "")
    attrs = json.loads((tmp_path / "big" / ".zattrs").read_text())
    datasets = attrs["multiscales"][0]["datasets"]
    assert [d["path"] for d in datasets] == ["0", "1", "2"]
    group = zarr.open_group(tmp_path / "big", mode="r")
    for d in datasets:
        scale, place = (t[t["type"]] for t in d["coordinateTransformations"])
        coarse = Frame(tuple(scale), tuple(place), unit="um")
        level = group[d["path"]][:]
        at = np.array([100, 217])
        value = level[tuple(at)]
        index = SLIDE_FRAME.to_index(coarse.to_physical(at))  # where the finest level has the same place
        assert value == pytest.approx(index[0] * 5000 + index[1], abs=1e-3)
    assert max(level.shape) <= 2048


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    spacing=st.tuples(*[st.floats(0.01, 50)] * 3),
    origin=st.tuples(*[st.floats(-1e4, 1e4)] * 3),
    angles=st.tuples(*[st.floats(-180, 180)] * 3),
)
def test_every_frame_comes_back_to_the_last_bit(
    tmp_path_factory: pytest.TempPathFactory,
    spacing: tuple[float, ...],
    origin: tuple[float, ...],
    angles: object,
) -> None:
    cosines = Rotation.from_euler("xyz", angles, degrees=True).as_matrix()
    frame = Frame(spacing, origin, tuple(map(tuple, cosines.tolist())))
    path = tmp_path_factory.mktemp("frame") / "m"
    write_mask(path, np.ones((1, 2, 2), bool), frame)
    assert read_array(path)[1] == frame


def test_another_programs_image_is_read_by_scale_and_translation(tmp_path: Path) -> None:
    write_mask(tmp_path / "m", np.ones((4, 5), bool), SLIDE_FRAME)
    group = zarr.open_group(tmp_path / "m", mode="r+")
    del group.attrs["ssc"]
    _, frame, told = read_array(tmp_path / "m")
    assert frame == SLIDE_FRAME
    assert told == {}


def test_masks_of_a_volume_are_checked_against_its_grid(tmp_path: Path, labels: np.ndarray) -> None:
    volume = volume_from_array(np.zeros(labels.shape, np.int16), CT_FRAME)
    write_mask(tmp_path / "m", labels, volume.frame)
    assert np.array_equal(read_mask(tmp_path / "m", volume), labels)
    write_mask(tmp_path / "aside", labels, volume.frame.cropped((1, 0, 0)))
    with pytest.raises(GeometryError, match="another grid"):
        read_mask(tmp_path / "aside", volume)


def test_what_is_no_mask_map_or_store_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="whole numbers"):
        write_mask(tmp_path / "a", np.zeros((3, 4)), SLIDE_FRAME)
    with pytest.raises(InputError, match="holds numbers"):
        write_map(tmp_path / "a", np.zeros((3, 4), bool), SLIDE_FRAME, "")
    with pytest.raises(GeometryError, match="does not fit a frame"):
        write_mask(tmp_path / "a", np.zeros((2, 3, 4), np.uint8), SLIDE_FRAME)
    write_mask(tmp_path / "a", np.zeros((3, 4), np.uint8), SLIDE_FRAME)
    with pytest.raises(OutputError, match="exists already"):
        write_mask(tmp_path / "a", np.zeros((3, 4), np.uint8), SLIDE_FRAME)
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.zarr").write_text("no store")
    for name in ("empty", "text.zarr", "missing"):
        with pytest.raises(FormatError, match="not an OME-Zarr image"):
            read_array(tmp_path / name)
    (tmp_path / "a" / ".zattrs").write_text("{}")
    with pytest.raises(FormatError):
        read_array(tmp_path / "a")


def test_a_store_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        write_mask(tmp_path / "file" / "m", np.zeros((3, 4), np.uint8), SLIDE_FRAME)
