"""Every long run of the lung panel: the window stays alive, Cancel is heard, nothing is left behind."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from qtpy.QtCore import Qt, QThreadPool
from qtpy.QtWidgets import QApplication

LEFT = Qt.MouseButton.LeftButton


def grow(panel, section):
    """Seeds in the middle of the right lung, as two strokes leave them."""
    from ssc_core.lung.refinement import Brush

    session = section.session
    lung = np.argwhere(panel.result.mask == 1)
    place = lung[len(lung) // 2]
    section.tool_box.setCurrentText("Grow from strokes")
    section.grow.reach.setValue(60)
    section._drawing_seeds(1)
    section.seeds.draw([place], Brush(1, 3.0))
    section.seeds.draw([place - (0, 0, 60)], Brush(2, 3.0))
    assert session is not None
    section.apply_tool()


def smooth(panel, section):
    section.tool_box.setCurrentText("Smooth the outline")
    section.tools[section.tool_box.currentIndex()].scope.setCurrentIndex(1)
    section.apply_tool()


def part(panel, section):
    section.tool_box.setCurrentText("Part right and left lung")
    section.apply_tool()


RUNS = {
    "Run": lambda panel: panel.run(),
    "Score": lambda panel: panel.sections["Goh"].score(),
    "Map": lambda panel: panel.sections["Heat maps"].map_slice(),
    "Extent": lambda panel: panel.sections["Heat maps"].map_extent(),
    "Suspicious": lambda panel: panel.sections["Refine"].find_suspicious(),
    "Grow": lambda panel: grow(panel, panel.sections["Refine"]),
    "Smooth": lambda panel: smooth(panel, panel.sections["Refine"]),
    "Part": lambda panel: part(panel, panel.sections["Refine"]),
}


@pytest.fixture
def ready(chest, press):
    """A panel with a result, a level in view and a correction begun."""
    viewer, panel, _ = chest(run=True)
    z = panel.result.levels[2].slice
    viewer.dims.set_point(0, viewer.layers["chest CT"].data_to_world((z, 0, 0))[0])
    panel.show_section(panel.sections["Refine"])
    press(panel.sections["Refine"].beginning.begin_button, panel)
    return viewer, panel


@pytest.mark.slow
def test_window_stays_alive_in_every_run_and_cancel_ends_its_thread(ready, qtbot, heart, monkeypatch):
    """A pause counts against the longest of the idle window in the same run: at most 100 ms more, in the
    best of five, since what else the machine does only lengthens a pause. What a run shows is left out."""
    _, panel = ready
    maps = panel.sections["Heat maps"]
    maps._pictured.disconnect(maps._picture)
    started = type(panel).start
    monkeypatch.setattr(
        type(panel), "start", lambda self, work, then, saying: started(self, work, lambda _: None, saying)
    )
    pauses, late = {}, {}
    for name, begin in RUNS.items():
        for attempt in range(5):
            heart.begin()
            qtbot.wait(500)
            idle = heart.longest
            begin(panel)
            assert panel.busy, f"{name}: {panel.message.text()}"
            heart.begin()
            qtbot.waitUntil(lambda: not panel.busy, timeout=120_000)
            assert not panel.message.property("problem"), f"{name}: {panel.message.text()}"
            pause = heart.longest - idle
            pauses[name] = pause if attempt == 0 else min(pause, pauses[name])
            if pauses[name] < 0.1:
                break
        begin(panel)
        qtbot.wait(100)
        job = panel._job
        clicked = time.monotonic()
        panel.cancel()
        assert not panel.busy
        if job is not None:  # else it was done within the 100 ms
            qtbot.waitUntil(lambda job=job: not job.is_running, timeout=10_000)
        late[name] = time.monotonic() - clicked
    assert {n: t for n, t in late.items() if t >= 1.0} == {}
    assert {n: p for n, p in pauses.items() if p >= 0.1} == {}


def test_closed_panel_leaves_no_thread_no_widget_and_no_listener(ready, qtbot):
    viewer, panel = ready
    earlier = [w for w in ours() if w is not panel and not panel.isAncestorOf(w)]  # of other tests
    assert len(ours()) > len(earlier) + 10
    panel.sections["Goh"].score()
    qtbot.wait(150)
    job = panel._job
    viewer.window.remove_dock_widget(panel)
    panel.close()
    qtbot.waitUntil(lambda: job is None or not job.is_running, timeout=10_000)
    assert QThreadPool.globalInstance().activeThreadCount() == 0
    names = {t.name for t in threading.enumerate()}
    panel.deleteLater()
    QApplication.processEvents()
    qtbot.waitUntil(lambda: all(any(w is e for e in earlier) for w in ours()), timeout=5_000)
    assert names == {t.name for t in threading.enumerate()}
    viewer.dims.set_current_step(0, 3)  # nobody listens who is gone
    viewer.dims.order = (1, 0, 2)
    viewer.layers.clear()


def ours():
    return [w for w in QApplication.allWidgets() if type(w).__module__.startswith("napari_ssc")]
