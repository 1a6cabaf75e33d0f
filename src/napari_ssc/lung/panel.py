"""The lung panel: a chest CT in; lungs, five levels, areas and densities out."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel

from napari_ssc._layers import ON, SOURCE, LayerData, on_grid, placed
from napari_ssc._opening import open_ct
from napari_ssc._panel import Given, Panel
from napari_ssc.lung.compass import Compass
from napari_ssc.lung.keys import KEYS, bind, unbind
from napari_ssc.lung.pixels import is_laid_out, laid_out
from napari_ssc.lung.quality import QualityNote
from napari_ssc.lung.sections import SECTIONS
from napari_ssc.lung.strip import ViewStrip
from napari_ssc.lung.view import PLANES, WINDOWS, plane_of, show_plane, show_window, upright
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
    """Chest CT: lung mask, Goh levels, densities; sections to correct them beside the result."""

    room: ClassVar[str] = "lung"
    image: ClassVar[tuple[str, str]] = ("ct", "CT")
    takes_folders: ClassVar[bool] = True
    params: ClassVar[type[Params]] = LungParams
    case: ClassVar[type[BaseModel]] = LungCase
    given: ClassVar[Given] = {"mask": ("Labels", "Lung mask, drawn")}
    asked: ClassVar[tuple[str, ...]] = ("series", "series_rule", "resample_gaps")

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(napari_viewer)
        self.quality, self.strip, self.compass = QualityNote(), ViewStrip(KEYS), Compass(self.viewer, self)
        self.before.addWidget(self.quality)
        self.above.addWidget(self.strip)
        self.sections: dict[str, Any] = {section.title: section(self) for section in SECTIONS}
        for title, section in self.sections.items():
            self.add_section(title, section)
        self._actions = self._bind()
        self.strip.plane.connect(self.show_plane)
        self.strip.window.connect(self.show_window)
        self.image_box.currentIndexChanged.connect(self._image_picked)
        self.tabs.currentChanged.connect(self._tab_shown)
        self.viewer.dims.events.order.connect(self._turned)
        self.viewer.layers.events.removed.connect(self._layer_removed)
        self._picked: Any = None
        self._image_picked()

    def read(self, case: Any, tick: Tick) -> LayerData:
        """Open a CT."""
        return open_ct(case, tick)

    def accepts(self, source: Any) -> bool:
        """Only CT volumes."""
        from ssc_core.io.volume import Volume

        return isinstance(source, Volume)

    def given_of(self, layers: dict[str, Any], source: Any) -> dict[str, Any]:
        """The labels as they are now: 1 right lung, 2 left lung, 3 airway."""
        return {name: on_grid(layer, source.frame, source.shape).copy() for name, layer in layers.items()}

    def analyse(self, source: Any, case: Any, params: Any, given: dict[str, Any], tick: Tick) -> Any:
        """As ``ssc lung analyse`` does, with the same record, whether the mask was drawn or found."""
        from ssc_core.lung.case import analysed
        from ssc_core.lung.pipeline import analyse

        if case is not None:
            return analysed(case, params, tick, **given)
        return analyse(source, params, tick=tick, **given)

    def layers_of(self, result: Any, source: Any) -> list[LayerData]:
        """The mask as labels that may be painted on; one that was drawn is there already."""
        assert self.ran is not None
        return [] if self.ran[3] else [_mask_layer(result.mask.copy(), result.frame)]

    def shown(self, layers: list[Any]) -> None:
        """The mask is what a reader looks at next."""
        self.quality.show_result(self.result)
        self._tell_sections("show_result", self.result, self.ran[0] if self.ran else None)
        if layers:
            self.viewer.layers.selection.active = layers[0]

    def told(self, result: Any) -> str:
        """The grade; what it rests on stands above the table."""
        n = len(dict.fromkeys([*result.reasons, *result.flags]))
        if not n:
            return ""
        return f"The mask is graded '{result.grade}', with {n} remark{'' if n == 1 else 's'} (tab Measure)."

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

    # what sections ask for -------------------------------------------------------------------------------

    def mask_layer(self) -> Any:
        """The mask to be corrected: the one picked as drawn, else that of the last run on this CT."""
        from napari.layers import Labels

        (picked,), image = self.boxes.given(), self.boxes.image()
        if picked is not None or image is None:
            return picked
        mine = [la for la in self._shown if la in self.viewer.layers and isinstance(la, Labels)]
        return next((la for la in mine if la.metadata.get(ON) is image.metadata[SOURCE]), None)

    def shown_mask(self, layer: Any, labels: Any) -> Any:
        """The layer that shows `labels`: `layer`, or a new one; it is picked for the next run."""
        image = self.boxes.image()
        source = image.metadata[SOURCE]
        if layer is None or layer not in self.viewer.layers:
            data, arguments, _ = _mask_layer(labels, source.frame)
            layer = self.viewer.add_labels(data, **arguments, metadata={ON: source})
        self.boxes.pick_given(0, layer)
        return layer

    def show_plane(self, plane: str) -> None:
        """Show a plane through the place that the viewer is at; a CT is laid out for it first."""
        image = self.boxes.image()
        if image is None or self.busy:
            self.strip.tell(plane_of(self.viewer), None)
            return
        if plane == "axial" or is_laid_out(image):
            show_plane(self.viewer, plane)
            return
        volume = image.metadata[SOURCE]

        def then(hu: Any) -> None:
            image.data = hu
            show_plane(self.viewer, plane)
            self.say("")

        self.start(lambda tick: laid_out(volume, tick), then, "Reading the CT for the other planes ...")
        self.strip.tell(plane_of(self.viewer), None)

    def show_window(self, name: str) -> None:
        """Show the CT in a window."""
        image = self.boxes.image()
        if image is not None:
            show_window(image, name)
            self.strip.tell(None, name)

    # wiring ----------------------------------------------------------------------------------------------

    def _bind(self) -> Any:
        actions: dict[str, Callable[[], Any]] = {}
        actions |= {name: partial(self._plane_at_pointer, name) for name in PLANES}
        actions |= {name: partial(self.show_window, name) for name in WINDOWS}
        for section in self.sections.values():
            actions |= getattr(section, "keys", dict)()
        bind(self.viewer, actions)
        return actions

    def _plane_at_pointer(self, name: str) -> None:
        """The plane through the place under the pointer."""
        place = self.viewer.cursor.position
        if len(place) == self.viewer.dims.ndim and self.viewer.mouse_over_canvas:
            self.viewer.dims.point = place
        self.show_plane(name)

    def _image_picked(self, *_: Any) -> None:
        image = self.boxes.image()
        self.strip.setEnabled(image is not None)
        self.compass.show(image is not None)
        if image is not None:
            upright(self.viewer)
        self._turned()
        if image != self._picked:
            self._picked = image
            self._tell_sections("image_picked", image)

    def _turned(self, event: Any = None) -> None:
        if self.boxes.image() is not None:
            upright(self.viewer)
            self.strip.tell(plane_of(self.viewer), None)

    def _tab_shown(self, _at: int) -> None:
        for section in self.sections.values():
            opened = getattr(section, "opened", None)
            if opened is not None:
                opened(section is self.section_shown())

    def _layer_removed(self, event: Any) -> None:
        self._tell_sections("layer_removed", event.value)

    def _tell_sections(self, what: str, *told: Any) -> None:
        for section in self.sections.values():
            listen = getattr(section, what, None)
            if listen is not None:
                listen(*told)

    def showEvent(self, event: Any) -> None:
        """Docked by now: mark the canvas."""
        super().showEvent(event)
        self.compass.update()

    def closeEvent(self, event: Any) -> None:
        """Let go of the viewer; a correction stays in its journal."""
        self._tell_sections("let_go")
        unbind(self.viewer, self._actions)
        self.compass.let_go()
        self.viewer.dims.events.order.disconnect(self._turned)
        self.viewer.layers.events.removed.disconnect(self._layer_removed)
        super().closeEvent(event)


def _mask_layer(labels: Any, frame: Any) -> LayerData:
    from napari.utils.colormaps import direct_colormap

    from ssc_core.lung.save import LABELS

    arguments = {
        "name": "lung mask",
        "opacity": 0.35,
        "colormap": direct_colormap(_COLOURS),
        "features": {"index": [0, *LABELS], "name": ["", *LABELS.values()]},
    }
    return labels, {**arguments, **placed(frame)}, "labels"


def _middle(level: Any, result: Any) -> Any:
    middle = [(n - 1) / 2 for n in result.mask.shape[1:]]
    return result.frame.to_physical([level.slice, *middle])


def _share_heading(column: str) -> str:
    """``above_-700_percent`` as people write it."""
    return column.removesuffix("_percent").replace("_", " ") + " (%)"
