"""How far a mask can be trusted unseen: the grade and its reasons, above the numbers."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel

from napari_ssc._saying import problem_colour

__all__ = ["GRADES", "QualityNote"]

GRADES = {
    "good": ("#2f9e44", "Nothing speaks against the mask."),
    "check": ("", "Look at the mask before you use the numbers."),
    "poor": ("#d64545", "Do not use the numbers before the mask is corrected."),
}


class QualityNote(QLabel):
    """A coloured grade with what was found."""

    def __init__(self) -> None:
        super().__init__()
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.RichText)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setVisible(False)

    def show_result(self, result: Any) -> None:
        """Say it about a result of the core."""
        import html

        colour, meaning = GRADES[result.grade]
        colour = colour or problem_colour(self)
        said = dict.fromkeys([*result.reasons, *result.flags])
        lines = "".join(f"<br>\N{BULLET} {html.escape(f[:1].upper() + f[1:])}." for f in said)
        self.setText(f"<b style='color: {colour}'>Mask: {result.grade}.</b> {meaning}{lines}")
        self.setVisible(True)
