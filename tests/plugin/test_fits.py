"""In a window of 1280 x 800 nothing of a panel is cut off, in the dark and in the light theme."""

from __future__ import annotations

import itertools

import pytest
from qtpy.QtWidgets import QApplication, QScrollArea

PANELS = {
    "Skin": "biopsy",
    "Lung": "chest",
    "Calcinosis": "finger",
    "Reader study": None,
    "Worklist": None,
}


@pytest.mark.parametrize(("title", "sample"), PANELS.items())
def test_every_tab_fits_into_a_small_window(shown_panel, click, qtbot, title, sample):
    viewer, panel, _ = shown_panel(title, sample)
    if title == "Skin":
        panel.form["n_patches"].value = 8
    if sample:
        click(panel)
    if title == "Lung":
        panel.sections["Goh"].score()
        qtbot.waitUntil(lambda: not panel.busy, timeout=120_000)
    window = viewer.window._qt_window
    tabs = getattr(panel, "tabs", None)
    shown = range(1 if tabs is None else tabs.count())
    for theme, number in itertools.product(("light", "dark"), shown):
        viewer.theme = theme
        if tabs is not None:
            tabs.setCurrentIndex(number)
        qtbot.wait(50)
        QApplication.processEvents()
        assert window.width() <= 1280, (theme, number)
        assert window.height() <= 800, (theme, number)
        assert panel.width() >= panel.minimumSizeHint().width()
        for area in (a for a in panel.findChildren(QScrollArea) if a.isVisible() and a.widget() is not None):
            assert area.widget().width() <= area.viewport().width(), (theme, type(area.widget()))
