"""What must not change a result, and what must change it in a known way."""

from __future__ import annotations

import numpy as np
import pytest

from ssc_core.errors import Cancelled
from ssc_core.geometry import Frame
from ssc_core.io.volume import volume_from_array
from ssc_core.lung.grid import shrink
from ssc_core.lung.pipeline import analyse


def test_a_mirrored_chest_swaps_right_and_left(healthy, healthy_result, overlap):
    mirrored = analyse(volume_from_array(healthy.hu[:, :, ::-1].copy(), healthy.frame))
    back = mirrored.mask[:, :, ::-1]
    assert overlap(back == 1, healthy_result.mask == 2) >= 0.99
    assert overlap(back == 2, healthy_result.mask == 1) >= 0.99


def test_air_and_a_table_around_the_patient_change_nothing(healthy, healthy_result, overlap):
    n, height, width = healthy.hu.shape
    wide = np.full((n, height + 30, width + 20), -1000, np.int16)
    wide[:, :height, 10 : width + 10] = healthy.hu
    wide[:, height + 20 : height + 23, :] = 200
    frame = healthy.frame.cropped((0, 0, -10))
    result = analyse(volume_from_array(wide, frame))
    inner = result.mask[:, :height, 10 : width + 10]
    assert overlap(inner > 0, healthy_result.mask > 0) >= 0.995
    assert (result.mask > 0).sum() == (inner > 0).sum()
    for before, after in zip(healthy_result.levels, result.levels, strict=True):
        assert after.z_mm == pytest.approx(before.z_mm, abs=4.0)


def test_the_same_ct_gives_the_same_mask_and_record_while_progress_grows(healthy_ct, healthy_result):
    seen = []
    again = analyse(healthy_ct, tick=lambda done, total, what: seen.append(done / total))
    assert np.array_equal(again.mask, healthy_result.mask)
    assert again.record.to_json() == healthy_result.record.to_json()
    assert seen == sorted(seen)
    assert seen[-1] == pytest.approx(1.0)


def test_where_the_patient_lies_in_the_scanner_moves_the_levels_along(healthy, healthy_result):
    z, y, x = healthy.frame.origin
    moved = Frame(healthy.frame.spacing, (z + 123.0, y - 40.0, x + 17.0))
    result = analyse(volume_from_array(healthy.hu, moved))
    for before, after in zip(healthy_result.levels, result.levels, strict=True):
        assert after.z_mm - before.z_mm == pytest.approx(123.0)
        assert after.slice == before.slice


def test_a_cut_apex_withholds_level_one_alone(healthy, healthy_result):
    top = healthy_result.levels[1].slice + 8
    result = analyse(volume_from_array(healthy.hu[:top], healthy.frame))
    assert [level.missing for level in result.levels] == [True, False, False, False, False]
    assert "below the top of the lungs" in result.levels[0].note


def test_a_cut_base_withholds_what_hangs_on_the_diaphragm(healthy, healthy_result):
    low = healthy_result.levels[4].slice
    frame = healthy.frame.cropped((low, 0, 0))
    result = analyse(volume_from_array(healthy.hu[low:], frame))
    assert [level.missing for level in result.levels] == [False, False, True, True, True]
    assert np.isnan(result.areas["lung_mm2"].to_numpy()[2:]).all()


def test_a_chest_upside_down_gets_no_level_and_a_poor_grade(upside_down):
    result = upside_down
    assert result.grade == "poor"
    assert all(level.missing for level in result.levels)
    assert any("division of the trachea" in flag for flag in result.flags)


def test_a_lateral_crop_is_told(healthy):
    first = int(np.flatnonzero((healthy.lungs > 0).any(axis=(0, 1)))[0]) + 4
    frame = healthy.frame.cropped((0, 0, first))
    result = analyse(volume_from_array(healthy.hu[:, :, first:].copy(), frame))
    assert any("cuts the lungs at the side" in flag for flag in result.flags)


def test_the_user_can_stop_it(healthy_ct):
    def tick(done, total, what):
        if done / total > 0.4:
            raise Cancelled

    with pytest.raises(Cancelled):
        analyse(healthy_ct, tick=tick)


@pytest.mark.parametrize("spacing", [(0.6, 0.7, 0.7), (5.0, 0.9, 1.1), (3.0, 4.2, 4.2)])
def test_the_working_grid_keeps_size_and_place(spacing):
    hu = np.full((23, 40, 44), -300, np.int16)
    hu[:, :, 22:] = 100
    image = volume_from_array(hu, Frame(spacing, (0.0, 0.0, 0.0)))
    grid = shrink(image, 2.0)
    extent = np.array(hu.shape[1:]) * spacing[1:]
    assert np.array(grid.hu.shape[1:]) * grid.spacing[1:] == pytest.approx(extent)
    assert grid.spacing[0] == pytest.approx(grid.group * spacing[0])
    assert grid.hu.mean() == pytest.approx(hu.mean(), abs=8.0)
    for z in (0.0, 3.0, 4.5):
        assert grid.from_source_slice(grid.to_source_slice(z)) == pytest.approx(z)
