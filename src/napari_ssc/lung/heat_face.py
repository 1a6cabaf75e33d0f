"""What the section *Heat maps* shows, from top to bottom, without behaviour."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QButtonGroup, QComboBox, QFormLayout, QLabel, QSlider, QVBoxLayout, QWidget

from napari_ssc._form import Form
from napari_ssc._table import ResultTable
from napari_ssc.lung.fields import button, row
from napari_ssc.lung.goh_face import folded
from napari_ssc.lung.heat_key import HeatKey
from napari_ssc.lung.scorer_choice import ScorerBox
from ssc_core.lung.heatmap.params import HeatmapParams

__all__ = ["HeatFace"]

_SHOWN = (
    "window", "stride", "window_mm", "stride_mm", "fade", "mode", "replacement", "constant_hu",
)  # fmt: skip
_NAMES = ("TOT", "GG", "RET", "none")


class HeatFace(QWidget):
    """Scorer | map, extent | what is shown | colours | threshold | scores | labels, saving.

    Parameters
    ----------
    panel : LungPanel
        Whose scorer it picks.
    """

    def __init__(self, panel: Any) -> None:
        super().__init__()
        self.panel, self.viewer = panel, panel.viewer
        self.scorer = ScorerBox(panel)
        self.form = Form(HeatmapParams, tuple(n for n in HeatmapParams.model_fields if n not in _SHOWN))
        tip = "Cover one place after another with healthy lung: where does the score fall? Coarse first"
        self.map_button = button("Map this slice", tip)
        self.map_button.setStyleSheet("font-weight: bold; padding: 6px;")
        self.extent_button = button(
            "Extent map", "The scorer's own map of this slice, where it has one: at once"
        )
        self.state = QLabel()
        self.state.setWordWrap(True)
        self.kind = QComboBox()
        self.kind.addItem("heat map", "heat")
        self.kind.addItem("extent map", "extent")
        self.patterns = QButtonGroup(self)
        self.pattern_buttons = {}
        for number, name in enumerate(_NAMES):
            made = button(name, f"Show {name}" if name != "none" else "Show the CT alone", sticks=True)
            self.patterns.addButton(made, number)
            self.pattern_buttons[name] = made
        self.pattern_buttons["TOT"].setChecked(True)
        self.opacity = _slider(0, 100, 60, "How strong the colours are")
        self.threshold = _slider(-400, 0, -50, "Below this change of the score a place counts as diseased")
        tip = "Move the three thresholds to where the scores below them differ least from the scorer's"
        self.meet_button = button("Meet the scorer", tip)
        self.threshold_text = QLabel()
        self.key = HeatKey()
        self.table = ResultTable()
        self.table.setFixedHeight(116)
        self.mapped = QComboBox()
        self.mapped.setToolTip("Go to a slice that was mapped")
        tip = "Ground glass, reticulation and both as labels to paint on; their area is counted as you paint"
        self.labels_button = button("Patterns as labels", tip)
        self.save_button = button("Save maps ...", "Maps as numbers, masks, painted labels, picture, record")
        tip = "These maps as a line for the shell; it gives the same files"
        self.command_button = button("Copy as command", tip)
        self._lay_out()

    def _lay_out(self) -> None:
        picking = QFormLayout()
        picking.addRow("Scorer", self.scorer)
        showing = QFormLayout()
        showing.addRow("Show", self.kind)
        showing.addRow("Pattern", _holding(row(*self.pattern_buttons.values())))
        showing.addRow("Opacity", self.opacity)
        showing.addRow("Threshold", _holding(row(self.threshold, self.meet_button)))
        showing.addRow("Mapped", self.mapped)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.addLayout(picking)
        column.addWidget(folded("Parameters", self.form.container.native))
        column.addLayout(row(self.map_button, self.extent_button))
        column.addWidget(self.state)
        column.addLayout(showing)
        column.addWidget(self.key)
        column.addWidget(self.threshold_text)
        column.addWidget(self.table)
        column.addWidget(self.labels_button)
        column.addLayout(row(self.save_button, self.command_button))
        column.addStretch()
        self.threshold_text.setWordWrap(True)


def _slider(low: int, high: int, value: int, tip: str) -> QSlider:
    made = QSlider(Qt.Orientation.Horizontal)
    made.setRange(low, high)
    made.setValue(value)
    made.setToolTip(tip)
    return made


def _holding(layout: Any) -> QWidget:
    holder = QWidget()
    layout.setContentsMargins(0, 0, 0, 0)
    holder.setLayout(layout)
    return holder
