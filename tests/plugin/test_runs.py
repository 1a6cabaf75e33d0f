"""From a sample to a saved result in a real viewer, by clicks."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from napari_ssc._view import camera_of
from ssc_core.io.output import RECORD

ROOMS = [("Skin", "biopsy"), ("Lung", "chest"), ("Calcinosis", "finger")]


def test_skin_shows_dermis_and_fields_in_micrometres(open_panel, click):
    viewer, panel = open_panel("Skin", "biopsy")
    panel.form["n_patches"].value = 12
    click(panel)
    assert panel.message.text().startswith("Done.")
    fields, dermis = viewer.layers["fields"], viewer.layers["dermis"]
    slide = viewer.layers["trichrome biopsy"]
    assert len(fields.data) == len(panel.result.patches) == 12
    assert {str(u) for la in (fields, dermis, slide) for u in la.units} == {"micrometer"}
    np.testing.assert_allclose(fields.data, panel.result.patches[["y_um", "x_um"]])
    assert set(fields.size) == {400.0}
    low, high = slide.extent.world
    assert (dermis.extent.world[0] >= low - 1).all()
    assert (dermis.extent.world[1] <= high + 1).all()
    assert panel.table.rowCount() == len(panel.result.measurements)


def test_lung_shows_mask_and_levels_on_the_ct(open_panel, click):
    viewer, panel = open_panel("Lung", "chest")
    click(panel)
    ct, mask, levels = (viewer.layers[n] for n in ("chest CT", "lung mask", "Goh levels"))
    np.testing.assert_allclose(mask.extent.world, ct.extent.world)
    assert {str(u) for la in (ct, mask, levels) for u in la.units} == {"millimeter"}
    assert panel.table.rowCount() == 5
    found = [v for v in panel.result.levels if not v.missing]
    heights = [levels.data_to_world(p)[0] for p in levels.data]
    np.testing.assert_allclose(heights, [v.z_mm for v in found], atol=ct.scale[0] / 2 + 1e-6)
    panel.table.selectRow(1)
    assert viewer.dims.point[0] == pytest.approx(heights[1], abs=ct.scale[0] / 2)


def test_calcinosis_shows_bones_and_lesions_and_ties_rows_to_them(open_panel, click):
    viewer, panel = open_panel("Calcinosis", "finger")
    click(panel)
    lesions, bones = viewer.layers["lesions"], viewer.layers["bones"]
    np.testing.assert_allclose(lesions.extent.world, viewer.layers["finger CT"].extent.world)
    assert bones.data.any()
    assert len(panel.result.lesions) >= 3
    assert panel.table.rowCount() == len(panel.result.lesions) + len(panel.result.left_out)
    panel.table.selectRow(1)
    at = panel.result.lesions.iloc[1]
    centre = np.array(camera_of(viewer).center[1:]) / lesions.scale
    np.testing.assert_allclose(centre, [at["row"], at["column"]], atol=1e-6)


@pytest.mark.parametrize(("title", "sample"), ROOMS)
def test_saved_result_holds_tables_masks_and_its_record(open_panel, click, qtbot, tmp_path, title, sample):
    _, panel = open_panel(title, sample)
    assert not panel.save_button.isEnabled()
    if title == "Skin":
        panel.form["n_patches"].value = 8
    click(panel)
    panel.save_result(tmp_path / "result")
    qtbot.waitUntil(lambda: not panel.busy, timeout=60_000)
    assert "Saved" in panel.message.text()
    record = json.loads((tmp_path / "result" / RECORD).read_text())
    assert record["what"] == f"{title.lower()} analyse"
    tables = [pd.read_csv(p) for p in (tmp_path / "result").glob("*.csv")]
    assert tables
    assert all(len(t.columns) for t in tables)
    assert list((tmp_path / "result").glob("*.ome.zarr"))


def test_second_run_replaces_the_first_result_and_leaves_other_layers(open_panel, click):
    viewer, panel = open_panel("Calcinosis", "finger")
    own = viewer.add_shapes(name="bones of mine")
    click(panel)
    click(panel)
    names = [la.name for la in viewer.layers]
    assert len(set(names)) == len(names)
    assert set(names) - {"left out"} == {"finger CT", "bones", "lesions", "areas", "bones of mine"}
    assert own in viewer.layers
