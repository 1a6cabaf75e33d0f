"""napari's own brush, bucket and polygon on a mask that is corrected: their strokes are recorded as well."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from qtpy.QtCore import QTimer

from napari_ssc.lung.brush_box import LABELS
from napari_ssc.lung.session import Session
from napari_ssc.lung.view import PLANES, plane_of
from ssc_core.errors import SscError
from ssc_core.geometry import Box
from ssc_core.lung.refinement import change_of

__all__ = ["NativeTools"]


class NativeTools:
    """Takes what napari painted, and carries it out again as a step of the session.

    napari tells of a polygon before it writes it: what was painted is taken a moment later, and before the
    session does anything else.

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
        self._count = 0
        """Paintings that were not taken yet; they are one step."""
        self._where: tuple[str, str, Box, int] | None = None
        """Of the last of them: tool, plane, voxels that it may have changed, slice."""
        self._timer = QTimer()
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.take)
        session.layer.events.paint.connect(self._painted)
        session.settle = self.take

    def let_go(self) -> None:
        """Follow napari's tools no longer."""
        self.take()
        self._session.settle = lambda: None
        self._session.layer.events.paint.disconnect(self._painted)

    def _painted(self, event: Any) -> None:
        session, layer = self._session, self._session.layer
        plane = plane_of(session.viewer) or "axial"
        axis = PLANES[plane][0]
        at = round(float(layer.world_to_data(session.viewer.dims.point)[axis]))
        start, stop = [0, 0, 0], list(session.labels.shape)
        if layer.n_edit_dimensions == 2:
            start[axis], stop[axis] = at, at + 1
        self._where = f"napari: {layer.mode}", plane, Box(tuple(start), tuple(stop)), at
        self._count += 1
        self._timer.start(0)

    def take(self) -> None:
        """Record what napari painted by now."""
        self._timer.stop()
        (where, count), session = (self._where, self._count), self._session
        self._where, self._count = None, 0
        if where is None:
            return
        painted = session.labels[where[2].slices].copy()
        for _ in range(count):
            session.layer.undo()  # napari's memory of it; ours does not end with the slice
        self._record(*where, painted)

    def _record(self, what: str, plane: str, box: Box, at: int, painted: Any) -> None:
        session, limits = self._session, self._hu_range()
        if painted.max() > max(LABELS):
            self._say(
                f"Label {painted.max()} means nothing in a lung mask; take 1 (right lung), 2 (left lung) or"
                " 3 (airway)."
            )
            return
        if limits is not None:
            hu = session.hu[box.slices]
            painted = np.where((hu >= limits[0]) & (hu <= limits[1]), painted, session.labels[box.slices])
        try:
            session.apply(change_of(session.labels, box, painted, what, plane, at))
        except SscError as error:
            self._say(str(error))
