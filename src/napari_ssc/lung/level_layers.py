"""The levels on the viewer: captions in every plane, and lines with their bands that can be dragged."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from napari_ssc._layers import placed
from napari_ssc.lung.view import plane_of
from ssc_core.geometry import Frame
from ssc_core.lung.levels import Level

__all__ = ["LevelLayers"]

_YELLOW = "#ffd500"
_BAND = 10
"""Added to a level's number: its band of uncertainty."""
_EDGE, _STEP = 0.03, 0.04
"""Of the image's size: from its edge to the captions, and from one to the next."""
_REACH_PX = 7.0
"""How near to a line, in pixels of the screen, the mouse takes it."""


class LevelLayers:
    """Two layers: "Goh levels" (captions) and "level lines" (seen in coronal and sagittal planes).

    Parameters
    ----------
    viewer : napari.Viewer
        Shows them.
    volume : Volume
        The CT.
    moved : callable
        ``moved(number, slice)`` when a line was dropped on another slice.
    """

    def __init__(self, viewer: Any, volume: Any, moved: Callable[[int, int], None]) -> None:
        from napari.utils.colormaps import direct_colormap

        self._viewer, self._volume, self._moved = viewer, volume, moved
        self._levels: tuple[Level, ...] = ()
        self._view: tuple[Any, ...] | None = None
        self._open = False
        active = viewer.layers.selection.active
        colours: dict[int | None, str] = {None: "transparent", 0: "transparent"}
        for n in range(1, 6):
            colours |= {n: _YELLOW, n + _BAND: "#ffd50033"}
        self._lines = np.zeros((volume.shape[0], 1, 1), np.uint8)
        self.lines = viewer.add_labels(
            self._lines,
            name="level lines",
            opacity=0.9,
            colormap=direct_colormap(colours),
            **placed(_flat(volume)),
        )
        self.captions = viewer.add_points(
            np.zeros((5, 3)),
            name="Goh levels",
            features={"caption": [""] * 5},
            text={"string": "{caption}", "color": _YELLOW, "size": 11, "anchor": "center"},
            size=1.0,
            face_color="transparent",
            border_width=0.0,
            **placed(volume.frame),
        )
        self.lines.editable = False
        viewer.layers.selection.active = active
        viewer.dims.events.point.connect(self._place)
        viewer.dims.events.order.connect(self._place)
        viewer.mouse_drag_callbacks.append(self._drag)

    def show(self, levels: Sequence[Level]) -> None:
        """Show these levels."""
        self._levels, self._view = tuple(levels), None
        self._draw({v.number: v.slice for v in levels if v.slice is not None})
        self._place()

    def opened(self, yes: bool) -> None:
        """Lines are shown and can be dragged only while somebody looks at the levels: they cover the mask."""
        self._open, self._view = yes, None
        self._place()

    def remove(self) -> None:
        """Take the layers off the viewer."""
        self._viewer.dims.events.point.disconnect(self._place)
        self._viewer.dims.events.order.disconnect(self._place)
        if self._drag in self._viewer.mouse_drag_callbacks:
            self._viewer.mouse_drag_callbacks.remove(self._drag)
        for layer in (self.lines, self.captions):
            if layer in self._viewer.layers:
                self._viewer.layers.remove(layer)

    def _draw(self, slices: dict[int, int]) -> None:
        dz = self._volume.frame.spacing[0]
        self._lines[:] = 0
        for level in self._levels:
            if level.number in slices and level.uncertainty_mm > 0 and slices[level.number] == level.slice:
                reach = round(level.uncertainty_mm / dz)
                first = max(0, slices[level.number] - reach)
                band = self._lines[first : slices[level.number] + reach + 1]
                band[band == 0] = level.number + _BAND
        for number, z in slices.items():
            self._lines[z] = number
        self.lines.refresh(extent=False, thumbnail=False)

    def _place(self, event: Any = None) -> None:
        """Captions stand on the slice that is shown, short ones beside the lines."""
        plane = plane_of(self._viewer)
        lying = plane in ("coronal", "sagittal")
        here = np.rint(self.captions.world_to_data(self._viewer.dims.point))
        view = (plane, *here[1:]) if lying else (plane,)
        if view == self._view or not self._levels:
            return
        self._view = view
        self.lines.visible = lying and self._open
        self.captions.data = [
            [-1 if v.slice is None else v.slice, *self._beside(v.number, plane, here)] for v in self._levels
        ]
        captions = [str(v.number) if lying else _caption(v) for v in self._levels]
        self.captions.features = {"caption": captions}
        self.captions.text.anchor = "upper_left" if lying else "center"
        self.captions.shown = [v.slice is not None and (self._open or not lying) for v in self._levels]

    def _beside(self, number: int, plane: str | None, here: Any) -> tuple[float, float]:
        """Where (y, x) a caption stands; those of neighbouring lines side by side."""
        _, rows, columns = self._volume.shape
        along = _EDGE + number * _STEP
        places = {"coronal": (here[1], along * columns), "sagittal": (along * rows, here[2])}
        return places.get(plane or "", (_EDGE * rows, columns / 2))

    def _drag(self, viewer: Any, event: Any) -> Iterator[None]:
        plane = plane_of(viewer)
        if not self._open or plane not in ("coronal", "sagittal") or event.button != 1:
            return
        slices = {v.number: v.slice for v in self._levels if v.slice is not None}
        at = self._slice_under(event)
        reach = _REACH_PX / max(event.camera_zoom, 1e-9) / self._volume.frame.spacing[0]
        nearest = min(slices, key=lambda n: abs(slices[n] - at), default=None)
        if nearest is None or abs(slices[nearest] - at) > max(1.0, reach):
            return
        active = viewer.layers.selection.active
        pans = getattr(active, "mouse_pan", None)
        if active is not None:
            active.mouse_pan = False
        before = slices[nearest]
        try:
            yield
            while event.type == "mouse_move":
                slices[nearest] = self._drop(event)
                self._draw(slices)
                yield
            slices[nearest] = self._drop(event)  # where the button was released: the last move may come late
        finally:
            if active is not None:
                active.mouse_pan = pans
        if slices[nearest] != before:
            self._moved(nearest, slices[nearest])

    def _drop(self, event: Any) -> int:
        return int(np.clip(round(self._slice_under(event)), 0, self._volume.shape[0] - 1))

    def _slice_under(self, event: Any) -> float:
        return float(self.captions.world_to_data(event.position)[0])


def _flat(volume: Any) -> Frame:
    """A frame in which one voxel covers each slice whole."""
    frame = volume.frame
    _, rows, columns = volume.shape
    origin = frame.to_physical([0.0, (rows - 1) / 2, (columns - 1) / 2])
    dz, dy, dx = frame.spacing
    return Frame((dz, dy * rows, dx * columns), tuple(map(float, origin)), frame.direction, frame.unit)


def _caption(level: Level) -> str:
    return f"level {level.number}: {level.name}"
