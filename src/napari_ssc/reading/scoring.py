"""Score slices: the five levels of each CT in blinded order, TOT, GG and RET in steps of 5 %."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from napari_ssc._job import Job
from ssc_core.errors import SscError

__all__ = ["ScoreSlices"]

_WINDOW_HU = (-1350.0, 150.0)  # level -600, width 1500


class ScoreSlices(QWidget):
    """One scoring session.

    Parameters
    ----------
    viewer : napari.Viewer
        Shows the slice, without any name.
    who : callable
        Alias and session.
    say : callable
        ``say(text, problem=False)``.
    """

    def __init__(self, viewer: Any, who: Callable[[], tuple[str, str]], say: Callable[..., None]) -> None:
        super().__init__()
        self.viewer, self._who, self._say = viewer, who, say
        self.session: Any = None
        self._cases: dict[str, Any] = {}
        self._job: Job | None = None
        self._layer: Any = None
        self._began = 0.0
        self.open_button = QPushButton("Open manifest ...")
        self.boxes = {name: _percent() for name in ("TOT", "GG", "RET")}
        self.keep_button = QPushButton("Keep and go on")
        self.keep_button.setToolTip("Enter does the same")
        self.back_button, self.skip_button = QPushButton("Back"), QPushButton("Later")
        self.export_button = QPushButton("Export scores ...")
        self.singles = QLabel()
        self.bar = QProgressBar()
        self._unsure: tuple[int, ...] = ()
        self._lay_out()
        self.open_button.clicked.connect(self._ask)
        self.keep_button.clicked.connect(self.keep)
        self.back_button.clicked.connect(self._back)
        self.skip_button.clicked.connect(self._skip)
        self.export_button.clicked.connect(self._export)
        self._enable(False)

    @property
    def busy(self) -> bool:
        """Whether a study or a slice is being opened."""
        return self._job is not None

    def set_shown(self, on: bool) -> None:
        """Show or hide the image of this task."""
        if self._layer is not None and self._layer in self.viewer.layers:
            self._layer.visible = on

    def open_study(self, manifest: str | Path, folder: str | Path) -> None:
        """Begin or take up this reader's session; finding levels of new CTs takes a while."""
        from ssc_core.cohort import read_manifest
        from ssc_core.lung.reading.case import ReadCase
        from ssc_core.lung.reading.study import open_study

        try:
            cases = {c.case_id: c for c in read_manifest(Path(manifest), ReadCase)}
        except SscError as error:
            self._say(str(error), True)
            return
        self._cases = cases
        self._say("Opening the study ...")
        self._start(lambda tick: open_study(folder, list(cases.values()), tick=tick),
                    lambda found: self._begin(Path(folder), *found))  # fmt: skip

    def keep(self) -> None:
        """Store the scores of this slice and show the next."""
        if self.session is None or self.session.current is None or self.busy:
            return
        values = tuple(box.value() for box in self.boxes.values())
        sure = values == self._unsure
        try:
            broken = self.session.score(*values, seconds=time.monotonic() - self._began, sure=sure)
        except SscError as error:
            self._say(str(error), True)
            return
        if broken and not sure:
            self._unsure = values
            self._say(f"{'; '.join(broken)}. Correct it, or keep it by pressing again.", True)
            return
        self._show()

    def stop(self) -> None:
        """Leave what is being opened."""
        job, self._job = self._job, None
        if job is not None:
            job.quit()

    def _begin(self, folder: Path, items: Any, seed: int) -> None:
        from ssc_core.lung.reading.session import ScoringSession

        reader, session = self._who()
        try:
            self.session = ScoringSession(folder, items, reader=reader, session=session, seed=seed)
        except SscError as error:
            self._say(str(error), True)
            return
        self._show()

    def _show(self) -> None:
        self._unsure = ()
        item = self.session.current
        self.bar.setRange(0, len(self.session.order))
        self.bar.setValue(self.session.done)
        self._enable(item is not None)
        if item is None:
            self._take_away()
            self._say(f"{self.session.title}. Thank you.")
            return
        from ssc_core.lung.reading.case import slice_hu

        case, index = self._cases[item.case_id], item.slice
        self._start(lambda tick: slice_hu(case, index), self._draw)

    def _draw(self, found: Any) -> None:
        hu, pixel_mm = found
        self._take_away()
        title, item = self.session.title, self.session.current
        self._layer = self.viewer.add_image(
            hu, name=title, scale=pixel_mm, units="mm", axis_labels=("y", "x"), contrast_limits=_WINDOW_HU,
            colormap="gray",
        )  # fmt: skip
        self.viewer.reset_view()
        given = self.session.given(item) or {}
        for (name, box), key in zip(self.boxes.items(), ("tot", "gg", "ret"), strict=True):
            box.setValue(int(given.get(key, 0)))
            box.setAccessibleName(name)
        rows = self.session.singles(item).to_dict("records")
        said = [f"{r['reader']} {r['session']}: {r['tot']:g} {r['gg']:g} {r['ret']:g}" for r in rows]
        self.singles.setText("\n".join(said))
        self._say(title[0].upper() + title[1:] + ".")
        self.boxes["TOT"].setFocus()
        self.boxes["TOT"].selectAll()
        self._began = time.monotonic()

    def _back(self) -> None:
        self.session.back()
        self._show()

    def _skip(self) -> None:
        self.session.skip()
        self._show()

    def _take_away(self) -> None:
        if self._layer is not None and self._layer in self.viewer.layers:
            self.viewer.layers.remove(self._layer)
        self._layer = None

    def _start(self, work: Callable[[Any], Any], then: Callable[[Any], None]) -> None:
        self.stop()
        job = Job(work)

        def returned(result: Any) -> None:
            if job is self._job:
                self._job = None
                then(result)

        def failed(error: Exception) -> None:
            if job is self._job:
                self._job = None
                known = isinstance(error, SscError)
                self._say(str(error) if known else f"This is a defect of ours ({error}).", True)

        job.on("returned", returned)
        job.on("errored", failed)
        self._job = job
        job.start()

    def _ask(self) -> None:
        manifest, _ = QFileDialog.getOpenFileName(self, "Open manifest", "", "Manifest (*.csv)")
        if not manifest:
            return
        folder = QFileDialog.getExistingDirectory(self, "Folder of the study (new or begun)")
        if folder:
            self.open_study(manifest, folder)

    def _export(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Export scores", "scores.csv", "Table (*.csv)")
        if path:
            try:
                shutil.copyfile(self.session.folder / "scores.csv", path)
            except shutil.SameFileError:
                self._say("The scores are in this file already.")
            except OSError as error:
                self._say(
                    f"The scores cannot be written there ({error.strerror}); choose another place.", True
                )

    def _enable(self, on: bool) -> None:
        for widget in (*self.boxes.values(), self.keep_button, self.skip_button):
            widget.setEnabled(on)
        begun = self.session is not None and self.session.done > 0
        self.back_button.setEnabled(begun)
        self.export_button.setEnabled(begun)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.addWidget(self.open_button)
        column.addWidget(self.bar)
        self.bar.setFormat("%v of %m scored")
        form = QFormLayout()
        for name, box in self.boxes.items():
            form.addRow(f"{name} (% of lung)", box)
        column.addLayout(form)
        column.addWidget(self.singles)
        column.addWidget(self.keep_button)
        row = QHBoxLayout()
        for widget in (self.back_button, self.skip_button):
            row.addWidget(widget)
        column.addLayout(row)
        column.addStretch(1)
        column.addWidget(self.export_button)
        for box in self.boxes.values():
            box.lineEdit().returnPressed.connect(self.keep)


def _percent() -> QSpinBox:
    box = QSpinBox()
    box.setRange(0, 100)
    box.setSingleStep(5)
    box.setSuffix(" %")
    box.setAlignment(Qt.AlignmentFlag.AlignRight)
    return box
