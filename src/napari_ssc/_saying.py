"""One sentence to the user; a problem stands out on a dark and on a light window."""

from __future__ import annotations

from qtpy.QtGui import QPalette
from qtpy.QtWidgets import QLabel, QWidget

__all__ = ["problem_colour", "tell"]

_ON_DARK, _ON_LIGHT = "#f09a3a", "#a04a00"
_MIDDLE = 128


def problem_colour(widget: QWidget) -> str:
    """In which colour a problem is written on a widget, on a dark and on a light window."""
    ink = widget.palette().color(QPalette.ColorRole.WindowText)
    return _ON_DARK if ink.lightness() > _MIDDLE else _ON_LIGHT


def tell(label: QLabel, text: str, problem: bool = False) -> None:
    """Say `text` on a label."""
    label.setStyleSheet("")
    colour = problem_colour(label)
    label.setText(text)
    label.setProperty("problem", problem)
    label.setStyleSheet(f"color: {colour};" if problem else "")
