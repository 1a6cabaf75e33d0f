"""How a correction begins: on the mask that is there, on an empty one, or where one was interrupted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from napari_ssc._layers import SOURCE, on_grid
from napari_ssc.lung.autosave import digest_of, journal_folder, waiting
from napari_ssc.lung.fields import button, row
from napari_ssc.lung.pixels import is_laid_out, laid_out
from napari_ssc.lung.session import Session
from ssc_core.errors import InputError
from ssc_core.lung.refinement import History, Journal, Recovered, recover, unsaved_actions

__all__ = ["Beginning", "Prepared"]


@dataclass(frozen=True)
class Prepared:
    """What a correction needs, made off the GUI thread."""

    ct: Any
    hu: Any
    folder: Path
    journal: Journal | None = None
    labels: Any = None
    recovered: Recovered | None = None


class Beginning(QWidget):
    """The button that begins, and the offer to take up what was interrupted.

    Parameters
    ----------
    section : RefineSection
        What begins.
    """

    def __init__(self, section: Any) -> None:
        super().__init__()
        self._section, self._panel = section, section.panel
        told = QLabel(
            "Correct the mask of the last run, or the layer picked as <i>Lung mask, drawn</i>; without either"
            " you begin with an empty mask. Every step is kept on disk at once and can be undone."
        )
        told.setWordWrap(True)
        self.begin_button = button("Correct the mask", "Begin", self.begin)
        self.offer = QLabel()
        self.offer.setWordWrap(True)
        self.take_up_button = button("Take it up", "Go on where it was interrupted", self.take_up)
        self.anew_button = button(
            "Discard it", "Begin anew; the interrupted correction is deleted", self.anew
        )
        self.offer_box = QWidget()
        inside = QVBoxLayout(self.offer_box)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.addWidget(self.offer)
        inside.addLayout(row(self.take_up_button, self.anew_button))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for widget in (told, self.begin_button, self.offer_box):
            column.addWidget(widget)
        self.offer_box.setVisible(False)

    def image_picked(self, ct: Any) -> None:
        """Another CT: offer what was interrupted on it. Nothing is read where nothing waits."""
        self._offer(None)
        if ct is None or self._panel.busy or not waiting():
            return
        volume = ct.metadata[SOURCE]

        def then(digest: str) -> None:
            if self._panel.boxes.image() is ct:
                self._offer(journal_folder(digest))

        self._panel.start(lambda tick: digest_of(volume, tick), then, "Looking for interrupted work ...")

    def begin(self) -> None:
        """On the mask that is there; an interrupted correction of this CT is offered first."""
        self._start("begin")

    def take_up(self) -> None:
        """Where it was interrupted."""
        self._start("take up")

    def anew(self) -> None:
        """Without what was interrupted."""
        self._start("anew")

    def _start(self, how: str) -> None:
        ct = self._panel.boxes.image()
        if ct is None:
            self._panel.say("Open a CT first, or try File > Open Sample > SSc.", problem=True)
            return
        volume, layer = ct.metadata[SOURCE], self._panel.mask_layer()
        data = ct.data

        def work(tick: Any) -> Prepared:
            labels = None if layer is None or how == "take up" else _labels(layer, volume)
            digest = digest_of(volume, tick)
            folder = journal_folder(digest)
            if how == "begin" and unsaved_actions(folder):
                return Prepared(ct, None, folder)
            hu = data if is_laid_out(ct) else laid_out(volume, tick)
            if how == "take up":
                tick(0.95, 1.0, "taking up the steps")
                return Prepared(ct, hu, folder, recovered=recover(folder))
            Journal(folder).discard()  # without steps, or not wanted
            mine = np.zeros(volume.shape, np.uint8) if labels is None else labels
            return Prepared(ct, hu, folder, Journal.create(folder, mine, volume.frame, digest), mine)

        self._panel.start(work, lambda prepared: self._begun(prepared, layer, volume), "Preparing ...")

    def _begun(self, prepared: Prepared, layer: Any, volume: Any) -> None:
        if prepared.hu is None:
            self._offer(prepared.folder)
            return
        self._offer(None)
        if not is_laid_out(prepared.ct):
            prepared.ct.data = prepared.hu
        found = prepared.recovered
        if found is None:
            assert prepared.journal is not None
            history, journal = History(prepared.labels, prepared.journal.record), prepared.journal
        else:
            history, journal = found.history, found.journal
        if not volume.frame.same_as(volume.frame if found is None else found.frame):
            self._panel.say("The interrupted correction lies on another grid; discard it.", problem=True)
            return
        layer = self._panel.shown_mask(layer, history.labels)
        session = Session(self._panel.viewer, layer, volume, prepared.hu, history, journal)
        self._section.begin(session, prepared)
        warnings = () if found is None else found.warnings
        told = (
            "You paint with the left button, Shift erases." if found is None else "Taken up where it ended."
        )
        self._panel.say(" ".join([told, *(f"{w.capitalize()}." for w in warnings)]), problem=bool(warnings))

    def _offer(self, folder: Path | None) -> None:
        files = () if folder is None else unsaved_actions(folder)
        if files:
            last = datetime.fromtimestamp(files[-1].stat().st_mtime).astimezone()
            count = f"{len(files)} step{'' if len(files) == 1 else 's'}"
            told = (
                f"<b>A correction of this CT was interrupted</b> on {last:%Y-%m-%d at %H:%M}, after {count}."
            )
            self.offer.setText(told)
            self._panel.say("A correction of this CT was interrupted; see the tab Refine.", problem=True)
        self.offer_box.setVisible(bool(files))
        self.begin_button.setVisible(not files)


def _labels(layer: Any, volume: Any) -> Any:
    """The values of the layer in an array of our own, as whole numbers that fit the core.

    Raises
    ------
    GeometryError
        If it lies on other pixels than the CT.
    InputError
        If it holds other labels than those of a lung mask.
    """
    values = on_grid(layer, volume.frame, volume.shape)
    if values.min() < 0 or values.max() > 3:
        raise InputError(
            f"the layer '{layer.name}' holds other labels than 1 (right lung), 2 (left lung) and 3 (airway)",
            private=[layer.name],
        )
    return np.array(values, np.uint8)
