"""The Goh score sheet: five levels, what the program scored, and beside it what the reader scores."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QBrush, QColor
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QSpinBox, QTableWidget, QTableWidgetItem

from napari_ssc._saying import problem_colour
from ssc_core.lung.goh.scores import PATTERNS, violations
from ssc_core.lung.levels import Level
from ssc_core.lung.reading.rules import STEP, refused

__all__ = ["ScoreSheet"]

_DASH = "\N{EN DASH}"
_WHO = ("program", "reader")
_NARROW = 46
Triple = tuple[float, float, float]


class ScoreSheet(QTableWidget):
    """A row per level. A reading belongs to a slice: where a level is moved, it is read anew.

    Signals: ``picked(row)`` when a row is entered; ``read(row)`` when the reader set a score.
    """

    picked = Signal(int)
    read = Signal(int)

    def __init__(self) -> None:
        super().__init__(5, 7)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.verticalHeader().hide()
        names = [f"{p.upper()}\n{who}" for who in _WHO for p in PATTERNS]
        self.setHorizontalHeaderLabels(["level\nslice", *names])
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.horizontalHeader().setMinimumSectionSize(36)
        for column, width in ((0, _NARROW), *((c, _NARROW) for c in (4, 5, 6))):
            self.horizontalHeader().setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
            self.setColumnWidth(column, width)
        self.setTextElideMode(Qt.TextElideMode.ElideNone)
        self.setStyleSheet("QTableWidget, QHeaderView::section { font-size: 11px; padding: 0px; }")
        self.verticalHeader().setDefaultSectionSize(34)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFixedHeight(5 * 34 + 40)
        self._slices: list[int | None] = [None] * 5
        self._kept: dict[tuple[int, int], Triple] = {}
        self.boxes = [[_Percent(self, row, name) for name in PATTERNS] for row in range(5)]
        for row, boxes in enumerate(self.boxes):
            for column, box in enumerate(boxes):
                self.setCellWidget(row, 4 + column, box)
                box.entered.connect(self._enter)
                box.valueChanged.connect(lambda _value, at=row: self._read(at))
        self.currentCellChanged.connect(self._changed)
        self.forget()

    def show_levels(self, levels: Sequence[Level], scores: Any = None) -> None:
        """Show levels, and the automatic scores of them if there are any.

        Parameters
        ----------
        levels : sequence of Level
            The five.
        scores : DataFrame, optional
            As in ``GohResult.scores``.
        """
        self.blockSignals(True)
        self._slices = [level.slice for level in levels]
        for row, level in enumerate(levels):
            where = _DASH if level.slice is None else str(level.slice)
            self._put(row, 0, f"{level.number}\n{where}", f"{level.name}: {level.method}. {level.note}")
            automatic = None if scores is None else scores.iloc[row]
            for column, name in enumerate(PATTERNS, 1):
                self._put(row, column, *_automatic(automatic, name))
            given = self._kept.get((level.number, level.slice if level.slice is not None else -1))
            for box, value in zip(self.boxes[row], given or (math.nan,) * 3, strict=True):
                box.show_value(value)
                box.setEnabled(level.slice is not None)
        self.blockSignals(False)
        self._mark()

    def forget(self) -> None:
        """Another CT: no level is known and nothing was read yet."""
        self._kept.clear()
        self._slices = [None] * 5
        for row, boxes in enumerate(self.boxes):
            for column in range(4):
                self.takeItem(row, column)
            for box in boxes:
                box.show_value(math.nan)
                box.setEnabled(False)

    def hide_program(self, yes: bool) -> None:
        """Read without seeing what the program says."""
        for column in (1, 2, 3):
            self.setColumnHidden(column, yes)

    def reading(self, row: int) -> Triple:
        """What the reader gave a level; NaN where nothing."""
        tot, gg, ret = (box.score for box in self.boxes[row])
        return tot, gg, ret

    def problems(self) -> list[str]:
        """What stands against the reader's scores as they are, a sentence each."""
        said = []
        for row in range(5):
            values = self.reading(row)
            if all(math.isnan(v) for v in values):
                continue
            absent = [p.upper() for p, v in zip(PATTERNS, values, strict=True) if math.isnan(v)]
            told = [f"{' and '.join(absent)} not given"] if absent else [refused(*values)]
            said += [f"level {row + 1}: {t}" for t in (*filter(None, told), *violations(*values))]
        return said

    def refused(self) -> str:
        """Why the reader's scores cannot be kept, "" if they can; broken rules are no reason."""
        for row in range(5):
            values = self.reading(row)
            if any(math.isnan(v) for v in values):
                if not all(math.isnan(v) for v in values):
                    return f"level {row + 1} is scored in part; give it all three scores, or none"
            elif why := refused(*values):
                return f"level {row + 1}: {why}"
        return ""

    def _read(self, row: int) -> None:
        at = self._slices[row]
        if at is not None:
            self._kept[row + 1, at] = self.reading(row)
        self._mark()
        self.read.emit(row)

    def _mark(self) -> None:
        """Levels whose reading breaks a rule stand out."""
        broken = {int(p[6]) for p in self.problems()}
        for row in range(5):
            item = self.item(row, 0)
            if item is not None:
                item.setForeground(QColor(problem_colour(self)) if row + 1 in broken else QBrush())

    def _put(self, row: int, column: int, text: str, tip: str) -> None:
        item = QTableWidgetItem(text)
        item.setToolTip(tip)
        item.setTextAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setItem(row, column, item)

    def _enter(self, row: int) -> None:
        if row != self.currentRow():
            self.setCurrentCell(row, 0)

    def _changed(self, row: int, _column: int, before: int, _before: int) -> None:
        if row >= 0 and row != before:
            self.picked.emit(row)


