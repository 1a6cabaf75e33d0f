"""Small inputs of the lung sections: numbers with a unit that the mouse wheel passes by, rows of buttons."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDoubleSpinBox, QHBoxLayout, QPushButton, QWidget

__all__ = ["button", "number", "row"]


class _Number(QDoubleSpinBox):
    def wheelEvent(self, event: Any) -> None:
        """Refuse the wheel unless the box was clicked into."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


def number(value: float, low: float, high: float, unit: str, step: float, tip: str) -> QDoubleSpinBox:
    """A number with its unit, bounds and help."""
    box = _Number()
    box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    box.setDecimals(0 if step >= 1 else 1)
    box.setRange(low, high)
    box.setSingleStep(step)
    box.setSuffix(f" {unit}")
    box.setValue(value)
    box.setToolTip(tip)
    return box


def button(text: str, tip: str, do: Callable[[], Any] | None = None, *, sticks: bool = False) -> QPushButton:
    """A button that does something, or stays down (`sticks`) and is asked for its state."""
    made = QPushButton(text)
    made.setToolTip(tip)
    made.setCheckable(sticks)
    made.setMinimumWidth(30)
    if do is not None:
        made.clicked.connect(lambda *_: do())
    return made


def row(*widgets: QWidget) -> QHBoxLayout:
    """Side by side."""
    out = QHBoxLayout()
    out.setSpacing(4)
    for widget in widgets:
        out.addWidget(widget)
    return out
