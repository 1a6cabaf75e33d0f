"""A table of results; clicking a row says which."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QAbstractItemView, QTableWidget, QTableWidgetItem

__all__ = ["ResultTable"]

_WIDEST = 260


class ResultTable(QTableWidget):
    """Shows a DataFrame as people read it; what is missing is a dash, never a zero.

    Signal ``picked(row)``: the user chose a row.
    """

    picked = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.verticalHeader().hide()
        self.setWordWrap(False)  # the whole text is in the tooltip
        self.currentCellChanged.connect(self._changed)

    def show_frame(self, frame: pd.DataFrame) -> None:
        """Replace what is shown."""
        self.blockSignals(True)
        self.setRowCount(len(frame))
        self.setColumnCount(len(frame.columns))
        self.setHorizontalHeaderLabels([str(c) for c in frame.columns])
        decimals = [_decimals(frame.iloc[:, j].tolist()) for j in range(len(frame.columns))]
        for i, row in enumerate(frame.itertuples(index=False)):
            for j, value in enumerate(row):
                item = QTableWidgetItem(_text(value, decimals[j]))
                item.setToolTip(_text(value))
                if isinstance(value, int | float):
                    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                self.setItem(i, j, item)
        self.setCurrentCell(-1, -1)
        self.resizeColumnsToContents()
        for j in range(self.columnCount()):
            self.setColumnWidth(j, min(self.columnWidth(j), _WIDEST))
        self.blockSignals(False)

    def pick(self, row: int) -> None:
        """Show `row` as chosen without saying so."""
        self.blockSignals(True)
        self.selectRow(row)
        self.scrollToItem(self.item(row, 0))
        self.blockSignals(False)

    def _changed(self, row: int, _column: int, before: int, _before_column: int) -> None:
        if row >= 0 and row != before:
            self.picked.emit(row)


def _decimals(column: Sequence[Any]) -> int | None:
    """So many that the largest value has four digits; None where small ones would be lost.

    They are lost in a column of different measures, whose values are written each on its own.
    """
    sizes = [abs(v) for v in column if isinstance(v, float) and math.isfinite(v) and v]
    if not sizes:
        return None
    decimals = max(0, 3 - math.floor(math.log10(max(sizes))))
    if decimals > 4 or min(sizes) < 10.0 ** (1 - decimals):
        return None
    while decimals and all(f"{v:.{decimals}f}".endswith("0") for v in sizes):
        decimals -= 1
    return decimals


def _text(value: Any, decimals: int | None = None) -> str:
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return "\N{EN DASH}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, float):
        return str(value)
    return f"{value:.4g}" if decimals is None else f"{value:.{decimals}f}"
