"""A histogram that is tied to an image: bars say which items they hold, items say where they stand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from qtpy.QtCore import QPointF, QRectF, Qt, Signal
from qtpy.QtGui import QColor, QPainter, QPalette, QPen, QPolygonF
from qtpy.QtWidgets import QSizePolicy, QWidget

__all__ = ["MARK", "Histogram"]

MARK = "#00d0f0"
"""Colour of what is marked, here and in the image."""

_BINS = 30
_LEFT, _RIGHT, _TOP, _BOTTOM = 8, 8, 20, 34
_BAR, _MARK = QColor("#4c8bd6"), QColor(MARK)
_OTHERS = [QColor(c) for c in ("#c0392b", "#27ae60", "#8e44ad", "#16a085", "#d35400")]


class Histogram(QWidget):
    """Bars of one sample, outlines of others for comparison, a line at each mean.

    Signal ``picked(indices)``: the user clicked a bar; an array of the items in it (empty beside the bars).

    Parameters
    ----------
    colours : callable, optional
        Share of the range (0-1) -> colour of a bar there, as in the image beside it; one blue without it.
    """

    picked = Signal(object)

    def __init__(self, colours: Callable[[float], str] | None = None) -> None:
        super().__init__()
        self.setObjectName("Histogram")
        middles = (np.arange(_BINS) + 0.5) / _BINS
        self._colours = [_BAR if colours is None else QColor(colours(float(m))) for m in middles]
        self.setMinimumHeight(150)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.title = ""
        self._values = np.empty(0)
        self._others: dict[str, Any] = {}
        self._edges = np.linspace(0, 1, _BINS + 1)
        self._bin = np.empty(0, int)
        self._counts = np.zeros(_BINS, int)
        self._marked = np.zeros(_BINS, int)

    def show_values(self, values: Any, title: str, others: dict[str, Any] | None = None) -> None:
        """Show a sample.

        Parameters
        ----------
        values : array of float
            NaN items stand in no bar.
        title : str
            What the values are, with their unit.
        others : dict of str to array
            Samples to compare with, by name.
        """
        self.title = title
        self._values = np.asarray(values, float)
        self._others = {n: _finite(v) for n, v in (others or {}).items() if _finite(v).size}
        pool = np.concatenate([_finite(self._values), *self._others.values()])
        low, high = (float(pool.min()), float(pool.max())) if pool.size else (0.0, 1.0)
        self._edges = np.linspace(low, high if high > low else low + 1.0, _BINS + 1)
        known = np.isfinite(self._values)
        inside = np.searchsorted(self._edges, self._values, side="right") - 1
        self._bin = np.where(known, np.clip(inside, 0, _BINS - 1), -1)
        self._counts = np.bincount(self._bin[known], minlength=_BINS)
        self.mark(np.empty(0, int))

    @property
    def limits(self) -> tuple[float, float]:
        """Values at both ends."""
        return float(self._edges[0]), float(self._edges[-1])

    def mark(self, indices: Any) -> None:
        """Show where the items `indices` stand."""
        bins = self._bin[np.asarray(indices, int)]
        self._marked = np.bincount(bins[bins >= 0], minlength=_BINS)
        self.update()

    def items_in(self, number: int) -> Any:
        """Indices of the items in bar `number`."""
        return np.flatnonzero(self._bin == number)

    def bar_at(self, x: float) -> int:
        """The bar at widget position `x`, -1 beside the bars."""
        number = int((x - _LEFT) / max(self.width() - _LEFT - _RIGHT, 1) * _BINS) if x >= _LEFT else -1
        return number if number < _BINS else -1

    def position_of(self, value: float) -> float:
        """Widget position of a value."""
        share = (value - self._edges[0]) / (self._edges[-1] - self._edges[0])
        return float(_LEFT + share * (self.width() - _LEFT - _RIGHT))

    def mousePressEvent(self, event: Any) -> None:
        """Mark the bar that was clicked and say what it holds."""
        items = self.items_in(self.bar_at(event.position().x()))
        self.mark(items)
        self.picked.emit(items)

    def paintEvent(self, _event: Any) -> None:
        """Draw with the colours of the viewer's theme."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ink = self.palette().color(QPalette.ColorRole.WindowText)
        painter.setPen(ink)
        painter.drawText(self.rect().adjusted(_LEFT, 0, -_RIGHT, 0), Qt.AlignmentFlag.AlignTop, self.title)
        if _finite(self._values).size == 0:
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, "shown after a run")
            return
        base = self.height() - _BOTTOM
        top = max(1, self._counts.max())
        painter.setPen(Qt.PenStyle.NoPen)
        for number in range(_BINS):
            left, right = self.position_of(self._edges[number]), self.position_of(self._edges[number + 1])
            bars = ((self._counts[number], self._colours[number]), (self._marked[number], _MARK))
            for count, colour in bars:
                height = (base - _TOP) * count / top
                painter.fillRect(QRectF(left + 0.5, base - height, right - left - 1, height), colour)
        for colour, values in zip(_OTHERS, self._others.values(), strict=False):
            self._outline(painter, values, colour, base)
        self._axis(painter, ink, base)

    def _outline(self, painter: QPainter, values: Any, colour: QColor, base: float) -> None:
        counts = np.histogram(values, self._edges)[0]
        steps = QPolygonF()
        for number, count in enumerate(counts):
            y = base - (base - _TOP) * count / max(1, counts.max())
            steps.append(QPointF(self.position_of(self._edges[number]), y))
            steps.append(QPointF(self.position_of(self._edges[number + 1]), y))
        painter.setPen(QPen(colour, 1.5))
        painter.drawPolyline(steps)
        self._mean(painter, values, colour, base)

    def _mean(self, painter: QPainter, values: Any, colour: QColor, base: float) -> None:
        x = self.position_of(float(np.mean(values)))
        painter.setPen(QPen(colour, 2, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(x, _TOP), QPointF(x, base))

    def _axis(self, painter: QPainter, ink: QColor, base: float) -> None:
        self._mean(painter, _finite(self._values), ink, base)
        painter.setPen(ink)
        painter.drawLine(QPointF(_LEFT, base), QPointF(self.width() - _RIGHT, base))
        line = self.rect().adjusted(_LEFT, int(base) + 2, -_RIGHT, 0)
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft, f"{self._edges[0]:.3g}")
        painter.drawText(line, Qt.AlignmentFlag.AlignRight, f"{self._edges[-1]:.3g}")
        told = f"mean {np.mean(_finite(self._values)):.3g} of {_finite(self._values).size} fields"
        others = [f"{name} {np.mean(values):.3g}" for name, values in self._others.items()]
        painter.drawText(line, Qt.AlignmentFlag.AlignHCenter, "\n".join([told, "; ".join(others)]))


def _finite(values: Any) -> Any:
    values = np.asarray(values, float)
    return values[np.isfinite(values)]
