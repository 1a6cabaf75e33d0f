"""Volumes with bodies whose volume, mass and axes are known."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy import ndimage as ndi

from ssc_core.calcinosis.case import CalcinosisCase, run_case
from ssc_core.calcinosis.params import CalcinosisParams
from ssc_core.calcinosis.solid.axes import axes_3d, ellipsoid_mm3
from ssc_core.calcinosis.solid.grid import block_of
from ssc_core.calcinosis.solid.pipeline import analyse_volume
from ssc_core.calcinosis.solid.reformat import sagittal
from ssc_core.calcinosis.solid.save import save_volume
from ssc_core.calcinosis.visits.follow_up import follow_up
from ssc_core.calcinosis.visits.rigid import laid_over
from ssc_core.calcinosis.visits.visit import Visit, read_visit
from ssc_core.errors import EmptyError, GeometryError, InputError
from ssc_core.geometry import Frame

STEP = 0.35
SUB = 2
SHAPE = (44, 50, 66)
FRAME = Frame((STEP, STEP, STEP), (10.0, -5.0, 3.0))
BALLS = {"large": ((7.7, 3.6, 8.0), 1.9, 700.0), "small": ((7.7, 15.0, 16.0), 1.25, 900.0)}
CALIBRATED = CalcinosisParams(calibration_slope=0.8, calibration_intercept=-10.0)


def finger(balls: dict, noise: float = 12.0, shift: float = 0.0) -> np.ndarray:
    """Soft tissue, one tubular bone along x whose ends are cut, and balls: (z, y, x) HU."""
    at = [(np.arange(n * SUB) - (SUB - 1) / 2) * STEP / SUB for n in SHAPE]
    z, y, x = np.meshgrid(*at, indexing="ij", sparse=True)
    middle = 8.7 + shift
    away = np.sqrt((z - 7.7) ** 2 + (y - middle) ** 2)
    hu = np.where(
        np.broadcast_to(away < 8.2, (SHAPE[0] * SUB, SHAPE[1] * SUB, SHAPE[2] * SUB)), 50.0, -1000.0
    )
    width = 3.2 + 0.6 * np.cos(x / 23 * 2 * np.pi)
    hu = np.where(away < width, 1250.0, hu)
    hu = np.where(away < width - 1.2, 150.0, hu)
    for (cz, cy, cx), radius, value in balls.values():
        inside = (z - cz) ** 2 + (y - cy - shift) ** 2 + (x - cx) ** 2 < radius**2
        hu = np.where(inside & (away >= width), value, hu)
    hu = ndi.gaussian_filter(hu.astype(np.float32), 0.28 * SUB / STEP)
    hu = hu.reshape(SHAPE[0], SUB, SHAPE[1], SUB, SHAPE[2], SUB).mean((1, 3, 5))
    return (hu + np.random.default_rng(3).normal(0, noise, hu.shape)).astype(np.float32)


@pytest.fixture(scope="module")
def scan():
    return finger(BALLS)


@pytest.fixture(scope="module")
def result(scan):
    return analyse_volume(scan, FRAME, CALIBRATED)


def ball(result, name):
    (_, y, x), radius, hu = BALLS[name]
    away = np.hypot(result.lesions.row - y / STEP, result.lesions.column - x / STEP)
    return result.lesions.loc[away.idxmin()], 4 / 3 * math.pi * radius**3, hu


def test_volumes_of_balls_are_true_and_inside_their_intervals(result):
    assert len(result.lesions) == 2
    for name, tolerance in (("large", 0.05), ("small", 0.15)):
        lesion, volume, hu = ball(result, name)
        assert lesion.volume_mm3 == pytest.approx(volume, rel=tolerance)
        assert lesion.low <= volume <= lesion.high
        assert lesion.mean_hu == pytest.approx(hu, rel=0.12)
        assert not lesion.touches_border


def test_the_cut_bone_is_found_and_told(result):
    assert len(result.bones) == 1
    assert bool(result.bones.cut[0])
    assert any("cut by the volume's border" in f for f in result.flags)


def test_mass_follows_the_calibration_and_is_missing_without_one(scan, result):
    lesion, volume, hu = ball(result, "large")
    assert lesion.mass_mg == pytest.approx((0.8 * hu - 10) * volume / 1000, rel=0.06)
    plain = analyse_volume(scan, FRAME)
    assert plain.lesions.mass_mg.isna().all()
    assert "no density calibration" in plain.measurements["mass"].note
    with pytest.raises(InputError, match="both --calibration-slope"):
        analyse_volume(scan, FRAME, CalcinosisParams(calibration_slope=1.0))


def test_axes_give_the_ellipsoid(result):
    lesion, volume, _ = ball(result, "large")
    assert lesion.long_mm == pytest.approx(2 * 1.9, abs=0.4)
    assert lesion.ellipsoid_mm3 == pytest.approx(volume, rel=0.25)
    grid = np.argwhere(np.ones((40, 20, 10), bool)) * 0.1
    inside = (((grid - [1.95, 0.95, 0.45]) / [2.0, 1.0, 0.5]) ** 2).sum(1) <= 1
    axes = axes_3d(grid[inside], 0.1)
    assert axes.lengths == pytest.approx((4.0, 2.0, 1.0), abs=0.25)
    assert ellipsoid_mm3((2.0, 3.0, 4.0)) == pytest.approx(math.pi * 4)


def test_burden_sums_lesions(result):
    whole = result.burden.iloc[-1]
    assert whole.finger == "all"
    assert whole.lesions == 2
    assert whole.volume_mm3 == pytest.approx(result.lesions.volume_mm3.sum())


@pytest.mark.slow
def test_seeds_and_toggles_are_obeyed_and_recorded(scan, result):
    (z, y, x), _, _ = BALLS["small"]
    seed = (z / STEP, y / STEP, x / STEP)
    one = analyse_volume(scan, FRAME, seeds=[seed])
    assert len(one.lesions) == 1
    assert one.record.parameters["seeds"] == [list(seed)]
    other = analyse_volume(scan, FRAME, toggles=[1])
    assert 1 not in set(other.lesions.label)
    assert "left out by the reader" in other.left_out.set_index("label")["flags"][1]
    with pytest.raises(InputError, match="no finding 9"):
        analyse_volume(scan, FRAME, toggles=[9])


def test_what_cannot_be_measured_in_a_volume_is_refused(scan):
    with pytest.raises(EmptyError, match="no finger"):
        analyse_volume(np.full(SHAPE, -1000.0, np.float32), FRAME)
    with pytest.raises(GeometryError, match="draw it on this volume"):
        analyse_volume(scan, FRAME, mask=np.ones((3, 3, 3), bool))
    with pytest.raises(InputError, match="three axes"):
        analyse_volume(scan[0], FRAME)


def test_the_sagittal_image_holds_the_long_axis(scan, result):
    image = sagittal(scan, FRAME, result.bone_labels > 0, normal=np.array([1.0, 0.0, 0.0]))
    assert image.frame.spacing == pytest.approx((STEP, STEP))
    cortex = image.hu > 600
    columns = np.flatnonzero(cortex.any(0))
    assert (columns[-1] - columns[0]) * STEP == pytest.approx(SHAPE[2] * STEP, abs=1.5)
    with pytest.raises(EmptyError):
        sagittal(scan, FRAME, np.zeros(SHAPE, bool))


@pytest.mark.slow
def test_a_later_visit_is_laid_over_the_first_and_changes_are_told(scan, result, tmp_path):
    grown = {"large": ((7.7, 3.2, 8.0), 2.3, 700.0), "fresh": ((12.9, 13.2, 12.0), 1.3, 800.0)}
    later = finger(grown, shift=0.35)
    for name, hu, found in (("a", scan, result), ("b", later, analyse_volume(later, FRAME, CALIBRATED))):
        (tmp_path / name).mkdir()
        save_volume(found, hu, tmp_path / name)
    told = follow_up(read_visit(tmp_path / "a"), read_visit(tmp_path / "b"))
    assert sorted(told.changes.status) == ["gone", "new", "same"]
    same = told.changes[told.changes.status == "same"].iloc[0]
    assert same.change_percent == pytest.approx(100 * ((2.3 / 1.9) ** 3 - 1), abs=12)
    assert bool(same.beyond_error)
    assert same.long_later - same.long_first == pytest.approx(0.8, abs=0.5)
    assert told.burden.iloc[-1].change == pytest.approx(
        told.burden.iloc[-1].size_later - told.burden.iloc[-1].size_first
    )


def visit(boxes: dict, shift: int = 0) -> Visit:
    """A visit made of boxes (y, x of a corner, side) on a bone, moved along x."""
    frame = Frame((0.5, 0.5), (0.0, 0.0))
    bone = np.zeros((60, 120), bool)
    bone[20:40, 20 + shift : 90 + shift] = True
    bone[24:36, 20 + shift : 30 + shift] = False
    points = {}
    for label, (y, x, side) in enumerate(boxes.values(), 1):
        points[label] = np.argwhere(np.ones((side, side))) * 0.5 + [y, x + shift * 0.5]
    table = pd.DataFrame({"label": list(points), "finger": 1, "mean_hu": 500.0})
    table["area_mm2"] = [len(p) * 0.25 for p in points.values()]
    table = table.assign(low=table.area_mm2 * 0.95, high=table.area_mm2 * 1.05, touches_border=False)
    rim = bone & ~ndi.binary_erosion(bone)
    return Visit(table, points, np.argwhere(rim) * 0.5, frame, "area_mm2")


def test_lesions_of_two_visits_are_paired_whatever_the_pose():
    first = visit({"a": (4.0, 20.0, 6), "b": (4.0, 40.0, 4), "c": (24.0, 30.0, 5)})
    told = follow_up(
        first, visit({"c": (24.0, 30.0, 5), "new": (23.0, 44.0, 3), "a": (4.0, 20.0, 8)}, shift=14)
    )
    found = {(r.status, r.label_first, r.label_later) for r in told.changes.itertuples()}
    assert found == {("same", 1, 3), ("gone", 2, 0), ("same", 3, 1), ("new", 0, 2)}
    by = told.changes.set_index("label_first")
    assert by.change_percent[1] == pytest.approx(100 * (64 / 36 - 1))
    assert bool(by.beyond_error[1])
    assert not bool(by.beyond_error[3])
    assert by.long_later[1] > by.long_first[1]


def test_what_merges_or_splits_is_compared_as_a_whole():
    """Squares of 6 and 4 pixels grow into one of 8: 52 pixels become 64, not 36."""
    two = {"a": (4.0, 20.0, 6), "b": (4.0, 24.0, 4), "c": (24.0, 50.0, 4)}
    one = {"whole": (4.0, 20.0, 8), "c": (24.0, 50.0, 4)}
    told = follow_up(visit(two), visit(one)).changes.set_index("label_first")
    assert list(told.status[[1, 2, 3]]) == ["same", "merged", "same"]
    assert told.label_later[2] == 1
    assert told.change_percent[1] == pytest.approx(100 * (64 / 52 - 1))
    assert "2 lesion(s) together to 1" in told["flags"][1]
    assert told.change_percent[3] == pytest.approx(0)
    back = follow_up(visit(one), visit(two)).changes.set_index("label_later")
    assert list(back.status[[1, 2, 3]]) == ["same", "split", "same"]
    assert back.change_percent[1] == pytest.approx(100 * (52 / 64 - 1))
    assert bool(back.beyond_error[1])


def test_bones_turned_and_shifted_are_laid_back_exactly():
    rng = np.random.default_rng(5)
    points = rng.normal(size=(800, 3)) * [9.0, 4.0, 2.0] + np.array([0, 0, 3.0]) * rng.random((800, 1))
    angle = 0.4
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    fit = laid_over(points, points @ turn.T + [3.0, -2.0, 7.0])
    assert fit(points @ turn.T + [3.0, -2.0, 7.0]) == pytest.approx(points, abs=0.05)


@pytest.mark.slow
def test_a_nifti_is_run_as_a_case_like_an_image(scan, tmp_path):
    import SimpleITK as sitk

    image = sitk.GetImageFromArray(scan.astype(np.int16))
    image.SetSpacing((STEP, STEP, STEP))
    sitk.WriteImage(image, str(tmp_path / "ZZNAME.nii.gz"))
    out = tmp_path / "out"
    out.mkdir()
    row = run_case(CalcinosisCase(case_id="c1", image=tmp_path / "ZZNAME.nii.gz"), CalcinosisParams(), out)
    table = pd.read_csv(out / "lesions.csv")
    assert row["total_volume"] == pytest.approx(table.volume_mm3.sum(), rel=1e-6)
    assert {"burden.csv", "sagittal.csv", "overlay.png", "run.json"} <= {p.name for p in out.iterdir()}
    assert not any(b"ZZNAME" in p.read_bytes() for p in out.rglob("*") if p.is_file())


def test_coarse_slices_beside_bone_make_no_ghosts():
    """A cubic curve through slices swings over beside bone by a tenth of its height."""
    hu = np.full((12, 40, 40), 50.0, np.float32)
    hu[5:] = 1300.0
    for spacing in (0.8, 1.0):
        block = block_of(hu, Frame((spacing, 0.25, 0.25), (0.0, 0.0, 0.0)), -300.0)
        assert block.hu.shape[0] > 2.9 * hu.shape[0]
        assert block.hu[: 5 * block.factor[0] - block.factor[0]].max() < 51.0
        assert block.hu.max() < 1301.0
