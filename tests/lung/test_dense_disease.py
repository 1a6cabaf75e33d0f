"""Lung without air stays in the mask; organs, fat and fluid-filled stomachs stay out of it."""

from __future__ import annotations

import numpy as np
import pytest

from ssc_core.io.volume import volume_from_array
from ssc_core.lung.params import LungParams
from ssc_core.lung.pipeline import analyse
from ssc_core.phantoms.chest import Chest, ChestPhantom, Disease


def lungs(mask):
    return (mask == 1) | (mask == 2)


@pytest.fixture(scope="module")
def consolidated() -> ChestPhantom:
    return Chest(51, disease=Disease(dense=0.25)).render((4.0, 3.0, 3.0))


@pytest.fixture(scope="module")
def consolidated_result(consolidated):
    return analyse(volume_from_array(consolidated.hu, consolidated.frame))


def test_half_of_a_consolidated_base_stays_inside(consolidated, consolidated_result):
    truth, found = consolidated.lung_mask, lungs(consolidated_result.mask)
    ill = (consolidated.disease & 4 > 0) & truth
    bare = analyse(volume_from_array(consolidated.hu, consolidated.frame), LungParams(rib_fill=False))
    added = found & ~lungs(bare.mask)
    assert found[ill].mean() > 0.45
    assert found[ill].mean() > lungs(bare.mask)[ill].mean() + 0.3
    assert (added & ~truth).sum() <= 0.02 * truth.sum()


def test_such_a_mask_is_to_be_checked(consolidated_result):
    assert consolidated_result.grade == "check"
    assert any("without air" in reason for reason in consolidated_result.reasons)
    assert set(consolidated_result.reasons) <= set(consolidated_result.flags)


def test_a_fatty_liver_is_no_lung(healthy, healthy_result):
    hu = healthy.hu.copy()
    low = int(np.flatnonzero(healthy.lung_mask.any(axis=(1, 2)))[0])
    top = healthy_result.levels[4].slice
    organs = (hu > 25) & (hu < 120) & ~healthy.lung_mask
    organs[top:] = False
    hu[organs] -= 50
    result = analyse(volume_from_array(hu, healthy.frame))
    added = lungs(result.mask) & ~lungs(healthy_result.mask)
    assert low < top
    assert added.sum() <= 0.02 * healthy.lung_mask.sum()


def test_a_lung_that_ends_at_its_dome_is_told(healthy, healthy_result):
    """The recesses of the right lung filled with tissue as bright as the liver: nothing can find them."""
    hu = healthy.hu.copy()
    dome = round(float(healthy.frame.to_index([healthy.landmarks_mm["right_dome"], 0, 0])[0]))
    recess = healthy.lungs == 1
    recess[dome:] = False
    hu[recess] = 55
    result = analyse(volume_from_array(hu, healthy.frame))
    assert result.grade != "good"
    assert any("right lung ends" in flag for flag in result.flags)
