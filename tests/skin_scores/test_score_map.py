"""The map of a score: where it lies, what it holds, that it agrees with the patches of a score."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from ssc_core.errors import Cancelled, InputError
from ssc_core.io.roi import Roi, write_rois
from ssc_core.io.slide import open_slide
from ssc_core.io.store import read_array
from ssc_core.phantoms.biopsy import ANALYSIS_MPP, Biopsy, write_slide
from ssc_core.skin.case import SkinCase
from ssc_core.skin.feature_params import FeatureParams
from ssc_core.skin.features import extract, open_backbone
from ssc_core.skin.scores.map_case import map_case
from ssc_core.skin.scores.map_params import MapParams
from ssc_core.skin.scores.mapped import of_feature
from ssc_core.skin.scores.score_map import score_map

FEATURES = FeatureParams(backbone="morphometry", patch_px=113, patch_mpp=200 / 113, n_patches=4)
GRID = MapParams(step_um=120)


@pytest.fixture(scope="module")
def slide(tmp_path_factory):
    path = tmp_path_factory.mktemp("map") / "a.svs"
    write_slide(Biopsy(5, 0.5, size_mm=(1.0, 1.2)), path, mpp=ANALYSIS_MPP)
    return open_slide(path)


@pytest.fixture(scope="module")
def found(slide):
    return score_map(slide, of_feature("collagen_fraction", FEATURES), GRID)


def test_each_pixel_of_the_map_is_the_field_around_it(slide, found):
    """Position and value of map pixels against fields cut out and measured one by one."""
    backbone = open_backbone("morphometry")
    at = backbone.names.index("collagen_fraction")
    places = np.argwhere(~np.isnan(found.values))
    for row, col in places[[0, len(places) // 2, -1]]:
        centre = slide.frame.to_index(found.frame.to_physical([row, col]))
        fields = found.drawn.fields
        start = (centre + 0.5) / fields.plan.factor - np.asarray(fields.plan.side) / 2
        np.testing.assert_allclose(start, np.round(start), atol=1e-6)
        one = replace(fields, starts=np.round(start).astype(np.int64)[None])
        np.testing.assert_allclose(one.centres[0], centre, atol=1e-6)
        value = extract(slide, one, backbone, stain=found.drawn.stain)[0, at]
        assert found.values[row, col] == pytest.approx(value, rel=1e-6)


def test_the_map_stays_in_the_dermis_and_fills_it(slide, found):
    assert (found.inside[~np.isnan(found.inside)] >= 0.9).all()
    shown = (~np.isnan(found.values)).sum() * found.frame.pixel_size
    whole = found.drawn.fields.region.area * slide.frame.pixel_size
    assert 0.35 < shown / whole < 1
    wide = score_map(
        slide, of_feature("tissue_fraction", FEATURES), GRID.model_copy(update={"map_inside": 0.5})
    )
    assert (~np.isnan(wide.values)).sum() > (~np.isnan(found.values)).sum()


def test_bands_do_not_change_the_map(slide, found, monkeypatch):
    from ssc_core.skin.scores import score_map as module

    monkeypatch.setattr(module, "_BAND", 1)
    again = score_map(slide, of_feature("collagen_fraction", FEATURES), GRID)
    np.testing.assert_array_equal(again.values, found.values)


def test_a_map_on_disk_opens_where_the_slide_lies(slide, found, tmp_path):
    region = tmp_path / "r.geojson"
    write_rois(region, [Roi(found.drawn.fields.region, "", "dermis")])
    case = SkinCase(case_id="case", slide=slide.path, roi=region)
    what = of_feature("collagen_fraction", FEATURES)
    made = map_case(case, what, GRID, tmp_path)
    values, frame, told = read_array(tmp_path / "collagen_fraction.ome.zarr")
    assert frame.same_as(made.frame)
    assert told["kind"] == "map"
    np.testing.assert_array_equal(np.asarray(values), made.values)
    table = pd.read_csv(tmp_path / "fields.csv")
    assert len(table) == (~np.isnan(made.inside)).sum()
    assert not (tmp_path / "map.npy").exists()
    assert slide.path.name not in (tmp_path / "run.json").read_text()


def test_a_map_can_be_stopped(slide):
    def stop(done: float, total: float, what: str, /) -> None:
        if what == "computing features":
            raise Cancelled

    with pytest.raises(Cancelled):
        score_map(slide, of_feature("collagen_fraction", FEATURES), GRID, tick=stop)


def test_a_feature_that_does_not_exist_is_told(slide):
    with pytest.raises(InputError, match="collagen_fraction"):
        of_feature("collagen", FEATURES)
