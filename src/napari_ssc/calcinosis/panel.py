"""The calcinosis panel: pick, correct, run; further tabs for readers' axes and for two visits."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

from pydantic import BaseModel

from napari_ssc._layers import CASE, ON, SOURCE, LayerData, index_of, on_grid
from napari_ssc._panel import Given, Panel
from napari_ssc.calcinosis.corrections import Corrections
from napari_ssc.calcinosis.reading import AxesTab
from napari_ssc.calcinosis.running import Measured, measured, opened, save_measured
from napari_ssc.calcinosis.showing import (
    BONES,
    LEFT_OUT,
    LESIONS,
    findings_of,
    place_at,
    result_layers,
    shown_table,
)
from napari_ssc.calcinosis.visits import VisitsTab
from ssc_core.calcinosis.case import CalcinosisCase
from ssc_core.calcinosis.params import CalcinosisParams
from ssc_core.params import Params
from ssc_core.progress import Tick

__all__ = ["CalcinosisPanel"]


class CalcinosisPanel(Panel):
    """Finger CT: phalanges, calcinosis lesions, areas in mm2 or volumes in mm3."""

    room: ClassVar[str] = "calcinosis"
    image: ClassVar[tuple[str, str]] = ("image", "Image")
    takes_folders: ClassVar[bool] = True  # slices of a volume
    params: ClassVar[type[Params]] = CalcinosisParams
    case: ClassVar[type[BaseModel]] = CalcinosisCase
    given: ClassVar[Given] = {
        "bones": ("Labels", "Bones, drawn"),
        "seeds": ("Points", "Seeds, clicked"),
        "lesions": ("Labels", "Lesions, drawn"),
    }
    asked: ClassVar[tuple[str, ...]] = ("pixel_spacing", "window", "level")

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(napari_viewer)
        self._done: WeakKeyDictionary[Any, Measured] = WeakKeyDictionary()
        self._latest: WeakKeyDictionary[Any, tuple[Any, Any]] = WeakKeyDictionary()
        self.corrections = Corrections(self)
        self.picking.addRow("Seeds", self.corrections.seed_button)
        self.extra.addWidget(self.corrections)
        self.axes, self.visits = AxesTab(self), VisitsTab(self)
        self.add_section("Axes", self.axes)
        self.add_section("Visits", self.visits)
        self.image_box.currentIndexChanged.connect(self._image_picked)
        self._picked: Any = None
        self._image_picked()

    def read(self, case: Any, tick: Tick) -> LayerData:
        """Open a finger image or a volume."""
        return opened(case, tick)

    def accepts(self, source: Any) -> bool:
        """Finger images, and volumes of hands."""
        from ssc_core.io.image import FingerImage
        from ssc_core.io.volume import Volume

        return isinstance(source, FingerImage | Volume)

    def drawn_of(self, layers: dict[str, Any], source: Any) -> dict[str, Any]:
        """Bones and lesions as labels, seeds in pixels."""
        drawn: dict[str, Any] = {}
        if "bones" in layers:
            drawn["bones"] = on_grid(layers["bones"], source.frame, source.shape) > 0
        if "seeds" in layers:
            points = layers["seeds"]
            drawn["seeds"] = [tuple(p) for p in index_of(points, source.frame, points.data).tolist()]
        if "lesions" in layers:
            drawn["lesions"] = on_grid(layers["lesions"], source.frame, source.shape).copy()
        return drawn

    def given_of(self, layers: dict[str, Any], source: Any) -> dict[str, Any]:
        """What was drawn, for the run that begins."""
        drawn = self.drawn_of(layers, source)
        self.corrections.run_begins(source, drawn)
        return drawn

    def case_run(self, case: Any, drawn: dict[str, Any], source: Any) -> Any:
        """With the verdicts that are turned round."""
        turned = " ".join(map(str, self.corrections.toggles_for(source, drawn)))
        return case.model_copy(update={"toggles": turned or None})

    def analyse(self, source: Any, case: Any, params: Any, given: dict[str, Any], tick: Tick) -> Any:
        """As ``ssc calcinosis analyse`` does, with what was drawn as its files."""
        done = measured(source, case, params, given, tick)
        self._done[done.result] = done
        return done.result

    def layers_of(self, result: Any, source: Any) -> list[LayerData]:
        """Bones, lesions, what does not count, and sizes; what was drawn is there already."""
        assert self.ran is not None
        drawn = {name for name, role in ((BONES, "bones"), (LESIONS, "lesions")) if role in self.ran[3]}
        return result_layers(result, drawn)

    def shown(self, layers: list[Any]) -> None:
        """A click on a finding shows its row; what is painted on is used by the next run."""
        assert self.ran is not None
        source, _, params, given = self.ran
        self._latest[source] = (params, self._done[self.result])
        found = {role: la for la in layers for name, role in _ROLES.items() if la.name.startswith(name)}
        found |= {role: given[role] for role in ("bones", "lesions") if role in given}
        self.corrections.show_result(self.result, found)
        for role in ("left out", "lesions"):
            if role in found and self._clicked not in found[role].mouse_drag_callbacks:
                found[role].mouse_drag_callbacks.append(self._clicked)
        self.viewer.layers.selection.active = found["lesions"]
        self.axes.show_result(self.result)
        self.hide_findings(self.axes.alone_box.isChecked())
        self.visits.changed()

    def table_of(self, result: Any) -> Any:
        """One row per finding: what counts first, largest first."""
        return shown_table(result, self.corrections.turned)

    def place_of(self, result: Any, row: int) -> Any:
        """The middle of a finding."""
        return place_at(result, row)

    def told(self, result: Any) -> str:
        """Flags, and what became of verdicts that were turned round."""
        return " ".join(filter(None, [super().told(result), self.corrections.note]))

    def save(self, result: Any, source: Any, case: Any, folder: Path) -> None:
        """Tables, masks, overlay and the record."""
        save_measured(self._done[result], folder)

    # what tabs ask for -----------------------------------------------------------------------------------

    def latest(self, source: Any) -> tuple[Any, Any] | None:
        """Parameters and result (``Measured``) of the last run on an image, with its corrections."""
        return self._latest.get(source)

    def images(self) -> list[Any]:
        """Layers that this panel can measure."""
        return [la for la in self.viewer.layers if self.accepts(la.metadata.get(SOURCE))]

    def hide_findings(self, hidden: bool) -> None:
        """Hide the lesions of the shown result, what was left out and their sizes, or show them."""
        for layer in self._shown:
            if not layer.name.startswith(BONES):
                layer.visible = not hidden

    # wiring ----------------------------------------------------------------------------------------------

    def _image_picked(self, *_: Any) -> None:
        """Another image: what was drawn on the one before is not handed in with it."""
        image = self.boxes.image()
        if image is self._picked:
            return
        self._picked = image
        source = None if image is None else image.metadata[SOURCE]
        for number, layer in enumerate(self.boxes.given()):
            if layer is not None and layer.metadata.get(ON) not in (None, source):
                self.boxes.pick_given(number, None)
        self.corrections.image_picked(image, None if image is None else image.metadata.get(CASE))
        self.axes.image_picked(image)

    def _clicked(self, layer: Any, event: Any) -> None:
        if str(layer.mode) not in ("pan_zoom", "transform"):
            return  # being painted on
        label = layer.get_value(event.position, view_direction=event.view_direction, world=True)
        rows = findings_of(self.result)["label"].tolist()
        if label in rows:
            self.table.pick(rows.index(label))
            self.corrections.row_picked(rows.index(label))

    def closeEvent(self, event: Any) -> None:
        """Let go of the viewer."""
        for layer in self.viewer.layers:
            if self._clicked in layer.mouse_drag_callbacks:
                layer.mouse_drag_callbacks.remove(self._clicked)
        self.corrections.let_go()
        self.axes.let_go()
        self.visits.let_go()
        super().closeEvent(event)


_ROLES = {BONES: "bones", LESIONS: "lesions", LEFT_OUT: "left out"}
