"""The calcinosis panel: a finger image in; bones, lesions and their areas out."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel

from napari_ssc._layers import LayerData, index_of, on_grid, placed
from napari_ssc._opening import open_finger
from napari_ssc._panel import Given, Panel
from ssc_core.calcinosis.case import CalcinosisCase
from ssc_core.calcinosis.params import CalcinosisParams
from ssc_core.params import Params
from ssc_core.progress import Tick

__all__ = ["CalcinosisPanel"]

_LESION_COLOURS = ("#ff5a36", "#ffc400", "#e64b8c", "#9be564", "#b66dff", "#ffffff")
_HEADINGS = {
    "label": "lesion",
    "area_mm2": "area (mm\N{SUPERSCRIPT TWO})",
    "low": "from",
    "high": "to",
    "long_mm": "long (mm)",
    "short_mm": "short (mm)",
    "ellipse_mm2": "ellipse (mm\N{SUPERSCRIPT TWO})",
    "mean_hu": "mean HU",
    "touches_bone": "touches bone",
    "touches_border": "cut by border",
    "saturated": "saturated",
    "flags": "remarks",
}


class CalcinosisPanel(Panel):
    """Finger CT: phalanges, calcinosis lesions, areas in mm2."""

    room: ClassVar[str] = "calcinosis"
    image: ClassVar[tuple[str, str]] = ("image", "Image")
    params: ClassVar[type[Params]] = CalcinosisParams
    case: ClassVar[type[BaseModel]] = CalcinosisCase
    given: ClassVar[Given] = {"mask": ("Labels", "Bones, drawn"), "seeds": ("Points", "Seeds, clicked")}
    asked: ClassVar[tuple[str, ...]] = ("pixel_spacing", "window", "level")

    def read(self, case: Any, tick: Tick) -> LayerData:
        """Open a finger image."""
        return open_finger(case, tick)

    def accepts(self, source: Any) -> bool:
        """Only finger images."""
        from ssc_core.io.image import FingerImage

        return isinstance(source, FingerImage)

    def given_of(self, layers: dict[str, Any], source: Any) -> dict[str, Any]:
        """Labels as a bone mask, points as seeds in pixels."""
        given: dict[str, Any] = {}
        if "mask" in layers:
            given["mask"] = on_grid(layers["mask"], source.frame, source.shape) > 0
        if "seeds" in layers:
            points = layers["seeds"]
            given["seeds"] = [tuple(p) for p in index_of(points, source.frame, points.data).tolist()]
        return given

    def analyse(self, source: Any, case: Any, params: Any, given: dict[str, Any], tick: Tick) -> Any:
        """As ``ssc calcinosis analyse`` does, unless bones or seeds were drawn."""
        from ssc_core.calcinosis.case import analysed
        from ssc_core.calcinosis.pipeline import analyse
        from ssc_core.errors import InputError

        if case is not None and not given:
            return analysed(case, params, tick)
        if case is not None and case.bones is not None and "mask" not in given:
            raise InputError("the manifest gives bones for this image; open them and pick them as bones too")
        return analyse(source, params, tick=tick, **given)

    def layers_of(self, result: Any, source: Any) -> list[LayerData]:
        """Bones and lesions as labels, each lesion with its area beside it."""
        from napari.utils.colormaps import CyclicLabelColormap, direct_colormap

        from ssc_core.calcinosis.save import bone_names

        names = bone_names(result)
        bones = {
            "name": "bones",
            "opacity": 0.3,
            "colormap": direct_colormap({None: "#5aa9e6", 0: "transparent"}),
            "features": {"index": [0, *names], "name": ["", *names.values()]},
        }
        table = result.lesions
        lesions = {
            "name": "lesions",
            "opacity": 0.75,
            "colormap": CyclicLabelColormap(colors=list(_LESION_COLOURS)),
            "features": {"index": [0, *table["label"]], "area_mm2": [0.0, *table["area_mm2"]]},
        }
        captions = {
            "name": "areas",
            "text": {
                "string": [f"{label}: {area:.3g} mm\N{SUPERSCRIPT TWO}" for label, area in
                           zip(table["label"], table["area_mm2"], strict=True)],
                "color": "white",
                "size": 11,
                "anchor": "lower_left",
            },
            "size": 0.1,
            "face_color": "transparent",
            "border_color": "transparent",
        }  # fmt: skip
        at = placed(result.frame)
        layers: list[LayerData] = [
            (result.bone_labels, {**bones, **at}, "labels"),
            (result.lesion_labels, {**lesions, **at}, "labels"),
        ]
        if len(table):
            layers.append((table[["row", "column"]].to_numpy(float), {**captions, **at}, "points"))
        return layers

    def shown(self, layers: list[Any]) -> None:
        """A click on a lesion shows its row."""
        layers[1].mouse_drag_callbacks.append(self._clicked)
        self.viewer.layers.selection.active = layers[1]

    def table_of(self, result: Any) -> Any:
        """One row per lesion, largest first."""
        return result.lesions[list(_HEADINGS)].rename(columns=_HEADINGS)

    def place_of(self, result: Any, row: int) -> Any:
        """The middle of a lesion."""
        lesion = result.lesions.iloc[row]
        return result.frame.to_physical([lesion["row"], lesion["column"]])

    def save(self, result: Any, source: Any, case: Any, folder: Path) -> None:
        """Tables, masks, overlay and the record."""
        from ssc_core.calcinosis.save import save

        save(result, folder)

    def _clicked(self, layer: Any, event: Any) -> None:
        label = layer.get_value(event.position, view_direction=event.view_direction, world=True)
        rows = self.result.lesions.index[self.result.lesions["label"] == label]
        if len(rows):
            self.table.pick(self.result.lesions.index.get_loc(rows[0]))
