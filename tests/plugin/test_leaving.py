"""A panel that is closed leaves no widget, no thread and no listener behind."""

from __future__ import annotations

import gc
import weakref

import pytest
from qtpy.QtCore import QThreadPool
from qtpy.QtWidgets import QApplication

PANELS = {"Skin": "biopsy", "Calcinosis": "finger", "Worklist": None, "Reader study": None}


@pytest.mark.parametrize("title", PANELS)
def test_closed_panel_is_gone(open_panel, click, qtbot, title):
    viewer, panel = open_panel(title, PANELS[title])
    if title == "Skin":
        panel.form["n_patches"].value = 4
    if PANELS[title]:
        click(panel)
        assert panel.result is not None
    gone = weakref.ref(panel)
    viewer.window.remove_dock_widget(panel)
    panel.close()
    panel.deleteLater()
    del panel
    QThreadPool.globalInstance().waitForDone(5000)
    for _ in range(3):
        QApplication.sendPostedEvents(None, 52)  # DeferredDelete
        qtbot.wait(10)
        gc.collect()
    assert gone() is None
    assert QThreadPool.globalInstance().activeThreadCount() == 0
    viewer.layers.clear()  # nobody listens any more
