"""A volume of a finger in the panel: measured in mm3, seeds and brush in a plane, seen in 3-D."""

from __future__ import annotations

import numpy as np
import pytest

from napari_ssc.calcinosis.showing import findings_of

ACROSS = np.array([0.0, 1.0])


@pytest.fixture
def finger(shown_panel, qtbot, finger_volume, click):
    viewer, panel, mouse = shown_panel("Calcinosis")
    panel.open_image(finger_volume(0.4))
    qtbot.waitUntil(lambda: not panel.busy, timeout=60_000)
    click(panel)
    assert panel.result is not None, panel.message.text()
    return viewer, panel, mouse


def place(result, row):
    at = result.lesions.iloc[row]
    return np.asarray(result.frame.to_physical([round(at["plane"]), at["row"], at["column"]]))


def test_rows_fly_to_their_plane_seeds_and_brush_work_there(finger, click, press):
    viewer, panel, mouse = finger
    before = panel.result
    assert len(before.lesions) == 2
    assert "volume (mm" in panel.table.horizontalHeaderItem(1).text()
    viewer.dims.ndisplay = 3
    viewer.dims.ndisplay = 2
    panel.table.selectRow(0)
    assert viewer.dims.point[0] == pytest.approx(place(before, 0)[0], abs=before.frame.spacing[0])
    mouse.click(place(before, 0)[1:])
    assert panel.table.currentRow() == 0

    label = int(before.lesions["label"].iloc[0])
    press(panel, panel.corrections.lesions_button)
    layer = viewer.layers.selection.active
    plane = round(before.lesions["plane"].iloc[0])
    at = place(before, 0)[1:]
    mouse.drag(at, at + 4 * ACROSS)
    changed = {int(z) for z in np.argwhere(layer.data != before.lesion_labels)[:, 0]}
    assert changed == {plane}
    click(panel)
    row = panel.result.lesions.set_index("label").loc[label]
    voxel = float(np.prod(before.frame.spacing))
    assert row["volume_mm3"] == pytest.approx((layer.data == label).sum() * voxel)

    panel.boxes.pick_given(2, None)
    press(panel, panel.corrections.seed_button)
    seeds = viewer.layers.selection.active
    second = int(before.lesions["label"].iloc[1])
    panel.table.selectRow(findings_of(panel.result)["label"].tolist().index(second))
    viewer.layers.selection.active = seeds
    mouse.click(place(before, 1)[1:])
    assert len(seeds.data) == 1
    click(panel)
    assert len(panel.result.lesions) == 1, panel.message.text()
    assert panel.result.lesions["volume_mm3"].iloc[0] == pytest.approx(before.lesions["volume_mm3"].iloc[1])
