"""The calcinosis panel corrected by hand in a real viewer: brush, eraser, seeds, verdicts."""

from __future__ import annotations

import numpy as np
import pytest

from napari_ssc.calcinosis.showing import findings_of


@pytest.fixture
def finger(shown_panel, click):
    viewer, panel, mouse = shown_panel("Calcinosis", "finger")
    click(panel)
    assert panel.result is not None, panel.message.text()
    return viewer, panel, mouse


def place(result, label):
    """World position of a finding."""
    row = findings_of(result).set_index("label").loc[label]
    return np.asarray(result.frame.to_physical([row["row"], row["column"]]))


def pixel(result, label):
    """Its pixel."""
    row = findings_of(result).set_index("label").loc[label]
    return round(row["row"]), round(row["column"])


def test_painted_and_erased_lesions_are_measured_as_drawn(finger, click, press):
    viewer, panel, mouse = finger
    before = panel.result
    smallest, largest = int(before.lesions["label"].iloc[-1]), int(before.lesions["label"].iloc[0])
    panel.table.selectRow(len(before.lesions) - 1)
    press(panel, panel.corrections.lesions_button)
    layer = viewer.layers.selection.active
    assert (layer.name, layer.mode, layer.selected_label) == ("lesions", "paint", smallest)
    start = place(before, smallest)
    mouse.drag(start, start + np.array([0, 2.0]))
    assert panel.boxes.given()[2] is layer
    drawn = int((layer.data == smallest).sum())
    assert drawn > int((before.lesion_labels == smallest).sum())
    layer.mode = "erase"
    layer.brush_size = 60
    mouse.click(place(before, largest))
    assert not (layer.data == largest).any()
    click(panel)
    after = panel.result.lesions.set_index("label")
    assert after.loc[smallest, "area_mm2"] == pytest.approx(drawn * before.frame.pixel_size)
    assert "drawn" in after.loc[smallest, "flags"]
    assert largest not in after.index
    others = [v for v in before.lesions["label"] if v not in (smallest, largest)]
    assert others
    np.testing.assert_array_equal(
        after.loc[others, "area_mm2"], before.lesions.set_index("label").loc[others, "area_mm2"]
    )
    assert [la.name for la in viewer.layers].count("lesions") == 1
    layer.undo()
    click(panel)
    assert largest in set(panel.result.lesions["label"])


def test_painted_bones_are_taken_away_as_drawn(finger, click, press):
    viewer, panel, mouse = finger
    before = panel.result
    label = int(before.lesions["label"].iloc[0])
    press(panel, panel.corrections.bones_button)
    layer = viewer.layers.selection.active
    assert layer.name == "bones"
    layer.brush_size = 60
    mouse.click(place(before, label))
    assert panel.boxes.given()[0] is layer
    assert layer.data[pixel(before, label)]
    click(panel)
    assert panel.result.record.parameters["bones_given"]
    assert not panel.result.lesion_labels[pixel(before, label)]


def test_click_chooses_a_row_a_verdict_is_turned_and_seeds_replace_what_was_found(finger, click, press):
    viewer, panel, mouse = finger
    before = panel.result
    for row, label in enumerate(before.lesions["label"]):
        mouse.click(place(before, label))
        assert panel.table.currentRow() == row
    last = int(before.lesions["label"].iloc[-1])
    press(panel, panel.corrections.count_button)
    assert f"Finding {last} will be left out" in panel.message.text()
    click(panel)
    assert last not in set(panel.result.lesions["label"])
    panel.table.selectRow(findings_of(panel.result)["label"].tolist().index(last))
    assert panel.corrections.count_button.text() == "Count it"
    press(panel, panel.corrections.count_button)
    click(panel)
    assert set(panel.result.lesions["label"]) == set(before.lesions["label"])

    second = int(before.lesions["label"].iloc[1])
    press(panel, panel.corrections.seed_button)
    seeds = viewer.layers.selection.active
    mouse.click(place(before, second))
    assert len(seeds.data) == 1
    click(panel)
    assert len(panel.result.lesions) == 1, panel.message.text()
    assert panel.result.lesions["area_mm2"].iloc[0] == pytest.approx(before.lesions["area_mm2"].iloc[1])
