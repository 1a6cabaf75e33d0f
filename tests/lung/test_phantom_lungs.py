"""Lungs and levels against phantoms whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from ssc_core.io.volume import volume_from_array
from ssc_core.lung.params import LungParams
from ssc_core.lung.pipeline import analyse
from ssc_core.phantoms.chest import Chest, Disease, Pose


def lungs(mask):
    return (mask == 1) | (mask == 2)


def errors_mm(result, phantom):
    return {level.number: level.z_mm - phantom.levels_mm[level.number] for level in result.levels}


def test_both_lungs_and_the_airway_are_found(healthy, healthy_result, overlap):
    assert overlap(lungs(healthy_result.mask), healthy.lung_mask) >= 0.97
    assert overlap(healthy_result.mask == 1, healthy.lungs == 1) >= 0.97
    assert overlap(healthy_result.mask == 2, healthy.lungs == 2) >= 0.97
    assert overlap(healthy_result.mask == 3, healthy.lungs == 3) >= 0.75
    assert healthy_result.flags == ()
    assert healthy_result.grade == "good"


def test_volumes_are_those_of_the_phantom(healthy, healthy_result):
    truth = healthy.lung_mask.sum() * healthy.frame.pixel_size / 1000
    assert healthy_result.measurements["lung_volume"].value == pytest.approx(truth, rel=0.04)


def test_carina_and_dome_lie_within_ten_mm_and_every_level_within_its_band(healthy, healthy_result):
    errors = errors_mm(healthy_result, healthy)
    assert abs(errors[2]) <= 10
    assert abs(errors[5]) <= 10
    for level in healthy_result.levels:
        assert abs(errors[level.number]) <= level.uncertainty_mm, level
    assert [level.method == "found" for level in healthy_result.levels] == [False, True, False, False, True]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 112))
def test_levels_and_lungs_of_many_people(seed, overlap):
    phantom = Chest(seed).render((3.0, 1.5, 1.5))
    result = analyse(volume_from_array(phantom.hu, phantom.frame))
    errors = errors_mm(result, phantom)
    assert overlap(lungs(result.mask), phantom.lung_mask) >= 0.97
    assert abs(errors[2]) <= 10
    assert abs(errors[5]) <= 10
    assert abs(errors[1]) <= 20
    assert abs(errors[3]) <= 25


@pytest.mark.parametrize(
    ("seed", "spacing", "pose"),
    [
        (45, (8.0, 3.0, 3.0), None),
        pytest.param(49, (4.0, 3.0, 3.0), Pose(prone=True, roll=6.0), marks=pytest.mark.slow),
    ],
)
def test_thick_slices_and_other_poses(seed, spacing, pose, overlap):
    phantom = Chest(seed, pose=pose).render(spacing)
    result = analyse(volume_from_array(phantom.hu, phantom.frame))
    errors = errors_mm(result, phantom)
    assert overlap(lungs(result.mask), phantom.lung_mask) >= 0.97
    assert abs(errors[2]) <= 10
    assert abs(errors[5]) <= 10


def test_heavy_ground_glass_stays_inside_where_a_plain_threshold_loses_it():
    disease = Disease(ground_glass=0.3, gain=0.38)
    phantom = Chest(43, disease=disease).render((4.0, 3.0, 3.0))
    ill = (phantom.disease & 1 > 0) & phantom.lung_mask
    result = analyse(volume_from_array(phantom.hu, phantom.frame))
    kept = lungs(result.mask)[ill].mean()
    plain = (phantom.hu < -500)[ill].mean()
    assert kept >= 0.92
    assert kept > plain + 0.02


def test_level_five_follows_the_offset(healthy_ct, healthy_result):
    bare = analyse(healthy_ct, LungParams(dome_offset_mm=0.0))
    assert healthy_result.levels[4].z_mm - bare.levels[4].z_mm == pytest.approx(10.0)
    assert bare.levels[3].z_mm == pytest.approx((bare.levels[2].z_mm + bare.levels[4].z_mm) / 2)
    assert np.array_equal(bare.mask, healthy_result.mask)


def test_densities_are_counts_of_the_mask(healthy, healthy_result):
    level = healthy_result.levels[1]
    plane, mask = healthy.hu[level.slice], healthy_result.mask[level.slice]
    row = healthy_result.areas.set_index("level").loc[2]
    pixel = healthy.frame.spacing[1] * healthy.frame.spacing[2]
    assert row["right_mm2"] == pytest.approx((mask == 1).sum() * pixel)
    assert row["lung_mm2"] == pytest.approx(lungs(mask).sum() * pixel)
    values = np.clip(plane[lungs(mask)], -1024, 3071)
    assert row["mean_HU"] == pytest.approx(values.mean())
    assert row["above_-700_HU_percent"] == pytest.approx(100 * (values > -700).mean())


@pytest.mark.slow
def test_more_disease_means_denser_lungs(healthy_result):
    phantom = Chest(11, disease=Disease(ground_glass=0.4)).render((4.0, 3.0, 3.0))
    ill = analyse(volume_from_array(phantom.hu, phantom.frame)).volumes.set_index("lung")
    well = healthy_result.volumes.set_index("lung")
    assert ill.loc["both", "above_-700_HU_percent"] > well.loc["both", "above_-700_HU_percent"] + 10
