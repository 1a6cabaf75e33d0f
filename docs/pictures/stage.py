"""A window as users have it, a mouse over it, and its picture."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import napari
import numpy as np
from PIL import Image
from qtpy.QtCore import QEvent, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QWidget

LARGEST = 450_000
"""Bytes of a picture."""


@dataclass
class Stage:
    """Where pictures go and how the window looks.

    Parameters
    ----------
    folder : Path
        For the pictures.
    size : (int, int)
        Of the window.
    theme : str
        "dark", "light", or "" for that of each picture.
    """

    folder: Path
    size: tuple[int, int] = (1280, 800)
    theme: str = ""

    @contextmanager
    def opened(self, title: str, sample: str = "", theme: str = "dark") -> Iterator[tuple[Any, Any]]:
        """A viewer with a panel, and with a sample."""
        viewer = napari.Viewer(show=True)
        viewer.theme = self.theme or theme
        viewer.window._qt_window.resize(*self.size)
        if sample:
            viewer.open_sample("napari-ssc", sample)
        _, panel = viewer.window.add_plugin_dock_widget("napari-ssc", title)
        window = viewer.window._qt_window
        window.activateWindow()
        QTest.qWaitForWindowActive(window)
        viewer.reset_view()
        yield viewer, panel
        panel.close()
        viewer.close()
        settle(0.2)

    def take(self, viewer: Any, name: str) -> None:
        """Save the whole window, as small as it can be without being changed for the eye."""
        settle(1.5)
        image = Image.fromarray(viewer.screenshot(canvas_only=False, flash=False)[..., :3])
        path = self.folder / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        image.quantize(256, dither=Image.Dither.FLOYDSTEINBERG).save(path, optimize=True)
        size = path.stat().st_size
        require(size <= LARGEST, f"{path.name} has {size // 1000} kB, more than {LARGEST // 1000}")
        print(f"{path.name}: {size / 1000:.0f} kB")


def require(condition: Any, sentence: str) -> None:
    """Stop with a sentence where a picture would not show what it should."""
    if not condition:
        raise SystemExit(sentence)


def settle(seconds: float) -> None:
    """Let Qt draw."""
    QTest.qWait(int(seconds * 1000))


def press(button: QWidget, panel: Any, what: str, seconds: float = 240) -> None:
    """Click a button that is seen and wait until the panel is idle."""
    require(button.isVisible(), f"{what}: the button '{button.text()}' is not shown")
    require(button.isEnabled(), f"{what}: the button '{button.text()}' is grey; {panel.message.text()}")
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    until(lambda: not panel.busy, f"{what}; the panel says: {panel.message.text()}", seconds)


def until(condition: Callable[[], bool], what: str, seconds: float = 240) -> None:
    """Let Qt work until `condition()` holds."""
    end = time.monotonic() + seconds
    while not condition():
        QTest.qWait(10)
        require(time.monotonic() < end, f"timed out: {what}")


def layers_of(viewer: Any, *names: str) -> None:
    """Stop where one of these layers is missing or hidden."""
    shown = {layer.name for layer in viewer.layers if layer.visible}
    require(set(names) <= shown, f"missing layers: {sorted(set(names) - shown)}")


def drag(viewer: Any, *places: Any, steps: int = 5) -> None:
    """Press on the canvas at the first place of the world, move over the others, let go at the last."""
    canvas = canvas_of(viewer)
    none, left = Qt.MouseButton.NoButton, Qt.MouseButton.LeftButton

    def send(kind: Any, at: QPointF, button: Any, down: Any) -> None:
        screen = QPointF(canvas.mapToGlobal(at.toPoint()))
        event = QMouseEvent(kind, at, screen, button, down, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(canvas, event)
        QTest.qWait(25)

    view = viewer.window._qt_viewer.canvas
    ends = QPointF(20, 20), QPointF(canvas.width() - 20, canvas.height() - 20)
    seen = [
        np.asarray(view._map_canvas2world((e.x(), e.y()), view.view))[list(viewer.dims.displayed)]
        for e in ends
    ]
    size = np.array([ends[1].y() - ends[0].y(), ends[1].x() - ends[0].x()])
    at = [20 + size * (np.asarray(p)[-2:] - seen[0]) / (seen[1] - seen[0]) for p in places]
    stops = [QPointF(x, y) for y, x in at]
    send(QEvent.Type.MouseMove, stops[0], none, none)
    send(QEvent.Type.MouseButtonPress, stops[0], left, left)
    for a, b in pairwise(stops):
        for k in range(1, steps + 1):
            send(QEvent.Type.MouseMove, a + (b - a) * (k / steps), none, left)
    send(QEvent.Type.MouseMove, stops[-1], none, left)
    send(QEvent.Type.MouseButtonRelease, stops[-1], left, none)


def canvas_of(viewer: Any) -> QWidget:
    """The canvas, which napari shows to nobody."""
    widgets = viewer.window._qt_window.findChildren(QWidget)
    return next(w for w in widgets if type(w).__name__.startswith("CanvasBackend"))
