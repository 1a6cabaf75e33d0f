"""The finger phantom against what was asked of it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy import ndimage as ndi

from ssc_core.errors import InputError
from ssc_core.io.image import open_finger
from ssc_core.phantoms.finger import (
    FingerSpec,
    drawn_spec,
    make_image,
    make_volume,
    to_grey,
    write_dicom,
    write_export,
)

SPEC = FingerSpec(
    seed=3,
    spacing_mm=(0.35, 0.45),
    areas_mm2=(14.0, 3.0),
    touching=(True, False),
    deposit_hu=(1150.0, 1300.0),
)


@pytest.fixture(scope="module")
def finger():
    return make_image(SPEC)


def test_deposits_have_the_area_that_was_asked_for(finger):
    areas = finger.table.area_mm2.to_numpy()
    assert areas == pytest.approx([14.0, 3.0], rel=0.08)
    for row in finger.table.itertuples():
        counted = (finger.lesions == row.label).sum() * finger.frame.pixel_size
        assert counted == pytest.approx(row.area_mm2, rel=0.15)


def test_only_the_deposit_that_was_to_touch_bone_touches_it(finger):
    assert finger.table.touches_bone.tolist() == [True, False]


def test_no_threshold_parts_the_deposit_from_the_bone_it_touches(finger):
    deposit = finger.lesions == 1
    parted = []
    for level in range(300, 1400, 50):
        bright, _ = ndi.label(finger.hu > level)
        here = deposit & (bright > 0)
        if here.sum() < 0.5 * deposit.sum():
            continue  # most of the deposit is gone
        of_deposit = set(np.unique(bright[here]))
        of_bone = set(np.unique(bright[(finger.bones > 0) & (bright > 0)]))
        parted.append(not of_deposit & of_bone)
    assert len(parted) > 8
    assert not any(parted)


def test_tissues_have_realistic_hu(finger):
    bone = finger.hu[finger.bones > 0]
    soft = ndi.binary_erosion((finger.hu > -300) & (finger.bones == 0) & (finger.lesions == 0), iterations=4)
    assert 900 < np.quantile(bone, 0.97) < 1650
    assert 35 < np.median(finger.hu[soft]) < 110
    assert np.quantile(finger.hu, 0.02) == pytest.approx(-1000, abs=60)


def test_calcium_is_brighter_at_the_low_energy_and_the_mixed_image_is_the_mean(finger):
    calcium = ndi.binary_erosion(finger.lesions == 1)
    ratio = (finger.low[calcium].mean() - 50) / (finger.high[calcium].mean() - 50)
    assert ratio == pytest.approx(1.56, abs=0.05)
    assert np.abs((finger.low + finger.high) / 2 - finger.hu).max() < 1e-2


def test_a_seed_gives_the_same_bytes_and_another_seed_others(finger):
    assert make_image(SPEC).hu.tobytes() == finger.hu.tobytes()
    assert drawn_spec(4) == drawn_spec(4) != drawn_spec(5)


@pytest.mark.parametrize(("cut", "whole"), [("distal", {2, 3}), ("proximal", {1, 2}), ("both", {2})])
def test_a_cut_view_cuts_the_phalanx_at_that_end(cut, whole):
    spec = FingerSpec(seed=2, spacing_mm=(0.5, 0.5), areas_mm2=(), touching=(), cut=cut)
    seen = make_image(spec).phalanges
    assert set(seen.label[seen.complete]) == whole


def test_two_fingers_are_told_apart():
    spec = FingerSpec(seed=6, spacing_mm=(0.5, 0.5), fingers=2, areas_mm2=(9.0, 6.0), touching=(False, False))
    phantom = make_image(spec)
    assert {1, 2, 3, 11, 12, 13} <= set(np.unique(phantom.bones))
    assert sorted(phantom.table.finger) == [1, 2]


def test_the_volume_holds_the_image_as_its_middle_slice():
    spec = FingerSpec(
        seed=3, spacing_mm=(0.6, 0.6), areas_mm2=(12.0,), touching=(True,), noise_hu=0.0, slab_mm=0.6
    )
    flat, volume = make_image(spec), make_volume(spec, width_mm=4.2)
    assert volume.hu.shape[0] == 7
    assert volume.frame.spacing == (0.6, 0.6, 0.6)
    # along z the volume is blurred too, so a little is lost at steep surfaces
    assert np.corrcoef(volume.hu[3].ravel(), flat.hu.ravel())[0, 1] > 0.995
    row = volume.table.iloc[0]
    assert (volume.lesions == row.label).sum() * volume.frame.pixel_size == pytest.approx(
        row.volume_mm3, rel=0.15
    )


def test_dicom_brings_back_hu_and_spacing(finger, tmp_path):
    image = open_finger(write_dicom(finger, tmp_path / "finger.dcm"))
    assert image.frame.spacing == pytest.approx((0.35, 0.45))
    assert np.abs(image.hu - np.clip(finger.hu, -1024, 3071)).max() <= 0.51


def test_an_export_brings_back_hu_in_its_window_and_saturates_above(finger, tmp_path):
    path = write_export(finger, tmp_path / "finger.png")
    image = open_finger(path, pixel_spacing=(0.35, 0.45), window=1500, level=450)
    inside = (finger.hu > -290) & (finger.hu < 1190)
    assert np.abs(image.hu - finger.hu)[inside].max() < 3.0  # half of 5.88 HU per grey level
    assert image.saturated[finger.hu > 1203].all()
    assert to_grey(np.array([-1000.0, 449.5, 2000.0], np.float32)).tolist() == [0, 128, 255]


@pytest.mark.parametrize(
    "wrong",
    [
        {"areas_mm2": (1.0,), "touching": ()},
        {"areas_mm2": (0.01,), "touching": (True,)},
        {"spacing_mm": (0.0, 0.3)},
        {"fingers": 3},
        {"psf_mm": 0.0},
    ],
)
def test_impossible_fingers_are_refused(wrong):
    with pytest.raises(InputError):
        dataclasses.replace(SPEC, **wrong)
