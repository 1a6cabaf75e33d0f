"""What the section *Heat maps* knows of the slice that is shown: scores, state, the list of mapped slices."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from qtpy.QtCore import QSignalBlocker

from napari_ssc.lung.heat_face import HeatFace
from napari_ssc.lung.heat_layers import HeatLayers
from napari_ssc.lung.pattern_labels import PatternLabels
from ssc_core.errors import SscError

__all__ = ["HeatShown"]

_CERTAIN = 0.5
"""Extent maps become labels where they say disease with at least this probability."""


class HeatShown(HeatFace):
    """The maps so far, and what is told of them.

    Parameters
    ----------
    panel : LungPanel
        Says sentences.
    """

    def __init__(self, panel: Any) -> None:
        super().__init__(panel)
        self.maps: dict[int, Any] = {}
        """Slice -> the finest HeatMap so far."""
        self.extents: dict[int, Any] = {}
        self.lungs: dict[int, Any] = {}
        self.layers: dict[str, HeatLayers] = {}
        self.labels: PatternLabels | None = None
        self.cuts = [self.threshold.value() / 100] * 3
        """Thresholds of TOT, GG and RET, percent points."""
        self._volume: Any = None
        self._here: int | None = None

    def _show(self, *_: Any) -> None:
        chosen = self.patterns.checkedId()
        for kind, layers in self.layers.items():
            here = kind == self.kind.currentData() and chosen < 3
            layers.show(chosen if here else None, self.opacity.value() / 100)
        if chosen < 3:
            with QSignalBlocker(self.threshold):
                self.threshold.setValue(round(100 * self.cuts[chosen]))
        self._count()

    def _drag(self, value: int) -> None:
        """Move the threshold of the pattern that is shown; of all where none is."""
        chosen = self.patterns.checkedId()
        for pattern in range(3) if chosen > 2 else (chosen,):
            self.cuts[pattern] = value / 100
        self._count()

    def _count(self, *_: Any) -> None:
        """Scores of the slice that is shown: the network's, those below the threshold, those painted."""
        z, kind = self._here, self.kind.currentData()
        self.key.show_kind(kind, self.threshold.value() / 100)
        self.threshold.setEnabled(kind == "heat")
        told = ", ".join(
            f"{name} {cut:+.2f}" for name, cut in zip(("TOT", "GG", "RET"), self.cuts, strict=True)
        )
        self.threshold_text.setText(
            f"Below {told} points counts as diseased. Move that of the pattern shown until its score meets"
            " the scorer's: it differs from network to network." if kind == "heat" else
            f"{_CERTAIN:.0%} and more counts as diseased."
        )  # fmt: skip
        maps = self._shown_map()
        rows = {"scorer": self._scores(), "below threshold" if kind == "heat" else "50 % and more": None}
        if maps is not None and z is not None:
            from ssc_core.lung.heatmap.derived import derived_scores

            turned, mask, limit = self._cut(maps, z)
            rows[list(rows)[1]] = derived_scores(turned, mask, limit)
        rows["painted"] = self._painted()
        frame = pd.DataFrame(
            [
                {"of the lung (%)": name, **dict(zip(("TOT", "GG", "RET"), _plain(values), strict=True))}
                for name, values in rows.items()
            ]
        )
        self.table.show_frame(frame)
        self.state.setText(self._told())

    def _scores(self) -> Any:
        z = self._here
        if z is None:
            return None
        if self.kind.currentData() == "extent":
            maps = self.extents.get(z)
            return None if maps is None else 100 * maps[:, self.lungs[z]].mean(axis=1, dtype=np.float64)
        return None if z not in self.maps else self.maps[z].scores

    def _painted(self) -> Any:
        z = self._here
        if self.labels is None or z is None or z not in self.lungs:
            return None
        if z not in self.labels.made and not self.labels.plane(z).any():
            return None
        from ssc_core.lung.heatmap.derived import scores_of_masks

        try:
            return scores_of_masks(self.labels.plane(z), self.lungs[z])
        except SscError as error:
            self.panel.say(str(error), problem=True)
            return None

    def _shown_map(self) -> Any:
        if self.kind.currentData() == "extent":
            return None if self._here is None else self.extents.get(self._here)
        return self.maps[self._here].maps if self._here in self.maps else None

    def _cut(self, maps: Any, z: int) -> tuple[Any, Any, float | list[float]]:
        """Maps, lung and limits below which a place counts; an extent map counts upwards."""
        if self.kind.currentData() == "extent":
            return -maps, self.lungs[z], -np.nextafter(_CERTAIN, 0.0)
        return maps, self.lungs[z], self.cuts

    def _told(self) -> str:
        z = self._here
        if self._volume is None or z is None:
            return "Press Run in the tab Measure, go to a slice, then map it."
        if self.kind.currentData() == "extent":
            return f"Slice {z}: {'the scorer’s own map' if z in self.extents else 'no extent map yet'}."
        one = self.maps.get(z)
        if one is None:
            return f"Slice {z} is not mapped yet."
        done = int(np.isfinite(one.changes[:, 0]).sum())
        if one.complete:
            return f"Slice {z}: complete, {done} squares, {one.mode}."
        return f"Slice {z}: coarse picture, {done} of {len(one.starts)} squares so far."

    def _list(self) -> None:
        self.mapped.clear()
        for z in sorted({*self.maps, *self.extents}, reverse=True):
            kinds = [name for name, has in (("heat", self.maps), ("extent", self.extents)) if z in has]
            self.mapped.addItem(f"slice {z} ({', '.join(kinds)})", z)

    def _slice_here(self) -> int:
        index = self._volume.frame.to_index(np.asarray(self.viewer.dims.point, float))
        return int(np.clip(round(float(index[0])), 0, self._volume.shape[0] - 1))


def _plain(values: Any) -> list[float]:
    return [float("nan")] * 3 if values is None else [round(float(v), 1) for v in values]
