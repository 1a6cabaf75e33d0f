"""The lung panel: a chest CT in; lungs, five levels, areas and densities out."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pydantic import BaseModel

from napari_ssc._layers import LayerData, on_grid, placed
from napari_ssc._opening import open_ct
from napari_ssc._panel import Given, Panel
from ssc_core.lung.case import LungCase
from ssc_core.lung.params import LungParams
from ssc_core.params import Params
from ssc_core.progress import Tick

__all__ = ["LungPanel"]

_COLOURS: dict[int | None, str] = {
    None: "#ffffff",
    0: "transparent",
    1: "#3aa6ff",
    2: "#ffb000",
    3: "#e64b8c",
}
_HEADINGS = {
    "level": "level",
    "name": "anatomy",
    "z_mm": "z (mm)",
    "uncertainty_mm": "\N{PLUS-MINUS SIGN} (mm)",
    "slice": "slice",
    "lung_mm2": "lung (mm\N{SUPERSCRIPT TWO})",
    "mean_HU": "mean HU",
    "method": "method",
    "note": "note",
}


class LungPanel(Panel):
    """Chest CT: lung mask, Goh levels, densities."""

    room: ClassVar[str] = "lung"
    image: ClassVar[tuple[str, str]] = ("ct", "CT")
    takes_folders: ClassVar[bool] = True
    params: ClassVar[type[Params]] = LungParams
    case: ClassVar[type[BaseModel]] = LungCase
    given: ClassVar[Given] = {"mask": ("Labels", "Lung mask, drawn")}
    asked: ClassVar[tuple[str, ...]] = ("series", "series_rule", "resample_gaps")

    def read(self, case: Any, tick: Tick) -> LayerData:
        """Open a CT."""
        return open_ct(case, tick)

    def accepts(self, source: Any) -> bool:
        """Only CT volumes."""
        from ssc_core.io.volume import Volume

        return isinstance(source, Volume)

    def given_of(self, layers: dict[str, Any], source: Any) -> dict[str, Any]:
        """The labels as they are: 1 right lung, 2 left lung, 3 airway."""
        return {name: on_grid(layer, source.frame, source.shape) for name, layer in layers.items()}

    def analyse(self, source: Any, case: Any, params: Any, given: dict[str, Any], tick: Tick) -> Any:
        """As ``ssc lung analyse`` does, unless a mask was drawn."""
        from ssc_core.lung.case import analysed
        from ssc_core.lung.pipeline import analyse

        if case is not None and not given:
            return analysed(case, params, tick)
        return analyse(source, params, tick=tick, **given)

    def layers_of(self, result: Any, source: Any) -> list[LayerData]:
        """The mask as labels, the levels as named points."""
        from napari.utils.colormaps import direct_colormap

        from ssc_core.lung.save import LABELS

        mask = {
            "name": "lung mask",
            "opacity": 0.35,
            "colormap": direct_colormap(_COLOURS),
            "features": {"index": [0, *LABELS], "name": ["", *LABELS.values()]},
        }
        layers = [(result.mask, {**mask, **placed(result.frame)}, "labels")]
        found = [level for level in result.levels if not level.missing]
        if found:
            layers.append(_marks(found, result))
        return layers

    def shown(self, layers: list[Any]) -> None:
        """The mask is what a reader looks at next."""
        self.viewer.layers.selection.active = layers[0]

    def table_of(self, result: Any) -> Any:
        """The five levels with their areas."""
        table = result.level_frame().merge(result.areas.drop(columns="slice"), on="level")
        shares = {c: _share_heading(c) for c in table.columns if c.endswith("_percent")}
        headings = {**_HEADINGS, **shares}
        order = [c for c in _HEADINGS if c not in ("method", "note")] + [*shares, "method", "note"]
        return table[order].rename(columns=headings)

    def place_of(self, result: Any, row: int) -> Any:
        """The middle of a level's slice."""
        level = result.levels[row]
        return None if level.missing else _middle(level, result)

    def save(self, result: Any, source: Any, case: Any, folder: Path) -> None:
        """Tables, masks, figures and the record."""
        from ssc_core.lung.save import save

        save(result, folder)


def _middle(level: Any, result: Any) -> Any:
    middle = [(n - 1) / 2 for n in result.mask.shape[1:]]
    return result.frame.to_physical([level.slice, *middle])


def _marks(levels: list[Any], result: Any) -> LayerData:
    """A caption in front of the chest on each level's slice."""
    columns = result.mask.shape[2]
    points = np.array([[level.slice, 4, columns / 2] for level in levels], float)
    arguments = {
        "name": "Goh levels",
        "text": {
            "string": [f"level {v.number}: {v.name} ({v.method})" for v in levels],
            "color": "#ffd500",
            "size": 11,
            "anchor": "upper_left",
        },
        "features": {"level": [v.number for v in levels]},
        "size": 4.0,
        "face_color": "#ffd500",
        "border_width": 0.0,
    }
    return points, {**arguments, **placed(result.frame)}, "points"


def _share_heading(column: str) -> str:
    """``above_-700_percent`` as people write it."""
    return column.removesuffix("_percent").replace("_", " ") + " (%)"
