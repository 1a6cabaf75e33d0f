"""Resampling against SimpleITK, conversion to zarr and back, both with flat memory."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from ssc_core.errors import Cancelled, FormatError, GeometryError, OutputError
from ssc_core.geometry import Frame
from ssc_core.io.store import read_mask, write_map, write_mask
from ssc_core.io.volume import open_volume, resampled, to_zarr, volume_from_array, write_nifti

OBLIQUE = ((1.0, 0, 0), (0, 0.96, -0.28), (0, 0.28, 0.96))


@pytest.fixture
def noisy() -> Any:
    hu = np.random.default_rng(0).integers(-1000, 1000, (23, 40, 36)).astype(np.int16)
    return volume_from_array(hu, Frame((3.0, 0.7, 0.9), (-100.0, 5.0, 7.0), OBLIQUE))


def with_simpleitk(volume: Any, frame: Frame, shape: tuple[int, ...]) -> np.ndarray:
    def image(array: np.ndarray, f: Frame) -> sitk.Image:
        out = sitk.GetImageFromArray(array)
        out.SetSpacing(f.spacing[::-1])
        out.SetOrigin(f.origin[::-1])
        out.SetDirection(np.asarray(f.direction)[::-1, ::-1].ravel().tolist())
        return out

    source = image(volume.hu.compute().astype(np.float64), volume.frame)
    target = image(np.zeros(shape), frame)
    filter_ = sitk.ResampleImageFilter()
    filter_.SetReferenceImage(target)
    filter_.UseNearestNeighborExtrapolatorOn()
    return sitk.GetArrayFromImage(filter_.Execute(source))


@pytest.mark.parametrize("shape", [(12, 20, 18), (23, 40, 36), (50, 64, 31), (7, 40, 36), (1, 5, 5)])
def test_resampling_is_that_of_simpleitk(noisy: Any, shape: tuple[int, int, int]) -> None:
    hu, frame = resampled(noisy, shape=shape)
    assert hu.shape == shape
    assert hu.dtype == np.int16
    expected = with_simpleitk(noisy, frame, shape)
    inner = tuple(slice(2, -2) if n > 8 else slice(None) for n in shape)  # SimpleITK extrapolates in its way
    assert np.abs(hu - expected)[inner].max() <= 1
    extent = np.asarray(noisy.frame.spacing) * noisy.shape
    np.testing.assert_allclose(np.asarray(frame.spacing) * shape, extent)
    corner = noisy.frame.to_physical([-0.5] * 3)
    np.testing.assert_allclose(frame.to_physical([-0.5] * 3), corner)


def test_a_linear_field_stays_in_place(noisy: Any) -> None:
    index = np.stack(np.meshgrid(*map(np.arange, noisy.shape), indexing="ij"), axis=-1)
    field = noisy.frame.to_physical(index) @ [3.0, 1.0, 2.0]
    volume = volume_from_array(field.astype(np.float32), noisy.frame)
    hu, frame = resampled(volume, spacing=(2.0, 1.5, 1.5))
    assert hu.dtype == np.float32
    index = np.stack(np.meshgrid(*map(np.arange, hu.shape), indexing="ij"), axis=-1)
    expected = frame.to_physical(index) @ [3.0, 1.0, 2.0]
    inner = (slice(1, -1),) * 3
    np.testing.assert_allclose(hu[inner], expected[inner], atol=0.01)


def test_threads_and_blocks_change_nothing(noisy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    one, _ = resampled(noisy, shape=(31, 20, 20), workers=1)
    monkeypatch.setattr("ssc_core.io.volume.pixels.CHUNK_BYTES", 40 * 36 * 2 * 3)
    again = volume_from_array(noisy.hu.compute(), noisy.frame)
    assert len(again.hu.chunks[0]) == 8
    ticks: list[float] = []
    other, _ = resampled(again, shape=(31, 20, 20), workers=3, tick=lambda d, t, w: ticks.append(d / t))
    assert np.array_equal(one, other)
    assert ticks == sorted(ticks)
    assert ticks[-1] == 1


def test_padding_can_be_kept_out_of_the_tissue() -> None:
    hu = np.full((4, 8, 8), 0, np.int16)
    hu[:, :4] = -3024
    volume = volume_from_array(hu, Frame((1, 1, 1), (0, 0, 0)))
    assert resampled(volume, shape=(4, 6, 6))[0].min() == -3024
    assert resampled(volume, shape=(4, 6, 6), lowest_hu=-1024)[0].min() == -1024


@pytest.mark.parametrize(
    "grid", [{}, {"shape": (2, 2, 2), "spacing": 1.0}, {"shape": (0, 2, 2)}, {"spacing": -1.0}]
)
def test_a_grid_that_is_none_is_refused(noisy: Any, grid: dict[str, Any]) -> None:
    with pytest.raises(GeometryError):
        resampled(noisy, **grid)


def test_a_ct_goes_to_zarr_and_comes_back(ct: Any, tmp_path: Path) -> None:
    files = ct.write_series(
        tmp_path / "ct",
        tags={"PixelPaddingValue": 0},
        intercept=-3024,
        grid=ct.Grid(row=(0, 1, 0), column=(0, 0, -1)),
    )
    data = ct.pydicom.dcmread(files[2])
    values = data.pixel_array.copy()
    values[:3] = 0
    data.PixelData = values.tobytes()
    data.save_as(files[2])
    volume = open_volume(tmp_path / "ct").with_warnings("something to know")
    to_zarr(volume, tmp_path / "ct.ome.zarr")
    again = open_volume(tmp_path / "ct.ome.zarr")
    assert again.frame.same_as(volume.frame, 1e-9)
    assert again.dtype == volume.dtype
    assert np.array_equal(again.outside.compute(), volume.outside.compute())
    assert volume.outside.compute().any()
    expected = np.where(volume.outside.compute(), -2048, volume.hu.compute())
    assert np.array_equal(again.hu.compute(), expected)
    assert again.warnings == volume.warnings
    assert dict(again.header) == dict(volume.header)
    assert np.array_equal(pickle.loads(pickle.dumps(again)).hu[3:5].compute(), expected[3:5])
    mask = (expected > 0).astype(np.uint8)
    write_nifti(tmp_path / "mask.nii.gz", mask, again)  # made on the one, laid on the other
    assert np.array_equal(read_mask(tmp_path / "mask.nii.gz", volume), mask)
    for file in (tmp_path / "ct.ome.zarr").rglob("*"):
        assert not file.is_file() or b"ZZNAME" not in file.read_bytes()


def test_equal_cts_make_equal_zarrs(noisy: Any, tmp_path: Path) -> None:
    for name in ("a", "b"):
        to_zarr(noisy, tmp_path / name)
    a, b = (
        {p.relative_to(tmp_path / n): p.read_bytes() for p in (tmp_path / n).rglob("*") if p.is_file()}
        for n in ("a", "b")
    )
    assert a == b


def test_a_conversion_that_is_stopped_leaves_nothing(noisy: Any, tmp_path: Path) -> None:
    def stop(done: float, total: float, what: str, /) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        to_zarr(noisy, tmp_path / "x.zarr", tick=stop)
    assert list(tmp_path.iterdir()) == []
    to_zarr(noisy, tmp_path / "x.zarr")
    with pytest.raises(OutputError, match="exists already"):
        to_zarr(noisy, tmp_path / "x.zarr")


@pytest.mark.parametrize("what", ["mask", "map", "damaged"])
def test_a_zarr_that_is_no_ct_is_refused(noisy: Any, tmp_path: Path, what: str) -> None:
    path = tmp_path / "x.zarr"
    if what == "mask":
        write_mask(path, np.zeros((3, 4, 5), np.uint8), Frame((1, 1, 1), (0, 0, 0)))
    elif what == "map":
        write_map(path, np.zeros((3, 4, 5), np.float32), Frame((1, 1, 1), (0, 0, 0)), "%")
    else:
        to_zarr(noisy, path)
        (path / ".zattrs").write_text("{")
    with pytest.raises(FormatError):
        open_volume(path)


MEMORY = """
import re, sys
import numpy as np
from ssc_core.geometry import Frame
from ssc_core.io.volume import open_volume, resampled, to_zarr
from ssc_core.io.volume.volume import Volume

