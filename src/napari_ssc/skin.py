"""The skin panel: a trichrome slide in; dermis, fields and morphometry out."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pydantic import BaseModel
from qtpy.QtWidgets import QComboBox, QFormLayout, QHBoxLayout, QPushButton

from napari_ssc._histogram import Histogram
from napari_ssc._layers import ON, SOURCE, LayerData, placed
from napari_ssc._opening import open_slide
from napari_ssc._panel import Given, Panel
from napari_ssc._regions import CLASS, EXCLUDED, colour_of, regions_of, shapes_layer, shapes_style
from napari_ssc._view import fly_to
from ssc_core.params import Params
from ssc_core.progress import Tick
from ssc_core.skin.case import SkinCase
from ssc_core.skin.morphometry import FEATURES
from ssc_core.skin.params import SkinParams

__all__ = ["SkinPanel"]

_FIRST = "collagen_fraction"


class SkinPanel(Panel):
    """Trichrome biopsy: dermis, fields, collagen, bundles, texture."""

    room: ClassVar[str] = "skin"
    image: ClassVar[tuple[str, str]] = ("slide", "Slide")
    takes_folders: ClassVar[bool] = True  # OME-Zarr
    params: ClassVar[type[Params]] = SkinParams
    case: ClassVar[type[BaseModel]] = SkinCase
    given: ClassVar[Given] = {"mask": ("Shapes", "Dermis, drawn")}
    asked: ClassVar[tuple[str, ...]] = ("mpp", "scene")

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(napari_viewer)
        self.colour_box = QComboBox()
        self.colour_box.addItems([n.replace("_", " ") for n in FEATURES])
        self.colour_box.setCurrentText(_FIRST.replace("_", " "))
        self.colour_box.setToolTip("What colours the fields and fills the histogram")
        self.histogram = Histogram()
        row = QFormLayout()
        row.addRow("Colour fields by", self.colour_box)
        self.class_box = QComboBox()
        self.class_box.addItems(["dermis", *EXCLUDED])
        self.class_box.setToolTip("What the next shape means; all but dermis are cut out of it")
        self.draw_button = QPushButton("Draw")
        self.draw_button.setToolTip("Draw a polygon: click its corners, end with a double click")
        drawing = QHBoxLayout()
        drawing.addWidget(self.class_box, stretch=1)
        drawing.addWidget(self.draw_button)
        self.picking.addRow("Draw a region", drawing)
        self.extra.addLayout(row)
        self.extra.addWidget(self.histogram)
        self.fields: Any = None
        self._samples: dict[str, Any] = {}
        """Fields of every biopsy that was run, by the name of its layer, for comparison."""
        self.draw_button.clicked.connect(self.draw)
        self.colour_box.currentTextChanged.connect(self._recolour)
        self.histogram.picked.connect(self._show_fields)

    @property
    def feature(self) -> str:
        """The feature that colours the fields."""
        return str(self.colour_box.currentText()).replace(" ", "_")

    def read(self, case: Any, tick: Tick) -> LayerData:
        """Open a slide."""
        return open_slide(case, tick)

    def accepts(self, source: Any) -> bool:
        """Only slides."""
        from ssc_core.io.slide import Slide

        return isinstance(source, Slide)

    def given_of(self, layers: dict[str, Any], source: Any) -> dict[str, Any]:
        """The drawn shapes as regions."""
        return {name: regions_of(layer, source.frame) for name, layer in layers.items()}

    def analyse(self, source: Any, case: Any, params: Any, given: dict[str, Any], tick: Tick) -> Any:
        """As ``ssc skin analyse`` does, unless a dermis was drawn."""
        from ssc_core.seeds import seed_of
        from ssc_core.skin.case import analysed
        from ssc_core.skin.pipeline import analyse

        if case is not None and not given:
            return analysed(case, params, tick)[0]
        name = "case" if case is None else case.case_id
        return analyse(source, params, seed=seed_of(params.seed, name, "fields"), tick=tick, **given)

    def layers_of(self, result: Any, source: Any) -> list[LayerData]:
        """The dermis as shapes that can be edited, the fields as coloured squares."""
        fields = {
            "name": "fields",
            "symbol": "square",
            "size": result.fields.spec.field_um,
            "features": result.patches,
            "face_color": "transparent",  # so that the tissue stays in sight
            "border_color": self.feature,
            "border_colormap": "plasma",
            "border_width": 0.025,
            "opacity": 0.9,
            "units": ("um", "um"),
            "axis_labels": ("y", "x"),
        }
        positions = result.patches[["y_um", "x_um"]].to_numpy(float)
        return [shapes_layer([result.dermis], source.frame, "dermis"), (positions, fields, "points")]

    def shown(self, layers: list[Any]) -> None:
        """Tie the fields to the histogram."""
        self.fields = layers[-1]
        self._samples.pop(self._biopsy, None)
        self._samples[self._biopsy] = self.result.patches  # the newest is last
        self.fields.mouse_drag_callbacks.append(self._clicked)
        self._recolour()
        self.viewer.layers.selection.active = self.fields

    def table_of(self, result: Any) -> Any:
        """Means over the fields and what is true of the biopsy."""
        table = result.summary_frame()
        table["measure"] = table["measure"].str.replace("_", " ")
        return table

    def save(self, result: Any, source: Any, case: Any, folder: Path) -> None:
        """Tables, regions, masks, figures and the record."""
        from ssc_core.skin.save import save

        save(result, folder, qupath_offset=source.qupath_offset)

    def draw(self) -> None:
        """Take up the picked Shapes layer, or make one, and draw the next polygon of the chosen class."""
        image, (layer,) = self.boxes.image(), self.boxes.given()
        if image is None:
            self.say("Open a slide first; a region is drawn on it.", problem=True)
            return
        if layer is None:
            source = image.metadata[SOURCE]
            style = {**shapes_style("dermis, drawn", []), **placed(source.frame), "metadata": {ON: source}}
            layer = self.viewer.add_shapes(ndim=2, **style)
            self.boxes.pick_given(0, layer)
        layer.feature_defaults = {CLASS: self.class_box.currentText()}
        layer.current_edge_color = colour_of(self.class_box.currentText())
        self.viewer.layers.selection.active = layer
        layer.mode = "add_polygon"
        self.say("Click the corners of the region; end with a double click. Run then uses it.")

    @property
    def _biopsy(self) -> str:
        """Name of the layer that the shown result was measured on."""
        source = None if self.ran is None else self.ran[0]
        return next((la.name for la in self.viewer.layers if la.metadata.get(SOURCE) is source), "")

    def _show_fields(self, indices: Any) -> None:
        """A bar was clicked: mark its fields and fly to the one in the middle."""
        if self.fields is None or not len(indices):
            return
        self.fields.selected_data = {int(i) for i in indices}
        centres = self.fields.data[indices]
        nearest = np.argmin(np.linalg.norm(centres - np.median(centres, axis=0), axis=1))
        fly_to(self.viewer, centres[nearest])
        self.say(f"{len(indices)} fields are marked.")

    def _clicked(self, layer: Any, event: Any) -> None:
        """A field was clicked: show its place in the histogram and its number."""
        index = layer.get_value(event.position, view_direction=event.view_direction, world=True)
        if index is None:
            return
        layer.selected_data = {index}
        self.histogram.mark([index])
        row = self.result.patches.iloc[index]
        flags = f"; flagged: {row['flags'].replace(';', ', ')}" if row["flags"] else ""
        self.say(f"Field {row['field']}: {self.colour_box.currentText()} {row[self.feature]:.3g}{flags}.")

    def _recolour(self, *_: Any) -> None:
        if self.fields is None or self.fields not in self.viewer.layers:
            return
        self.fields.border_color = self.feature
        unit, meaning = FEATURES[self.feature]
        self.colour_box.setToolTip(meaning)
        title = self.colour_box.currentText() + (f" ({unit})" if unit else "")
        others = {n: p[self.feature] for n, p in self._samples.items() if n != self._biopsy}
        self.histogram.show_values(self.result.patches[self.feature], title, others)
