"""The lung panel: a chest CT in; lungs, five levels, areas and densities out."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from ssc_core.lung.case import LungCase

from napari_ssc._layers import LayerData, placed, volume_layer
from napari_ssc._panel import Panel
from ssc_core.lung.params import LungParams
from ssc_core.params import Params
from ssc_core.progress import Tick

__all__ = ["LungPanel"]


class LungPanel(Panel):
    """Chest CT: lung mask, Goh levels, densities."""

    title: ClassVar[str] = "Lung"
    params: ClassVar[type[Params]] = LungParams
    case: ClassVar[type] = LungCase
    left_to_layers: ClassVar[tuple[str, ...]] = ("mask",)
    mask_kind: ClassVar[str] = "Labels"
    mask_label: ClassVar[str] = "Lung mask"

    def read(self, case: Any) -> LayerData:
        """Open a CT."""
        from ssc_core.io.volume import open_volume

        return volume_layer(open_volume(case.ct, series=case.series), Path(case.ct).name)

    def accepts(self, source: Any) -> bool:
        """Only CT volumes."""
        from ssc_core.io.volume import Volume

        return isinstance(source, Volume)

    def analyse(self, source: Any, params: Any, mask: Any, tick: Tick) -> Any:
        """Find lungs and levels."""
        from ssc_core.lung import analyse

        return analyse(source, params, mask=mask, tick=tick)

    def mask_of(self, layer: Any, source: Any) -> Any:
        """The labels as they are: 1 right lung, 2 left lung, 3 airway."""
        return np.asarray(layer.data)

    def layers_of(self, result: Any, source: Any) -> list[LayerData]:
        """The mask as labels, the levels as named points."""
        mask = (result.mask, {"name": "lung mask", "opacity": 0.4, **placed(result.frame)}, "labels")
        found = [level for level in result.levels if not level.missing]
        if not found:
            return [mask]
        middle = [n / 2 for n in result.mask.shape[1:]]
        points = np.array([[level.slice, *middle] for level in found], float)
        arguments = {
            "name": "Goh levels",
            "text": {"string": [f"level {level.number} ({level.method})" for level in found]},
            "size": 6.0 / min(result.frame.spacing),
            "face_color": "transparent",
            "border_color": "#e8912d",
            **placed(result.frame),
        }
        return [mask, (points, arguments, "points")]

    def table_of(self, result: Any) -> Any:
        """The five levels."""
        return result.level_frame()

    def save(self, result: Any, folder: Path) -> None:
        """Tables, masks, figures and the record."""
        from ssc_core.lung.save import save

        save(result, folder)
