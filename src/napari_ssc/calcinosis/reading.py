"""The tab of a reader: a long and a short line on each lesion, the ellipse beside what was counted."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pandas as pd
from qtpy.QtWidgets import (
    QCheckBox,
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
from ssc_core.calcinosis.drawn_axes import counted_mm2, label_under
from ssc_core.calcinosis.drawn_file import read_readings, write_readings
from ssc_core.errors import InputError, SscError

__all__ = ["AxesTab"]

_SQUARED = "mm\N{SUPERSCRIPT TWO}"
_ASLANT_DEG = 15.0
_HELP = (
    "Draw the long axis of a lesion, then its short one: press the button at one end and let it go at the"
    " other. Two lines make a lesion; the next line begins the next. Every line is in your file at once."
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
        self._all: list[Lines] = []
        """Of every image that was read."""
        self.result: Any = None
        self.path: Path | None = None
        """The reader's file, once it was chosen."""
        self.reader_line, self.case_line = QLineEdit(_settings.alias()), QLineEdit()
        self.reader_line.setPlaceholderText("alias, never a name")
        self.case_line.setPlaceholderText("neutral name of this image, as P01")
        self.draw_button = QPushButton("Draw axes")
        self.remove_button = QPushButton("Remove lesion")
        self.file_button = QPushButton("File of readings ...")
        self.file_button.setToolTip(
            "Your own CSV, new or begun; cases are added to it. 'ssc calcinosis compare' reads it"
        )
        self.alone_box = QCheckBox("Hide what the software found")
        self.alone_box.setToolTip("A reader who sees its outlines draws what they say")
        self.kept = QLabel("No file was chosen yet.")
        self.kept.setWordWrap(True)
        self.table = ResultTable()
        self._lay_out()
        self.draw_button.clicked.connect(lambda *_: self.draw())
        self.remove_button.clicked.connect(lambda *_: self.remove())
        self.file_button.clicked.connect(lambda *_: self._ask())
        self.table.picked.connect(self._go)
        self.alone_box.toggled.connect(self.panel.hide_findings)

    def draw(self) -> None:
        """Take up the lines of the picked image, or begin with those in the reader's file."""
        image = self.panel.boxes.image()
        if image is None:
            self.panel.say("Open an image first; axes are drawn on it.", problem=True)
            return
        if not all(self._who()):
            self.panel.say("Give the reader's alias and a neutral name of the image first.", problem=True)
            return
        if self.path is None:
            self._ask()
        gone = self.lines is None or not self.lines.is_on(image.metadata[SOURCE])
        if gone and not self._begin(image):
            return
        assert self.lines is not None
        self.lines.take_up()
        if self.path is None:
            self.panel.say("No file was chosen: these axes are not kept.", problem=True)
        else:
            self.panel.say("Draw the long axis of a lesion, then its short axis.")

    def remove(self) -> None:
        """Remove the lines of the chosen lesion."""
        row = self.table.currentRow()
        drawn = [] if self.lines is None else self.lines.drawn()
        if self.lines is None or not 0 <= row < len(drawn):
            self.panel.say("Choose a row of the table first.", problem=True)
            return
        self.lines.remove(drawn[row].lesion)

    def keep_in(self, path: str | Path) -> None:
        """Keep readings in this file from now on; what it holds of this image is shown."""
        image = self.panel.boxes.image()
        here = [] if self.lines is None else self.lines.drawn()
        try:
            there = self._known_in(Path(path), image)
            if here and there:
                raise InputError(
                    "this file holds axes of this image already; choose another, or remove those drawn here",
                    source=path,
                )
        except SscError as error:
            self.panel.say(str(error), problem=True)
            return
        self.path = Path(path)
        if here:
            self._keep()
        elif there:
            self._let_go_of_lines()
            self._begin(image)
        self._told()

    def _keep(self) -> bool:
        """Write the lines of this image into the file; whether that succeeded."""
        if self.path is None or self.lines is None:
            return False
        case, reader = self._who()
        try:
            write_readings(self.path, case, reader, self.lines.drawn())
        except SscError as error:
            self.panel.say(str(error), problem=True)
            return False
        self._told()
        return True

    def _told(self) -> None:
        drawn = [] if self.lines is None else self.lines.drawn()
        halves = sum(len(axes.lines) < 2 for axes in drawn)
        name = "no file" if self.path is None else self.path.name
        more = f", {halves} with one line only" if halves else ""
        self.kept.setText(f"{name}: {len(drawn)} lesions of this image{more}.")

    def _who(self) -> tuple[str, str]:
        """Image and reader as written."""
        return self.case_line.text().strip(), self.reader_line.text().strip()

    # what the panel tells --------------------------------------------------------------------------------

    def image_picked(self, image: Any) -> None:
        """Another image: its own lines, its own name."""
        source = None if image is None else image.metadata[SOURCE]
        case = None if image is None else image.metadata.get(CASE)
        self.case_line.setText("" if case is None or case.case_id == "case" else case.case_id)
        self._all = [lines for lines in self._all if lines.layer in self.viewer.layers]
        self.lines = next((lines for lines in self._all if lines.is_on(source)), None)
        self.result = None
        self._list()

    def show_result(self, result: Any) -> None:
        """What was counted is shown beside the ellipses."""
        self.result = result
        self._list()

    def let_go(self) -> None:
        """The panel closes."""
        for lines in self._all:
            lines.let_go()
        self._all, self.lines = [], None

    # wiring ----------------------------------------------------------------------------------------------

    def _begin(self, image: Any) -> bool:
        """Lines on an image, with what the file holds of it; False, once said, if that cannot be read."""
        source = image.metadata[SOURCE]
        try:
            known = [] if self.path is None else self._known_in(self.path, image)
        except SscError as error:
            self.panel.say(str(error), problem=True)
            self.path = None
            return False
        self.lines = Lines(self.viewer, source, self._label_of)
        self._all.append(self.lines)
        self.lines.changed.connect(self._list)
        self.lines.finished.connect(self._keep)
        self.lines.put(known)
        self._list()
        return True

    def _known_in(self, path: Path, image: Any) -> list[Any]:
        """Axes of an image that a file holds."""
        if image is None or not all(self._who()) or not path.is_file():
            return []
        return read_readings(path, *self._who(), image.metadata[SOURCE].frame)

    def _let_go_of_lines(self) -> None:
        if self.lines is not None:
            self.lines.let_go()
            self._all.remove(self.lines)
            if self.lines.layer in self.viewer.layers:
                self.viewer.layers.remove(self.lines.layer)
        self.lines = None

    def _label_of(self, line: Any) -> int:
        return 0 if self.result is None else label_under(line, self.result.lesion_labels)

    def _list(self) -> None:
        drawn = [] if self.lines is None else self.lines.drawn()
        for line in (self.reader_line, self.case_line):
            line.setReadOnly(bool(drawn))  # they are in the file under these names
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

    def _ask(self) -> None:
        path, _ = QFileDialog.getSaveFileName(
            self, "Your readings", str(self.path or "axes.csv"), "Readings (*.csv)",
            options=QFileDialog.Option.DontConfirmOverwrite,
        )  # fmt: skip
        if path:
            self.keep_in(path)

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
        column.addWidget(self.file_button)
        column.addLayout(row)
        column.addWidget(self.alone_box)
        column.addWidget(self.table, stretch=1)
        column.addWidget(self.kept)


_COLUMNS = ["lesion", f"ellipse ({_SQUARED})", f"counted ({_SQUARED})", "long (mm)", "short (mm)", "remarks"]
