"""The section *Levels*: where the five Goh levels lie and why, moved by hand, saved for training."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from qtpy.QtWidgets import QFileDialog, QLabel, QVBoxLayout, QWidget

from napari_ssc._layers import SOURCE
from napari_ssc._table import ResultTable
from napari_ssc.lung.fields import button, row
from napari_ssc.lung.level_layers import LevelLayers
from napari_ssc.lung.view import show_slice
from ssc_core.errors import SscError
from ssc_core.lung.drawn_levels import drawn_level, without_position, write_drawn_levels
from ssc_core.lung.levels import LEVEL_NAMES, Level

__all__ = ["LevelSection"]

_NONE = tuple(
    Level(n, name, math.nan, None, None, "missing", math.nan, "not looked for yet")
    for n, name in LEVEL_NAMES.items()
)


class LevelSection(QWidget):
    """A list that jumps to each level, its evidence, and what a reader says about it.

    Parameters
    ----------
    panel : LungPanel
        Opens images, says sentences.
    """

    title = "Levels"

    def __init__(self, panel: Any) -> None:
        super().__init__()
        self.panel, self.viewer = panel, panel.viewer
        self.found: tuple[Level, ...] = _NONE
        self.levels: tuple[Level, ...] = _NONE
        self.layers: LevelLayers | None = None
        self._volume: Any = None
        self._active = False
        self.table = ResultTable()
        self.table.setMinimumHeight(170)
        self.evidence = QLabel()
        self._lay_out()
        self.table.picked.connect(self._go)
        self._list()

    def keys(self) -> dict[str, Callable[[], Any]]:
        """What its keys do."""
        return {"next level": self.next}

    def show_result(self, result: Any, volume: Any) -> None:
        """The levels that were found; those that a reader has set on this CT stay as they are."""
        drawn = {v.number: v for v in self.levels if v not in self.found} if volume is self._volume else {}
        self.found, self._volume = tuple(result.levels), volume
        self.levels = tuple(drawn.get(v.number, v) for v in self.found)
        self._show()

    def image_picked(self, ct: Any) -> None:
        """Another CT."""
        volume = None if ct is None else ct.metadata[SOURCE]
        if volume is not self._volume:
            self._volume, self.found, self.levels = volume, _NONE, _NONE
            self._remove_layers()
            self._list()

    def opened(self, yes: bool) -> None:
        """The tab is looked at: lines can be dragged only then."""
        self._active = yes
        if self.layers is not None:
            self.layers.opened(yes)

    def layer_removed(self, layer: Any) -> None:
        """A layer was taken off the viewer."""
        if self.layers is not None and layer in (self.layers.lines, self.layers.captions):
            self._remove_layers()

    def let_go(self) -> None:
        """The panel closes."""
        if self.layers is not None:
            self.layers.opened(False)

    def move(self, number: int, slice_: int) -> None:
        """A reader sets a level."""
        self._change(number, lambda found: drawn_level(found, slice_, self._volume))

    @property
    def moved(self) -> bool:
        """Whether a reader says other than the program."""
        return any(now is not found for now, found in zip(self.levels, self.found, strict=True))

    def set_here(self) -> None:
        """The chosen level lies on the axial slice that is shown."""
        z = None if self._volume is None else self._slice_here()
        if z is not None:
            self._chosen(lambda number: self.move(number, z))

    def cannot_be_seen(self) -> None:
        """The chosen level has no place."""
        self._chosen(lambda number: self._change(number, without_position))

    def as_found(self) -> None:
        """The chosen level is again as the program found it."""
        self._chosen(lambda number: self._change(number, lambda found: found))

    def next(self) -> None:
        """Go to the next level that has a place."""
        there = [i for i, v in enumerate(self.levels) if not v.missing]
        after = [i for i in there if i > self.table.currentRow()]
        if there:
            self.table.selectRow((after or there)[0])

    def save(self, path: str | Path) -> None:
        """Write the table from which levels are learned."""
        try:
            write_drawn_levels(self.levels, path)
        except SscError as error:
            self.panel.say(str(error), problem=True)
            return
        drawn = sum(now is not found for now, found in zip(self.levels, self.found, strict=True))
        self.panel.say(f"Levels saved in {path}; {drawn} of them set by a reader.")

    def _change(self, number: int, do: Any) -> None:
        at = number - 1
        try:
            new = do(self.found[at])
        except SscError as error:
            self.panel.say(str(error), problem=True)
            return
        self.levels = tuple(new if i == at else v for i, v in enumerate(self.levels))
        self._show()
        self.table.pick(at)
        self._tell(at)

    def _chosen(self, do: Any) -> None:
        row_ = self.table.currentRow()
        if self._volume is None or row_ < 0:
            self.panel.say("Choose a level in the list first.", problem=True)
        else:
            do(self.levels[row_].number)

    def _show(self) -> None:
        if self.layers is None:
            self.layers = LevelLayers(self.viewer, self._volume, self.move)
            self.layers.opened(self._active)
        self.layers.show(self.levels)
        self._list()

    def _list(self) -> None:
        rows = [
            {
                "level": v.number,
                "slice": v.slice,
                "z (mm)": v.z_mm,
                "\N{PLUS-MINUS SIGN} (mm)": v.uncertainty_mm,
                "how": v.method,
            }
            for v in self.levels
        ]
        self.table.show_frame(pd.DataFrame(rows).astype({"slice": "Int64"}))
        self._tell(-1)

    def _tell(self, at: int) -> None:
        if at < 0:
            self.evidence.setText("Click a level to go there and to see why it lies where it lies.")
            return
        v = self.levels[at]
        band = (
            ""
            if math.isnan(v.uncertainty_mm)
            else f" It lies within \N{PLUS-MINUS SIGN}{v.uncertainty_mm:.0f} mm."
        )
        note = f" {v.note[:1].upper()}{v.note[1:]}." if v.note else ""
        self.evidence.setText(f"<b>Level {v.number}: {v.name}</b> \N{EN DASH} {v.method}.{note}{band}")

    def _go(self, at: int) -> None:
        self._tell(at)
        level = self.levels[at]
        if level.slice is not None and self.layers is not None:
            show_slice(self.viewer, "axial", level.slice, self.layers.captions)

    def _slice_here(self) -> int:
        index = self._volume.frame.to_index(np.asarray(self.viewer.dims.point, float))
        return int(np.clip(round(float(index[0])), 0, self._volume.shape[0] - 1))

    def _remove_layers(self) -> None:
        layers, self.layers = self.layers, None
        if layers is not None:
            layers.remove()

    def _ask_path(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Save the levels", "levels.csv", "Table (*.csv)")
        if path:
            self.save(path)

    def _lay_out(self) -> None:
        self.evidence.setWordWrap(True)
        self.evidence.setMinimumHeight(64)
        help_ = QLabel(
            "In the coronal and sagittal plane the levels are lines, with a band for what is uncertain: drag"
            " one with the mouse. In the axial plane: choose a level, find its slice, <i>It lies here</i>."
        )
        help_.setWordWrap(True)
        self.here_button = button("It lies here", "On the axial slice that is shown", self.set_here)
        self.unseen_button = button("Cannot be seen", "The chosen level has no place", self.cannot_be_seen)
        self.found_button = button("As found", "Back to what the program found", self.as_found)
        tip = "The table that 'ssc lung train-levels' reads"
        self.save_button = button("Save levels ...", tip, self._ask_path)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.addWidget(self.table)
        column.addWidget(self.evidence)
        column.addLayout(row(self.here_button, self.unseen_button, self.found_button))
        column.addWidget(help_)
        column.addWidget(self.save_button)
        column.addStretch()
