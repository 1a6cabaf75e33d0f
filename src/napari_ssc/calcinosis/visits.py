"""The tab of two visits: pick both, compare, see them side by side, save."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from qtpy.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_ssc._layers import CASE, SOURCE
from napari_ssc._table import ResultTable
from napari_ssc.calcinosis.comparison import (
    Comparison,
    commands_of,
    compared,
    save_compared,
    shown_changes,
)
from napari_ssc.calcinosis.side_by_side import SideBySide
from ssc_core.errors import SscError
from ssc_core.progress import Tick

__all__ = ["VisitsTab"]

_HELP = (
    "Open both images (tab Measure), pick them here and compare. A visit that was run and corrected is used"
    " as it is shown; one that was not is run first, with the parameters of the form."
)


class VisitsTab(QWidget):
    """Baseline and follow-up: the same lesions found again, and what became of each.

    Parameters
    ----------
    panel : CalcinosisPanel
        Runs and shows.
    """

    def __init__(self, panel: Any) -> None:
        super().__init__()
        self.panel, self.viewer = panel, panel.viewer
        self.compared: Comparison | None = None
        self.view: SideBySide | None = None
        self.boxes = (QComboBox(), QComboBox())
        self._listed: list[Any] = []
        self.compare_button = QPushButton("Compare visits")
        self.compare_button.setStyleSheet("font-weight: bold; padding: 6px;")
        self.beside_box = QCheckBox("Side by side, with one camera")
        self.beside_box.setEnabled(False)
        self.table = ResultTable()
        self.summary = QLabel()
        self.summary.setWordWrap(True)
        self.save_button = QPushButton("Save comparison ...")
        self.command_button = QPushButton("Copy as commands")
        self.command_button.setToolTip("Both visits and their comparison as lines for the shell")
        for button in (self.save_button, self.command_button):
            button.setEnabled(False)
        self._lay_out()
        self.viewer.layers.events.inserted.connect(self.changed)
        self.viewer.layers.events.removed.connect(self.changed)
        self.compare_button.clicked.connect(lambda *_: self.compare())
        self.beside_box.toggled.connect(self.show_beside)
        self.table.picked.connect(self._row_picked)
        self.save_button.clicked.connect(lambda *_: self._ask())
        self.command_button.clicked.connect(lambda *_: self.copy_commands())
        self.changed()

    def pick(self, first: Any, later: Any) -> None:
        """Pick two image layers."""
        for box, layer in zip(self.boxes, (first, later), strict=True):
            box.setCurrentIndex(self._listed.index(layer))

    def compare(self) -> None:
        """Compare the picked visits off the GUI thread."""
        places = [box.currentIndex() for box in self.boxes]
        if any(not 0 <= p < len(self._listed) for p in places):
            self.panel.say("Open two images first: baseline and follow-up.", problem=True)
            return
        layers = [self._listed[p] for p in places]
        try:
            params = self.panel.form.values()
        except SscError as error:
            self.panel.say(str(error), problem=True)
            return
        sources = (layers[0].metadata[SOURCE], layers[1].metadata[SOURCE])
        cases = (layers[0].metadata.get(CASE), layers[1].metadata.get(CASE))
        pixels = (layers[0].data, layers[1].data)
        known = (self.panel.latest(sources[0]), self.panel.latest(sources[1]))

        def work(tick: Tick) -> Comparison:
            return compared(sources, cases, pixels, known, params, tick)

        self.panel.start(work, self._show, "Comparing visits ...")

    def show_beside(self, on: bool) -> None:
        """Both visits in the grid, or what was shown before."""
        if self.view is not None:
            view, self.view = self.view, None
            view.end()
        if on and self.compared is not None:
            self.view = SideBySide(self.viewer, self.compared)
            for layer in (self.view.first[2], self.view.later[2]):
                layer.mouse_drag_callbacks.append(self._clicked)
            self.viewer.layers.selection.active = self.view.first[2]

    def save(self, folder: str | Path) -> None:
        """Save both results and what changed."""
        from ssc_core.io.output import staged

        found = self.compared
        if found is None:
            self.panel.say("There is no comparison yet.", problem=True)
            return

        def work(tick: Tick) -> None:
            tick(0.0, 1.0, "saving")
            with staged(folder) as staging:
                save_compared(found, staging)

        self.panel.start(work, lambda _: self.panel.say(f"Saved in {folder}."), "Saving ...")

    def copy_commands(self) -> None:
        """Put the shell's form of the comparison on the clipboard; what was drawn is written for it."""
        found = self.compared
        if found is None:
            return
        folder = ""
        if found.first.measured.drawn or found.later.measured.drawn:
            folder = QFileDialog.getExistingDirectory(
                self, "Folder for the drawn layers, which the commands read"
            )
            if not folder:
                return
        try:
            text = commands_of(found, Path(folder) if folder else None)
        except SscError as error:
            self.panel.say(str(error), problem=True)
            return
        QApplication.clipboard().setText(text)
        self.panel.say(f"Copied: {text}")

    def changed(self, *_: Any) -> None:
        """The images of the viewer are others now."""
        images = self.panel.images()
        if images == self._listed:
            return
        before = [self._listed[b.currentIndex()] if b.currentIndex() >= 0 else None for b in self.boxes]
        self._listed = images
        for number, (box, layer) in enumerate(zip(self.boxes, before, strict=True)):
            box.clear()
            box.addItems([la.name for la in images])
            place = images.index(layer) if layer in images else min(number, len(images) - 1)
            box.setCurrentIndex(place)

    def let_go(self) -> None:
        """The panel closes."""
        self.show_beside(False)
        self.viewer.layers.events.inserted.disconnect(self.changed)
        self.viewer.layers.events.removed.disconnect(self.changed)

    # wiring ----------------------------------------------------------------------------------------------

    def _show(self, found: Comparison) -> None:
        self.compared = found
        self.table.show_frame(shown_changes(found))
        self.summary.setText(_summed(found))
        self.beside_box.setEnabled(True)
        for button in (self.save_button, self.command_button):
            button.setEnabled(True)
        if self.beside_box.isChecked():
            self.show_beside(True)
        else:
            self.beside_box.setChecked(True)
        flags = " ".join(f"{f[:1].upper()}{f[1:]}." for f in found.change.flags)
        self.panel.say(f"Compared. {flags}", problem=bool(flags))

    def _row_picked(self, row: int) -> None:
        if self.view is not None:
            self.view.fly(row)

    def _clicked(self, layer: Any, event: Any) -> None:
        value = layer.get_value(event.position, view_direction=event.view_direction, world=True)
        if value:
            self.table.pick(int(value) - 1)

    def _ask(self) -> None:
        folder, _ = QFileDialog.getSaveFileName(self, "Folder for the comparison", "calcinosis-follow-up")
        if folder:
            self.save(folder)

    def _lay_out(self) -> None:
        told = QLabel(_HELP)
        told.setWordWrap(True)
        picking = QFormLayout()
        picking.addRow("Baseline", self.boxes[0])
        picking.addRow("Follow-up", self.boxes[1])
        column = QVBoxLayout(self)
        column.addWidget(told)
        column.addLayout(picking)
        for widget in (self.compare_button, self.beside_box):
            column.addWidget(widget)
        column.addWidget(self.table, stretch=1)
        column.addWidget(self.summary)
        ends = QHBoxLayout()
        for button in (self.save_button, self.command_button):
            ends.addWidget(button)
        column.addLayout(ends)
        self.table.setMinimumHeight(160)


def _summed(found: Comparison) -> str:
    whole = found.change.burden.iloc[-1]
    unit = "mm\N{SUPERSCRIPT TWO}" if found.first.visit.size == "area_mm2" else "mm\N{SUPERSCRIPT THREE}"
    share = f" ({100 * whole.change / whole.size_first:+.0f} %)" if whole.size_first else ""
    hu = "" if math.isnan(whole.mean_hu_first) or math.isnan(whole.mean_hu_later) else (
        f"; mean density {whole.mean_hu_first:.0f} and {whole.mean_hu_later:.0f} HU"
    )  # fmt: skip
    return (
        f"In all {whole.lesions_first} lesions of {whole.size_first:.3g} {unit} and {whole.lesions_later} of"
        f" {whole.size_later:.3g} {unit}: {whole.change:+.3g} {unit}{share}{hu}."
        f" Bones fit to {found.change.fit.error_mm:.2g} mm."
    )
