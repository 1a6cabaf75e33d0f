"""napari's own brush, bucket and polygon on a mask that is corrected: their strokes are recorded as well."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from napari_ssc.lung.session import Session
from napari_ssc.lung.view import PLANES, plane_of
from ssc_core.errors import SscError
from ssc_core.geometry import Box
from ssc_core.lung.refinement import change_of

__all__ = ["NativeTools"]


class NativeTools:
    """Takes what napari painted, and carries it out again as a step of the session.

    Parameters
    ----------
    session : Session
        What is painted on.
    hu_range : callable
        The limits of the brush, which hold for these tools too; None for none.
    say : callable
        Told what went wrong, in a sentence.
    """

    def __init__(
        self,
        session: Session,
        hu_range: Callable[[], tuple[float, float] | None],
        say: Callable[[str], None],
    ) -> None:
        self._session, self._hu_range, self._say = session, hu_range, say
        session.layer.events.paint.connect(self._painted)

    def let_go(self) -> None:
        """Follow napari's tools no longer."""
        self._session.layer.events.paint.disconnect(self._painted)

    def _painted(self, event: Any) -> None:
        session, layer = self._session, self._session.layer
        plane = plane_of(session.viewer) or "axial"
        axis = PLANES[plane][0]
        at = round(float(layer.world_to_data(session.viewer.dims.point)[axis]))
        start, stop = [0, 0, 0], list(session.labels.shape)
        if layer.n_edit_dimensions == 2:
            start[axis], stop[axis] = at, at + 1
        box = Box(tuple(start), tuple(stop))
        after = session.labels[box.slices].copy()
        layer.undo()  # napari's memory of it; ours does not end with the slice
        limits = self._hu_range()
        if limits is not None:
            hu = session.hu[box.slices]
            after = np.where((hu >= limits[0]) & (hu <= limits[1]), after, session.labels[box.slices])
        try:
            session.apply(change_of(session.labels, box, after, f"napari: {layer.mode}", plane, at))
        except SscError as error:
            self._say(str(error))
