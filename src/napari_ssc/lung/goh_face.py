"""What the section *Goh* shows, from top to bottom, without behaviour."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QCheckBox, QFormLayout, QLabel, QLineEdit, QVBoxLayout, QWidget
from superqt import QCollapsible

from napari_ssc._form import Form
from napari_ssc.lung.fields import button, number, row
from napari_ssc.lung.profile import ProfilePlot
from napari_ssc.lung.score_sheet import ScoreSheet
from napari_ssc.lung.scorer_choice import ScorerBox
from ssc_core.lung.goh.params import GohParams

__all__ = ["GohFace", "folded"]

_SHOWN = ("recalibrate", "profile", "profile_step_mm")


class GohFace(QWidget):
    """Scorer | Score | patient | sheet | the reader | profile | saving.

    Parameters
    ----------
    panel : LungPanel
        Whose scorer it picks.
    """

    def __init__(self, panel: Any) -> None:
        super().__init__()
        self.panel, self.viewer = panel, panel.viewer
        self.scorer = ScorerBox(panel)
        self.form = Form(GohParams, tuple(n for n in GohParams.model_fields if n not in _SHOWN))
        tip = "Forced vital capacity, percent of predicted; it decides the stage where extent alone does not"
        self.fvc = number(0, 0, 250, "%", 1, tip)
        self.fvc.setSpecialValueText("not given")
        self.score_button = button("Score", "Score the five levels, and the slices between them")
        self.score_button.setStyleSheet("font-weight: bold; padding: 6px;")
        self.patient, self.rules, self.flags = _text(), _text(), _text()
        self.sheet, self.profile = ScoreSheet(), ProfilePlot()
        self.blind = QCheckBox("Hide the program's scores")
        self.blind.setToolTip("Read without being led; the table of scores says whether you did")
        self.reader, self.case_name = QLineEdit(), QLineEdit()
        self.reader.setPlaceholderText("your alias")
        self.reader.setToolTip("Stands beside your scores in the table")
        self.case_name.setPlaceholderText("name of the case")
        self.case_name.setToolTip("A neutral name, never a patient's: under it the scores stand in the table")
        tip = "One table for all cases and readers: add to it, or begin a new one"
        self.save_button = button("Save scores ...", tip)
        tip = "The folder that 'ssc lung score' writes: tables, pictures, record"
        self.folder_button = button("Save result ...", tip)
        self.folder_button.setEnabled(False)
        tip = "The same run as a line for the shell; it gives the same files"
        self.command_button = button("Copy as command", tip)
        self._lay_out()

    def _lay_out(self) -> None:
        picking = QFormLayout()
        picking.addRow("Scorer", self.scorer)
        picking.addRow("FVC", self.fvc)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.addLayout(picking)
        column.addWidget(folded("Parameters", self.form.container.native))
        column.addWidget(self.score_button)
        for widget in (self.patient, self.sheet, self.rules):
            column.addWidget(widget)
        column.addWidget(self.blind)
        column.addLayout(row(self.case_name, self.reader, self.save_button))
        for widget in (self.profile, self.flags):
            column.addWidget(widget)
        column.addLayout(row(self.folder_button, self.command_button))
        column.addStretch()


def folded(title: str, content: QWidget) -> QCollapsible:
    """What one seldom needs."""
    box = QCollapsible(title, expandedIcon="\N{BLACK DOWN-POINTING SMALL TRIANGLE}",
                       collapsedIcon="\N{BLACK RIGHT-POINTING SMALL TRIANGLE}")  # fmt: skip
    box.setDuration(0)
    box.addWidget(content)
    box.collapse(animate=False)
    return box


def _text() -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
