"""R, L, A, P, H and F on the edges of the canvas: where the patient's sides lie in what is shown."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtWidgets import QLabel, QWidget

from napari_ssc._view import camera_of

__all__ = ["Compass", "canvas_of"]

# towards smaller and larger index of each axis of a volume of the core (LPS, feet to head)
_ENDS = (("F", "H"), ("A", "P"), ("R", "L"))
_WORDS = {"F": "feet", "H": "head", "A": "front", "P": "back", "R": "patient's right", "L": "patient's left"}
_MARGIN = 8


class Compass(QObject):
    """Four letters that follow plane and camera.

    Parameters
    ----------
    viewer : napari.Viewer
        Whose canvas is marked while it shows slices of three axes.
    panel : QWidget
        Docked in the viewer's window, where the canvas is found.
    """

    def __init__(self, viewer: Any, panel: QWidget) -> None:
        super().__init__()
        self._viewer, self._panel = viewer, panel
        self._canvas: Any = None
        self.labels: dict[str, QLabel] = {}
        self.wanted = False
        self._events = (
            viewer.dims.events.order,
            viewer.dims.events.ndisplay,
            camera_of(viewer).events.orientation,
        )
        for event in self._events:
            event.connect(self.update)

    def show(self, wanted: bool) -> None:
        """Show the letters, or none (no CT is open)."""
        self.wanted = wanted
        self.update()

    def update(self, event: Any = None) -> None:
        """Put the right letters in their places."""
        if self._canvas is None and not self._attach():
            return
        dims = self._viewer.dims
        visible = self.wanted and dims.ndisplay == 2 and dims.ndim == 3
        if visible:
            for side, letter in zip(self.labels, self._letters(), strict=True):
                self.labels[side].setText(letter)
                self.labels[side].setAccessibleName(_WORDS[letter])
                self.labels[side].adjustSize()
            self._arrange()
        for label in self.labels.values():
            label.setVisible(visible)

    def _attach(self) -> bool:
        """Lay the letters over the canvas, once there is one."""
        self._canvas = canvas_of(self._panel)
        if self._canvas is None:
            return False
        self.labels = {side: QLabel(self._canvas) for side in ("top", "bottom", "left", "right")}
        for label in self.labels.values():
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            label.setStyleSheet(
                "color: #ffd500; background: rgba(0, 0, 0, 110); border-radius: 3px;"
                " font-weight: bold; font-size: 15px; padding: 1px 5px;"
            )
        self._canvas.installEventFilter(self)
        return True

    def _letters(self) -> tuple[str, str, str, str]:
        """At top, bottom, left and right."""
        rows, columns = (_ENDS[axis] for axis in self._viewer.dims.displayed)
        vertical, horizontal = (str(o) for o in camera_of(self._viewer).orientation2d)
        top, bottom = rows if vertical == "down" else rows[::-1]
        left, right = columns if horizontal == "right" else columns[::-1]
        return top, bottom, left, right

    def _arrange(self) -> None:
        width, height = self._canvas.width(), self._canvas.height()
        for side, label in self.labels.items():
            x = {"left": _MARGIN, "right": width - label.width() - _MARGIN}.get(
                side, (width - label.width()) // 2
            )
            y = {"top": _MARGIN, "bottom": height - label.height() - _MARGIN}.get(
                side, (height - label.height()) // 2
            )
            label.move(x, y)

    def eventFilter(self, watched: Any, event: Any) -> bool:
        """Follow the size of the canvas."""
        if event.type() == QEvent.Type.Resize:
            self._arrange()
        return False

    def let_go(self) -> None:
        """Leave the canvas."""
        for event in self._events:
            event.disconnect(self.update)
        if self._canvas is not None:
            self._canvas.removeEventFilter(self)
        for label in self.labels.values():
            label.deleteLater()


def canvas_of(panel: QWidget) -> QWidget | None:
    """The canvas of the window that a panel is docked in, which napari shows to nobody."""
    found = (w for w in panel.window().findChildren(QWidget) if type(w).__name__.startswith("CanvasBackend"))
    return next(found, None)
