"""The chest phantom against what it says of itself, and against the naive methods it must defeat."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy import ndimage

from ssc_core.errors import Cancelled, InputError
from ssc_core.phantoms.chest import (
    DENSE,
    GROUND_GLASS,
    RETICULATION,
    Chest,
    ChestPhantom,
    Disease,
    Pose,
    chest,
    extent_table,
)

COARSE = (4.0, 2.5, 2.5)


@pytest.fixture(scope="module")
def healthy() -> ChestPhantom:
    return chest(5, COARSE)


@pytest.fixture(scope="module")
def diseased() -> ChestPhantom:
    return chest(5, COARSE, disease=Disease(0.2, 0.12, 0.1))


def dice(a: np.ndarray, b: np.ndarray) -> float:
    return float(2 * (a & b).sum() / (a.sum() + b.sum()))


def naive_mask(hu: np.ndarray) -> np.ndarray:
    """Below -320 HU, not touching the border, the two largest pieces."""
    low = np.pad(hu < -320, ((0, 0), (1, 1), (1, 1)), constant_values=True)
    pieces, count = ndimage.label(low)
    pieces = pieces[:, 1:-1, 1:-1]
    sizes = np.bincount(pieces.ravel(), minlength=count + 1)
    sizes[0] = 0
    edge = np.unique(np.concatenate([pieces[:, 0].ravel(), pieces[:, -1].ravel(), pieces[:, :, 0].ravel()]))
    sizes[edge] = 0
    return np.isin(pieces, np.argsort(sizes)[-2:])


def test_a_seed_always_gives_the_same_scan_and_another_seed_another() -> None:
    a, b, c = (chest(s, (8.0, 5.0, 5.0), disease=Disease(0.1, 0.1)) for s in (1, 1, 2))
    assert np.array_equal(a.hu, b.hu)
    assert np.array_equal(a.disease, b.disease)
    assert a.levels_mm == b.levels_mm
    assert a.frame != c.frame


def test_a_part_of_a_scan_shows_what_the_whole_shows() -> None:
    person = Chest(8)
    whole = person.render((3.0, 4.0, 4.0), noise_hu=0)
    part = person.render((3.0, 4.0, 4.0), (30, *whole.hu.shape[1:]), noise_hu=0)
    assert np.abs(part.hu - whole.hu[:30]).max() <= 1
    assert np.array_equal(part.lungs, whole.lungs[:30])


def test_levels_belong_to_the_person_and_not_to_the_sampling() -> None:
    person = Chest(4)
    fine, coarse = person.render((2.5, 3.5, 3.5)), person.render((8.0, 2.5, 2.5))
    assert fine.levels_mm == coarse.levels_mm
    for label in (1, 2, 3):
        volumes = [(p.lungs == label).sum() * p.frame.pixel_size for p in (fine, coarse)]
        assert volumes[0] == pytest.approx(volumes[1], rel=0.05 if label == 3 else 0.02)


def test_levels_lie_in_order_and_four_is_halfway() -> None:
    for seed in range(80):
        levels = Chest(seed).levels()
        heights = [levels[k] for k in range(1, 6)]
        assert all(a - b > 3 for a, b in pairwise(heights))
        assert levels[4] == pytest.approx((levels[3] + levels[5]) / 2)


def test_fixed_fractions_of_lung_height_miss_the_levels_by_more_than_10_mm() -> None:
    rows = []
    for seed in range(60):
        person = Chest(seed)
        low, high = person.lung_range
        rows.append([high - low, *((high - z) / (high - low) for z in person.levels().values())])
    table = np.array(rows)
    fractions = table[:, 1:]
    others = (fractions.sum(axis=0) - fractions) / (len(table) - 1)
    error = (np.abs(fractions - others) * table[:, :1]).mean(axis=0)
    assert (error[:3] > 10).all()


def test_level_two_is_where_the_two_bronchial_lumens_part() -> None:
    for seed in (0, 3, 9):
        person = Chest(seed)
        level = person.levels()[2]
        scene = person.scene
        cx, cy, _ = scene.to_scanner([scene.airway.carina])[0]
        x = np.linspace(cx - 25, cx + 25, 501, dtype=np.float32)

        def pieces(z: float, x: np.ndarray = x, y: float = cy, scene: object = scene) -> int:
            body = scene.to_body(x, np.full_like(x, y), np.full_like(x, z))  # type: ignore[attr-defined]
            lumen = scene.airway.lumen  # type: ignore[attr-defined]
            inside = np.min([t.distance(*body) for t in lumen], axis=0) < 0
            return int(ndimage.label(inside)[1])

        assert pieces(level + 1.0) == 1
        assert pieces(level - 1.0) == 2


@pytest.mark.parametrize("pose", [Pose(), Pose(pitch=5, roll=-8, yaw=-4, offset=(4, 9, 50))])
def test_level_one_is_the_top_of_the_arch(pose: Pose) -> None:
    scene = Chest(6, pose=pose).scene
    level = scene.landmarks()["arch_top"]
    arch = next(o.shape for o in scene.organs if o.name == "aortic arch")
    x, y = np.meshgrid(np.linspace(-60, 60, 121), np.linspace(-80, 90, 171))
    x, y = (v.ravel().astype(np.float32) for v in (x + pose.offset[0], y + pose.offset[1]))

    def nearest(z: float) -> float:
        return float(arch.distance(*scene.to_body(x, y, np.full_like(x, z))).min())

    assert nearest(level - 1.5) < 0 < nearest(level + 0.2)


@pytest.mark.parametrize("seed", [6, 13])
def test_level_five_is_above_the_highest_point_of_the_right_dome(seed: int) -> None:
    person = Chest(seed)
    assert person.levels()[5] == person.scene.landmarks()["right_dome"] + 10
    assert person.levels(0)[5] == person.scene.landmarks()["right_dome"]
    scan = person.render((1.0, 3.0, 3.0), below_mm=-30, above_mm=-80, noise_hu=0)
    build = person.build
    peak = [(-0.5 * build.half_width, -0.12 * build.half_depth, build.dome)]
    px, py, pz = person.scene.to_scanner(peak)[0]
    assert pz == pytest.approx(scan.landmarks_mm["right_dome"])
    _, iy, ix = np.rint(scan.frame.to_index([pz, py, px])).astype(int)
    bottom = scan.frame.origin[0] + np.argmax(scan.lungs[:, iy, ix] == 1)
    assert bottom == pytest.approx(pz, abs=2.5)


def test_labels_keep_apart_and_agree_with_densities(healthy: ChestPhantom) -> None:
    hu, lungs = healthy.hu, healthy.lungs
    assert set(np.unique(lungs)) == {0, 1, 2, 3}
    assert hu.dtype == np.int16
    assert -900 < np.median(hu[lungs == 1]) < -760
    assert np.percentile(hu[lungs == 3], 20) < -850
    assert (hu[healthy.bones] > 100).mean() > 0.8
    assert not (healthy.bones & (lungs > 0)).any()
    right, left = np.nonzero(lungs == 1)[2].mean(), np.nonzero(lungs == 2)[2].mean()
    assert right < left
    assert ndimage.label(lungs == 1)[1] <= 3
    volumes = [(lungs == k).sum() * healthy.frame.pixel_size / 1e6 for k in (1, 2)]
    assert 0.8 < volumes[1] < volumes[0] < 4.5


def test_extent_table_counts_the_labels_exactly(diseased: ChestPhantom) -> None:
    table = diseased.extent
    lung = diseased.lung_mask
    for row in table.itertuples():
        here = diseased.disease[row.slice][lung[row.slice]]
        if not here.size:
            assert np.isnan(row.tot)
            continue
        assert row.gg == 100 * np.count_nonzero(here & GROUND_GLASS) / here.size
        assert row.ret == 100 * np.count_nonzero(here & RETICULATION) / here.size
        assert row.tot == 100 * np.count_nonzero(here & 3) / here.size
        assert row.dense == 100 * np.count_nonzero(here & DENSE) / here.size
        assert max(row.gg, row.ret) <= row.tot <= row.gg + row.ret + 1e-9
    assert not diseased.disease[~lung].any()
    assert table.equals(extent_table(diseased.lungs, diseased.disease, diseased.frame))


@pytest.mark.parametrize("spread", ["subpleural", "blobs", "part", "mixed"])
def test_disease_takes_the_share_that_was_asked_for(spread: str) -> None:
    person = Chest(3, Disease(0.3, 0.1, spread=spread))  # type: ignore[arg-type]
    scan = person.render((8.0, 4.0, 4.0))
    inside = scan.disease[scan.lung_mask]
    assert np.mean((inside & GROUND_GLASS) > 0) == pytest.approx(0.3, abs=0.04)
    assert np.mean((inside & RETICULATION) > 0) == pytest.approx(0.1, abs=0.03)


def test_disease_changes_only_diseased_lung_and_only_upwards_for_ground_glass() -> None:
    plain = Chest(3).render((8.0, 4.0, 4.0), noise_hu=0, thickness_mm=1)
    glass = Chest(3, Disease(0.3, gain=0.3)).render((8.0, 4.0, 4.0), noise_hu=0, thickness_mm=1)
    assert np.array_equal(plain.lungs, glass.lungs)
    change = glass.hu.astype(int) - plain.hu
    assert change.min() >= -1
    assert np.median(change[glass.disease > 0]) > 80
    near = ndimage.binary_dilation(glass.disease > 0, structure=np.ones((1, 3, 3)))
    assert np.abs(change[plain.lung_mask & ~near]).max() <= 1


def test_dense_fibrosis_is_as_dense_as_tissue(diseased: ChestPhantom) -> None:
    dense = ndimage.binary_erosion((diseased.disease & DENSE) > 0)
    assert -110 < np.median(diseased.hu[dense]) < 60
    assert ((diseased.disease & DENSE) > 0).sum() > 0
    assert not ((diseased.disease & DENSE > 0) & (diseased.disease & RETICULATION == 0)).any()


@pytest.mark.parametrize("seed", [5, 12])
def test_threshold_and_two_largest_pieces_fail_on_disease(seed: int) -> None:
    disease = Disease(0.2, 0.15, 0.18, mesh="honeycomb")
    scan = chest(seed, COARSE, disease=disease)
    assert dice(naive_mask(scan.hu), scan.lung_mask) < 0.90


def test_noise_sharpness_and_padding_do_what_they_say() -> None:
    person = Chest(2)
    size = (1, 160, 160)
    still = person.render((5.0, 2.0, 2.0), size, below_mm=-120, noise_hu=0)
    noisy = person.render((5.0, 2.0, 2.0), size, below_mm=-120, noise_hu=30, padding=-3024)
    outside = noisy.hu == -3024
    assert 0.15 < outside.mean() < 0.25
    tissue = (still.hu > -200) & ~outside
    difference = (noisy.hu.astype(int) - still.hu)[tissue]
    assert difference.std() == pytest.approx(30, rel=0.05)
    soft, sharp = (
        person.render((5.0, 2.0, 2.0), size, below_mm=-120, noise_hu=0, sharpness=s).hu for s in (-1, 1)
    )
    edges = [float(np.abs(np.diff(h.astype(float))).mean()) for h in (soft, still.hu, sharp)]
    assert edges[0] < edges[1] < edges[2]


def test_cropped_scans_leave_out_what_they_do_not_reach() -> None:
    person = Chest(2)
    base_cut = person.render((8.0, 5.0, 5.0), below_mm=-130)
    assert base_cut.levels_mm[5] is None
    assert base_cut.level_slices[5] is None
    assert base_cut.levels_mm[1] is not None
    assert base_cut.lungs[0].any()
    apex_cut = person.render((8.0, 5.0, 5.0), above_mm=-90)
    assert apex_cut.levels_mm[1] is None
    assert apex_cut.lungs[-1].any()
    long = person.render((8.0, 5.0, 5.0), below_mm=150, above_mm=90)
    assert not long.lungs[0].any()
    assert not (long.lungs[-1] % 3).any()


def test_prone_turns_table_and_gravity_round() -> None:
    scans = [Chest(2, pose=Pose(prone=p)).render((8.0, 3.0, 3.0), noise_hu=0) for p in (False, True)]
    slopes = []
    for scan in scans:
        plain = ndimage.binary_erosion(scan.lung_mask, iterations=2)
        y = np.nonzero(plain)[1]
        slopes.append(np.polyfit(y, np.minimum(scan.hu[plain], -700), 1)[0])
    assert slopes[0] > 0 > slopes[1]


def test_bad_settings_get_one_sentence() -> None:
    person = Chest(1)
    for settings in (
        {"spacing": (0.0, 1.0, 1.0)},
        {"spacing": (float("nan"), 1.0, 1.0)},
        {"shape": (0, 5, 5)},
        {"noise_hu": -1.0},
        {"sharpness": 2.0},
        {"thickness_mm": 0.0},
    ):
        with pytest.raises(InputError, match="phantom"):
            person.render(**settings)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="ground_glass"):
        Disease(ground_glass=1.5)


def test_rendering_can_be_stopped() -> None:
    def stop(done: float, total: float, what: str, /) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        Chest(1).render((8.0, 5.0, 5.0), tick=stop)
