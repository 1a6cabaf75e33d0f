from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssc_core.errors import FormatError, GeometryError, InputError
from ssc_core.geometry import Frame
from ssc_core.io.volume import Volume, volume_from_array
from ssc_core.lung.lnet.case import read_levels
from ssc_core.lung.lnet.contract import Contract
from ssc_core.lung.lnet.grid import Heights, heights_of, low_resolution
from ssc_core.lung.lnet.items import Gridded, LevelItems, crop_starts

sizes = st.integers(3, 900)


@given(st.floats(-2000, 2000), st.floats(0.2, 10), sizes, sizes, st.floats(-0.5, 300))
def test_heights_and_slice_numbers_are_inverse(
    b: float, step: float, n: int, grid: int, number: float
) -> None:
    heights = Heights(b, step, n, grid)
    assert heights.from_mm(heights.to_mm(number)) == pytest.approx(number, abs=1e-6)
    assert heights.to_mm(-0.5) == pytest.approx(b - step / 2, abs=1e-6)
    assert heights.to_mm(grid - 0.5) == pytest.approx(b + step * (n - 0.5), abs=1e-6)
    assert heights.spacing_mm * grid == pytest.approx(heights.reach_mm)


def marked(n: int, k: int, direction: tuple[int, int, int], tilt: float = 0.0) -> tuple[Volume, float]:
    """A volume of air with one bright slice, stored in any direction, and the height of that slice."""
    hu = np.full((n, 24, 20), -1000, np.int16)
    hu[k] = 500
    c, s = np.cos(tilt), np.sin(tilt)
    turn = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ np.diag(direction)
    frame = Frame((3.0, 9.0, 10.0), (-77.0, 15.0, -60.0), tuple(map(tuple, turn.tolist())))
    height = frame.to_physical([k, 11.5, 9.5])[0]
    return volume_from_array(hu, frame), float(height)


@pytest.mark.parametrize("direction", [(1, 1, 1), (-1, 1, 1), (1, -1, -1), (-1, -1, 1)])
@pytest.mark.parametrize("tilt", [0.0, 0.12])
@pytest.mark.parametrize(("n", "grid"), [(90, 256), (90, 90), (90, 31), (200, 96)])
def test_a_bright_slice_is_found_at_its_height(
    direction: tuple[int, int, int], tilt: float, n: int, grid: int
) -> None:
    image, height = marked(n, 61, direction, tilt)
    low = low_resolution(image, (grid, 16, 16)).astype(float) + 1000
    heights = heights_of(image, grid)
    profile = low.sum(axis=(1, 2))
    centre = float((profile * np.arange(grid)).sum() / profile.sum())
    assert heights.to_mm(centre) == pytest.approx(height, abs=0.51 * heights.spacing_mm)
    assert heights.from_mm(height) == pytest.approx(centre, abs=0.51)


def test_resampling_keeps_constants_means_and_limits() -> None:
    frame = Frame((1.0, 5.0, 5.0), (0.0, 0.0, 0.0))
    flat = volume_from_array(np.full((50, 40, 30), 37, np.int16), frame)
    for shape in ((20, 16, 16), (128, 64, 64)):
        assert (low_resolution(flat, shape) == 37).all()
    rng = np.random.default_rng(0)
    noisy = volume_from_array(rng.integers(-900, 900, (60, 40, 40)).astype(np.int16), frame)
    assert low_resolution(noisy, (20, 20, 20)).mean() == pytest.approx(np.asarray(noisy.hu).mean(), abs=0.5)
    metal = volume_from_array(np.full((9, 20, 20), 3000, np.int16), frame)
    assert low_resolution(metal, (9, 10, 10)).max() == 1500
    padded = volume_from_array(np.full((9, 20, 20), -2048, np.int16), frame)
    assert (low_resolution(padded, (9, 10, 10)) == -1024).all()


def test_too_few_slices_are_told() -> None:
    image = volume_from_array(np.zeros((2, 20, 20), np.int16), Frame((5.0, 5.0, 5.0), (0.0, 0.0, 0.0)))
    with pytest.raises(GeometryError, match="at least 3 slices"):
        low_resolution(image, (9, 9, 9))


