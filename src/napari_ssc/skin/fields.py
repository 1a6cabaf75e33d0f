"""Fields of a slide as squares tied to a histogram: a bar marks its fields, a field shows its place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from qtpy.QtWidgets import QComboBox, QFormLayout, QVBoxLayout, QWidget

from napari_ssc._histogram import MARK, Histogram
from napari_ssc._layers import LayerData
from napari_ssc._view import fly_to

__all__ = ["LinkedFields", "fields_layer", "side_um"]

_COLORMAP = "plasma"


def fields_layer(patches: Any, field_um: float, colour: str, name: str) -> LayerData:
    """Fields in their true size, coloured by a column of `patches` (y_um, x_um and numbers)."""
    arguments = {
        "name": name,
        "symbol": "square",
        "size": field_um,
        "features": patches,
        "face_color": "transparent",  # so that the tissue stays in sight
        "border_color": colour,
        "border_colormap": _COLORMAP,
        "border_width": 0.025,
        "opacity": 0.9,
        "units": ("um", "um"),
        "axis_labels": ("y", "x"),
    }
    return patches[["y_um", "x_um"]].to_numpy(float), arguments, "points"


def side_um(fields: Any) -> float:
    """Side of drawn fields (``ssc_core.tiles.Fields``), also where it follows from the slide's own pixels."""
    return float(fields.plan.size_px * fields.plan.mpp[0])


class LinkedFields(QWidget):
    """What colours the fields, and their histogram beside those of other biopsies.

    Parameters
    ----------
    viewer : napari.Viewer
        Shows the layer.
    say : callable
        ``say(text)``.
    described : callable
        ``described(column)`` -> (unit, meaning).
    """

    def __init__(
        self, viewer: Any, say: Callable[..., None], described: Callable[[str], tuple[str, str]]
    ) -> None:
        super().__init__()
        self.viewer, self._say, self._described = viewer, say, described
        self.colour_box, self.histogram = QComboBox(), Histogram(_colour_at)
        self.colour_box.setToolTip("What colours the fields and fills the histogram")
        self.layer: Any = None
        self.table: Any = None
        self.marked: Any = np.empty(0, int)
        """Indices of the fields that are marked."""
        self._marks: Any = None
        self._biopsy = ""
        self._samples: dict[str, Any] = {}
        """Fields of every biopsy that was run, by its name, for comparison; the newest is last."""
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        row = QFormLayout()
        row.addRow("Colour fields by", self.colour_box)
        column.addLayout(row)
        column.addWidget(self.histogram)
        self.colour_box.currentTextChanged.connect(self._recolour)
        self.histogram.picked.connect(self._bar_picked)

    @property
    def column(self) -> str:
        """The column that colours the fields."""
        return str(self.colour_box.currentText()).replace(" ", "_")

    def offer(self, columns: Any, first: str) -> None:
        """Let one choose among `columns`; what was chosen stays if it still exists."""
        words = [c.replace("_", " ") for c in columns]
        chosen = self.colour_box.currentText()
        self.colour_box.blockSignals(True)
        self.colour_box.clear()
        self.colour_box.addItems(words)
        self.colour_box.setCurrentText(chosen if chosen in words else first.replace("_", " "))
        self.colour_box.blockSignals(False)

    def tie(self, layer: Any, table: Any, biopsy: str) -> None:
        """Tie a layer of :func:`fields_layer` to its table."""
        self.let_go()
        self.layer, self.table, self._biopsy = layer, table, biopsy
        self._samples.pop(biopsy, None)
        self._samples[biopsy] = table
        layer.mouse_drag_callbacks.append(self._clicked)
        self._recolour()
        self.viewer.layers.selection.active = layer

    def let_go(self) -> None:
        """Listen to the layer no longer, and mark nothing on it."""
        if self.layer is not None and self._clicked in self.layer.mouse_drag_callbacks:
            self.layer.mouse_drag_callbacks.remove(self._clicked)
        self._take_marks_away()

    def mark(self, indices: Any) -> None:
        """Mark fields in the image and in the histogram, and fly to the one in their middle."""
        if self.layer is None or self.layer not in self.viewer.layers or not len(indices):
            return
        self._mark(indices)
        centres = self.layer.data[self.marked]
        nearest = np.argmin(np.linalg.norm(centres - np.median(centres, axis=0), axis=1))
        fly_to(self.viewer, centres[nearest])

    def _mark(self, indices: Any) -> None:
        """Marks are a layer of their own: napari's selection is slow for many, and a key deletes it."""
        self.marked = np.asarray(indices, int)
        self.histogram.mark(self.marked)
        centres = self.layer.data[self.marked]
        if self._marks is not None and self._marks in self.viewer.layers:
            self._marks.data = centres
            return
        active = self.viewer.layers.selection.active
        self._marks = self.viewer.add_points(
            centres, name="marked fields", symbol="square", size=float(self.layer.size[0]),
            face_color="transparent", border_color=MARK, border_width=0.06,
            units=self.layer.units, axis_labels=("y", "x"),
        )  # fmt: skip
        self.viewer.layers.selection.active = active  # a click still asks for a field

    def _take_marks_away(self) -> None:
        self.marked = np.empty(0, int)
        if self._marks is not None and self._marks in self.viewer.layers:
            self.viewer.layers.remove(self._marks)
        self._marks = None

    def _bar_picked(self, indices: Any) -> None:
        if self.layer is not None and len(indices):
            self.mark(indices)
            self._say(f"{len(indices)} fields are marked.")

    def _clicked(self, layer: Any, event: Any) -> None:
        """A field was clicked: show its place in the histogram and its number."""
        index = layer.get_value(event.position, view_direction=event.view_direction, world=True)
        if index is None:
            return
        self._mark([index])
        row = self.table.iloc[index]
        told = str(row["flags"]) if "flags" in self.table and row["flags"] else ""
        flags = f"; flagged: {told.replace(';', ', ')}" if told else ""
        self._say(f"Field {row['field']}: {self.colour_box.currentText()} {row[self.column]:.3g}{flags}.")

    def _recolour(self, *_: Any) -> None:
        if self.layer is None or self.layer not in self.viewer.layers:
            return
        self.layer.border_color = self.column
        unit, meaning = self._described(self.column)
        self.colour_box.setToolTip(meaning)
        title = self.colour_box.currentText() + (f" ({unit})" if unit else "")
        others = {n: p[self.column] for n, p in self._samples.items()
                  if n != self._biopsy and self.column in p}  # fmt: skip
        self.histogram.show_values(self.table[self.column], title, others)
        self.layer.border_contrast_limits = self.histogram.limits  # bars and squares have the same colours
        self.layer.refresh_colors(update_color_mapping=False)
        self.histogram.mark(self.marked)


def _colour_at(share: float) -> str:
    from napari.utils.colormaps import ensure_colormap

    red, green, blue = (round(255 * float(c)) for c in ensure_colormap(_COLORMAP).map(share)[0][:3])
    return f"#{red:02x}{green:02x}{blue:02x}"
