"""The one plan of every panel: open or pick an image | parameters | Run or Cancel | results | save.

A panel holds wiring only. What it runs, how a file is opened and how a result becomes layers is said by its
subclass; numbers come from the core.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QComboBox,
    QFileDialog,
    QFormLayout,
    QGroupBox,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_ssc._form import Form
from napari_ssc._job import Job
from napari_ssc._layers import SOURCE, LayerData
from ssc_core.errors import SscError
from ssc_core.params import Params
from ssc_core.progress import Tick

__all__ = ["Panel"]

_NOTHING = "(none)"


class Panel(QWidget):
    """Base of the panels; see the module's docstring.

    Parameters
    ----------
    napari_viewer : napari.Viewer
        Given by napari under this name.
    """

    title: ClassVar[str]
    params: ClassVar[type[Params]]
    case: ClassVar[type]
    left_to_layers: ClassVar[tuple[str, ...]]
    """Fields of the case that are not asked for when a file is opened (its name, masks)."""
    mask_kind: ClassVar[str]
    """Kind of layer that may limit the analysis: "Shapes" or "Labels"."""
    mask_label: ClassVar[str]

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__()
        self.viewer = napari_viewer
        self.result: Any = None
        self._job: Job | None = None
        self.setObjectName(type(self).__name__)

        self.open_form = Form(self.case, leave_out=("case_id", *self.left_to_layers))
        self.open_button = QPushButton("Open")
        self.image_box = QComboBox()
        self.mask_box = QComboBox()
        self.form = Form(self.params)
        self.run_button = QPushButton("Run")
        self.bar = QProgressBar()
        self.message = QLabel("Open an image, or pick one that is open.")
        self.table = QTableWidget()
        self.save_button = QPushButton("Save result ...")
        self._lay_out()

        self.open_button.clicked.connect(self.open_image)
        self.run_button.clicked.connect(self._run_or_cancel)
        self.save_button.clicked.connect(self._ask_where_to_save)
        self.viewer.layers.events.inserted.connect(self._list_layers)
        self.viewer.layers.events.removed.connect(self._list_layers)
        self._list_layers()

    # what a room says ------------------------------------------------------------------------------------

    def read(self, case: Any) -> LayerData:
        """Open the file of a case as a layer."""
        raise TypeError("a panel says how its files are opened")

    def accepts(self, source: Any) -> bool:
        """Whether `source` is an image of this room."""
        raise TypeError("a panel says which images it takes")

    def analyse(self, source: Any, params: Any, mask: Any, tick: Tick) -> Any:
        """Run the room's analysis (in another thread)."""
        raise TypeError("a panel says what it runs")

    def mask_of(self, layer: Any, source: Any) -> Any:
        """The chosen mask layer as the core takes it."""
        raise TypeError("a panel says what its mask is")

    def layers_of(self, result: Any, source: Any) -> list[LayerData]:
        """A result as layers."""
        raise TypeError("a panel says what is shown")

    def table_of(self, result: Any) -> Any:
        """The table that answers the user's question, a DataFrame."""
        raise TypeError("a panel says what is listed")

    def save(self, result: Any, folder: Path) -> None:
        """Write a result into an empty folder."""
        raise TypeError("a panel says what is saved")

    # what the user does ----------------------------------------------------------------------------------

    def open_image(self) -> None:
        """Open the file named in the form and pick it."""
        try:
            data, arguments, kind = self.read(self.open_form.values(case_id="case"))
        except SscError as error:
            self._say(str(error), problem=True)
            return
        layer = getattr(self.viewer, f"add_{kind}")(data, **arguments)
        self.image_box.setCurrentText(layer.name)
        self._say(f"{layer.name} is open.")

    def run(self) -> None:
        """Analyse the picked image off the GUI thread."""
        try:
            layer = self._picked(self.image_box)
            if layer is None:
                raise_nothing_picked()
            source = layer.metadata[SOURCE]
            params = self.form.values()
            mask_layer = self._picked(self.mask_box)
            mask = None if mask_layer is None else self.mask_of(mask_layer, source)
        except SscError as error:
            self._say(str(error), problem=True)
            return
        job = Job(lambda tick: self.analyse(source, params, mask, tick))
        job.progressed.connect(self._progressed)
        job.returned.connect(lambda result: self._show(result, source))
        job.errored.connect(self._failed)
        job.cancelled.connect(lambda: self._say("Stopped; nothing was changed."))
        job.finished.connect(self._ended)
        self._job = job
        self.run_button.setText("Cancel")
        self._say("Running ...")
        job.start()

    def cancel(self) -> None:
        """Stop the run at its next tick."""
        if self._job is not None:
            self._say("Stopping ...")
            self._job.quit()

    def save_result(self, folder: Path) -> None:
        """Save the shown result with its record."""
        from ssc_core.io.output import staged

        if self.result is None:
            self._say("There is no result yet; press Run first.", problem=True)
            return
        try:
            with staged(folder) as work:
                self.save(self.result, work)
        except SscError as error:
            self._say(str(error), problem=True)
            return
        self._say(f"Saved in {folder}.")

    # wiring ----------------------------------------------------------------------------------------------

    def _run_or_cancel(self) -> None:
        if self._job is None:
            self.run()
        else:
            self.cancel()

    def _progressed(self, fraction: float, what: str) -> None:
        self.bar.setValue(int(fraction * 1000))
        self.message.setText(f"{what.capitalize()} ...")

    def _show(self, result: Any, source: Any) -> None:
        self.result = result
        for data, arguments, kind in self.layers_of(result, source):
            name = arguments["name"]
            if name in self.viewer.layers:
                self.viewer.layers.remove(name)
            getattr(self.viewer, f"add_{kind}")(data, **arguments)
        self._fill_table(self.table_of(result))
        flags = list(result.flags)
        self._say("Done. " + " ".join(flags) if flags else "Done.", problem=bool(flags))

    def _failed(self, error: Exception) -> None:
        known = isinstance(error, SscError)
        text = str(error) if known else f"This is a defect of ours ({type(error).__name__}: {error})."
        self._say(text, problem=True)

    def _ended(self) -> None:
        self._job = None
        self.run_button.setText("Run")
        self.bar.setValue(0)
        self.save_button.setEnabled(self.result is not None)

    def _fill_table(self, frame: Any) -> None:
        self.table.setRowCount(len(frame))
        self.table.setColumnCount(len(frame.columns))
        self.table.setHorizontalHeaderLabels([str(c).replace("_", " ") for c in frame.columns])
        for i, row in enumerate(frame.itertuples(index=False)):
            for j, value in enumerate(row):
                text = f"{value:.4g}" if isinstance(value, float) else str(value)
                item = QTableWidgetItem("\N{EN DASH}" if text in ("nan", "None", "<NA>") else text)
                item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEditable)
                self.table.setItem(i, j, item)
        self.table.resizeColumnsToContents()

    def _list_layers(self) -> None:
        images = [la.name for la in self.viewer.layers if self.accepts(la.metadata.get(SOURCE))]
        masks = [la.name for la in self.viewer.layers if type(la).__name__ == self.mask_kind]
        for box, names in ((self.image_box, images), (self.mask_box, [_NOTHING, *masks])):
            picked = box.currentText()
            box.clear()
            box.addItems(names)
            if picked in names:
                box.setCurrentText(picked)

    def _picked(self, box: QComboBox) -> Any:
        name = box.currentText()
        return next((la for la in self.viewer.layers if la.name == name), None)

    def _ask_where_to_save(self) -> None:
        folder, _ = QFileDialog.getSaveFileName(self, "Folder for the result", f"{self.title.lower()}-result")
        if folder:
            self.save_result(Path(folder))

    def _say(self, text: str, problem: bool = False) -> None:
        self.message.setText(text)
        self.message.setProperty("problem", problem)
        self.message.setStyleSheet("color: #e8912d;" if problem else "")

    def closeEvent(self, event: Any) -> None:
        """Stop the run and let go of the viewer."""
        self.cancel()
        self.viewer.layers.events.inserted.disconnect(self._list_layers)
        self.viewer.layers.events.removed.disconnect(self._list_layers)
        super().closeEvent(event)

    def _lay_out(self) -> None:
        self.bar.setRange(0, 1000)
        self.message.setWordWrap(True)
        self.message.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.save_button.setEnabled(False)
        self.table.setMinimumHeight(140)

        opening = QGroupBox("Open a file")
        opening.setLayout(QVBoxLayout())
        opening.layout().addWidget(self.open_form.container.native)
        opening.layout().addWidget(self.open_button)

        picking = QFormLayout()
        picking.addRow("Image", self.image_box)
        picking.addRow(self.mask_label, self.mask_box)

        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setMinimumHeight(160)
        scroll.setWidget(self.form.container.native)

        column = QVBoxLayout(self)
        column.addWidget(opening)
        column.addLayout(picking)
        column.addWidget(scroll, stretch=1)
        for widget in (self.run_button, self.bar, self.message, self.table, self.save_button):
            column.addWidget(widget)


def raise_nothing_picked() -> None:
    """Say that there is nothing to analyse."""
    from ssc_core.errors import InputError

    raise InputError("no image is picked; open one above, or through File > Open Sample > SSc")
