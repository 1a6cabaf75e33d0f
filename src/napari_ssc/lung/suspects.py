"""The slices to look at first; a click goes there."""

from __future__ import annotations

import pandas as pd
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_ssc._table import ResultTable
from napari_ssc.lung.fields import button

__all__ = ["Suspects"]

_SHOWN = 40
_SIDES = {1: "right", 2: "left"}


class Suspects(QWidget):
    """A list of axial slices with reasons.

    Signals: ``wanted()``, to rank anew; ``picked(slice)``, to go there.
    """

    wanted = Signal()
    picked = Signal(int)

    def __init__(self, key: str) -> None:
        super().__init__()
        self.table = ResultTable()
        self.table.setMinimumHeight(110)
        self._slices: list[int] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        tip = f"Rank the slices by what speaks against the mask in them; {key} goes to the next one"
        self.button = button("Find suspicious slices", tip, self.wanted.emit)
        column.addWidget(self.button)
        column.addWidget(self.table)
        self.table.picked.connect(lambda row: self.picked.emit(self._slices[row]))

    def show_ranked(self, table: pd.DataFrame, approved: frozenset[int]) -> None:
        """List what `suspicious_slices` found; approved slices and slices without a reason are left out."""
        kept = table[(table["reason"] != "") & ~table["slice"].isin(approved)].head(_SHOWN)
        self._slices = [int(z) for z in kept["slice"]]
        shown = pd.DataFrame(
            {
                "slice": self._slices,
                "lung": [_SIDES.get(int(v), str(v)) for v in kept["label"]],
                "why": list(kept["reason"]),
            }
        )
        self.table.show_frame(shown)

    def next(self) -> None:
        """Go to the next one."""
        if self._slices:
            self.table.selectRow((self.table.currentRow() + 1) % len(self._slices))

    def empty(self) -> None:
        """List nothing."""
        self._slices = []
        self.table.setRowCount(0)

    @property
    def slices(self) -> tuple[int, ...]:
        """Those listed, in order."""
        return tuple(self._slices)
