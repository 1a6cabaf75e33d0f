"""Axes by drags: a live ellipse beside the counted area; every line is on disk at once, to be taken up."""

from __future__ import annotations

import math

import numpy as np
import pytest
from qtpy.QtWidgets import QFileDialog

from ssc_core.calcinosis.drawn_file import read_readings
from ssc_core.calcinosis.readers import read_lesions

DOWN, ACROSS = np.array([1.0, 0.0]), np.array([0.0, 1.0])


@pytest.fixture
def axes(shown_panel, qtbot, tmp_path, monkeypatch, press):
    """The tab with a reader, an image named 01 and a file."""
    viewer, panel, mouse = shown_panel("Calcinosis", "finger")
    panel.show_section(panel.axes)
    path = tmp_path / "mine.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_a, **_k: (str(path), ""))
    qtbot.keyClicks(panel.axes.reader_line, "7")
    qtbot.keyClicks(panel.axes.case_line, "01")
    press(panel, panel.axes.draw_button)
    return viewer, panel, mouse, path


def cell(tab, row, column):
    return tab.table.item(row, column).text()


def test_two_drags_make_a_lesion_whose_ellipse_follows_the_mouse(axes, click, press):
    viewer, panel, mouse, path = axes
    tab, seen = panel.axes, []
    frame = panel.boxes.image().metadata["ssc_source"].frame
    panel.tabs.setCurrentIndex(0)
    click(panel)
    panel.show_section(tab)
    lesion = panel.result.lesions.iloc[0]
    at = np.asarray(frame.to_physical([lesion["row"], lesion["column"]]))
    press(panel, tab.draw_button)
    mouse.drag(at - 3 * ACROSS, at + 3 * ACROSS)
    assert cell(tab, 0, 0) == str(lesion["label"])  # numbered as the lesion that was counted under it
    assert "draw the short axis" in cell(tab, 0, 5)
    assert len(read_readings(path, "01", "7", frame)[0].lines) == 1
    tab.lines.changed.connect(lambda: seen.append(cell(tab, 0, 1)))
    mouse.drag(at - 2 * DOWN, at + 2 * DOWN)
    (drawn,) = tab.lines.drawn()
    assert drawn.long_mm == pytest.approx(6.0, abs=0.3)
    assert drawn.short_mm == pytest.approx(4.0, abs=0.3)
    assert len({s for s in seen if s != "\N{EN DASH}"}) >= 3  # it grew while the mouse moved
    assert float(cell(tab, 0, 1)) == pytest.approx(math.pi / 4 * drawn.long_mm * drawn.short_mm, rel=1e-3)
    assert float(cell(tab, 0, 2)) == pytest.approx(lesion["area_mm2"], rel=1e-3)
    (kept,) = read_readings(path, "01", "7", frame)
    assert len(read_lesions(path, "reader 1").readings.table) == 1
    assert kept.ellipse_mm2 == pytest.approx(drawn.ellipse_mm2)
    mouse.click(at)  # no line
    assert len(tab.lines.layer.data) == 2

    # the same file in a new session shows the lines again, and the next line begins the next lesion
    viewer.layers.remove(tab.lines.layer)
    press(panel, tab.draw_button)
    (again,) = tab.lines.drawn()
    np.testing.assert_allclose(again.lines, drawn.lines, atol=1e-6)
    mouse.drag(at + 8 * ACROSS, at + 12 * ACROSS)
    assert [a.lesion for a in read_readings(path, "01", "7", frame)] == [a.lesion for a in tab.lines.drawn()]
    tab.table.selectRow(0)
    press(panel, tab.remove_button)
    assert len(read_readings(path, "01", "7", frame)) == 1


def test_another_readers_file_is_left_alone(axes, tmp_path, press):
    _, panel, mouse, path = axes
    frame = panel.boxes.image().metadata["ssc_source"].frame
    at = np.asarray(frame.to_physical([n / 2 for n in panel.boxes.image().data.shape]))
    mouse.drag(at - 3 * ACROSS, at + 3 * ACROSS)
    before = path.read_bytes()
    other = tmp_path / "theirs.csv"
    other.write_bytes(before.replace(b",7,", b",R2,"))
    held = other.read_bytes()
    panel.axes.keep_in(other)
    assert "another reader" in panel.message.text()
    assert panel.axes.path == path
    mouse.drag(at - 2 * DOWN, at + 2 * DOWN)
    assert other.read_bytes() == held
    assert path.read_bytes() != before
