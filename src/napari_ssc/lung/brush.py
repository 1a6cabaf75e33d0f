"""Painting in the canvas: what is seen while the button is down is what is recorded when it is released."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from napari_ssc.lung.session import Session
from napari_ssc.lung.view import plane_of
from ssc_core.errors import SscError
from ssc_core.geometry import Box
from ssc_core.lung.refinement import Brush, Change, change_of, stroke

__all__ = ["Painter"]


class Painter:
    """Turns drags over a Labels layer into strokes: left paints, with Shift it erases.

    Parameters
    ----------
    session : Session
        What is painted on.
    brush : callable
        The brush as it is set now, whose plane does not matter.
    say : callable
        Told what went wrong, in a sentence.
    """

    def __init__(self, session: Session, brush: Callable[[], Brush], say: Callable[[str], None]) -> None:
        self._session, self._brush, self._say = session, brush, say
        self.on = False
        self.blocked: Callable[[], bool] = lambda: False
        self.onto: Callable[[Any, Brush], None] | None = None
        """Where strokes go instead of the mask: ``onto(points, brush)``, as for the seeds of growing."""
        self.laid_down: Callable[[], None] = lambda: None
        """Told when one of napari's tools, or another layer, was taken up instead of this brush."""
        session.layer.mouse_drag_callbacks.append(self._drag)
        session.layer.events.mode.connect(self._yield_place)
        session.viewer.layers.selection.events.active.connect(self._yield_place)
        session.layer.bind_key("Space", self._hold, overwrite=True)

    def turn(self, on: bool) -> None:
        """Paint from now on, or move the camera."""
        layer = self._session.layer
        if on:
            self._session.viewer.layers.selection.active = layer
            layer.mode = "pan_zoom"
        self.on = on
        if layer.mode == "pan_zoom":  # else one of napari's tools has the mouse
            layer.mouse_pan = not on
            self.resize()

    def resize(self) -> None:
        """Show the circle of the brush in its true size."""
        layer = self._session.layer
        if layer.mode == "pan_zoom":
            layer.cursor = "circle" if self.on else "standard"
        if self.on:
            layer.cursor_size = max(2.0, 2 * self._brush().radius_mm)

    def let_go(self) -> None:
        """Paint no more."""
        self.turn(False)
        layer, selection = self._session.layer, self._session.viewer.layers.selection
        layer.mouse_drag_callbacks.remove(self._drag)
        layer.events.mode.disconnect(self._yield_place)
        selection.events.active.disconnect(self._yield_place)
        layer.bind_key("Space", None, overwrite=True)

    def _hold(self, layer: Any) -> Iterator[None]:
        """Move the image as long as the key is held, as in napari's tools."""
        on, mode = self.on, layer.mode
        if on:
            self.turn(False)
        layer.mode = "pan_zoom"
        yield
        layer.mode = mode
        if on:
            self.turn(True)

    def _yield_place(self, event: Any = None) -> None:
        """Two tools must not paint at once, and the mouse of another layer is not ours."""
        layer = self._session.layer
        mine = self._session.viewer.layers.selection.active == layer and layer.mode == "pan_zoom"
        if self.on and not mine:
            self.turn(False)
            self.laid_down()

    def _drag(self, layer: Any, event: Any) -> Iterator[None]:
        plane = plane_of(self._session.viewer)
        if not self.on or plane is None or event.button != 1 or self.blocked():
            return
        brush = replace(self._brush(), plane=plane)
        if "Shift" in event.modifiers:
            brush = replace(brush, label=0, over=None)
        points = [self._place(event)]
        parts: list[Change] = []
        self._paint(points, brush, parts)
        yield
        while event.type == "mouse_move":
            points = [*points[-1:], self._place(event)]
            self._paint(points, brush, parts)
            yield
        self._paint([*points[-1:], self._place(event)], brush, parts)  # the last move may come too late
        self._record(parts)

    def _place(self, event: Any) -> Any:
        """Under the pointer, in indices of the labels."""
        return np.asarray(self._session.layer.world_to_data(event.position), float)

    def _paint(self, points: list[Any], brush: Brush, parts: list[Change]) -> None:
        """Show the next piece of the stroke; approved slices are spared already."""
        session = self._session
        if self.onto is not None:
            self.onto(points, brush)
            return
        try:
            drawn = stroke(session.labels, session.frame, points, brush, session.hu)
            part = None if drawn is None else drawn.without(session.history.approved)
            if part is not None:
                part.apply(session.labels)
                parts.append(part)
                session.refresh()
            elif drawn is not None and not parts:
                self._say("This slice is approved and locked; unlock it to change it.")
        except SscError as error:
            self._say(str(error))

    def _record(self, parts: list[Change]) -> None:
        """Take the pieces back and carry them out as one step."""
        if not parts:
            return
        session = self._session
        box = _union([p.box for p in parts])
        after = session.labels[box.slices].copy()
        first = parts[0]
        try:
            for part in reversed(parts):
                part.revert(session.labels)
            session.apply(change_of(session.labels, box, after, first.what, first.plane, first.slice))
        except SscError as error:
            self._say(str(error))


def _union(boxes: list[Box]) -> Box:
    start = np.min([b.start for b in boxes], axis=0)
    stop = np.max([b.stop for b in boxes], axis=0)
    return Box(tuple(start.tolist()), tuple(stop.tolist()))
