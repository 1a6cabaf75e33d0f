"""The tab of scores: a loaded model on this slide, regions compared, map, extremes, case report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from qtpy.QtWidgets import (
    QDoubleSpinBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_ssc._layers import CASE, ON, SOURCE, placed
from napari_ssc._table import ResultTable
from napari_ssc.skin.fields import LinkedFields, fields_layer
from napari_ssc.skin.montage import Montage
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
        self.found: list[tuple[str, Any, Any]] = []
        """Name, SlideScore and the slide of everything that was scored, newest last."""
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
        self.report_button = QPushButton("Case report ...")
        self.table, self.montage = ResultTable(), Montage()
        self.table.setMinimumHeight(110)
        self.fields = LinkedFields(panel.viewer, panel.say, self._described)
        self._lay_out()
        self.model_button.clicked.connect(self._ask_model)
        self.score_button.clicked.connect(self.score)
        self.map_button.clicked.connect(self.map)
        self.report_button.clicked.connect(self._ask_report)
        self.montage.picked.connect(lambda index: self.fields.mark([index]))
        self._enable()

    def load_model(self, folder: str | Path) -> None:
        """Take a frozen model."""
        from ssc_core.skin.scores.model import load_model

        try:
            self.model = load_model(folder)
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
        from ssc_core.skin.scores.slide_score import score_slide

        try:
            source, case_id, given, name = self._picked()
        except SscError as error:
            self.panel.say(str(error), problem=True)
            return
        model = self.model
        self.panel.start(
            lambda tick: score_slide(source, model, case_id=case_id, tick=tick, **given),
            lambda result: self._show(name, result, source), "Scoring ...",
        )  # fmt: skip

    def map(self) -> None:
        """Map the score over the whole dermis, as an image on top of the slide."""
        from ssc_core.skin.scores.map_params import MapParams
        from ssc_core.skin.scores.mapped import of_model
        from ssc_core.skin.scores.score_map import score_map

        try:
            source, _, given, name = self._picked()
            what, params = of_model(self.model), MapParams.make(step_um=self.step_box.value())
        except SscError as error:
            self.panel.say(str(error), problem=True)
            return
        self.panel.start(
            lambda tick: score_map(source, what, params, tick=tick, **given),
            lambda result: self._show_map(name, result, source), "Mapping ...",
        )  # fmt: skip

    def report(self, folder: str | Path) -> None:
        """Write the case report of what was scored last."""
        from ssc_core.io.output import staged
        from ssc_core.skin.scores.case_report import case_report

        if not self.found:
            self.panel.say("Score the slide first.", problem=True)
            return
        _, result, _ = self.found[-1]

        def work(tick: Any) -> None:
            tick(0.0, 1.0, "writing the report")
            with staged(folder) as staging:
                case_report(result, staging, inputs={})

        self.panel.start(work, lambda _: self.panel.say(f"The report is {Path(folder) / 'index.html'}."),
                         "Writing ...")  # fmt: skip

    def _picked(self) -> tuple[Any, str, dict[str, Any], str]:
        if self.model is None:
            raise InputError("no model is loaded; press 'Load model ...'")
        layer, (drawn,) = self.panel.boxes.image(), self.panel.boxes.given()
        if layer is None:
            raise InputError("no slide is picked; open one above")
        source, case = layer.metadata[SOURCE], layer.metadata.get(CASE)
        given = {} if drawn is None else self.panel.given_of({"mask": drawn}, source)
        region = "proposed dermis" if drawn is None else drawn.name
        return source, "case" if case is None else case.case_id, given, f"{layer.name}: {region}"

    def _show(self, name: str, result: Any, source: Any) -> None:
        self.found.append((name, result, source))
        self._take_away()
        columns = [c for c in result.patches.columns if c not in ("field", "y_um", "x_um", "y_px", "x_px")]
        self.fields.offer(
            [result.score_name, *(c for c in columns if c != result.score_name)], result.score_name
        )
        data, arguments, _ = fields_layer(
            result.patches, result.drawn.fields.spec.field_um, result.score_name, "scored fields"
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

    def _show_map(self, name: str, result: Any, source: Any) -> None:
        import numpy as np

        values = np.asarray(result.values)
        inner = values[~np.isnan(values)]
        limits = (float(inner.min()), float(max(inner.max(), inner.min() + 1e-9)))
        # where there is no field the map must show the slide: NaN is drawn transparent by this colormap
        layer = self.viewer.add_image(
            values, name=f"{result.what.name.replace('_', ' ')} map", colormap=_see_through(), opacity=0.6,
            contrast_limits=limits, interpolation2d="nearest", metadata={ON: source}, **placed(result.frame),
        )  # fmt: skip
        self.viewer.layers.selection.active = layer
        said = " ".join(f"{f[:1].upper()}{f[1:]}." for f in result.flags)
        mean = result.like_patches().mean() if len(result.like_patches()) else float("nan")
        self.panel.say(f"{name}: mean of the map {mean:.3g} {result.what.unit}. {said}", problem=bool(said))

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
        for button in (self.score_button, self.map_button):
            button.setEnabled(self.model is not None)
        self.report_button.setEnabled(bool(self.found))

    def _ask_model(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder of the model")
        if folder:
            self.load_model(folder)

    def _ask_report(self) -> None:
        folder, _ = QFileDialog.getSaveFileName(self, "Folder for the report", "case-report")
        if folder:
            self.report(folder)

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
        for widget in (self.table, self.fields, self.montage, self.report_button):
            column.addWidget(widget)
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
