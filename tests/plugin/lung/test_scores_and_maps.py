"""Scores, heat maps and pattern labels in a real viewer, beside those of the command line."""

from __future__ import annotations

import shlex

import numpy as np
import pandas as pd
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from ssc_core.cli import app
from ssc_core.cli.outcome import exit_code_of
from ssc_core.lung.goh.scores import rounded
from ssc_core.lung.heatmap.derived import derived_scores, scores_of_masks

LEFT, PLAIN = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


def files_of(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def run_copied(folder):
    """Carry out the command on the clipboard; its result lies in `folder`."""
    words = shlex.split(QApplication.clipboard().text())
    assert words[0] == "ssc"
    words[words.index("-o") + 1] = str(folder)
    assert exit_code_of(app, words[1:]) == 0
    return files_of(folder)


def typed(box, text, qtbot):
    qtbot.mouseClick(box, LEFT)
    box.selectAll()
    qtbot.keyClicks(box, text)
    qtbot.keyClick(box, Qt.Key.Key_Return)


def test_sheet_keeps_the_scores_of_program_and_reader_and_checks_the_rules(chest, press, qtbot, tmp_path):
    viewer, panel, _ = chest(run=True)
    section = panel.sections["Goh"]
    panel.show_section(section)
    section.fvc.setValue(65)
    press(section.score_button, panel)
    scores, sheet = section.result.scores, section.sheet
    assert sheet.item(1, 1).text().startswith(f"{scores['tot'][1]:.1f} ")
    assert f"{rounded(scores['tot'][1]):.0f}" in sheet.item(1, 1).text()
    assert section.result.stage.name in section.patient.text()

    for row in range(5):
        for box, value in zip(sheet.boxes[row], ("20", "15", "10"), strict=True):
            typed(box, value, qtbot)
    box = sheet.boxes[0][0]
    assert box.lineEdit().width() >= box.fontMetrics().horizontalAdvance("100")  # the theme leaves it room
    assert not section.rules.isVisible()
    assert "TOT 20.0, GG 15.0, RET 10.0" in section.patient.text()
    at = round(float(viewer.layers["chest CT"].world_to_data(viewer.dims.point)[0]))
    assert at == section.levels[4].slice  # the level is looked at while it is scored
    typed(sheet.boxes[4][0], "5", qtbot)  # less than ground glass alone
    assert "Level 5: TOT 5.0 is less than GG 15.0" in section.rules.text()
    assert scores["tot"][4] == section.result.scores["tot"][4]

    profile = section.profile
    goal = section.levels[1].slice + 3
    QTest.mouseClick(profile, LEFT, PLAIN, QPoint(120, round(profile.y_of(goal))))
    assert round(float(viewer.layers["chest CT"].world_to_data(viewer.dims.point)[0])) == goal
    assert profile.cursor_slice == goal
    viewer.dims.set_current_step(0, viewer.dims.current_step[0] - 2)
    assert profile.cursor_slice == goal - 2

    qtbot.keyClicks(section.case_name, "c1")
    qtbot.keyClicks(section.reader, "AB")
    section.save_scores(tmp_path / "scores.csv")
    table = pd.read_csv(tmp_path / "scores.csv", keep_default_na=False)
    assert table["reader"].tolist() == ["AB"] * 5 + ["automatic"] * 5
    mine, program = (table[table["reader"] == who] for who in ("AB", "automatic"))
    assert mine["tot"].astype(float).tolist() == [20, 20, 20, 20, 5]
    np.testing.assert_allclose(program["tot"].astype(float), scores["tot"], atol=1e-3)
    assert "less than GG" in mine["note"].iloc[4]
    assert mine["note"].str.contains("could be seen").all()

    section.save_folder(tmp_path / "panel")
    qtbot.waitUntil(lambda: not panel.busy, timeout=60_000)
    qtbot.mouseClick(section.command_button, LEFT)
    assert run_copied(tmp_path / "command") == files_of(tmp_path / "panel")


def test_maps_refine_and_labels_and_scores_follow(chest, press, qtbot, tmp_path):
    viewer, panel, mouse = chest(run=True)
    section = panel.sections["Heat maps"]
    panel.show_section(section)
    z = panel.result.levels[2].slice
    viewer.dims.set_point(0, viewer.layers["chest CT"].data_to_world((z, 0, 0))[0])
    pictures = []
    section._pictured.connect(lambda told: pictures.append(told[4]))
    press(section.map_button, panel)
    assert z in section.maps, panel.message.text()
    assert len(pictures) >= 2
    squares = [int(np.isfinite(p.changes[:, 0]).sum()) for p in pictures]
    assert squares == sorted(squares)
    assert squares[0] < squares[-1] / 2
    assert pictures[-1].complete
    lung = np.isin(panel.result.mask[z], (1, 2))
    layer = viewer.layers["heat map TOT"]
    assert layer.visible
    np.testing.assert_allclose(layer.extent.world, viewer.layers["chest CT"].extent.world)
    np.testing.assert_allclose(np.asarray(layer.data[z])[lung], section.maps[z].maps[0][lung])
    # red and yellow where disease was, green and blue where healthy lung looks like it (Jia et al. 2024)
    red, blue = layer.colormap.map(np.array([0.0, 1.0]))
    assert red[0] > 0.6 > red[2]
    assert blue[2] > 0.6 > blue[0]
    qtbot.mouseClick(section.pattern_buttons["RET"], LEFT)
    assert not layer.visible
    assert viewer.layers["heat map RET"].visible

    for value in (-30, -120):
        section.threshold.setValue(value)
        truth = derived_scores(section.maps[z].maps, lung, (-0.5, -0.5, value / 100))  # RET is shown
        assert shown(section, 1) == pytest.approx(truth, abs=0.051)
    qtbot.mouseClick(section.meet_button, LEFT)
    found = [derived_scores(section.maps[z].maps, lung, cut / 100) for cut in range(-400, 1, 2)]
    least = np.abs(np.array(found) - section.maps[z].scores).min(axis=0)
    for number, name in enumerate(("TOT", "GG", "RET")):
        qtbot.mouseClick(section.pattern_buttons[name], LEFT)
        at = derived_scores(section.maps[z].maps, lung, section.threshold.value() / 100)[number]
        assert abs(at - section.maps[z].scores[number]) == pytest.approx(least[number])
    assert f"differ by {least.mean():.1f} points" in panel.message.text()

    qtbot.mouseClick(section.labels_button, LEFT)
    labels = viewer.layers["patterns"]
    assert shown(section, 2) == pytest.approx(scores_of_masks(labels.data[z], lung), abs=0.051)
    labels.mode = "paint"
    labels.brush_size = 30
    labels.selected_label = 2
    before = shown(section, 2)
    inside = np.argwhere(lung & (labels.data[z] == 0))
    y, x = inside[len(inside) // 2]
    mouse.drag([(z, y, x), (z, y + 6, x)])
    qtbot.waitUntil(lambda: shown(section, 2) != before, timeout=1_000)
    assert shown(section, 2) == pytest.approx(scores_of_masks(labels.data[z], lung), abs=0.051)
    assert shown(section, 2)[2] > before[2]
    qtbot.mouseClick(section.labels_button, LEFT)
    assert "press again" in panel.message.text()  # what was painted is not lost by one click

    section.save(tmp_path / "edited")
    qtbot.waitUntil(lambda: not panel.busy, timeout=60_000)
    edited = pd.read_csv(tmp_path / "edited" / "edited_scores.csv")
    assert edited[["tot", "gg", "ret"]].iloc[0].tolist() == pytest.approx(shown(section, 2), abs=0.051)

    viewer.layers.remove(labels)
    section.save(tmp_path / "panel")
    qtbot.waitUntil(lambda: not panel.busy, timeout=60_000)
    qtbot.mouseClick(section.command_button, LEFT)
    assert run_copied(tmp_path / "command") == files_of(tmp_path / "panel")


def shown(section, row):
    """TOT, GG and RET of a row of the table."""
    return [float(section.table.item(row, 1 + k).text()) for k in range(3)]
