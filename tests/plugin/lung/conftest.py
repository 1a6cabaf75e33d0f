"""A lung panel on the phantom chest, and a mouse that presses, drags and clicks on the canvas."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_ssc.lung.compass import canvas_of

NONE, LEFT, RIGHT = Qt.MouseButton.NoButton, Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
PLAIN, SHIFT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier


class Mouse:
    """Events as Qt sends them, at places that are given in voxels of the CT.

    The canvas passes over moves that follow one another at once, and hands others on a little later: a move
    counts once the viewer was told of it.
    """

    def __init__(self, viewer: Any, panel: Any, qtbot: Any) -> None:
        self.viewer, self.panel, self.qtbot, self.canvas = viewer, panel, qtbot, canvas_of(panel)
        self._told: tuple[int, int] | None = None
        viewer.mouse_move_callbacks.append(self._moved)
        viewer.mouse_drag_callbacks.append(self._dragged)

    def pixel(self, voxel: Iterable[float]) -> QPoint:
        """Where a voxel (z, y, x) of the CT is on the canvas, by two places that the view tells."""
        one, other = QPoint(20, 20), QPoint(self.canvas.width() - 20, self.canvas.height() - 20)
        first, last = self._place_under(one), self._place_under(other)
        world = np.asarray(self.panel.boxes.image().data_to_world(tuple(voxel)))
        down, across = self.viewer.dims.displayed
        share = (world - first)[[across, down]] / (last - first)[[across, down]]
        return QPoint(
            round(one.x() + share[0] * (other.x() - one.x())),
            round(one.y() + share[1] * (other.y() - one.y())),
        )

    def drag(
        self, voxels: Iterable[Iterable[float]], button: Any = LEFT, keys: Any = PLAIN, steps: int = 4
    ) -> None:
        """Press on the first voxel, move over the others in small steps, let go on the last."""
        stops = [self.pixel(v) for v in voxels]
        self.move(stops[0])
        self.press(stops[0], button, keys)
        for a, b in itertools.pairwise(stops):
            for k in range(1, steps + 1):
                self.move(a + (b - a) * (k / steps), button, keys)
        self.release(stops[-1], button, keys)

    def click(self, voxel: Iterable[float], button: Any = LEFT, keys: Any = PLAIN) -> None:
        """Press and let go."""
        self.drag([voxel], button, keys)

    def double_click(self, voxel: Iterable[float]) -> None:
        """The second press of a double click, after a click."""
        at = self.pixel(voxel)
        self.move(at)
        self._send(QEvent.Type.MouseButtonDblClick, at, LEFT, LEFT, PLAIN)
        self.release(at)

    def move(self, at: QPoint, down: Any = NONE, keys: Any = PLAIN) -> None:
        """Until the viewer was told of it."""
        for _ in range(50):
            self._told = None
            self._send(QEvent.Type.MouseMove, at, NONE, down, keys)
            try:
                self.qtbot.waitUntil(lambda: self._told == (at.x(), at.y()), timeout=100)
                return
            except self.qtbot.TimeoutError:
                continue
        raise AssertionError(f"the viewer is not told of a move to {at}")

    def press(self, at: QPoint, button: Any = LEFT, keys: Any = PLAIN) -> None:
        """Press a button."""
        self._send(QEvent.Type.MouseButtonPress, at, button, button, keys)

    def release(self, at: QPoint, button: Any = LEFT, keys: Any = PLAIN) -> None:
        """Let it go."""
        self._send(QEvent.Type.MouseButtonRelease, at, button, NONE, keys)
        QApplication.processEvents()

    def key(self, key: Any, keys: Any = PLAIN) -> None:
        """A key while the canvas has the focus."""
        QTest.keyClick(self.canvas, key, keys)

    def _place_under(self, at: QPoint) -> Any:
        self.move(at)
        return np.asarray(self.viewer.cursor.position)

    def _moved(self, _viewer: Any, event: Any) -> None:
        self._told = tuple(map(int, event.pos))

    def _dragged(self, _viewer: Any, event: Any) -> Iterator[None]:
        yield
        while event.type == "mouse_move":
            self._told = tuple(map(int, event.pos))
            yield

    def _send(self, kind: Any, at: QPoint, button: Any, down: Any, keys: Any) -> None:
        place, screen = QPointF(at), QPointF(self.canvas.mapToGlobal(at))
        QApplication.sendEvent(self.canvas, QMouseEvent(kind, place, screen, button, down, keys))


@pytest.fixture
def data_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Corrections of this test stay in it."""
    folder = tmp_path / "user data"
    monkeypatch.setattr("platformdirs.user_data_dir", lambda *_a, **_k: str(folder))
    return folder


@pytest.fixture
def chest(
    make_napari_viewer: Any, qtbot: Any, sample_files: Any, data_folder: Path
) -> Callable[..., tuple[Any, Any, Mouse]]:
    """``chest()``: viewer, lung panel and mouse, as a user has them; ``chest(run=True)`` after *Run*."""

    def make(run: bool = False) -> tuple[Any, Any, Mouse]:
        viewer = make_napari_viewer(show=True)
        viewer.window._qt_window.resize(1280, 800)
        viewer.window._qt_window.activateWindow()  # no window manager does it under a virtual display
        viewer.open_sample("napari-ssc", "chest")
        _, panel = viewer.window.add_plugin_dock_widget("napari-ssc", "Lung")
        QApplication.processEvents()
        if run:
            pressed(panel.run_button, panel, qtbot)
        return viewer, panel, Mouse(viewer, panel, qtbot)

    return make


@pytest.fixture
def press(qtbot: Any) -> Callable[[Any, Any], None]:
    """``press(button, panel)``: a real click, then waits until the panel is idle."""
    return lambda button, panel: pressed(button, panel, qtbot)


def pressed(button: Any, panel: Any, qtbot: Any) -> None:
    """A real click, then wait until the panel is idle."""
    qtbot.mouseClick(button, LEFT)
    qtbot.waitUntil(lambda: not panel.busy, timeout=120_000)
