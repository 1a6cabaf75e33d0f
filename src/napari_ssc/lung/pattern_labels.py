"""Patterns as labels that may be painted on, counted as one paints."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from qtpy.QtCore import QTimer

from napari_ssc._layers import ON, placed
from ssc_core.lung.heatmap.derived import LABELS

__all__ = ["PatternLabels"]

_COLOURS: dict[int | None, str] = {
    None: "#ffffff", 0: "transparent", 1: "#56b4e9", 2: "#d55e00", 3: "#cc79a7", 4: "#f0e442",
}  # fmt: skip
_MS = 30


class PatternLabels:
    """A Labels layer on the CT's grid: 1 ground glass, 2 reticulation, 3 both, 4 other disease.

    Parameters
    ----------
    viewer : napari.Viewer
        Shows it.
    volume : Volume
        The CT.
    painted : callable
        Called shortly after the user painted.
    """

    def __init__(self, viewer: Any, volume: Any, painted: Callable[[], None]) -> None:
        from napari.utils.colormaps import direct_colormap

        self._viewer = viewer
        self.made: dict[int, Any] = {}
        """Slice -> labels as they were made."""
        self._timer = QTimer()
        self._timer.setSingleShot(True)
        self._timer.setInterval(_MS)
        self._timer.timeout.connect(painted)
        self.layer = viewer.add_labels(
            np.zeros(volume.shape, np.uint8),
            name="patterns",
            opacity=0.45,
            colormap=direct_colormap(_COLOURS),
            features={"index": [0, *LABELS], "name": ["", *LABELS.values()]},
            metadata={ON: volume},
            **placed(volume.frame),
        )
        self.layer.events.paint.connect(self._painted)
        self.layer.events.labels_update.connect(self._painted)

    def put(self, z: int, labels: Any) -> None:
        """Make the labels of a slice anew."""
        self.layer.data[z] = labels
        self.made[z] = labels
        self.layer.refresh(extent=False)

    def plane(self, z: int) -> Any:
        """Labels of a slice as they are."""
        return np.asarray(self.layer.data[z])

    def edited(self, z: int) -> bool:
        """Whether the user changed what was made."""
        made = self.made.get(z)
        here = self.plane(z)
        return bool(here.any()) if made is None else not np.array_equal(here, made)

    def painted_slices(self) -> list[int]:
        """Slices that hold labels."""
        return [z for z in range(self.layer.data.shape[0]) if z in self.made or self.layer.data[z].any()]

    def stop(self) -> None:
        """Follow the layer no longer."""
        self.layer.events.paint.disconnect(self._painted)
        self.layer.events.labels_update.disconnect(self._painted)
        self._timer.stop()

    def remove(self) -> None:
        """Follow it no longer, and take it off the viewer."""
        self.stop()
        if self.layer in self._viewer.layers:
            self._viewer.layers.remove(self.layer)

    def _painted(self, event: Any = None) -> None:
        if not self._timer.isActive():  # while a stroke goes on, count now and then
            self._timer.start()
