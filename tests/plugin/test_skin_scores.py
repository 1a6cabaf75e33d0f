"""A loaded model in the skin panel: score with interval, regions compared, map on the slide, case report."""

from __future__ import annotations

import shlex

import numpy as np
import pandas as pd
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication, QFileDialog

from ssc_core.cli import main
from ssc_core.io.slide import open_slide
from ssc_core.skin.scores.model import load_model
from ssc_core.skin.scores.slide_score import difference, score_slide


@pytest.fixture
def tab(open_panel, qtbot, model):
    viewer, panel = open_panel("Skin", "biopsy")
    panel.tabs.setCurrentIndex(1)
    panel.scores.load_model(model)
    return viewer, panel, panel.scores


def press(panel, qtbot, button):
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not panel.busy, timeout=120_000)


def test_score_is_that_of_the_core_and_every_part_answers(tab, qtbot, model, sample_files):
    viewer, panel, scores = tab
    assert "24 patients" in scores.model_label.text()
    press(panel, qtbot, scores.score_button)
    _, found, _ = scores.found[-1]
    expected = score_slide(open_slide(sample_files["biopsy"]), load_model(model))
    pd.testing.assert_frame_equal(found.patches, expected.patches)
    m = found.scores["fibrosis_score"]
    assert m.low < m.value < m.high
    assert m.value == pytest.approx(100 * found.patches["collagen_fraction"].mean(), rel=1e-6)
    assert len(scores.fields.layer.data) == 12
    assert scores.fields.column == "fibrosis_score"
    low, high = found.extremes(4)
    assert list(scores.montage.buttons) == [*low, *high]
    qtbot.mouseClick(scores.montage.buttons[int(high[-1])], Qt.MouseButton.LeftButton)
    assert scores.fields.marked.tolist() == [int(high[-1])]
    assert found.patches["fibrosis_score"].idxmax() == high[-1]
    assert "scored fields" in [la.name for la in viewer.layers]


def test_a_second_region_tells_the_difference_it_makes(tab, qtbot):
    viewer, panel, scores = tab
    press(panel, qtbot, scores.score_button)
    slide = viewer.layers[0]
    height, width = (np.asarray(slide.level_shapes[0][:2]) * slide.scale[-2:]).tolist()
    panel.draw()
    drawn = panel.boxes.given()[0]
    drawn.add(
        np.array([[0.3, 0.2], [0.3, 0.8], [0.8, 0.8], [0.8, 0.2]]) * [height, width], shape_type="polygon"
    )
    press(panel, qtbot, scores.score_button)
    assert len(scores.found) == 2, panel.message.text()
    (_, one, _), (_, two, _) = scores.found
    d = difference(one, two)
    assert d.value == pytest.approx(two.scores["fibrosis_score"].value - one.scores["fibrosis_score"].value)
    table = scores._compared()
    assert table["change"].iloc[1] == pytest.approx(d.value)
    assert np.isnan(table["change"].iloc[0])
    assert d.high - d.low > two.scores["fibrosis_score"].high - two.scores["fibrosis_score"].low


def test_map_lies_on_the_slide(tab, qtbot):
    viewer, panel, scores = tab
    scores.step_box.setValue(400)
    press(panel, qtbot, scores.map_button)
    layer = viewer.layers[-1]
    assert layer.name == "fibrosis score map", panel.message.text()
    inside = np.argwhere(~np.isnan(layer.data))
    world = np.array([layer.data_to_world(p) for p in inside[:: max(len(inside) // 20, 1)]])
    slide = viewer.layers[0]
    corner = np.asarray(slide.data_to_world((np.asarray(slide.level_shapes[0][:2]) - 1).tolist()))
    assert (world >= 0).all()
    assert (world <= corner).all()
    assert layer.units == slide.units


def test_case_report_is_written_and_names_nobody(tab, qtbot, tmp_path):
    _, panel, scores = tab
    scores.report(tmp_path / "early")
    assert "Score the slide first" in panel.message.text()
    press(panel, qtbot, scores.score_button)
    scores.report(tmp_path / "report")
    qtbot.waitUntil(lambda: not panel.busy, timeout=60_000)
    names = {p.name for p in (tmp_path / "report").iterdir()}
    assert {"index.html", "run.json", "patches.csv", "slide.png", "histogram.png", "extremes.png"} <= names
    assert str(tmp_path) not in (tmp_path / "report" / "index.html").read_text()


def test_what_is_no_model_is_refused_in_one_sentence(open_panel, tmp_path):
    _, panel = open_panel("Skin")
    panel.scores.load_model(tmp_path)
    assert "no score model here" in panel.message.text()
    assert not panel.scores.score_button.isEnabled()


def test_saved_scores_map_and_report_are_those_of_the_copied_commands(tab, qtbot, tmp_path, monkeypatch):
    """Also with a dermis drawn by hand, which is written for the commands."""
    _, panel, scores = tab
    panel.draw()
    square = np.array([[400, 400], [400, 1400], [1200, 1400], [1200, 400]], float)
    panel.boxes.given()[0].add(square, shape_type="polygon")
    scores.step_box.setValue(300)
    press(panel, qtbot, scores.score_button)
    press(panel, qtbot, scores.map_button)
    buttons = (
        (scores.save_button, "score"),
        (scores.save_map_button, "map"),
        (scores.report_button, "case-report"),
    )
    for button, what in buttons:
        folder = tmp_path / f"panel-{what}"
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_a, _f=folder, **_k: (str(_f), ""))
        press(panel, qtbot, button)
        assert str(folder) in panel.message.text()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_a, **_k: str(tmp_path))
    press(panel, qtbot, scores.command_button)
    lines = QApplication.clipboard().text().splitlines()
    for line, what in zip(lines, ("score", "map", "case-report"), strict=True):
        assert f"ssc skin {what} " in line
        words = shlex.split(line)
        words[words.index("-o") + 1] = str(tmp_path / f"shell-{what}")
        with pytest.raises(SystemExit) as ended:
            main(words[1:])
        assert not ended.value.code
        one, other = tmp_path / f"panel-{what}", tmp_path / f"shell-{what}"
        names = [{p.relative_to(k) for p in k.rglob("*") if p.is_file()} for k in (one, other)]
        assert names[0] == names[1]
        assert all((one / n).read_bytes() == (other / n).read_bytes() for n in names[0])
