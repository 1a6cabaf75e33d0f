"""The whole room against phantoms with known bones and deposits."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from ssc_core.calcinosis.case import CalcinosisCase, discover, run_case
from ssc_core.calcinosis.params import CalcinosisParams
from ssc_core.calcinosis.pipeline import analyse
from ssc_core.calcinosis.save import save
from ssc_core.errors import Cancelled, EmptyError, GeometryError, InputError
from ssc_core.geometry import Frame
from ssc_core.io.image import FingerImage, open_finger
from ssc_core.io.output import staged
from ssc_core.phantoms.finger import FingerPhantom, FingerSpec, make_image, write_dicom, write_export

WHOLE = FingerSpec(
    seed=12, spacing_mm=(0.3, 0.3), areas_mm2=(16.0, 7.0, 3.0), touching=(True, False, False), angle_deg=12.0
)
CUT = FingerSpec(
    seed=21, spacing_mm=(0.4, 0.4), areas_mm2=(20.0, 6.0), touching=(True, True), cut="both", mirrored=True
)


QUICK = CalcinosisParams(fine_mm=0.2)  # outlines on a coarser grid, where exact areas are not the question


def image_of(phantom: FingerPhantom) -> FingerImage:
    return FingerImage(phantom.hu, phantom.frame, np.zeros(phantom.hu.shape, bool), 1.0, "phantom")


def at(result, row) -> pd.Series:
    """The lesion that was found where a true one lies."""
    away = np.hypot(result.lesions.row - row.row, result.lesions.column - row.column)
    return result.lesions.loc[away.idxmin()]


def dice(a: np.ndarray, b: np.ndarray) -> float:
    return 2 * (a & b).sum() / (a.sum() + b.sum())


@pytest.fixture(scope="module")
def whole():
    phantom = make_image(WHOLE)
    return phantom, analyse(image_of(phantom))


@pytest.fixture(scope="module")
def cut():
    phantom = make_image(CUT)
    return phantom, analyse(image_of(phantom))


@pytest.mark.parametrize("which", ["whole", "cut"])
def test_every_deposit_is_found_once_with_its_area_inside_the_interval(which, request):
    phantom, result = request.getfixturevalue(which)
    assert len(result.lesions) == len(phantom.table)
    for row in phantom.table.itertuples():
        lesion = at(result, row)
        assert lesion.low <= row.area_mm2 <= lesion.high
        assert lesion.area_mm2 == pytest.approx(row.area_mm2, rel=0.12 if row.touches_bone else 0.06)
        assert bool(lesion.touches_bone) == row.touches_bone


@pytest.mark.parametrize("which", ["whole", "cut"])
def test_phalanges_are_outlined_and_numbered_from_the_tip(which, request):
    phantom, result = request.getfixturevalue(which)
    assert dice(result.bone_labels > 0, phantom.bones > 0) > 0.955
    for number in (1, 2, 3):
        true = phantom.bones == number
        assert dice(result.bone_labels == number, true) > 0.9


def test_a_cut_phalanx_is_measured_and_told(cut):
    _, result = cut
    assert result.bones.set_index("phalanx").grade["middle phalanx"] == "complete"
    assert result.bones.set_index("phalanx").grade["distal phalanx"] == "cut"
    assert any("cut by the image border" in f for f in result.flags)


def test_without_the_network_a_finger_whose_tip_is_cut_off_is_numbered_with_a_flag(cut):
    phantom, _ = cut
    result = analyse(image_of(phantom), CalcinosisParams(engine="classical", fine_mm=0.2))
    assert any("numbered from their shapes" in f for f in result.flags)


def test_the_deposit_is_parted_from_bone_where_a_threshold_takes_both(whole):
    phantom, result = whole
    lesion = at(result, phantom.table[phantom.table.touches_bone].iloc[0])
    here = result.lesion_labels == lesion.label
    assert (here & (phantom.bones > 0)).sum() < 0.06 * here.sum()
    assert "split from it by shape" in lesion["flags"]
    assert lesion.on_bone_mm > 1


def test_total_is_the_sum_and_its_interval_is_narrower_than_the_sum_of_intervals(whole):
    _, result = whole
    total = result.measurements["total_area"]
    assert total.value == pytest.approx(result.lesions.area_mm2.sum())
    assert total.high - total.low < (result.lesions.high - result.lesions.low).sum()


@pytest.mark.slow
def test_turning_the_image_by_a_right_angle_changes_nothing_that_matters(whole):
    phantom, result = whole
    turned = FingerImage(
        np.rot90(phantom.hu).copy(), phantom.frame, np.zeros(phantom.hu.T.shape, bool), 1.0, "phantom"
    )
    again = analyse(turned)
    assert again.lesions.area_mm2.to_numpy() == pytest.approx(result.lesions.area_mm2.to_numpy(), rel=0.02)
    assert again.bones.phalanx.tolist() == result.bones.phalanx.tolist()


def test_a_given_mask_takes_the_place_of_the_search(whole):
    phantom, result = whole
    given = analyse(image_of(phantom), QUICK, mask=phantom.bones > 0)
    assert set(np.unique(given.bone_labels)) == {0, 5}
    free = phantom.table[~phantom.table.touches_bone]
    for row in free.itertuples():
        assert at(given, row).area_mm2 == pytest.approx(at(result, row).area_mm2, rel=0.04)
    assert any("given as a mask" in f for f in given.flags)


def test_a_given_seed_grows_that_lesion_alone(whole):
    phantom, _ = whole
    row = phantom.table[~phantom.table.touches_bone].iloc[0]
    result = analyse(image_of(phantom), QUICK, seeds=[(row.row, row.column)])
    assert len(result.lesions) == 1
    assert at(result, row).low <= row.area_mm2 <= at(result, row).high
    assert result.record.parameters["seeds"] == [[row.row, row.column]]


@pytest.mark.slow
def test_tolerance_keeps_the_region_near_its_seed(whole):
    phantom, result = whole
    row = phantom.table[~phantom.table.touches_bone].iloc[0]
    tight = analyse(image_of(phantom), CalcinosisParams(tolerance_hu=60), seeds=[(row.row, row.column)])
    assert tight.lesions.lower_hu[0] > result.lesions.lower_hu.min() + 50


def test_without_bones_everything_bright_is_a_lesion(whole):
    phantom, _ = whole
    result = analyse(image_of(phantom), CalcinosisParams(bones=False, fine_mm=0.2))
    assert len(result.bones) == 0
    assert result.lesions.area_mm2.max() > 100
    assert any("not looked for" in f for f in result.flags)


def test_an_eight_bit_export_gives_the_areas_and_tells_what_was_lost(whole, tmp_path):
    phantom, _ = whole
    path = write_export(phantom, tmp_path / "a.png")
    result = analyse(open_finger(path, pixel_spacing=0.3, window=1500, level=450))
    for row in phantom.table.itertuples():
        assert at(result, row).low <= row.area_mm2 <= at(result, row).high
        assert bool(at(result, row).saturated) == bool(
            (phantom.hu[phantom.lesions == row.label] > 1204).any()
        )
    assert any("steps of 5.9 HU" in f for f in result.flags)


def test_a_finger_without_deposits_has_none():
    phantom = make_image(FingerSpec(seed=8, spacing_mm=(0.5, 0.5), areas_mm2=(), touching=()))
    result = analyse(image_of(phantom))
    assert len(result.lesions) == 0
    assert result.measurements["total_area"].value == 0
    assert "not measured" in str(result.measurements["largest_area"])


def flat(value: float, shape=(80, 120)) -> FingerImage:
    hu = np.full(shape, value, np.float32)
    return FingerImage(hu, Frame((0.3, 0.3), (0.0, 0.0)), np.zeros(shape, bool), 1.0, "test")


def test_what_cannot_be_measured_is_refused_in_a_sentence(whole):
    phantom, _ = whole
    image = image_of(phantom)
    with pytest.raises(EmptyError, match="no finger"):
        analyse(flat(-1000.0))
    with pytest.raises(EmptyError, match="no phalanx"):
        analyse(flat(50.0))
    with pytest.raises(GeometryError, match="the bone mask has 3 x 3 pixels"):
        analyse(image, mask=np.ones((3, 3), bool))
    with pytest.raises(InputError, match="outside the image"):
        analyse(image, seeds=[(5.0, 99999.0)])
    with pytest.raises(InputError, match="no value"):
        analyse(flat(np.nan))
    with pytest.raises(InputError, match="choose one"):
        analyse(image, CalcinosisParams(bones=False), mask=np.ones(image.hu.shape, bool))
    with pytest.raises(InputError, match="at least 8 x 8"):
        analyse(flat(50.0, (4, 4)))


def test_the_user_can_stop_it(whole):
    phantom, _ = whole

    def stop(done, total, what):
        raise Cancelled

    with pytest.raises(Cancelled):
        analyse(image_of(phantom), tick=stop)


def test_a_case_is_found_run_and_written_the_same_twice_without_its_name(whole, tmp_path):
    phantom, result = whole
    source = tmp_path / "in"
    source.mkdir()
    write_dicom(phantom, source / "ZZNAME.dcm")
    (source / "notes.txt").write_text("no image")
    (case,) = discover(source)
    assert case.case_id == "case-0001"
    files = []
    for name in ("one", "two"):
        with staged(tmp_path / name) as work:
            row = run_case(case, QUICK, work)
        files.append(
            {
                p.relative_to(tmp_path / name): p.read_bytes()
                for p in (tmp_path / name).rglob("*")
                if p.is_file()
            }
        )
    assert files[0] == files[1]
    assert not any(b"ZZNAME" in data for data in files[0].values())
    assert row["total_area"] == pytest.approx(result.measurements["total_area"].value, rel=0.04)
    table = pd.read_csv(tmp_path / "one" / "lesions.csv")
    assert table.label.tolist() == [1, 2, 3]
    assert {"area_mm2", "low", "high", "long_mm", "short_mm", "ellipse_mm2", "flags"} <= set(table.columns)
    summary = json.loads((tmp_path / "one" / "summary.json").read_text())
    assert summary["measurements"]["lesions"]["value"] == 3
    assert json.loads((tmp_path / "one" / "run.json").read_text())["parameters"]["image"]["pixel_mm"] == [
        0.3,
        0.3,
    ]
    assert discover(tmp_path / "one") == []


def test_a_mask_beside_the_image_is_used_and_one_of_another_size_refused(whole, tmp_path):
    from skimage.io import imsave

    phantom, _ = whole
    write_export(phantom, tmp_path / "a.png")
    imsave(tmp_path / "a_bones.png", ((phantom.bones > 0) * 255).astype(np.uint8), check_contrast=False)
    (case,) = discover(tmp_path)
    assert case.bones == tmp_path / "a_bones.png"
    case = CalcinosisCase(**{**case.model_dump(), "pixel_spacing": 0.3, "window": 1500, "level": 450})
    out = tmp_path / "out"
    out.mkdir()
    assert "given as a mask" in run_case(case, QUICK, out)["flags"]
    imsave(tmp_path / "a_bones.png", np.full((9, 9), 255, np.uint8), check_contrast=False)
    with pytest.raises(GeometryError, match="9 x 9"):
        run_case(case, QUICK, out)


@pytest.mark.slow
def test_an_image_without_lesions_is_written_too(tmp_path):
    phantom = make_image(FingerSpec(seed=8, spacing_mm=(0.5, 0.5), areas_mm2=(), touching=()))
    save(analyse(image_of(phantom)), tmp_path)
    assert (tmp_path / "overlay.png").stat().st_size > 1000
    assert len(pd.read_csv(tmp_path / "lesions.csv")) == 0
