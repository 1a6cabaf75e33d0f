"""Lines that a reader draws on an image, two for each lesion."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from qtpy.QtCore import QObject, Signal

from napari_ssc._layers import ON, index_of, placed
from napari_ssc._view import camera_of
from ssc_core.calcinosis.drawn_axes import DrawnAxes, axes_drawn

__all__ = ["Lines"]

_LESION = "lesion"
_COLOUR = "#ff3df2"
_SHORTEST = 8.0  # of the screen; a click leaves a line of a few pixels
_DONE = ("added", "changed", "removed")  # napari also tells of what is about to happen


class Lines(QObject):
    """A Shapes layer of lines; each knows its lesion.

    Signals: ``changed()`` at every move of an end, ``finished()`` once a line was drawn, moved or removed.

    Parameters
    ----------
    viewer : napari.Viewer
        Where it is shown.
    source : FingerImage or Volume
        What is drawn on.
    label_of : callable
        Line (2, axes) in indices -> label of the counted lesion under it, or 0.
    """

    changed = Signal()
    finished = Signal()

    def __init__(self, viewer: Any, source: Any, label_of: Callable[[Any], int]) -> None:
        super().__init__()
        self.viewer, self.frame, self._source, self._label_of = viewer, source.frame, source, label_of
        self.layer = viewer.add_shapes(
            ndim=self.frame.ndim,
            name="axes",
            edge_color=_COLOUR,
            edge_width=1.0,
            features=pd.DataFrame({_LESION: pd.Series([], dtype=int)}),
            feature_defaults={_LESION: 1},
            text={"string": "{lesion}", "color": _COLOUR, "size": 10, "anchor": "upper_left"},
            metadata={ON: source},
            **placed(self.frame),
        )
        self._busy = False
        self.layer.events.data.connect(self._drawn)
        self.layer.events.set_data.connect(self._moved)

    def is_on(self, source: Any) -> bool:
        """Whether these lines are of `source` and still shown."""
        return self._source is source and self.layer in self.viewer.layers

    def take_up(self) -> None:
        """The next drag draws a line."""
        self.viewer.layers.selection.active = self.layer
        self.layer.mode = "add_line"

    def drawn(self) -> list[DrawnAxes]:
        """What is drawn, lesion by lesion."""
        lines: dict[int, list[Any]] = {}
        for data, lesion in zip(self.layer.data, self._numbers(), strict=True):
            lines.setdefault(lesion, []).append(index_of(self.layer, self.frame, data))
        return [axes_drawn(lesion, some[:2], self.frame) for lesion, some in sorted(lines.items())]

    def put(self, drawn: Sequence[DrawnAxes]) -> None:
        """Show axes that were drawn earlier."""
        lines = [(line, axes.lesion) for axes in drawn for line in axes.lines]
        if not lines:
            return
        numbers = [*self._numbers(), *(lesion for _, lesion in lines)]
        self._busy = True
        try:
            self.layer.add([line for line, _ in lines], shape_type="line")
            self._renumber(numbers)
        finally:
            self._busy = False
        self.changed.emit()

    def remove(self, lesion: int) -> None:
        """Remove the lines of a lesion."""
        self.layer.selected_data = {k for k, n in enumerate(self._numbers()) if n == lesion}
        self.layer.remove_selected()

    def let_go(self) -> None:
        """Leave the lines as they are."""
        self.layer.events.data.disconnect(self._drawn)
        self.layer.events.set_data.disconnect(self._moved)

    def _numbers(self) -> list[int]:
        return [int(v) for v in self.layer.features[_LESION]]

    def _drawn(self, event: Any) -> None:
        """A line was added, moved or removed: number it, and say whose the next one is."""
        action = str(getattr(event.action, "value", event.action))
        if self._busy or action not in _DONE:
            return
        self._busy = True
        try:
            if action == "added":
                self._number()
            self._renumber(self._numbers())
        finally:
            self._busy = False
        self.changed.emit()
        self.finished.emit()

    def _number(self) -> None:
        """The line that was added belongs to the lesion under it, if it is the first of two."""
        numbers = self._numbers()
        line = index_of(self.layer, self.frame, self.layer.data[-1])
        length = np.linalg.norm(np.subtract(*self.frame.to_physical(line)))
        if length * float(camera_of(self.viewer).zoom) < _SHORTEST:
            self.layer.selected_data = {len(numbers) - 1}
            self.layer.remove_selected()
            return
        if numbers.count(numbers[-1]) == 1:
            label = self._label_of(line)
            if label and label not in numbers[:-1]:
                numbers[-1] = label
                self._renumber(numbers)

    def _renumber(self, numbers: list[int]) -> None:
        if numbers != self._numbers():
            self.layer.features = self.layer.features.assign(**{_LESION: numbers})
            self.layer.refresh_text()
        self.layer.feature_defaults = {_LESION: self._next(numbers)}

    @staticmethod
    def _next(numbers: list[int]) -> int:
        """The lesion that lacks a line, or else a number that nobody has."""
        halves = [n for n in numbers if numbers.count(n) == 1]
        if halves:
            return halves[-1]
        return int(np.max(numbers, initial=0)) + 1

    def _moved(self, event: Any) -> None:
        if not self._busy and len(self.layer.data) == len(self.layer.features):
            self.changed.emit()
