"""The lung panel: levels, correcting the mask, levels as lines, the score sheet, heat maps."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager

from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest

from pictures.stage import Stage, canvas_of, layers_of, press, require, settle, until


@contextmanager
def measured(stage: Stage):
    """The chest with the result of a run; what is kept for the user stays in a folder of this picture."""
    import platformdirs

    usual = platformdirs.user_data_dir
    with tempfile.TemporaryDirectory() as folder, stage.opened("Lung", "chest") as (viewer, panel):
        platformdirs.user_data_dir = lambda *_a, **_k: folder
        try:
            press(panel.run_button, panel, "lung: run")
            yield viewer, panel
        finally:
            platformdirs.user_data_dir = usual


def lung(stage: Stage) -> None:
    """The slice of the second level."""
    with measured(stage) as (viewer, panel):
        layers_of(viewer, "chest CT", "lung mask", "Goh levels")
        require(panel.table.rowCount() == 5 and panel.save_button.isEnabled(), "lung: no result")
        panel.table.selectRow(1)
        viewer.reset_view()
        stage.take(viewer, "lung")


def lung_refine(stage: Stage) -> None:
    """The mask under correction, after a stroke and a search for suspicious slices."""
    with measured(stage) as (viewer, panel):
        section = panel.sections["Refine"]
        panel.show_section(section)
        press(section.beginning.begin_button, panel, "refine: begin")
        press(section.suspects.button, panel, "refine: suspicious slices")
        panel.table.selectRow(1)
        viewer.reset_view()
        settle(1.0)
        canvas = canvas_of(viewer)
        start, plain = canvas.rect().center() + QPoint(-30, 12), Qt.KeyboardModifier.NoModifier
        QTest.mouseMove(canvas, start)
        QTest.mousePress(canvas, Qt.MouseButton.LeftButton, plain, start)
        for step in range(1, 6):
            QTest.mouseMove(canvas, start + QPoint(12 * step, 0))
            settle(0.1)
        QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, plain, start + QPoint(60, 0))
        settle(1.0)
        require(section.session is not None and section.session.history.position == 1,
                f"refine: the stroke was not recorded; the panel says: {panel.message.text()}")  # fmt: skip
        stage.take(viewer, "lung-refine")
        section.undo()
        section.end()


def lung_levels(stage: Stage) -> None:
    """The levels as lines in the coronal plane."""
    with measured(stage) as (viewer, panel):
        section = panel.sections["Levels"]
        panel.show_section(section)
        panel.show_plane("coronal")
        until(lambda: not panel.busy, "levels: coronal")
        section.table.selectRow(1)
        panel.show_plane("coronal")
        viewer.reset_view()
        settle(1.0)
        layers_of(viewer, "level lines")
        require("carina" in section.evidence.text(), "levels: the evidence is missing")
        stage.take(viewer, "lung-levels")


def lung_scores(stage: Stage) -> None:
    """The score sheet: the program beside a reader, who breaks a rule; the profile."""
    with measured(stage) as (viewer, panel):
        section = panel.sections["Goh"]
        panel.show_section(section)
        press(section.score_button, panel, "scores: score")
        for row, scores in enumerate(((0, 0, 0), (10, 10, 0), (15, 10, 5), (20, 15, 10), (5, 15, 10))):
            for box, score in zip(section.sheet.boxes[row], scores, strict=True):
                box.setValue(score)
        section.sheet.setCurrentCell(2, 0)
        viewer.reset_view()
        settle(1.0)
        require("Program" in section.patient.text() and "less than GG" in section.rules.text(),
                f"scores: sheet or rules are missing; the panel says: {panel.message.text()}")  # fmt: skip
        require(section.profile.cursor_slice == section.levels[2].slice, "scores: the profile is not tied")
        stage.take(viewer, "lung-scores")


def lung_heatmap(stage: Stage) -> None:
    """The heat map of a slice, its labels, and the scores that follow from the threshold."""
    with measured(stage) as (viewer, panel):
        section = panel.sections["Heat maps"]
        panel.show_section(section)
        panel.table.selectRow(3)
        press(section.map_button, panel, "heat maps: map")
        press(section.meet_button, panel, "heat maps: threshold")
        press(section.labels_button, panel, "heat maps: labels")
        layers_of(viewer, "heat map TOT", "patterns")
        require({"heat map GG", "heat map RET"} <= {la.name for la in viewer.layers}, "heat maps: GG or RET")
        require(bool(section.maps) and section.table.item(2, 1).text() != "\N{EN DASH}",
                f"heat maps: no map or no painted score; the panel says: {panel.message.text()}")  # fmt: skip
        for name in ("patterns", "lung mask"):
            viewer.layers[name].visible = False
        viewer.reset_view()
        settle(1.0)
        stage.take(viewer, "lung-heatmap")
