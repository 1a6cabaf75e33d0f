"""Strokes that say what shall grow and what shall not, on a layer of their own."""

from __future__ import annotations

from typing import Any

import numpy as np

from napari_ssc._layers import placed
from ssc_core.geometry import Box
from ssc_core.lung.refinement import Brush, stroke

__all__ = ["Seeds"]

_COLOURS = {None: "#ffffff", 0: "transparent", 1: "#35d07f", 2: "#ff4040"}


class Seeds:
    """Seeds of growing: 1 inside (green), 2 outside (red). Nothing of them is recorded.

    Parameters
    ----------
    viewer : napari.Viewer
        Shows them.
    shape : tuple of int
        Of the mask.
    frame : Frame
        Of it.
    """

    def __init__(self, viewer: Any, shape: tuple[int, ...], frame: Any) -> None:
        from napari.utils.colormaps import direct_colormap

        self._viewer, self._frame = viewer, frame
        self._values = np.zeros(shape, np.uint8)
        self._boxes: list[Box] = []
        active = viewer.layers.selection.active
        colours = direct_colormap(_COLOURS)
        self.layer = viewer.add_labels(
            self._values, name="seeds of growing", opacity=0.8, colormap=colours, **placed(frame)
        )
        viewer.layers.selection.active = active

    def draw(self, points: Any, brush: Brush) -> None:
        """Add a piece of a stroke; label 1 is inside, 2 outside, 0 erases."""
        change = stroke(self._values, self._frame, points, brush)
        if change is not None:
            change.apply(self._values)
            self._boxes.append(change.box)
            self.layer.refresh(extent=False, thumbnail=False)

    def points(self, value: int) -> Any:
        """Voxels (n, 3) drawn as `value`."""
        if not self._boxes:
            return np.zeros((0, 3), int)
        box = self.box(0)
        return np.argwhere(self._values[box.slices] == value) + box.start

    def box(self, margin: int | tuple[int, ...]) -> Box:
        """Around all strokes, grown by voxels."""
        start = np.min([b.start for b in self._boxes], axis=0)
        stop = np.max([b.stop for b in self._boxes], axis=0)
        return Box(tuple(start.tolist()), tuple(stop.tolist())).grown(margin).clipped(self._values.shape)

    @property
    def drawn(self) -> bool:
        """Whether there are any."""
        return bool(self._boxes)

    def remove(self) -> None:
        """Take the layer off the viewer."""
        if self.layer in self._viewer.layers:
            self._viewer.layers.remove(self.layer)
