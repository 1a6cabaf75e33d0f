"""Samples: exact extents, the grid and the way back, what a scanner adds, the same bytes for a seed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssc_core.errors import EmptyError, InputError
from ssc_core.lung.extent.grid import Window, resized, window_of
from ssc_core.lung.extent.healthy import HealthyCase, HealthySlice, from_ct, from_phantoms
from ssc_core.lung.extent.lesions import SHAPES, Ground, fade
from ssc_core.lung.extent.look import Look, jittered, looked
from ssc_core.lung.extent.pool import PoolItems, _part, make_pool
from ssc_core.lung.extent.sample import CROP, GG, LUNG, RET, Plan, sample, targets_of
from ssc_core.models.extent_net import STRIDE


def _lung(rows: int = 150, columns: int = 220) -> np.ndarray:
    y, x = np.mgrid[:rows, :columns]
    return np.hypot((y - rows / 2) / 60, (x - 60) / 42) < 1


@pytest.fixture(scope="module")
def phantom() -> list[HealthySlice]:
    return list(from_phantoms([77], seed=0))


def test_phantom_slices_are_healthy_lung_on_the_grid(phantom: list[HealthySlice]) -> None:
    assert len(phantom) > 4
    for one in phantom:
        assert one.hu.shape == one.lung.shape
        assert np.median(one.hu[one.lung]) < -780
        assert 25 <= one.lung.sum() / 100 < 800  # cm2


@pytest.mark.parametrize("shape", list(SHAPES))
@pytest.mark.parametrize("share", [0.02, 0.3, 0.97])
def test_lesions_take_the_wanted_share(shape: str, share: float) -> None:
    ground = Ground.of(_lung())
    out = fade(ground, share, np.random.default_rng(3), shape=shape)
    assert (out[ground.lung] >= 0.5).mean() == pytest.approx(share, abs=0.01)
    assert not out[~ground.lung].any()


def test_reticulation_in_ground_glass_stays_in_it(phantom: list[HealthySlice]) -> None:
    base = max(phantom, key=lambda s: int(s.lung.sum()))
    _, labels = sample(base, np.random.default_rng(0), Plan(0.5, 0.2, nested=True))
    tot, gg, ret = targets_of(labels)
    assert tot == pytest.approx(gg)
    assert gg == pytest.approx(50, abs=1.5)
    assert ret == pytest.approx(20, abs=1.5)


def test_a_sample_is_denser_where_it_is_labelled_and_nowhere_else(phantom: list[HealthySlice]) -> None:
    base = max(phantom, key=lambda s: int(s.lung.sum()))
    healthy, _ = sample(base, np.random.default_rng(5), Plan(0.0, 0.0))
    ill, labels = sample(base, np.random.default_rng(5), Plan(0.4, 0.0))
    inside = labels & GG > 0
    clear = (labels & LUNG > 0) & ~inside
    assert ill.shape == CROP
    assert (ill[inside].astype(int) - healthy[inside]).mean() > 40
    far = clear & (ill == healthy)
    assert far.sum() > 0.5 * clear.sum()
    assert not (labels & RET).any()


@settings(max_examples=15)
@given(st.floats(0.45, 1.6), st.integers(0, 1000))
def test_maps_come_back_to_the_pixels_of_the_slice(mm: float, seed: int) -> None:
    """A linear ramp survives the way to the grid and back, to a small part of a pixel."""
    rows, columns = 170, 190
    y, x = np.mgrid[:rows, :columns].astype(np.float32)
    ramp = (y + 2 * x) * np.float32(mm)
    lung = np.zeros((rows, columns), bool)
    lung[30:120, 40 : 120 + seed % 20] = True
    grid, mask = resized(ramp, lung, (mm, mm))
    window = window_of(mask)
    assert all(n % STRIDE == 0 for n in window.shape)
    back = window.back(np.asarray(window.cut(grid, 0.0), np.float32)[None], (mm, mm), (rows, columns))[0]
    assert np.abs(back - ramp)[lung].max() < 0.5 * max(1, mm)
    assert mask.mean() == pytest.approx(lung.mean(), rel=0.06)


def test_a_window_may_reach_beyond_the_image() -> None:
    image = np.arange(12.0).reshape(3, 4)
    cut = Window(-1, -2, (5, 5)).cut(image, -7.0)
    assert cut[1, 2] == 0
    assert cut[3, 4] == 10
    assert (cut[0] == -7).all()
    with pytest.raises(EmptyError, match="no lung"):
        window_of(np.zeros((4, 4), bool))


@pytest.mark.parametrize(
    "look", [Look(noise_hu=20), Look(noise_hu=20, colour_mm=1.2), Look(noise_hu=20, edge=0.8)]
)
def test_noise_has_the_wanted_strength(look: Look) -> None:
    flat = np.full((200, 200), -500, np.int16)
    out = looked(flat, look, np.random.default_rng(0))
    assert out.std() == pytest.approx(20, rel=0.2)
    assert out.mean() == pytest.approx(-500, abs=2)


def test_kernels_blur_and_enhance_edges() -> None:
    step = np.where(np.arange(80) < 40, -900, 0)[None].repeat(80, 0)
    soft, sharp = (looked(step, k, np.random.default_rng(0))[40] for k in (Look(blur_mm=1), Look(edge=1)))
    assert np.abs(np.diff(soft)).max() < 0.6 * 900
    assert sharp.max() > 50
    assert np.array_equal(looked(step, Look(), np.random.default_rng(0))[40], step[40])


def test_masks_err_by_millimetres_only() -> None:
    lung = _lung()
    shares = [jittered(lung, np.random.default_rng(k)).sum() / lung.sum() for k in range(40)]
    assert 0.85 < min(shares) < 0.99 < 1.01 < max(shares) < 1.25


def test_targets_belong_to_the_mask_that_is_used() -> None:
    labels = np.array([[LUNG | GG, LUNG, LUNG | GG | RET, 0]], np.uint8)
    assert targets_of(labels) == pytest.approx((200 / 3, 200 / 3, 100 / 3))
    assert targets_of(labels, np.array([[True, False, False, True]])) == (50, 50, 0)


def test_a_pool_is_the_same_for_any_number_of_threads(phantom: list[HealthySlice], tmp_path: Path) -> None:
    one = make_pool(phantom, 6, tmp_path / "a", seed=4)
    two = make_pool(phantom, 6, tmp_path / "b", seed=4, workers=3)
    assert np.array_equal(one.hu, two.hu)
    assert np.array_equal(one.labels, two.labels)
    items = PoolItems(one, [2, 3], seed=1)
    first, again = items.item(0, None), items.item(0, None)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    image, cells, target = first
    assert image.shape == (5, *CROP)
    assert cells.shape == (CROP[0] // 4, CROP[1] // 4)
    assert target[0] <= target[1] + target[2] + 1e-4


def test_training_sees_parts_with_lung_and_their_own_scores() -> None:
    """Each column of the image holds its number: image and labels are cut at the same place."""
    labels = np.zeros(CROP, np.uint8)
    labels[30:200, 20:60] = LUNG | GG
    labels[30:200, 230:275] = LUNG
    hu = np.broadcast_to(np.arange(CROP[1], dtype=np.int16), CROP)
    told = []
    for seed in range(20):
        image, part = _part(hu, labels, np.random.default_rng(seed))
        columns = image[0]
        assert image.shape == part.shape == (CROP[0], 160)
        assert np.array_equal(part, labels[:, columns])
        assert np.count_nonzero(part & LUNG) >= 1500
        told.append(targets_of(part)[0])
    assert min(told) == 0  # some parts show the healthy lung alone
    assert max(told) == 100


def test_what_the_manifest_asks_for_must_be_there(real_data: Path) -> None:
    folder = real_data / "ct" / "lung_pet_ct_chest" / "derived_256x256x30.nii.gz"
    left = from_ct(HealthyCase(case_id="a", ct=folder, first=12, last=14, side="left"))
    assert len(left) == 3
    middle = left[0].lung.shape[1] / 2
    assert np.flatnonzero(left[0].lung.any(axis=0)).mean() > middle  # the left lung lies on the right
    with pytest.raises(InputError, match="slices 12 to 99"):
        from_ct(HealthyCase(case_id="a", ct=folder, first=12, last=99))
