"""The section *Heat maps*: what a score is made of, on the CT; scores and labels that follow from it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog

from napari_ssc._layers import SOURCE
from napari_ssc.lung.heat_layers import HeatLayers
from napari_ssc.lung.heat_shown import HeatShown
from napari_ssc.lung.measured import lung_params, measured_lungs
from napari_ssc.lung.pattern_labels import PatternLabels
from napari_ssc.lung.view import show_slice
from ssc_core.errors import Cancelled, SscError
from ssc_core.lung.heatmap.params import HeatmapParams
from ssc_core.params import parsed
from ssc_core.progress import Tick

__all__ = ["HeatSection"]


class HeatSection(HeatShown):
    """Maps of single slices, gathered until the scorer, its parameters or the lungs change.

    Parameters
    ----------
    panel : LungPanel
        Gives lungs, runs work, says sentences.
    """

    title = "Heat maps"
    _pictured = Signal(object)
    """A picture from the other thread: (number of the run, slice, HeatMap or None when it was stopped)."""

    def __init__(self, panel: Any) -> None:
        super().__init__(panel)
        self.ready: Any = None
        self._run = 0
        self._asked: int | None = None
        """Slice whose painted labels would be made anew by pressing again."""
        self._pictured.connect(self._picture)
        self.map_button.clicked.connect(self._map_or_cancel)
        self.extent_button.clicked.connect(self.map_extent)
        self.labels_button.clicked.connect(self.make_labels)
        self.save_button.clicked.connect(self._ask_folder)
        self.command_button.clicked.connect(self.copy_command)
        self.kind.currentIndexChanged.connect(self._show)
        self.patterns.idClicked.connect(self._show)
        self.opacity.valueChanged.connect(self._show)
        self.threshold.valueChanged.connect(self._drag)
        self.meet_button.clicked.connect(self.meet_scorer)
        self.mapped.activated.connect(lambda at: self._go(self.mapped.itemData(at)))
        self.viewer.dims.events.point.connect(self._moved)
        self._count()

    # what the panel tells --------------------------------------------------------------------------------

    def image_picked(self, ct: Any) -> None:
        """Another CT: its own maps."""
        volume = None if ct is None else ct.metadata[SOURCE]
        if volume is not self._volume:
            self._run += 1
            self._begin_anew()
            self._volume = volume
            self._moved()

    def show_result(self, result: Any, volume: Any) -> None:
        """Lungs that were found anew: maps of others go."""
        self._run += 1
        self._begin_anew()
        self._volume = volume
        self._moved()

    def opened(self, yes: bool) -> None:
        """The tab is looked at."""
        if yes:
            self._moved()

    def layer_removed(self, layer: Any) -> None:
        """The user took a layer off the viewer."""
        if self.labels is not None and layer == self.labels.layer:
            labels, self.labels = self.labels, None
            labels.remove()
            self._count()
        for kind, layers in list(self.layers.items()):
            if layer in layers.layers:
                del self.layers[kind]
                layers.remove()
                (self.maps if kind == "heat" else self.extents).clear()
                self._list()

    def let_go(self) -> None:
        """The panel closes."""
        self._run += 1
        self.viewer.dims.events.point.disconnect(self._moved)
        if self.labels is not None:
            self.labels.stop()

    # what the user does ----------------------------------------------------------------------------------

    def map_slice(self) -> None:
        """Map the slice that is shown, coarse picture first."""
        started = self._start()
        if started is None:
            return
        lung, params, z, mask, run, before = started

        def work(tick: Tick) -> Any:
            from napari_ssc.lung.heat_work import map_slice, prepared

            def show(picture: Any) -> None:
                self._pictured.emit((run, z, ready, mask, picture))

            try:
                ready = prepared(lung, params, before, healthy=True, tick=tick)
                return map_slice(ready, z, show, tick)
            except Cancelled:
                self._pictured.emit((run, z, None, mask, None))
                raise

        def then(picture: Any) -> None:
            self._count()
            told = [f for f in (self.ready.healthy.note, *picture.notes, *self.ready.outside) if f]
            said = " ".join(f"{f[:1].upper()}{f[1:]}." for f in dict.fromkeys(told))
            self.panel.say(f"Slice {z} is mapped. {said}".strip(), problem=bool(said))

        self.state.setText(f"Slice {z}: preparing ...")
        self.panel.start(work, then, "Mapping ...")

    def map_extent(self) -> None:
        """The scorer's own map of the slice that is shown."""
        started = self._start()
        if started is None:
            return
        lung, params, z, mask, _, before = started

        def work(tick: Tick) -> Any:
            from napari_ssc.lung.heat_work import extent_of, prepared

            ready = prepared(lung, params, before, healthy=False, tick=tick)
            return ready, extent_of(ready, z)

        def then(made: Any) -> None:
            ready, maps = made
            self._take(ready)
            self.extents[z], self.lungs[z] = maps, mask
            self._layers_of("extent").put(z, maps)
            self.kind.setCurrentIndex(self.kind.findData("extent"))
            self._list()
            self._show()
            said = " ".join(f"{f[:1].upper()}{f[1:]}." for f in ready.outside)
            self.panel.say(f"Extent map of slice {z}. {said}".strip(), problem=bool(said))

        self.panel.start(work, then, "Extent map ...")

    def meet_scorer(self) -> None:
        """Move each threshold to where its score differs least from the scorer's on mapped slices."""
        from ssc_core.lung.heatmap.derived import choose_threshold

        done = [z for z, one in self.maps.items() if one.complete]
        if not done:
            self.panel.say("No slice is mapped yet; press 'Map this slice' first.", problem=True)
            return
        maps, lungs = [self.maps[z].maps for z in done], [self.lungs[z] for z in done]
        chosen = choose_threshold(maps, lungs, [self.maps[z].scores for z in done])
        self.cuts = [round(float(v), 2) for v in chosen.values]
        self._show()
        error = float(chosen.errors.mean())
        slices = "this slice" if len(done) == 1 else f"{len(done)} mapped slices"
        self.panel.say(
            f"On {slices} the scores below the thresholds differ by {error:.1f} points on average."
        )

    def make_labels(self) -> None:
        """Labels of the slice that is shown, from the map that is shown."""
        z, maps = self._here, self._shown_map()
        if z is None or maps is None:
            self.panel.say("This slice has no such map yet; press 'Map this slice' first.", problem=True)
            return
        if self.labels is not None and self.labels.edited(z) and self._asked != z:
            self._asked = z
            self.panel.say(f"Slice {z} was painted on; press again to make its labels anew.", problem=True)
            return
        self._asked = None
        if self.labels is None:
            self.labels = PatternLabels(self.viewer, self._volume, self._count)
        from ssc_core.lung.heatmap.derived import pattern_masks

        self.labels.put(z, pattern_masks(*self._cut(maps, z)))
        self.viewer.layers.selection.active = self.labels.layer
        self.labels.layer.selected_label = 1
        self._count()
        self.panel.say(
            "Paint on the layer 'patterns': 1 ground glass, 2 reticulation, 3 both, 4 other disease."
            " The row 'painted' follows."
        )

    def save(self, folder: str | Path) -> None:
        """Save all maps of the shown kind with the labels, as ``ssc lung heatmap`` or ``extent`` does."""
        from ssc_core.io.output import staged
        from ssc_core.lung.heatmap.refining import save_edited

        kind = self.kind.currentData()
        maps = dict(self.maps if kind == "heat" else self.extents)
        if not maps or self.ready is None:
            self.panel.say(f"There is no {self.kind.currentText()} yet; map a slice first.", problem=True)
            return
        ready, lungs = self.ready, {z: self.lungs[z] for z in maps}
        params = self._with_threshold(ready.params)
        drawn = None if self.labels is None else self.labels.layer.data.copy()

        def work(tick: Tick) -> None:
            from napari_ssc.lung.heat_work import save_extents, save_heat

            tick(0.0, 1.0, "saving")
            with staged(folder) as staging:
                (save_heat if kind == "heat" else save_extents)(ready, params, maps, lungs, staging)
                if drawn is not None:
                    save_edited(drawn, lungs, ready.lung.image, staging)

        self.panel.start(work, lambda _: self.panel.say(f"Saved in {folder}."), "Saving ...")

    def copy_command(self) -> None:
        """Put the line that maps the same slices, or the one that is shown, on the clipboard."""
        from napari_ssc.lung.commands import copy_command
        from napari_ssc.lung.heat_work import plain

        here = () if self._here is None else (self._here,)
        heat = self.kind.currentData() == "heat"
        slices = tuple(sorted(self.maps if heat else self.extents)) or here

        def params() -> Any:
            return self._with_threshold(self._params()) if heat else plain(self._params())

        copy_command(self.panel, "heatmap" if heat else "extent", params, None, slices=slices or None)

    # pictures --------------------------------------------------------------------------------------------

    def _map_or_cancel(self) -> None:
        if self.panel.busy:
            self.panel.cancel()
        else:
            self.map_slice()

    def _start(self) -> Any:
        """What a map needs, or None after saying what is missing."""
        try:
            lung = measured_lungs(self.panel)
            from napari_ssc.lung.heat_work import lung_at

            z = self._slice_here()
            mask, params = lung_at(lung, z), self._params()
            params.pixels((lung.frame.spacing[1], lung.frame.spacing[2]))
        except SscError as error:
            self.panel.say(str(error), problem=True)
            return None
        self._run += 1
        return lung, params, z, mask, self._run, self.ready

    def _picture(self, told: Any) -> None:
        run, z, ready, mask, picture = told
        if run != self._run or self._volume is None:
            return
        if picture is None:
            self._tell_stopped(z)
            return
        if not self.panel.busy:  # it was stopped while this picture was on its way
            return
        self._take(ready)
        self.maps[z], self.lungs[z] = picture, mask
        self._layers_of("heat").put(z, picture.maps)
        if self.kind.currentData() != "heat":
            self.kind.setCurrentIndex(self.kind.findData("heat"))
        self._list()
        self._show()

    def _tell_stopped(self, z: int) -> None:
        self._count()
        if not self.panel.busy:
            kept = "what is shown stays" if z in self.maps else "nothing was mapped yet"
            self.panel.say(f"Stopped; {kept}.")

    def _take(self, ready: Any) -> None:
        """Maps of another scorer or of other parameters are not kept beside these."""
        if self.ready is not None and ready is not self.ready:
            same = ready.fits(self.ready.lung, self.ready.params)
            if not same or ready.scored_by != self.ready.scored_by:
                self._begin_anew()
        self.ready = ready

    def _layers_of(self, kind: str) -> HeatLayers:
        if kind not in self.layers:
            self.layers[kind] = HeatLayers(self.viewer, self._volume, kind)
        return self.layers[kind]

    def _begin_anew(self) -> None:
        self.ready, self.maps, self.extents, self.lungs = None, {}, {}, {}
        layers, self.layers = self.layers, {}
        labels, self.labels = self.labels, None
        for one in layers.values():
            one.remove()
        if labels is not None:
            labels.remove()
        self._list()
        self._count()

    # wiring -----------------------------------------------------------------------------------------------

    def _moved(self, event: Any = None) -> None:
        here = None
        if self._volume is not None and self.viewer.dims.ndim == 3:
            here = self._slice_here()
        if here != self._here or event is None:
            self._here = here
            self._count()

    def _go(self, z: int) -> None:
        image = self.panel.boxes.image()
        if image is not None:
            show_slice(self.viewer, "axial", z, image)

    def _params(self) -> Any:
        """Those of the run and those of this section."""
        lungs = lung_params(self.panel).model_dump()
        said = self.form.values(scorer=self.scorer.choice.scorer)
        own = {n: getattr(said, n) for n in HeatmapParams.model_fields if n not in lungs}
        return parsed(HeatmapParams, {**lungs, **own})

    def _with_threshold(self, params: Any) -> Any:
        return params.model_copy(update={"threshold": tuple(self.cuts)})

    def _ask_folder(self) -> None:
        folder, _ = QFileDialog.getSaveFileName(self, "Folder for the maps", "lung-heatmap")
        if folder:
            self.save(folder)