@given(st.lists(st.floats(-0.4, 95.4), min_size=1, max_size=5), st.integers(60, 96))
def test_every_allowed_crop_holds_all_levels(levels: list[float], crop: int) -> None:
    numbers = np.array(levels + [np.nan] * (5 - len(levels)))
    try:
        low, high = crop_starts(numbers, 96, crop)
    except InputError:
        assert max(levels) - min(levels) > crop - 3
        return
    for start in (low, high):
        assert 0 <= start <= 96 - crop
        assert start - 0.5 <= min(levels)
        assert max(levels) <= start + crop - 0.5


def test_levels_outside_the_scan_are_told() -> None:
    with pytest.raises(InputError, match="lies outside the CT"):
        crop_starts(np.array([99.0, 50, 40, 30, 20]), 96, 72)
    with pytest.raises(InputError, match="span more than the 40 of 96 slices"):
        crop_starts(np.array([80.0, 50, 40, 30, 20]), 96, 40)


@pytest.fixture
def items(tmp_path: Path) -> LevelItems:
    hu = np.broadcast_to(np.arange(96, dtype=np.int16)[:, None, None], (96, 8, 8)).copy()
    np.save(tmp_path / "a.npy", hu)
    numbers = np.array([70.25, 60, np.nan, 40, 33])
    case = Gridded("a", "a", tmp_path / "a.npy", Heights(0.0, 3.0, 96, 96), numbers)
    return LevelItems([case], Contract(grid=(96, 8, 8), crop=60), noise_hu=0.0)


def test_numbers_move_with_the_crop(items: LevelItems) -> None:
    starts = set()
    for seed in range(40):
        fed, numbers, spacing = items.item(0, np.random.default_rng(seed))
        assert fed.shape == (1, 60, 8, 8)
        assert fed.dtype == np.float32
        assert (fed.mean(), fed.std()) == (pytest.approx(0, abs=1e-5), pytest.approx(1, abs=1e-5))
        start = round(70.25 - float(numbers[0]))
        starts.add(start)
        assert np.nanmin(numbers) >= 0
        assert np.nanmax(numbers) <= 59
        assert np.isnan(numbers[2])
        assert spacing == 3.0
    assert min(starts) >= 12
    assert max(starts) <= 33
    assert len(starts) > 10
    assert round(70.25 - float(items.item(0, None)[1][0])) == 18


def test_augmentation_belongs_to_its_generator(items: LevelItems) -> None:
    items.noise_hu, items.shift = 30.0, 0.2
    one, again = (items.item(0, np.random.default_rng(5))[0] for _ in range(2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, items.item(0, np.random.default_rng(6))[0])
    assert one.shape == (1, 60, 8, 8)


GOOD = "level,z_mm,method\n1,90.5,read\n2,80,read\n3,70,\n4,,missing\n5,10,found\n"


def test_level_tables_are_read(tmp_path: Path) -> None:
    path = tmp_path / "levels.csv"
    path.write_text(GOOD)
    known = read_levels(path)
    assert known.array == pytest.approx([90.5, 80, 70, np.nan, 10], nan_ok=True)
    assert known.methods == ("read", "read", "", "missing", "found")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("level,height\n1,2\n", "no column z_mm"),
        (GOOD.replace("\n2,", "\n1,"), "each once"),
        (GOOD.replace("\n5,", "\n6,"), "1 to 5"),
        (GOOD.replace("90.5", "60"), "follow one another"),
        (GOOD.replace("90.5", "high"), "must hold numbers"),
        ("level,z_mm\n1,\n", "no level has a height"),
    ],
)
def test_wrong_level_tables_are_told(tmp_path: Path, text: str, what: str) -> None:
    path = tmp_path / "levels.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=what) as caught:
        read_levels(path)
    assert "levels.csv" in str(caught.value)
    assert "levels.csv" not in caught.value.storable
    with pytest.raises(FormatError):
        read_levels(tmp_path / "none.csv")
