"""Levels as lines that are dragged, with their evidence, a list that jumps, and a table to learn from."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_ssc.lung.view import plane_of
from ssc_core.lung.lnet.case import read_levels

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def leveled(chest):
    """Viewer, panel, mouse and the section after a run."""
    viewer, panel, mouse = chest(run=True)
    section = panel.sections["Levels"]
    panel.show_section(section)
    return viewer, panel, mouse, section


def row(section, at):
    place = section.table.visualItemRect(section.table.item(at, 0)).center()
    QTest.mouseClick(section.table.viewport(), LEFT, Qt.KeyboardModifier.NoModifier, place)


def show(plane, panel, qtbot):
    qtbot.mouseClick(panel.strip.buttons[plane], LEFT)
    qtbot.waitUntil(lambda: not panel.busy, timeout=60_000)
    assert plane_of(panel.viewer) == plane


def test_rows_go_to_levels_and_tell_their_evidence(leveled):
    viewer, panel, mouse, section = leveled
    for at in (3, 1):
        row(section, at)
        level = section.levels[at]
        ct = viewer.layers["chest CT"]
        assert round(float(ct.world_to_data(viewer.dims.point)[0])) == level.slice
        said = section.evidence.text()
        assert level.name in said
        assert level.note[1:] in said
        assert f"{level.uncertainty_mm:.0f} mm" in said
    mouse.canvas.setFocus()
    mouse.key(Qt.Key.Key_J)
    assert section.table.currentRow() == 2
    assert panel.result.levels == section.levels


def test_line_is_dragged_to_another_slice_and_the_image_stays(leveled, qtbot):
    viewer, panel, mouse, section = leveled
    lines = viewer.layers["level lines"]
    assert not lines.visible
    _, y, x = (n // 2 for n in panel.result.mask.shape)
    for plane in ("coronal", "sagittal"):
        show(plane, panel, qtbot)
        assert lines.visible
        goal = section.found[1].slice + 5
        centre = tuple(viewer.scene.camera.center)
        mouse.drag([(section.found[1].slice, y, x), (goal, y, x)])
        moved = section.levels[1]
        assert (moved.slice, moved.method) == (goal, "drawn"), panel.message.text()
        slices = [[v.slice for v in levels] for levels in (section.levels, section.found)]
        assert slices[0] == [slices[1][0], goal, *slices[1][2:]]
        assert int(np.flatnonzero(np.asarray(lines.data)[:, 0, 0] == 2)[0]) == goal
        assert section.table.item(1, 1).text() == str(goal)
        assert tuple(viewer.scene.camera.center) == pytest.approx(centre)

        away = max(slices[0]) + 6  # no line is near: the camera moves
        mouse.drag([(away, y, x), (away - 4, y, x)])
        assert [v.slice for v in section.levels] == slices[0]
        assert tuple(viewer.scene.camera.center) != pytest.approx(centre)
        qtbot.mouseClick(section.found_button, LEFT)
        assert section.levels[1] == section.found[1]


def test_levels_of_a_reader_are_saved_as_training_reads_them(leveled, qtbot, tmp_path):
    viewer, panel, _, section = leveled
    ct = viewer.layers["chest CT"]
    row(section, 2)
    goal = section.levels[2].slice + 2
    viewer.dims.set_point(0, ct.data_to_world((goal, 0, 0))[0])
    qtbot.mouseClick(section.here_button, LEFT)
    row(section, 0)
    qtbot.mouseClick(section.unseen_button, LEFT)
    section.save(tmp_path / "levels.csv")
    assert "2 of them set by a reader" in panel.message.text()
    table = pd.read_csv(tmp_path / "levels.csv")
    assert table["level"].tolist() == [1, 2, 3, 4, 5]
    known = read_levels(tmp_path / "levels.csv")
    frame = panel.result.frame
    assert table.loc[2, "z_mm"] == pytest.approx(frame.to_physical((goal, 0, 0))[0])
    assert np.isnan(table.loc[0, "z_mm"])
    assert known is not None

    row(section, 4)
    viewer.dims.set_point(0, ct.data_to_world((panel.result.mask.shape[0] - 1, 0, 0))[0])
    qtbot.mouseClick(section.here_button, LEFT)
    section.save(tmp_path / "wrong.csv")
    assert panel.message.property("problem")
    assert not (tmp_path / "wrong.csv").exists()
