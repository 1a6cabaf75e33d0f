"""The skin panel: a trichrome slide in; dermis, fields and morphometry out."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel
from qtpy.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QLabel, QPushButton, QWidget

from napari_ssc._drawn_files import case_with
from napari_ssc._layers import ON, SOURCE, LayerData, placed
from napari_ssc._opening import open_slide
from napari_ssc._panel import Given, Panel
from napari_ssc._regions import CLASS, EXCLUDED, colour_of, regions_of, shapes_layer, shapes_style
from napari_ssc.skin.fields import LinkedFields, fields_layer, side_um
from napari_ssc.skin.scores import ScoreTab
from ssc_core.errors import InputError, SscError
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
    given: ClassVar[Given] = {"roi": ("Shapes", "Dermis, drawn")}
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
        self.open_regions_button = QPushButton("Open ...")
        self.open_regions_button.setToolTip("Regions that QuPath exported as GeoJSON, as the drawn dermis")
        self.save_regions_button = QPushButton("Save ...")
        self.save_regions_button.setToolTip("The drawn dermis as GeoJSON for QuPath")
        self.picking.addRow("Draw a region", _in_a_row(self.class_box, self.draw_button))
        self.picking.addRow("Its GeoJSON", _in_a_row(self.open_regions_button, self.save_regions_button))
        self.seed_label, self.others_button = QLabel(), QPushButton("Others")
        self.others_button.setToolTip("Run again with the next seed: other fields of the same dermis")
        self.others_button.setEnabled(False)
        self.extra.addLayout(_in_a_row(self.seed_label, self.others_button))
        self.extra.addWidget(self.linked)
        self.scores = ScoreTab(self)
        self.add_section("Score", self.scores)
        self.draw_button.clicked.connect(self.draw)
        self.open_regions_button.clicked.connect(lambda *_: self._ask_regions())
        self.save_regions_button.clicked.connect(lambda *_: self._ask_where_regions())
        self.others_button.clicked.connect(lambda *_: self.draw_others())

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
        """As ``ssc skin analyse`` does, with a drawn dermis as its region file."""
        from ssc_core.skin.case import analysed

        with tempfile.TemporaryDirectory() as folder:
            return analysed(case_with(case, given, source, Path(folder)), params, tick)[0]

    def layers_of(self, result: Any, source: Any) -> list[LayerData]:
        """The dermis as shapes that can be edited, the fields as coloured squares."""
        size = side_um(result.fields)
        fields = fields_layer(result.patches, size, self.linked.column, "fields")
        return [shapes_layer([result.dermis], source.frame, "dermis"), fields]

    def shown(self, layers: list[Any]) -> None:
        """Tie the fields to the histogram; say which seed drew them."""
        assert self.ran is not None
        self.seed_label.setText(f"{len(self.result.patches)} fields of seed {self.ran[2].seed}")
        self.others_button.setEnabled(True)
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

    def draw_others(self) -> None:
        """Run again with the next seed."""
        self.form["seed"].value += 1
        self.run()

    def open_regions(self, path: str | Path) -> None:
        """Regions of a file as the drawn dermis of the picked slide."""
        from ssc_core.io.roi import read_rois

        image = self.boxes.image()
        if image is None:
            self.say("Open a slide first; regions lie on it.", problem=True)
            return
        source = image.metadata[SOURCE]
        try:
            rois = read_rois(path, offset=source.qupath_offset)
        except SscError as error:
            self.say(str(error), problem=True)
            return
        data, arguments, _ = shapes_layer(rois, source.frame, Path(path).stem)
        layer = self.viewer.add_shapes(data, **arguments, metadata={ON: source})
        self.boxes.pick_given(0, layer)
        self.say(f"{len(rois)} region{'' if len(rois) == 1 else 's'} opened; Run then uses them.")

    def save_regions(self, path: str | Path) -> None:
        """The drawn dermis as GeoJSON."""
        from ssc_core.io.roi import write_rois

        image, (layer,) = self.boxes.image(), self.boxes.given()
        try:
            if image is None or layer is None:
                raise InputError("nothing is picked as 'Dermis, drawn'; pick or draw it first")
            source = image.metadata[SOURCE]
            write_rois(path, regions_of(layer, source.frame), offset=source.qupath_offset)
        except SscError as error:
            self.say(str(error), problem=True)
            return
        self.say(f"Saved as {path}.")

    def _ask_regions(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Open regions", "", "Regions (*.geojson *.json)")
        if path:
            self.open_regions(path)

    def _ask_where_regions(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Save regions", "dermis.geojson", "Regions (*.geojson)")
        if path:
            self.save_regions(path)

    def closeEvent(self, event: Any) -> None:
        """Let go of the viewer."""
        self.linked.let_go()
        self.scores.fields.let_go()
        super().closeEvent(event)

    @property
    def _biopsy(self) -> str:
        """Name of the layer that the shown result was measured on."""
        source = None if self.ran is None else self.ran[0]
        return next((la.name for la in self.viewer.layers if la.metadata.get(SOURCE) is source), "")


def _in_a_row(*widgets: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setContentsMargins(0, 0, 0, 0)
    for widget in widgets:
        row.addWidget(widget, stretch=1)
    return row
