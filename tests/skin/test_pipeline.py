from __future__ import annotations

import numpy as np
import pytest
import shapely
import tifffile

from ssc_core.errors import Cancelled, EmptyError, GeometryError, InputError
from ssc_core.io.roi import Roi
from ssc_core.io.slide import open_slide
from ssc_core.skin.overview import read_overview
from ssc_core.skin.params import SkinParams
from ssc_core.skin.pipeline import analyse

MPP = 400 / 227
FEW = SkinParams(n_patches=4)


def test_the_dermis_is_found(result, biopsy):
    found = shapely.transform(result.dermis.geometry, lambda xy: xy * MPP)
    overlap = found.intersection(biopsy.dermis).area / found.union(biopsy.dermis).area
    assert overlap > 0.93
    assert result.measurements["dermis_area_mm2"].value == pytest.approx(biopsy.truth.dermis_mm2, rel=0.05)


def test_the_biopsy_is_measured(result, biopsy):
    truth, found = biopsy.truth, {k: m.value for k, m in result.measurements.items()}
    assert result.trichrome.likely
    assert result.flags == ()
    assert found["collagen_fraction"] == pytest.approx(truth.collagen_fraction, abs=0.08)
    turn = found["orientation_deg"] - np.degrees(truth.orientation_rad)
    assert abs((turn + 90) % 180 - 90) < 2
    assert found["dispersion_deg"] == pytest.approx(np.degrees(truth.dispersion_rad), rel=0.1)
    assert found["nuclei_per_mm2"] == pytest.approx(truth.nuclei_per_mm2, rel=0.5)
    assert 0.6 < found["bundle_thickness_um"] / truth.bundle_thickness_um < 1.1


def test_every_field_has_its_place_and_lies_inside(result):
    table = result.patches
    assert list(table["field"]) == list(range(1, 25))
    assert (table["inside_share"] >= 0.9 - 1e-9).all()
    assert table["x_um"].to_numpy() == pytest.approx(table["x_px"].to_numpy() * MPP, rel=1e-4)
    for box, y, x in zip(result.fields.boxes(), table["y_px"], table["x_px"], strict=True):
        assert (box.centroid.x, box.centroid.y) == pytest.approx((x + 0.5, y + 0.5))


def test_overlap_and_coverage_are_told(result):
    assert 0 < result.measurements["mean_overlap"].value < 1
    assert 0.3 < result.measurements["covered_share"].value <= 1
    assert result.measurements["room"].value == pytest.approx(
        result.measurements["dermis_area_mm2"].value / 0.16, rel=0.01
    )


def test_the_same_seed_gives_the_same_numbers_and_another_seed_other_fields(slide):
    one, again, other = (analyse(slide, FEW, seed=s) for s in (5, 5, 6))
    assert one.patches.equals(again.patches)
    assert one.record == again.record
    assert not one.patches["x_px"].equals(other.patches["x_px"])


def test_a_region_or_its_mask_replaces_the_proposal(slide, biopsy):
    geometry = biopsy.dermis_px(MPP).intersection(shapely.box(0, 0, 700, 2000))
    by_roi = analyse(slide, FEW, mask=[Roi(geometry)], seed=1)
    assert by_roi.patches["x_px"].max() < 700
    assert by_roi.measurements["dermis_area_mm2"].value == pytest.approx(
        geometry.area * MPP**2 / 1e6, rel=1e-4
    )
    mask = np.zeros((slide.shape[0] // 4, slide.shape[1] // 4), bool)
    mask[60:150, 60:170] = True
    by_mask = analyse(slide, FEW, mask=mask, seed=1)
    assert by_mask.mask.sum() == pytest.approx(mask.sum() * (4 * MPP / 8) ** 2, rel=0.05)


def test_without_overlap_fewer_fields_are_told_and_not_made_up(slide):
    found = analyse(slide, SkinParams(n_patches=60, overlap=False))
    assert len(found.patches) < 20
    assert found.measurements["mean_overlap"].value == 0
    assert any("of 60 fields" in flag for flag in found.flags)


def test_another_stain_is_flagged_and_nothing_is_dropped(eosin_path):
    found = analyse(open_slide(eosin_path), FEW)
    assert not found.trichrome.likely
    assert len(found.patches) == 4
    assert any("not a trichrome" in flag for flag in found.flags)
    assert any("told apart" in flag for flag in found.flags)


@pytest.mark.parametrize(
    ("mask", "error", "says"),
    [
        (np.zeros((10, 14), bool), EmptyError, "empty"),
        (np.ones((50, 900), bool), GeometryError, "shape of the slide"),
        ([], EmptyError, "no region"),
        ([Roi(shapely.box(90000, 90000, 91000, 91000))], InputError, "outside of the slide"),
        ([Roi(shapely.box(300, 300, 340, 340))], EmptyError, "no field"),
    ],
    ids=["empty mask", "other shape", "no region", "outside", "too small"],
)
def test_regions_that_cannot_be_used_are_refused_in_one_sentence(slide, mask, error, says):
    with pytest.raises(error, match=says):
        analyse(slide, FEW, mask=mask)


def test_a_blank_slide_is_refused(tmp_path):
    tifffile.imwrite(tmp_path / "blank.tif", np.full((900, 900, 3), 244, np.uint8), photometric="rgb")
    with pytest.raises(EmptyError, match="no tissue"):
        analyse(open_slide(tmp_path / "blank.tif", mpp=MPP), FEW)


def test_fields_finer_than_the_slide_are_refused(slide):
    with pytest.raises(InputError, match="finer than the slide"):
        analyse(slide, SkinParams(patch_mpp=0.25))


def test_it_can_be_stopped(slide):
    def stop(done: float, total: float, what: str, /) -> None:
        if what == "measuring fields":
            raise Cancelled

    with pytest.raises(Cancelled):
        analyse(slide, FEW, tick=stop)


def test_the_overview_covers_the_slide_and_keeps_its_mean(slide):
    rgb, frame = read_overview(slide, 8.0)
    whole = slide.level(0).compute()
    assert rgb.shape[0] * frame.spacing[0] == pytest.approx(whole.shape[0] * slide.mpp[0])
    assert rgb.reshape(-1, 3).mean(axis=0) == pytest.approx(whole.reshape(-1, 3).mean(axis=0), abs=1.0)
