"""Extent along the lung, head on top, tied to the slice that is shown."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from qtpy.QtCore import QPointF, QRectF, Qt, Signal
from qtpy.QtGui import QColor, QFontMetrics, QPainter, QPalette, QPen, QPolygonF
from qtpy.QtWidgets import QSizePolicy, QWidget

from ssc_core.lung.goh.scores import PATTERNS

__all__ = ["ProfilePlot"]

_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 26, 40, 20
_COLOURS = {"tot": None, "gg": QColor("#3a9bdc"), "ret": QColor("#e8703a")}
"""TOT is drawn in the colour of the text."""
_LEVEL, _CURSOR = QColor("#c9a400"), QColor("#e64b8c")
_SLIVER = 0.05  # slices with little lung say little: drawn pale, as in the saved figure


class ProfilePlot(QWidget):
    """TOT, GG and RET by slice; the five levels; a line at the slice that is shown.

    Signal ``gone_to(slice)``: the user clicked or dragged there.
    """

    gone_to = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("ProfilePlot")
        self.setMinimumHeight(260)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setToolTip("Click or drag to go to a slice")
        self.cursor_slice: int | None = None
        self.show_profile(None, 0)

    def show_profile(self, profile: Any, slices: int, scores: Any = None) -> None:
        """Show a profile.

        Parameters
        ----------
        profile : DataFrame or None
            slice, z_mm, lung_mm2, tot, gg, ret; None for nothing yet.
        slices : int
            Of the CT.
        scores : DataFrame, optional
            Of the five levels: level, slice, tot, gg, ret, tot_low, tot_high.
        """
        self._profile = pd.DataFrame() if profile is None else profile.reset_index(drop=True)
        self._scores = [] if scores is None else scores[scores["slice"].notna()].to_dict("records")
        used = [int(r["slice"]) for r in self._scores]
        used += [] if self._profile.empty else [int(self._profile["slice"].min())]
        used += [] if self._profile.empty else [int(self._profile["slice"].max())]
        low, high = (min(used), max(used)) if used else (0, max(1, slices - 1))
        pad = max(1, round(0.04 * (high - low)))
        self._span = (max(0, low - pad), max(min(slices - 1, high + pad), low + 1))
        tops = [r["tot"] for r in self._scores] + [r["tot_high"] for r in self._scores]
        tops += [] if self._profile.empty else [self._profile[p].max() for p in PATTERNS]
        largest = np.nanmax([10.0, *[t for t in tops if not math.isnan(t)]])
        self._largest = float(min(100.0, math.ceil(largest / 10) * 10))
        self.update()

    def set_cursor(self, slice_: int | None) -> None:
        """Mark the slice that is shown."""
        if slice_ != self.cursor_slice:
            self.cursor_slice = slice_
            self.update()

    def y_of(self, slice_: float) -> float:
        """Widget position of a slice."""
        low, high = self._span
        share = (slice_ - low) / (high - low)
        return float(self.height() - _BOTTOM - share * (self.height() - _TOP - _BOTTOM))

    def x_of(self, percent: float) -> float:
        """Widget position of an extent."""
        return float(
            _LEFT + min(max(percent, 0.0), self._largest) / self._largest * (self.width() - _LEFT - _RIGHT)
        )

    def slice_at(self, y: float) -> int:
        """The slice at a widget position; the nearest one beyond the ends."""
        low, high = self._span
        share = (self.height() - _BOTTOM - y) / max(1, self.height() - _TOP - _BOTTOM)
        place: float = low + min(max(share, 0.0), 1.0) * (high - low)
        return round(place)

    def mousePressEvent(self, event: Any) -> None:
        """Go there."""
        if event.button() == Qt.MouseButton.LeftButton and self._known:
            self.gone_to.emit(self.slice_at(event.position().y()))

    def mouseMoveEvent(self, event: Any) -> None:
        """Go along."""
        if event.buttons() & Qt.MouseButton.LeftButton and self._known:
            self.gone_to.emit(self.slice_at(event.position().y()))

    @property
    def _known(self) -> bool:
        return bool(self._scores) or not self._profile.empty

    def paintEvent(self, _event: Any) -> None:
        """Draw with the colours of the viewer's theme."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ink = self.palette().color(QPalette.ColorRole.WindowText)
        painter.setPen(ink)
        if not self._known:
            painter.drawText(
                self.rect(), Qt.AlignmentFlag.AlignCenter, "extent along the lung: shown after Score"
            )
            return
        self._axes(painter, ink)
        for row in self._scores:
            self._level(painter, row, ink)
        if not self._profile.empty:
            ample = (self._profile["lung_mm2"] >= _SLIVER * self._profile["lung_mm2"].max()).to_numpy()
            for name in PATTERNS:
                self._line(painter, name, _COLOURS[name] or ink, ample)
        self._legend(painter, ink)
        self._draw_cursor(painter)

    def _axes(self, painter: QPainter, ink: QColor) -> None:
        faint = QColor(ink)
        faint.setAlpha(50)
        top, base = _TOP, self.height() - _BOTTOM
        step = 5 if self._largest <= 20 else 10 if self._largest <= 50 else 20
        for percent in range(0, int(self._largest) + 1, step):
            x = self.x_of(percent)
            painter.setPen(faint)
            painter.drawLine(QPointF(x, top), QPointF(x, base))
            painter.setPen(ink)
            text = f"{percent} %" if percent == 0 or percent + step > self._largest else str(percent)
            painter.drawText(QRectF(x - 25, base + 2, 50, 16), Qt.AlignmentFlag.AlignHCenter, text)
        box = QRectF(2, top, _LEFT - 8, base - top)
        painter.drawText(box, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft, "head")
        painter.drawText(box, Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignLeft, "feet")

    def _level(self, painter: QPainter, row: dict[str, Any], ink: QColor) -> None:
        y = self.y_of(int(row["slice"]))
        painter.setPen(QPen(_LEVEL, 1))
        painter.drawLine(QPointF(_LEFT, y), QPointF(self.width() - _RIGHT, y))
        where = QRectF(self.width() - _RIGHT + 3, y - 9, _RIGHT - 4, 18)
        painter.drawText(where, Qt.AlignmentFlag.AlignVCenter, str(row["level"]))
        if not math.isnan(row["tot_low"]):
            bar = QColor(ink)
            bar.setAlpha(70)
            painter.setPen(QPen(bar, 5))
            painter.drawLine(QPointF(self.x_of(row["tot_low"]), y), QPointF(self.x_of(row["tot_high"]), y))
        painter.setPen(Qt.PenStyle.NoPen)
        for name in PATTERNS:
            if not math.isnan(row[name]):
                painter.setBrush(_COLOURS[name] or ink)
                painter.drawEllipse(QPointF(self.x_of(row[name]), y), 3.5, 3.5)
        painter.setBrush(Qt.BrushStyle.NoBrush)

    def _line(self, painter: QPainter, name: str, colour: QColor, ample: Any) -> None:
        points = [
            QPointF(self.x_of(v), self.y_of(z))
            for z, v in zip(self._profile["slice"], self._profile[name], strict=True)
        ]
        pale = QColor(colour)
        pale.setAlpha(70)
        painter.setPen(QPen(pale, 1.4))
        painter.drawPolyline(QPolygonF(points))
        painter.setPen(QPen(colour, 1.8))
        for piece in np.split(np.arange(len(points)), np.flatnonzero(np.diff(ample)) + 1):
            if ample[piece[0]]:
                painter.drawPolyline(QPolygonF([points[i] for i in piece]))

    def _legend(self, painter: QPainter, ink: QColor) -> None:
        painter.setPen(ink)
        painter.drawText(QRectF(_LEFT, 0, self.width() - _LEFT, 18), Qt.AlignmentFlag.AlignLeft, self._told())
        x, metrics = float(_LEFT), QFontMetrics(self.font())
        for name, word in (("tot", "TOT"), ("gg", "GG"), ("ret", "RET")):
            painter.setPen(QPen(_COLOURS[name] or ink, 2.5))
            painter.drawLine(QPointF(x, 28), QPointF(x + 16, 28))
            painter.setPen(ink)
            painter.drawText(QPointF(x + 20, 32), word)
            x += 34 + metrics.horizontalAdvance(word)
        painter.setPen(QPen(_LEVEL, 1))
        painter.drawText(QPointF(x, 32), "\N{EM DASH} levels 1 to 5")

    def _told(self) -> str:
        """The scores of the slice that is shown, if it was scored."""
        z = self.cursor_slice
        if z is None:
            return "Share of the slice's lung (%)"
        rows = [] if self._profile.empty else self._profile[self._profile["slice"] == z].to_dict("records")
        rows += [r for r in self._scores if int(r["slice"]) == z]
        if not rows:
            return f"Slice {z}: not scored"
        said = ", ".join(f"{p.upper()} {rows[0][p]:.1f}" for p in PATTERNS)
        return f"Slice {z}: {said} %"

    def _draw_cursor(self, painter: QPainter) -> None:
        low, high = self._span
        if self.cursor_slice is None or not low <= self.cursor_slice <= high:
            return
        y = self.y_of(self.cursor_slice)
        painter.setPen(QPen(_CURSOR, 1.6))
        painter.drawLine(QPointF(_LEFT - 8, y), QPointF(self.width() - _RIGHT, y))
        painter.setBrush(_CURSOR)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.drawPolygon(
            QPolygonF([QPointF(_LEFT - 14, y - 5), QPointF(_LEFT - 14, y + 5), QPointF(_LEFT - 6, y)])
        )
