"""The skin panel: a trichrome slide in; dermis, fields and morphometry out."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QPushButton

from napari_ssc._layers import ON, SOURCE, LayerData, placed
from napari_ssc._opening import open_slide
from napari_ssc._panel import Given, Panel
from napari_ssc._regions import CLASS, EXCLUDED, colour_of, regions_of, shapes_layer, shapes_style
from napari_ssc.skin.fields import LinkedFields, fields_layer
from napari_ssc.skin.scores import ScoreTab
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
        self.linked = LinkedFields(self.viewer, self.say, lambda name: FEATURES[name])
        self.linked.offer(FEATURES, _FIRST)
        self.colour_box, self.histogram = self.linked.colour_box, self.linked.histogram
        self.class_box = QComboBox()
        self.class_box.addItems(["dermis", *EXCLUDED])
        self.class_box.setToolTip("What the next shape means; all but dermis are cut out of it")
        self.draw_button = QPushButton("Draw")
        self.draw_button.setToolTip("Draw a polygon: click its corners, end with a double click")
        drawing = QHBoxLayout()
        drawing.addWidget(self.class_box, stretch=1)
        drawing.addWidget(self.draw_button)
        self.picking.addRow("Draw a region", drawing)
        self.extra.addWidget(self.linked)
        self.scores = ScoreTab(self)
        self.add_section("Score", self.scores)
        self.draw_button.clicked.connect(self.draw)

    @property
    def fields(self) -> Any:
        """The layer of fields of the shown result."""
        return self.linked.layer

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
        size = result.fields.spec.field_um
        fields = fields_layer(result.patches, size, self.linked.column, "fields")
        return [shapes_layer([result.dermis], source.frame, "dermis"), fields]

    def shown(self, layers: list[Any]) -> None:
        """Tie the fields to the histogram."""
        self.linked.tie(layers[-1], self.result.patches, self._biopsy)

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
