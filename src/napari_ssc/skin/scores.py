"""The tab of scores: a loaded model on this slide, regions compared, map, extremes, case report."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
from qtpy.QtWidgets import (
    QApplication,
    QDoubleSpinBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_ssc._layers import CASE, ON, SOURCE, UNIT, placed
from napari_ssc._table import ResultTable
from napari_ssc.skin.fields import LinkedFields, fields_layer, side_um
from napari_ssc.skin.montage import Montage
from napari_ssc.skin.scoring import Picked, commands, mapped, save_mapped, save_report, save_scored, scored
from ssc_core.errors import InputError, SscError

__all__ = ["ScoreTab"]

_IN_A_ROW = 4


class ScoreTab(QWidget):
    """Scores of the picked slide with a frozen model.

    Parameters
    ----------
    panel : SkinPanel
        Whose image, drawn dermis, progress and message are used.
    """

    def __init__(self, panel: Any) -> None:
        super().__init__()
        self.panel, self.viewer = panel, panel.viewer
        self.model: Any = None
        self.folder = Path()
        """Of the model."""
        self.made: tuple[Any, Any, Any] | None = None
        """Map, record and slide of the last map."""
        self.found: list[tuple[str, Any, Any]] = []
        """Name, SlideScore and the slide of everything that was scored, newest last."""
        self.scored: Picked | None = None
        """What was scored last."""
        self._layers: list[Any] = []
        self.model_button = QPushButton("Load model ...")
        self.model_label = QLabel("A model is a folder that 'ssc skin fit' wrote.")
        self.model_label.setWordWrap(True)
        self.score_button, self.map_button = (
            QPushButton("Score this slide"),
            QPushButton("Map over the dermis"),
        )
        self.score_button.setToolTip("With the dermis picked above, or the proposed one")
        self.step_box = _step_box()
        self.save_button, self.save_map_button = QPushButton("Save scores ..."), QPushButton("Save map ...")
        self.report_button = QPushButton("Case report ...")
        self.command_button = QPushButton("Copy as commands")
        self.command_button.setToolTip(
            "Scoring, mapping and the report as lines for the shell; they give the same files"
        )
        self.table, self.montage = ResultTable(), Montage()
        self.table.setFixedHeight(84)
        self.fields = LinkedFields(panel.viewer, panel.say, self._described)
        self._lay_out()
        self.model_button.clicked.connect(self._ask_model)
        self.score_button.clicked.connect(self.score)
        self.map_button.clicked.connect(self.map)
        self.report_button.clicked.connect(
            lambda *_: self._ask("Folder for the report", "case-report", self.report)
        )
        self.save_button.clicked.connect(
            lambda *_: self._ask("Folder for the scores", "skin-score", self.save_scores)
        )
        self.save_map_button.clicked.connect(
            lambda *_: self._ask("Folder for the map", "skin-map", self.save_map)
        )
        self.command_button.clicked.connect(lambda *_: self.copy_commands())
        self.montage.picked.connect(lambda index: self.fields.mark([index]))
        self._enable()

    def load_model(self, folder: str | Path) -> None:
        """Take a frozen model."""
        from ssc_core.skin.scores.model import load_model

        try:
            self.model, self.folder = load_model(folder), Path(folder)
        except SscError as error:
            self.panel.say(str(error), problem=True)
            return
        meta = self.model.meta
        kind = "features unknown" if meta is None else f"{meta.backbone}, fields of {meta.field_um[0]:.0f} um"
        trained = self.model.card.get("population", {}).get("training", {})
        people = f"; trained on {trained['patients']} patients" if "patients" in trained else ""
        self.model_label.setText(f"{self.model.score_name.replace('_', ' ')} from {kind}{people}.")
        self.panel.say("The model is loaded. Its scores are in arbitrary units and not for clinical use.")
        self._enable()

    def score(self) -> None:
        """Score the picked slide, off the GUI thread."""
        picked = self._picked()
        if picked is not None:
            model = self.model
            self.panel.start(
                lambda tick: scored(picked, model, tick),
                lambda found: self._show(picked, found),
                "Scoring ...",
            )

    def map(self) -> None:
        """Map the score over the whole dermis, as an image on top of the slide."""
        picked = self._picked()
        if picked is not None:
            model, step = self.model, self.step_box.value()
            self.panel.start(
                lambda tick: mapped(picked, model, step, tick),
                lambda made: self._show_map(picked, made), "Mapping ...",
            )  # fmt: skip

    def save_scores(self, folder: str | Path) -> None:
        """Write the scores of what was scored last, as ``ssc skin score`` does."""
        found, model = self.found[-1][1], self.folder
        self._write(folder, lambda: save_scored(found, model, Path(folder)), f"Saved in {folder}.")

    def save_map(self, folder: str | Path) -> None:
        """Write the map that was made last, as ``ssc skin map`` does."""
        made = self.made
        assert made is not None
        self._write(folder, lambda: save_mapped(made, Path(folder)), f"Saved in {folder}.")

    def copy_commands(self) -> None:
        """Put the lines that score, map and report the same on the clipboard."""
        picked = self._picked()
        if picked is None:
            return
        folder = ""
        if picked.drawn:
            folder = QFileDialog.getExistingDirectory(
                self, "Folder for the drawn dermis, which the commands read"
            )
            if not folder:
                return
        try:
            text = commands(picked, self.folder, self.step_box.value(), Path(folder) if folder else None)
        except SscError as error:
            self.panel.say(str(error), problem=True)
            return
        QApplication.clipboard().setText(text)
        self.panel.say(f"Copied: {text}")

    def report(self, folder: str | Path) -> None:
        """Write the case report of what was scored last."""
        if self.scored is None:
            self.panel.say("Score the slide first.", problem=True)
            return
        picked, found = self.scored, self.found[-1][1]
        self._write(
            folder,
            lambda: save_report(picked, found, Path(folder)),
            f"The report is {Path(folder) / 'index.html'}.",
        )

    def _write(self, folder: str | Path, write: Callable[[], None], said: str) -> None:
        def work(tick: Any) -> None:
            tick(0.0, 1.0, "writing")
            write()

        self.panel.start(work, lambda _: self.panel.say(said), "Writing ...")

    def _picked(self) -> Picked | None:
        """What is to be scored; None, once the panel has said why, if nothing can be."""
        layer, (drawn,) = self.panel.boxes.image(), self.panel.boxes.given()
        try:
            if self.model is None:
                raise InputError("no model is loaded; press 'Load model ...'")
            if layer is None:
                raise InputError("no slide is picked; open one on the tab Measure")
            source, case = layer.metadata[SOURCE], layer.metadata[CASE]
            given = {} if drawn is None else self.panel.drawn_of({"roi": drawn}, source)
        except SscError as error:
            self.panel.say(str(error), problem=True)
            return None
        named = "proposed dermis" if case.roi is None else "region of the manifest"
        region = named if drawn is None else drawn.name
        return Picked(f"{layer.name}: {region}", source, case, given)

    def _show(self, picked: Picked, result: Any) -> None:
        name, source = picked.name, picked.source
        self.found.append((name, result, source))
        self.scored = picked
        self._take_away()
        columns = [c for c in result.patches.columns if c not in ("field", "y_um", "x_um", "y_px", "x_px")]
        self.fields.offer(
            [result.score_name, *(c for c in columns if c != result.score_name)], result.score_name
        )
        data, arguments, _ = fields_layer(
            result.patches, side_um(result.drawn.fields), result.score_name, "scored fields"
        )
        layer = self.viewer.add_points(data, **arguments, metadata={ON: source})
        self._layers = [layer]
        self.fields.tie(layer, result.patches, name)
        low, high = result.extremes(_IN_A_ROW)
        values = result.patches[result.score_name]
        tips = [f"field {f}: {v:.3g} AU" for f, v in zip(result.patches["field"], values, strict=True)]
        self.montage.show_rows(result.pictures, {"Lowest": low, "Highest": high}, tips)
        self.table.show_frame(self._compared())
        said = " ".join(f"{f[:1].upper()}{f[1:]}." for f in result.flags)
        self.panel.say(f"Scored. {said}" if said else "Scored.", problem=bool(said))
        self._enable()

    def _compared(self) -> pd.DataFrame:
        """Everything scored with this model, and its difference from what was scored before on this slide."""
        from ssc_core.skin.scores.slide_score import difference

        rows = []
        for i, (name, result, source) in enumerate(self.found):
            if result.model != self.found[-1][1].model:
                continue
            for title, m in result.scores.items():
                row = {"score": title.replace("_", " "), "value": m.value, "low": m.low, "high": m.high,
                       "change": float("nan"), "change low": float("nan"), "change high": float("nan"),
                       "region": name}  # fmt: skip
                before = [r for _, r, s in self.found[:i] if s is source and r.model == result.model]
                if before and title == result.score_name:
                    d = difference(before[-1], result)
                    row |= {"change": d.value, "change low": d.low, "change high": d.high}
                rows.append(row)
        table = pd.DataFrame(rows)
        changes = ["change", "change low", "change high"]
        return table if table["change"].notna().any() else table.drop(columns=changes)

    def _show_map(self, picked: Picked, made: tuple[Any, Any, Any]) -> None:
        import numpy as np

        self.made = made
        name, source, result = picked.name, picked.source, made[0]
        values = np.asarray(result.values)
        inner = values[~np.isnan(values)]
        limits = (float(inner.min()), float(max(inner.max(), inner.min() + 1e-9)))
        # where there is no field the map must show the slide: NaN is drawn transparent by this colormap
        layer = self.viewer.add_image(
            values, name=f"{result.what.name.replace('_', ' ')} map", colormap=_see_through(), opacity=0.6,
            contrast_limits=limits, interpolation2d="nearest", metadata={ON: source, UNIT: result.what.unit},
            **placed(result.frame),
        )  # fmt: skip
        layer.colorbar.visible = True
        self.viewer.layers.selection.active = layer
        said = " ".join(f"{f[:1].upper()}{f[1:]}." for f in result.flags)
        mean = result.like_patches().mean() if len(result.like_patches()) else float("nan")
        self.panel.say(f"{name}: mean of the map {mean:.3g} {result.what.unit}. {said}", problem=bool(said))
        self._enable()

    def _described(self, column: str) -> tuple[str, str]:
        from ssc_core.skin.morphometry import FEATURES

        if column in FEATURES:
            return FEATURES[column]
        return ("log odds" if column == "diagnostic_score" else "AU"), "Score of each patch"

    def _take_away(self) -> None:
        for layer in self._layers:
            if layer in self.viewer.layers:
                self.viewer.layers.remove(layer)
        self._layers = []

    def _enable(self) -> None:
        for button in (self.score_button, self.map_button, self.command_button):
            button.setEnabled(self.model is not None)
        for button in (self.report_button, self.save_button):
            button.setEnabled(bool(self.found))
        self.save_map_button.setEnabled(self.made is not None)

    def _ask_model(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder of the model")
        if folder:
            self.load_model(folder)

    def _ask(self, title: str, name: str, write: Callable[[str], None]) -> None:
        folder, _ = QFileDialog.getSaveFileName(self, title, name)
        if folder:
            write(folder)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for widget in (self.model_button, self.model_label):
            column.addWidget(widget)
        column.addWidget(self.score_button)
        row = QHBoxLayout()
        for widget in (self.map_button, self.step_box):
            row.addWidget(widget)
        column.addLayout(row)
        for widget in (self.table, self.fields, self.montage):
            column.addWidget(widget)
        ends = QGridLayout()
        buttons = (self.save_button, self.save_map_button, self.report_button, self.command_button)
        for at, button in enumerate(buttons):
            ends.addWidget(button, *divmod(at, 2))
        column.addLayout(ends)
        column.addStretch(1)


def _step_box() -> QDoubleSpinBox:
    from ssc_core.skin.scores.map_params import MapParams

    field = MapParams.model_fields["step_um"]
    box = QDoubleSpinBox()
    box.setRange(4, 2000)
    box.setDecimals(0)
    box.setSingleStep(10)
    box.setValue(float(field.default))
    box.setPrefix("every ")
    box.setSuffix(" um")
    box.setToolTip(f"{field.description} A coarse map is ready sooner.")
    return box


def _see_through() -> Any:
    """Plasma whose colour for NaN is nothing."""
    import numpy as np
    from napari.utils.colormaps import Colormap, ensure_colormap

    plasma = ensure_colormap("plasma")
    return Colormap(plasma.colors, name="ssc map", nan_color=np.zeros(4))
