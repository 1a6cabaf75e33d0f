"""One sentence to the user; a problem stands out on a dark and on a light window."""

from __future__ import annotations

from qtpy.QtGui import QPalette
from qtpy.QtWidgets import QLabel

__all__ = ["tell"]

_ON_DARK, _ON_LIGHT = "#f09a3a", "#a04a00"
_MIDDLE = 128


def tell(label: QLabel, text: str, problem: bool = False) -> None:
    """Say `text` on a label."""
    label.setStyleSheet("")
    ink = label.palette().color(QPalette.ColorRole.WindowText)
    colour = _ON_DARK if ink.lightness() > _MIDDLE else _ON_LIGHT
    label.setText(text)
    label.setProperty("problem", problem)
    label.setStyleSheet(f"color: {colour};" if problem else "")