class _Percent(QSpinBox):
    """A reader's score in steps of 5, or a dash; the wheel passes by unless it was clicked into."""

    entered = Signal(int)

    def __init__(self, parent: Any, row: int, name: str) -> None:
        super().__init__(parent)
        self._row = row
        self.setRange(-STEP, 100)
        self.setSingleStep(STEP)
        self.setSpecialValueText(_DASH)
        self.setKeyboardTracking(False)
        self.setValue(-STEP)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        # the viewer's theme gives a narrow cell to the buttons alone, or, without them, to nobody
        self.setStyleSheet(
            "QSpinBox { padding: 0px; min-width: 10px; }"
            " QSpinBox::up-button, QSpinBox::down-button { width: 1px; height: 1px; }"
            " QSpinBox::up-arrow, QSpinBox::down-arrow { width: 1px; height: 1px; image: none; }"
        )
        self.setAccessibleName(f"{name.upper()} of level {row + 1}")
        self.setToolTip("Percent of the lung in this slice, in steps of 5: type, or use the arrow keys")

    @property
    def score(self) -> float:
        """NaN where nothing is given."""
        return math.nan if self.value() < 0 else float(self.value())

    def show_value(self, score: float) -> None:
        """Show without saying so."""
        self.blockSignals(True)
        self.setValue(-STEP if math.isnan(score) else round(score))
        self.blockSignals(False)

    def focusInEvent(self, event: Any) -> None:
        """The level is looked at when its score is given."""
        super().focusInEvent(event)
        self.selectAll()
        self.entered.emit(self._row)

    def wheelEvent(self, event: Any) -> None:
        """Refuse the wheel unless the box was clicked into."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


def _automatic(row: Any, name: str) -> tuple[str, str]:
    """Text and tooltip of an automatic score."""
    if row is None or math.isnan(row[name]):
        return _DASH, "" if row is None else str(row["flags"])
    raw, coarse, low, high = (row[c] for c in (name, f"{name}5", f"{name}_low", f"{name}_high"))
    unknown = math.isnan(low)
    span = "" if unknown else f"\n{max(low, 0):.0f}\N{EN DASH}{min(high, 100):.0f}"
    tip = f"raw {raw:.2f} %, nearest step {coarse:.0f} %, "
    tip += "interval unknown" if unknown else f"interval {low:.1f} to {high:.1f} %"
    return f"{raw:.1f} \N{RIGHTWARDS ARROW} {coarse:.0f}{span}", f"{tip}. {row['flags']}"
