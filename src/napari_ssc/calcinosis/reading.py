"""The tab of a reader: a long and a short line on each lesion, the ellipse beside what was counted."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pandas as pd
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import (
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_ssc import _settings
from napari_ssc._layers import CASE, SOURCE
from napari_ssc._table import ResultTable
from napari_ssc._view import fly_to
from napari_ssc.calcinosis.lines import Lines
from ssc_core.calcinosis.drawn_axes import counted_mm2, label_under, readings_table, write_readings
from ssc_core.errors import InputError, SscError

__all__ = ["AxesTab"]

_SQUARED = "mm\N{SUPERSCRIPT TWO}"
_ASLANT_DEG = 15.0
_HELP = (
    "Draw the long axis of a lesion, then its short one: press the button at one end and let it go at the"
    " other. Two lines make a lesion; the next line begins the next. Undo a line: select it and press Delete."
)


class AxesTab(QWidget):
    """Lines of a reader with their ellipses, saved as ``ssc calcinosis compare`` reads them.

    Parameters
    ----------
    panel : CalcinosisPanel
        Whose image is read.
    """

    def __init__(self, panel: Any) -> None:
        super().__init__()
        self.panel, self.viewer = panel, panel.viewer
        self.lines: Lines | None = None
        self.result: Any = None
        self.path: Path | None = None
        """The reader's file, once it was chosen."""
        self._unsaved = False
        self.reader_line, self.case_line = QLineEdit(_settings.alias()), QLineEdit()
        self.reader_line.setPlaceholderText("alias, never a name")
        self.case_line.setPlaceholderText("neutral name of this image, as P01")
        self.draw_button = QPushButton("Draw axes")
        self.remove_button = QPushButton("Remove lesion")
        self.save_button = QPushButton("Save readings ...")
        self.save_button.setToolTip(
            "One CSV for each reader; cases are added to it. 'ssc calcinosis compare' reads it"
        )
        self.table = ResultTable()
        self._lay_out()
        self.draw_button.clicked.connect(lambda *_: self.draw())
        self.remove_button.clicked.connect(lambda *_: self.remove())
        self.save_button.clicked.connect(lambda *_: self._ask())
        self.table.picked.connect(self._go)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._autosave)

    def draw(self) -> None:
        """Take up the lines of the picked image, or begin with none."""
        image = self.panel.boxes.image()
        if image is None:
            self.panel.say("Open an image first; axes are drawn on it.", problem=True)
            return
        if self.lines is None or not self.lines.is_on(image.metadata[SOURCE]):
            self._begin(image)
        assert self.lines is not None
        self.lines.take_up()
        self.panel.say("Draw the long axis of a lesion, then its short axis.")

    def remove(self) -> None:
        """Remove the lines of the chosen lesion."""
        row = self.table.currentRow()
        drawn = [] if self.lines is None else self.lines.drawn()
        if self.lines is None or not 0 <= row < len(drawn):
            self.panel.say("Choose a row of the table first.", problem=True)
            return
        self.lines.remove(drawn[row].lesion)

    def save(self, path: str | Path) -> None:
        """Add the readings of this image to a reader's file."""
        try:
            if not self.reader_line.text().strip() or not self.case_line.text().strip():
                raise InputError("give the reader's alias and a neutral name of the image first")
            table = readings_table(
                self.case_line.text().strip(),
                self.reader_line.text().strip(),
                [] if self.lines is None else self.lines.drawn(),
            )
            write_readings(path, table)
        except SscError as error:
            self.panel.say(str(error), problem=True)
            return
        self.path, self._unsaved = Path(path), False
        seconds = _settings.autosave_seconds()
        if seconds:
            self._timer.start(seconds * 1000)
        left = int((table["unusable"] != "").sum())
        half = f" {left} of them with one line only." if left else ""
        self.panel.say(f"Axes of {len(table)} lesions are saved.{half}", problem=bool(left))

    # what the panel tells --------------------------------------------------------------------------------

    def image_picked(self, image: Any) -> None:
        """Another image: its own lines, its own name."""
        if self.path is not None:
            self._autosave()
        case = None if image is None else image.metadata.get(CASE)
        self.case_line.setText("" if case is None or case.case_id == "case" else case.case_id)
        self._let_go_of_lines()
        self.result = None
        self._list()

    def show_result(self, result: Any) -> None:
        """What was counted is shown beside the ellipses."""
        self.result = result
        self._list()

    def let_go(self) -> None:
        """The panel closes."""
        self._autosave()
        self._timer.stop()
        self._let_go_of_lines()

    # wiring ----------------------------------------------------------------------------------------------

    def _begin(self, image: Any) -> None:
        self._let_go_of_lines()
        source = image.metadata[SOURCE]
        self.lines = Lines(self.viewer, source, self._label_of)
        self.lines.changed.connect(self._list)

    def _let_go_of_lines(self) -> None:
        if self.lines is not None:
            self.lines.let_go()
        self.lines = None

    def _label_of(self, line: Any) -> int:
        return 0 if self.result is None else label_under(line, self.result.lesion_labels)

    def _list(self) -> None:
        drawn = [] if self.lines is None else self.lines.drawn()
        self._unsaved = bool(drawn)
        chosen = self.table.currentRow()
        self.table.show_frame(pd.DataFrame([self._row(a) for a in drawn], columns=_COLUMNS))
        if 0 <= chosen < len(drawn):
            self.table.pick(chosen)

    def _row(self, axes: Any) -> tuple[Any, ...]:
        label, counted = 0, math.nan
        if self.result is not None:
            label = self._label_of(axes.lines[0])
            counted = counted_mm2(
                label, axes.lines[0], self.result.lesions, self.result.lesion_labels, self.result.frame
            )
        remarks = []
        if len(axes.lines) < 2:
            remarks.append("draw the short axis")
        elif axes.aslant_deg > _ASLANT_DEG:
            remarks.append(f"{axes.aslant_deg:.0f} degrees from square")
        if self.result is not None and not label:
            remarks.append("no lesion was counted here")
        elif label and label != axes.lesion:
            remarks.append(f"lies on lesion {label}")
        return (axes.lesion, axes.ellipse_mm2, counted, axes.long_mm, axes.short_mm, "; ".join(remarks))

    def _go(self, row: int) -> None:
        if self.lines is not None:
            axes = self.lines.drawn()[row]
            fly_to(self.viewer, self.lines.frame.to_physical(axes.lines[0].mean(0)))

    def _autosave(self) -> None:
        if self._unsaved and self.path is not None and self.lines is not None:
            self.save(self.path)

    def _ask(self) -> None:
        path, _ = QFileDialog.getSaveFileName(
            self, "Your readings", str(self.path or "axes.csv"), "Readings (*.csv)",
            options=QFileDialog.Option.DontConfirmOverwrite,
        )  # fmt: skip
        if path:
            self.save(path)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        told = QLabel(_HELP)
        told.setWordWrap(True)
        who = QFormLayout()
        who.addRow("Reader", self.reader_line)
        who.addRow("Image", self.case_line)
        row = QHBoxLayout()
        for button in (self.draw_button, self.remove_button):
            row.addWidget(button)
        column.addWidget(told)
        column.addLayout(who)
        column.addLayout(row)
        column.addWidget(self.table, stretch=1)
        column.addWidget(self.save_button)


_COLUMNS = ["lesion", f"ellipse ({_SQUARED})", f"counted ({_SQUARED})", "long (mm)", "short (mm)", "remarks"]
