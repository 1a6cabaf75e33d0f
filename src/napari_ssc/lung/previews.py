"""The two planes that the canvas does not show, through the same place; a click goes there."""

from __future__ import annotations

from typing import Any

import numpy as np
from qtpy.QtCore import QRectF, Qt, QTimer, Signal
from qtpy.QtGui import QColor, QImage, QPainter, QPen
from qtpy.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from napari_ssc.lung.view import PLANES, plane_of, show_plane

__all__ = ["OtherPlanes", "Section"]

_COLOURS = {1: (58, 166, 255), 2: (255, 176, 0), 3: (230, 75, 140)}
_MS_BETWEEN_DRAWINGS = 30


class Section(QWidget):
    """One section with the mask over it and cross lines.

    Signals: ``clicked(down, across)`` and ``doubled(down, across)``, in indices of the section.
    """

    clicked = Signal(float, float)
    doubled = Signal(float, float)

    def __init__(self) -> None:
        super().__init__()
        self.setMinimumSize(120, 120)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(150)
        self._image: QImage | None = None
        self._size, self._at, self._head_up, self._title = (1.0, 1.0), (0.0, 0.0), False, ""
        self._shape = (1, 1)

    def show_section(
        self,
        hu: Any,
        labels: Any,
        spacing: tuple[float, float],
        window: tuple[float, float],
        at: tuple[float, float],
        title: str,
        head_up: bool,
    ) -> None:
        """Draw HU (down, across) in a window, labels over it, cross lines at `at`."""
        self._shape, self._at, self._title, self._head_up = hu.shape, at, title, head_up
        self._size = (hu.shape[0] * spacing[0], hu.shape[1] * spacing[1])
        steps = tuple(max(1, n // 300) for n in hu.shape)
        hu, labels = (np.asarray(a[:: steps[0], :: steps[1]]) for a in (hu, labels))
        low, high = window
        grey = np.clip((hu.astype(np.float32) - low) * (255.0 / max(high - low, 1.0)), 0, 255)
        rgb = np.repeat(grey.astype(np.uint8)[..., None], 3, axis=2)
        for value, colour in _COLOURS.items():
            inside = labels == value
            rgb[inside] = (0.7 * rgb[inside] + 0.3 * np.array(colour)).astype(np.uint8)
        if head_up:
            rgb = rgb[::-1]
        rgb = np.ascontiguousarray(rgb)
        height, width = rgb.shape[:2]
        self._image = QImage(rgb.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888).copy()
        self.update()

    def place_at(self, x: float, y: float) -> tuple[float, float]:
        """The index (down, across) under a pixel of the widget."""
        box = self._box()
        down = (y - box.top()) / max(box.height(), 1.0) * self._shape[0] - 0.5
        across = (x - box.left()) / max(box.width(), 1.0) * self._shape[1] - 0.5
        down = self._shape[0] - 1 - down if self._head_up else down
        return float(np.clip(down, 0, self._shape[0] - 1)), float(np.clip(across, 0, self._shape[1] - 1))

    def _box(self) -> QRectF:
        scale = min(self.width() / self._size[1], self.height() / self._size[0])
        width, height = self._size[1] * scale, self._size[0] * scale
        return QRectF((self.width() - width) / 2, (self.height() - height) / 2, width, height)

    def paintEvent(self, event: Any) -> None:
        """Draw."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(0, 0, 0))
        if self._image is not None:
            box = self._box()
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(box, self._image)
            down = (self._at[0] + 0.5) / self._shape[0]
            down = 1 - down if self._head_up else down
            y = box.top() + down * box.height()
            x = box.left() + (self._at[1] + 0.5) / self._shape[1] * box.width()
            painter.setPen(QPen(QColor(255, 213, 0, 150), 1))
            painter.drawLine(int(box.left()), int(y), int(box.right()), int(y))
            painter.drawLine(int(x), int(box.top()), int(x), int(box.bottom()))
        painter.setPen(QColor(255, 213, 0))
        painter.drawText(6, 14, self._title)
        painter.end()

    def mousePressEvent(self, event: Any) -> None:
        """Say which place was clicked."""
        if self._image is not None and event.button() == Qt.MouseButton.LeftButton:
            self.clicked.emit(*self.place_at(event.position().x(), event.position().y()))

    def mouseDoubleClickEvent(self, event: Any) -> None:
        """Say which place was double-clicked."""
        if self._image is not None:
            self.doubled.emit(*self.place_at(event.position().x(), event.position().y()))


class OtherPlanes(QWidget):
    """Two sections that follow the viewer.

    Parameters
    ----------
    viewer : napari.Viewer
        Whose place is shown.
    """

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self._viewer = viewer
        self._ct: Any = None
        self._hu: Any = None
        self._labels: Any = None
        self._spacing: Any = None
        self._shown: list[str] = []
        self.sections = (Section(), Section())
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(4)
        for k, section in enumerate(self.sections):
            line.addWidget(section)
            section.setToolTip("Click: go there. Double click: show this plane large.")
            section.clicked.connect(lambda down, across, k=k: self._go(k, down, across))
            section.doubled.connect(lambda down, across, k=k: self._go(k, down, across, large=True))
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_MS_BETWEEN_DRAWINGS)
        self._timer.timeout.connect(self.draw)
        for event in (viewer.dims.events.point, viewer.dims.events.order):
            event.connect(self.later)

    def follow(self, ct: Any, hu: Any = None, labels: Any = None, spacing: Any = None) -> None:
        """Show this CT layer with its laid-out HU, labels and spacing (z, y, x) in mm; None for nothing."""
        if self._ct is not None:
            self._ct.events.contrast_limits.disconnect(self.later)
        self._ct, self._hu, self._labels, self._spacing = ct, hu, labels, spacing
        if ct is not None:
            ct.events.contrast_limits.connect(self.later)
        self.later()

    def later(self, event: Any = None) -> None:
        """Draw soon; many calls in a row draw once."""
        if self._ct is not None and not self._timer.isActive():
            self._timer.start()

    def draw(self) -> None:
        """Draw now."""
        main = plane_of(self._viewer)
        if self._ct is None or main is None:
            return
        point = np.asarray(self._ct.world_to_data(self._viewer.dims.point))
        point = np.clip(np.rint(point).astype(int), 0, np.array(self._hu.shape) - 1)
        self._shown = [name for name in PLANES if name != main]
        for name, section in zip(self._shown, self.sections, strict=True):
            axis, down, across = PLANES[name]
            index = tuple(int(point[axis]) if i == axis else slice(None) for i in range(3))
            section.show_section(
                self._hu[index],
                self._labels[index],
                (self._spacing[down], self._spacing[across]),
                tuple(self._ct.contrast_limits),
                (float(point[down]), float(point[across])),
                name,
                head_up=name != "axial",
            )

    def let_go(self) -> None:
        """Follow the viewer no longer."""
        self._timer.stop()
        self.follow(None)
        for event in (self._viewer.dims.events.point, self._viewer.dims.events.order):
            event.disconnect(self.later)

    def _go(self, number: int, down: float, across: float, large: bool = False) -> None:
        if not self._shown:
            return
        name = self._shown[number]
        _, *axes = PLANES[name]
        place = np.asarray(self._ct.world_to_data(self._viewer.dims.point), float)
        place[axes] = down, across
        world = self._ct.data_to_world(place)
        shown = name if large else plane_of(self._viewer)
        if shown is not None:
            show_plane(self._viewer, shown, world)
