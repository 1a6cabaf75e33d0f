"""The key to the colours of a map: a bar with its numbers and what they mean."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QColor, QLinearGradient, QPainter, QPalette, QPen
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_ssc.lung.heat_layers import colours_of

__all__ = ["HeatKey"]

_SIDE, _BAR = 14, 14
_WORDS = {
    "heat": (("\N{MINUS SIGN}4", "0", "+4 points"), "disease was here", "healthy, taken for disease"),
    "extent": (("0", "50", "100 %"), "no disease", "certain of disease"),
}


class HeatKey(QWidget):
    """Colours from left to right; a mark at the threshold of heat maps."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedHeight(52)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.kind, self.threshold = "heat", -0.5

    def show_kind(self, kind: str, threshold: float) -> None:
        """Show the key of this kind of map."""
        self.kind, self.threshold = kind, threshold
        self.update()

    def paintEvent(self, _event: Any) -> None:
        """Draw over the middle grey of a lung, as on the CT."""
        painter = QPainter(self)
        ink = self.palette().color(QPalette.ColorRole.WindowText)
        bar = QRectF(_SIDE, 2, self.width() - 2 * _SIDE, _BAR)
        painter.fillRect(bar, QColor("#505050"))
        shade = QLinearGradient(bar.topLeft(), bar.topRight())
        colours = colours_of(self.kind)
        for i in range(0, len(colours), 8):
            shade.setColorAt(i / (len(colours) - 1), QColor.fromRgbF(*map(float, colours[i])))
        painter.fillRect(bar, shade)
        painter.setPen(ink)
        numbers, left, right = _WORDS[self.kind]
        for text, side in zip(numbers, ("AlignLeft", "AlignHCenter", "AlignRight"), strict=True):
            painter.drawText(QRectF(_SIDE, 17, bar.width(), 16), getattr(Qt.AlignmentFlag, side), text)
        for text, side in ((left, "AlignLeft"), (right, "AlignRight")):
            painter.drawText(QRectF(_SIDE, 33, bar.width(), 17), getattr(Qt.AlignmentFlag, side), text)
        if self.kind == "heat":
            x = bar.left() + (self.threshold + 4) / 8 * bar.width()
            painter.setPen(QPen(ink, 2))
            painter.drawLine(QPointF(x, 0), QPointF(x, 18))