class Made:
    dtype, ndim, token = np.dtype(np.int16), 3, "made"
    def __init__(self, n):
        self.shape = (n, 512, 512)
        self.plane = np.random.default_rng(0).normal(-500, 30, (512, 512)).astype(np.int16)
    def __getitem__(self, index):
        rows, *inside = index if isinstance(index, tuple) else (index,)
        ks = np.arange(self.shape[0])[rows]
        block = self.plane[None] + ks[:, None, None].astype(np.int16)
        return block[(slice(None), *inside)]

n, out = int(sys.argv[1]), sys.argv[2]
status = lambda: open("/proc/self/status").read()
peak = lambda: int(re.search(r"VmHWM:\\s+(\\d+)", status())[1]) / 1024
volume = Volume(Made(n), Frame((1, 1, 1), (0, 0, 0)), "made")
begin = peak()
to_zarr(volume, out)
written = peak()
hu, _ = resampled(open_volume(out), shape=(64, 128, 128))
assert abs(float(hu.mean()) - (-500.5 + n / 2 - 0.5)) < 1
print(begin, written - begin, peak() - begin)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak is read from /proc")
def test_memory_is_flat_in_the_number_of_slices(tmp_path: Path) -> None:
    used = {}
    for n in (150, 600):
        done = subprocess.run(
            [sys.executable, "-c", MEMORY, str(n), str(tmp_path / str(n))], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        used[n] = [float(v) for v in done.stdout.split()]
    print(used)
    assert used[600][1] < used[150][1] + 80  # MB; four times the slices are 236 MB more
    assert used[600][2] < 450
