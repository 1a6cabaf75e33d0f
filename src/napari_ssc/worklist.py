"""The worklist: the cases of a manifest one after the other, with state and note, where one stopped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_ssc import _settings
from napari_ssc._job import Job
from napari_ssc._layers import LayerData
from napari_ssc._ledger import STATES, Ledger
from napari_ssc._saying import tell
from napari_ssc._table import ResultTable
from ssc_core.errors import SscError

__all__ = ["Worklist"]


class Worklist(QWidget):
    """Manifest in; next, previous, state, note. Clinical columns stay hidden until they are asked for.

    Parameters
    ----------
    napari_viewer : napari.Viewer
        Given by napari under this name.
    """

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__()
        self.setObjectName("Worklist")
        self.viewer = napari_viewer
        self.ledger: Ledger | None = None
        self._job: Job | None = None
        self._shown: list[Any] = []
        self.open_button = QPushButton("Open manifest ...")
        self.message = QLabel("Open a manifest that 'ssc manifest' made.")
        self.message.setWordWrap(True)
        self.table = ResultTable()
        self.previous_button, self.next_button = QPushButton("Previous"), QPushButton("Next")
        self.state_box = QComboBox()
        self.state_box.addItems(STATES)
        self.note_line = QLineEdit()
        self.note_line.setPlaceholderText("Note, kept at once")
        self.clinical_box = QCheckBox("Show clinical columns")
        self._lay_out()
        self.open_button.clicked.connect(self._ask)
        self.previous_button.clicked.connect(lambda: self._step(-1))
        self.next_button.clicked.connect(lambda: self._step(1))
        self.table.picked.connect(self.go_to)
        self.state_box.textActivated.connect(lambda state: self._keep(state=state))
        self.note_line.textEdited.connect(lambda note: self._keep(note=note))
        self.clinical_box.toggled.connect(self._list)

    @property
    def busy(self) -> bool:
        """Whether a case is being opened."""
        return self._job is not None

    def open_manifest(self, path: str | Path) -> None:
        """List a manifest and open the case where one stopped."""
        try:
            self.ledger = Ledger(Path(path))
        except SscError as error:
            self._say(str(error), problem=True)
            return
        self.clinical_box.setChecked(False)
        self.go_to(self.ledger.at)

    def go_to(self, at: int) -> None:
        """Open case number `at`, from 0."""
        if self.ledger is None:
            return
        try:
            self.ledger.go_to(at)
        except SscError as error:
            self._say(str(error), problem=True)
            return
        self._list()
        case, room = self.ledger.case, self.ledger.room
        self.state_box.setCurrentText(self.ledger.state(case.case_id))
        self.note_line.setText(self.ledger.note(case.case_id))
        self._say(f"Opening {case.case_id} ...")
        job = Job(lambda tick: _opened(room, case, tick))
        job.on("returned", lambda data: self._show(data) if job is self._job else None)
        job.on("errored", lambda error: self._failed(error) if job is self._job else None)
        self._job = job
        job.start()

    def _show(self, layer_data: LayerData) -> None:
        self._job = None
        assert self.ledger is not None
        for layer in self._shown:
            if layer in self.viewer.layers:
                self.viewer.layers.remove(layer)
        data, arguments, kind = layer_data
        self._shown = [getattr(self.viewer, f"add_{kind}")(data, **arguments)]
        self.viewer.reset_view()
        self._say(f"{self.ledger.case.case_id}: {self.ledger.at + 1} of {len(self.ledger.cases)}.")

    def _failed(self, error: Exception) -> None:
        self._job = None
        known = isinstance(error, SscError)
        self._say(str(error) if known else f"This is a defect of ours ({error}).", problem=True)

    def _step(self, by: int) -> None:
        if self.ledger is not None:
            self.go_to(self.ledger.at + by)

    def _keep(self, **change: str) -> None:
        if self.ledger is None:
            return
        try:
            self.ledger.keep(self.ledger.case.case_id, **change)
        except SscError as error:
            self._say(str(error), problem=True)
        self._list()

    def _list(self, *_: Any) -> None:
        if self.ledger is None:
            return
        names = [c.case_id for c in self.ledger.cases]
        rows: list[dict[str, Any]] = [
            {"case": n, "state": self.ledger.state(n), "note": self.ledger.note(n)} for n in names
        ]
        if self.clinical_box.isChecked():
            rows = [row | self.ledger.clinical.get(n, {}) for row, n in zip(rows, names, strict=True)]
        self.table.show_frame(pd.DataFrame(rows).fillna(""))
        self.table.pick(self.ledger.at)

    def _ask(self) -> None:
        folder = _settings.worklist_folder()
        path, _ = QFileDialog.getOpenFileName(self, "Open manifest", folder, "Manifest (*.csv)")
        if path:
            self.open_manifest(path)

    def _say(self, text: str, problem: bool = False) -> None:
        tell(self.message, text, problem)

    def closeEvent(self, event: Any) -> None:
        """Stop what is being opened."""
        job, self._job = self._job, None
        if job is not None:
            job.quit()
        super().closeEvent(event)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.addWidget(self.open_button)
        column.addWidget(self.message)
        column.addWidget(self.table, stretch=1)
        for pair in ((self.previous_button, self.next_button), (self.state_box, self.note_line)):
            row = QHBoxLayout()
            row.addWidget(pair[0])
            row.addWidget(pair[1], stretch=1)
            column.addLayout(row)
        column.addWidget(self.clinical_box)
        self.setMinimumWidth(320)


def _opened(room: str, case: Any, tick: Any) -> LayerData:
    from napari_ssc._opening import open_ct, open_slide
    from napari_ssc.calcinosis.running import opened

    # the name of the file may say more than a reader should know
    opener = {"skin": open_slide, "lung": open_ct, "calcinosis": opened}[room]
    return opener(case, tick, case.case_id)
