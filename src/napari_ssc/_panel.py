"""The one plan of every panel: open or pick an image | parameters | Run or Cancel | result | save.

A panel holds wiring only. What it runs, how a file is opened and how a result becomes layers is said by its
subclass; numbers come from the core.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel
from qtpy.QtWidgets import QApplication, QFileDialog

from napari_ssc._command import command_of
from napari_ssc._drawn_files import write_drawn
from napari_ssc._face import Face
from napari_ssc._form import Form
from napari_ssc._job import Job
from napari_ssc._layer_boxes import LayerBoxes
from napari_ssc._layers import CASE, ON, SOURCE, LayerData
from napari_ssc._record import parameters_of
from napari_ssc._view import fly_to
from ssc_core.errors import InputError, SscError
from ssc_core.params import Params, parsed
from ssc_core.progress import Tick

__all__ = ["Given", "Panel"]

Given = dict[str, tuple[str, str]]


class Panel(Face):
    """Base of the panels; see the module's docstring.

    Parameters
    ----------
    napari_viewer : napari.Viewer
        Given by napari under this name.
    """

    room: ClassVar[str]
    """As in ``ssc ROOM analyse``."""
    image: ClassVar[tuple[str, str]]
    """Name of the case's field that holds the image, and its label."""
    takes_folders: ClassVar[bool] = False
    params: ClassVar[type[Params]]
    case: ClassVar[type[BaseModel]]
    given: ClassVar[Given]
    """Layers that may be handed to the analysis: field of the case that takes such a file -> (kind of layer,
    label)."""
    asked: ClassVar[tuple[str, ...]]
    """Fields of the case that a file may fail to say."""

    def __init__(self, napari_viewer: Any) -> None:
        others = tuple(n for n in self.case.model_fields if n not in self.asked)
        labels = [label for _, label in self.given.values()]
        super().__init__(
            self.image[1], self.takes_folders, labels, Form(self.case, others), Form(self.params)
        )
        self.setObjectName(type(self).__name__)
        self.viewer = napari_viewer
        self.result: Any = None
        self.ran: tuple[Any, Any, Any, dict[str, Any]] | None = None
        """Source, case, parameters and drawn layers of the shown result."""
        self._job: Job | None = None
        self._shown: list[Any] = []
        kinds = [kind for kind, _ in self.given.values()]
        self.boxes = LayerBoxes(self.viewer, self.image_box, self.accepts, self.given_boxes, kinds)
        self.open_button.clicked.connect(self._ask_file)
        self.folder_button.clicked.connect(self._ask_folder)
        self.run_button.clicked.connect(self._run_or_cancel)
        self.stop_button.clicked.connect(self.cancel)
        self.save_button.clicked.connect(self._ask_where_to_save)
        self.record_button.clicked.connect(self._ask_record)
        self.command_button.clicked.connect(self.copy_command)
        self.table.picked.connect(self._row_picked)
        self.say("Open an image, or try File > Open Sample > SSc.")

    # what a room says ------------------------------------------------------------------------------------

    def read(self, case: Any, tick: Tick) -> LayerData:
        """Open the file of a case as a layer (in another thread)."""
        raise TypeError("a panel says how its files are opened")

    def accepts(self, source: Any) -> bool:
        """Whether `source` is an image of this room."""
        raise TypeError("a panel says which images it takes")

    def given_of(self, layers: dict[str, Any], source: Any) -> dict[str, Any]:
        """The picked layers as the arguments that the core takes."""
        raise TypeError("a panel says what its layers mean")

    def drawn_of(self, layers: dict[str, Any], source: Any) -> dict[str, Any]:
        """The picked layers as what the command line reads from files (see ``_drawn_files``)."""
        return self.given_of(layers, source)

    def case_run(self, case: Any, drawn: dict[str, Any], source: Any) -> Any:
        """The manifest row as it is run, where the user has changed more than layers show."""
        return case

    def analyse(self, source: Any, case: Any, params: Any, given: dict[str, Any], tick: Tick) -> Any:
        """Run the room's analysis (in another thread)."""
        raise TypeError("a panel says what it runs")

    def layers_of(self, result: Any, source: Any) -> list[LayerData]:
        """A result as layers."""
        raise TypeError("a panel says what is shown")

    def table_of(self, result: Any) -> Any:
        """The table that answers the user's question, a DataFrame with headings for people."""
        raise TypeError("a panel says what is listed")

    def place_of(self, result: Any, row: int) -> Any:
        """World position of a row of the table, or None."""
        return None

    def save(self, result: Any, source: Any, case: Any, folder: Path) -> None:
        """Write a result into an empty folder (in another thread)."""
        raise TypeError("a panel says what is saved")

    def shown(self, layers: list[Any]) -> None:
        """Called once the layers of a result are on the viewer."""

    def told(self, result: Any) -> str:
        """What must be known before the numbers are trusted; "" for nothing."""
        return " ".join(f"{f[:1].upper()}{f[1:]}." for f in result.flags)

    # what the user does ----------------------------------------------------------------------------------

    def open_image(self, path: str | Path, **more: Any) -> None:
        """Open a file or folder with what the form adds to it, and pick it."""
        try:
            case = self.open_form.values(**{"case_id": "case", self.image[0]: Path(path), **more})
        except SscError as error:
            self.say(str(error), problem=True)
            return
        self.open_case(case)

    def open_case(self, case: Any) -> None:
        """Open a manifest row and pick it."""
        self.start(lambda tick: self.read(case, tick), self._opened, "Opening ...")

    def run(self) -> None:
        """Analyse the picked image off the GUI thread."""
        try:
            layer, picked = self.boxes.image(), self.boxes.given()
            if layer is None:
                raise InputError("no image is picked; open one above, or through File > Open Sample > SSc")
            source, case = layer.metadata[SOURCE], layer.metadata[CASE]
            params = self.form.values()
            layers = {name: la for name, la in zip(self.given, picked, strict=True) if la is not None}
            given = self.given_of(layers, source)
            case = self.case_run(case, given, source)
        except SscError as error:
            self.say(str(error), problem=True)
            return

        def then(result: Any) -> None:
            self.ran = (source, case, params, layers)
            self._show(result)

        self.start(lambda tick: self.analyse(source, case, params, given, tick), then, "Running ...")

    def cancel(self) -> None:
        """Stop at once for the user; the thread ends at its next tick and its result is dropped."""
        job, self._job = self._job, None
        if job is not None:
            job.quit()
            self._ended("Stopped; nothing was changed.")

    def save_result(self, folder: str | Path) -> None:
        """Save the shown result with its record."""
        from ssc_core.io.output import staged

        if self.result is None or self.ran is None:
            self.say("There is no result yet; press Run first.", problem=True)
            return
        result, (source, case, _, _) = self.result, self.ran

        def work(tick: Tick) -> None:
            tick(0.0, 1.0, "saving")
            with staged(folder) as staging:
                self.save(result, source, case, staging)

        self.start(work, lambda _: self.say(f"Saved in {folder}."), "Saving ...")

    def fill_from(self, record: str | Path) -> None:
        """Set the parameters as in an earlier result."""
        try:
            values = parameters_of(Path(record), self.room)
            known = {n: v for n, v in values.items() if n in self.params.model_fields and v is not None}
            parsed(self.params, known)  # refuse what this version would not run
        except SscError as error:
            self.say(str(error), problem=True)
            return
        self.form.reset()
        self.form.fill(known)
        self.open_form.fill(values.get("given") or {})
        self.say("The parameters are those of the record.")

    def copy_command(self) -> None:
        """Put the shell's form of this run on the clipboard; what was drawn is written to files for it."""
        try:
            layer, picked = self.boxes.image(), self.boxes.given()
            if layer is None:
                raise InputError("no image is picked; open one above to get its command")
            case = layer.metadata[CASE]
            params = self.form.values()
            layers = {name: la for name, la in zip(self.given, picked, strict=True) if la is not None}
            source = layer.metadata[SOURCE]
            drawn = self.drawn_of(layers, source)
            case = self.case_run(case, drawn, source)
        except SscError as error:
            self.say(str(error), problem=True)
            return
        if not drawn:
            self._copy(command_of(self.room, self.image[0], case, params, {}))
            return
        folder = QFileDialog.getExistingDirectory(
            self, "Folder for the drawn layers, which the command reads"
        )
        if not folder:
            return

        def work(tick: Tick) -> str:
            tick(0.0, 1.0, "writing what was drawn")
            files = {name: write_drawn(name, value, source, Path(folder)) for name, value in drawn.items()}
            return command_of(self.room, self.image[0], case, params, files)

        self.start(work, self._copy, "Writing what was drawn ...")

    def _copy(self, text: str) -> None:
        QApplication.clipboard().setText(text)
        self.say(f"Copied: {text}")

    # wiring ----------------------------------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Whether something runs."""
        return self._job is not None

    def start(self, work: Callable[[Tick], Any], then: Callable[[Any], None], saying: str) -> None:
        """Do ``work(tick)`` off the GUI thread, then ``then(its result)`` in it; *Run* becomes *Cancel*."""
        self.cancel()
        job = Job(work)
        self._job = job
        # what a run that was stopped still says is not heard
        job.on("progressed", lambda *told: self._progressed(*told) if job is self._job else None)
        job.on("returned", lambda result: self._returned(then, result) if job is self._job else None)
        job.on("errored", lambda error: self._failed(error) if job is self._job else None)
        self.run_button.setText("Cancel")
        self.bar.setVisible(True)
        self.stop_button.setVisible(self.tabs.count() > 1)  # Run may be on another tab
        self.say(saying)
        job.start()

    def _run_or_cancel(self) -> None:
        if self._job is None:
            self.run()
        else:
            self.cancel()

    def _progressed(self, fraction: float, what: str, left: float) -> None:
        self.bar.setValue(int(fraction * 1000))
        time = "" if math.isnan(left) else f" about {left:.0f} s left"
        self.say(f"{what[:1].upper()}{what[1:]} ...{time}")

    def _returned(self, then: Callable[[Any], None], result: Any) -> None:
        self._job = None
        self._ended("")
        then(result)

    def _failed(self, error: Exception) -> None:
        self._job = None
        known = isinstance(error, SscError)
        self._ended(str(error) if known else f"This is a defect of ours ({type(error).__name__}: {error}).")
        self.say(self.message.text(), problem=True)

    def _ended(self, text: str) -> None:
        self.run_button.setText("Run")
        self.bar.setVisible(False)
        self.stop_button.setVisible(False)
        self.bar.setValue(0)
        self.save_button.setEnabled(self.result is not None)
        self.say(text)

    def _opened(self, layer_data: LayerData) -> None:
        data, arguments, kind = layer_data
        layer = getattr(self.viewer, f"add_{kind}")(data, **arguments)
        self.boxes.pick_image(layer)
        self.viewer.reset_view()
        self.say(f"{layer.name} is open.")

    def _show(self, result: Any) -> None:
        assert self.ran is not None
        source, _, _, given = self.ran
        self.result = result
        for layer in self._shown:  # of the run before; a layer that was drawn on and handed in stays
            if layer in self.viewer.layers and layer not in given.values():
                self.viewer.layers.remove(layer)
        self._shown = [
            getattr(self.viewer, f"add_{kind}")(data, **{**arguments, "metadata": {ON: source}})
            for data, arguments, kind in self.layers_of(result, source)
        ]
        self.table.show_frame(self.table_of(result))
        self.save_button.setEnabled(True)
        self.shown(self._shown)
        flags = self.told(result)
        self.say(f"Done. {flags}" if flags else "Done.", problem=bool(flags))

    def _row_picked(self, row: int) -> None:
        place = None if self.result is None else self.place_of(self.result, row)
        if place is not None:
            fly_to(self.viewer, place)

    def _ask_file(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, f"Open {self.image[1]}")
        if path:
            self.open_image(path)

    def _ask_folder(self) -> None:
        path = QFileDialog.getExistingDirectory(self, f"Open {self.image[1]}")
        if path:
            self.open_image(path)

    def _ask_where_to_save(self) -> None:
        folder, _ = QFileDialog.getSaveFileName(self, "Folder for the result", f"{self.room}-result")
        if folder:
            self.save_result(folder)

    def _ask_record(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Record of an earlier run", "", "Run record (*.json)")
        if path:
            self.fill_from(path)

    def closeEvent(self, event: Any) -> None:
        """Stop the run and let go of the viewer."""
        self.cancel()
        self.boxes.let_go()
        super().closeEvent(event)
