"""The section *Refine*: the lung mask corrected by hand, each step recorded, undone at its place, kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from qtpy.QtWidgets import QFileDialog

from napari_ssc._layers import SOURCE
from napari_ssc.lung.begin import Prepared
from napari_ssc.lung.brush import Painter
from napari_ssc.lung.keys import KEYS, bind, unbind
from napari_ssc.lung.native import NativeTools
from napari_ssc.lung.refine_face import RefineFace
from napari_ssc.lung.seeds import Seeds
from napari_ssc.lung.session import Session
from napari_ssc.lung.view import PLANES, plane_of, show_slice
from ssc_core.errors import SscError
from ssc_core.lung.refinement import Action, Brush, Change, audit_table, save_verified, suspicious_slices

__all__ = ["RefineSection"]


class RefineSection(RefineFace):
    """Begin or take up corrections; brush, tools, steps, approval, suspicious slices, other planes, save.

    Parameters
    ----------
    panel : LungPanel
        Opens images, runs work, says sentences.
    """

    title = "Refine"

    def __init__(self, panel: Any) -> None:
        super().__init__(panel)
        self.viewer = panel.viewer
        self.session: Session | None = None
        self.seeds: Seeds | None = None
        self._connect()
        self._ready(False)

    def keys(self) -> dict[str, Callable[[], Any]]:
        """What its keys do."""
        return {
            "brush": self.brush_box.on.toggle,
            "hu limit": self.brush_box.limited.toggle,
            "next suspicious": self.suspects.next,
            "approve": self.approve,
        }

    # a session begins and ends ---------------------------------------------------------------------------

    def begin(self, session: Session, prepared: Prepared) -> None:
        """Correct this mask from now on."""
        self.end()
        self.session = session
        session.who = self.reader.text().strip()
        session.changed.append(self._tell)
        self.painter = Painter(session, self._brush, self._problem)
        self.painter.blocked = lambda: self.panel.busy
        self.painter.laid_down = lambda: self.brush_box.on.setChecked(False)
        self.native = NativeTools(session, lambda: self.brush_box.hu_range, self._problem)
        self.planes.follow(prepared.ct, session.hu, session.labels, session.frame.spacing)
        for target in (session.layer, self.viewer):
            bind(target, {"undo": self.undo, "redo": self.redo})
        self._ready(True)
        self.brush_box.on.setChecked(True)
        self._tell()

    def end(self) -> None:
        """Stop; what was not saved stays in the journal."""
        if self.session is None:
            return
        session, self.session = self.session, None
        self.brush_box.on.setChecked(False)
        self.painter.let_go()
        self.native.let_go()
        self.planes.follow(None)
        self._remove_seeds()
        for target in (session.layer, self.viewer):
            unbind(target, ("undo", "redo"))
        session.end()
        self.suspects.empty()
        self._ready(False)

    def opened(self, yes: bool) -> None:
        """The tab is looked at, or left: one paints only while one sees the brush."""
        if not yes:
            self.brush_box.on.setChecked(False)

    def let_go(self) -> None:
        """The panel closes."""
        self.end()
        self.planes.let_go()

    def image_picked(self, ct: Any) -> None:
        """Another CT: its own interrupted work is offered."""
        if self.session is not None and (ct is None or ct.metadata[SOURCE] is not self.session.volume):
            self.end()
        self.beginning.image_picked(ct)

    def layer_removed(self, layer: Any) -> None:
        """A layer was taken off the viewer."""
        if self.session is not None and layer == self.session.layer:
            self.end()
            self._say("The mask was closed; its corrections are kept and will be offered again.")
        elif self.seeds is not None and layer == self.seeds.layer:
            self.seeds = None

    # what the user does ----------------------------------------------------------------------------------

    def undo(self) -> None:
        """Take the last step back, where it was made."""
        self._try(lambda session: self._told(session.undo(), "undo"))

    def redo(self) -> None:
        """Do the next step again, where it was made."""
        self._try(lambda session: self._told(session.redo(), "redo"))

    def approve(self) -> None:
        """Lock or unlock the axial slice that is shown."""
        z = self.voxel[0]
        locked = self.session is not None and z in self.session.history.approved
        self._try(lambda session: (session.withdraw if locked else session.approve)([z]))

    def approve_all(self) -> None:
        """Lock every slice."""
        self._try(lambda session: session.approve(range(len(session.labels))))

    def apply_tool(self) -> None:
        """Do what the chosen form says."""

        def start(session: Session) -> None:
            work = self.tools[self.tool_box.currentIndex()].work(self)
            self.panel.start(work, self._tool_done, f"{self.tool_box.currentText()} ...")

        self._try(start)

    def find_suspicious(self) -> None:
        """Rank the slices."""

        def start(session: Session) -> None:
            def then(table: Any) -> None:
                self.suspects.show_ranked(table, session.history.approved)
                n = len(self.suspects.slices)
                count = f"{n} slice{'' if n == 1 else 's'}"
                self._say(f"{count} to look at; click one, or press {KEYS['next suspicious']}.")

            work = lambda _tick: suspicious_slices(session.labels, session.frame, session.hu)  # noqa: E731
            self.panel.start(work, then, "Looking through the slices ...")

        self._try(start)

    def save(self, path: str | Path) -> None:
        """Write the mask, read it back, and write the list of steps beside it."""

        def start(session: Session) -> None:
            def work(tick: Any) -> None:
                tick(0.0, 1.0, "saving the mask and reading it back")
                save_verified(path, session.labels, session.volume)

            def then(_: Any) -> None:
                session.saved()
                steps = Path(f"{str(path).removesuffix('.gz').removesuffix('.nii')}-steps.csv")
                audit_table(session.history.trail).to_csv(steps, index=False, lineterminator="\n")
                self._say(f"Saved in {path} and read back; its steps are in {steps.name}.")

            self.panel.start(work, then, "Saving ...")

        self._try(start)

    # where a tool is used (see tools.Place) --------------------------------------------------------------

    @property
    def label(self) -> int:
        """What the tools work on: that of the brush, the right lung while it erases."""
        return self.brush_box.label or 1

    @property
    def plane(self) -> str:
        """The plane that is shown."""
        return plane_of(self.viewer) or "axial"

    @property
    def slice(self) -> int:
        """The slice that is shown."""
        return self.voxel[PLANES[self.plane][0]]

    @property
    def voxel(self) -> tuple[int, int, int]:
        """Where the cross lines are."""
        if self.session is None:
            return (0, 0, 0)
        place = np.asarray(self.session.layer.world_to_data(self.viewer.dims.point))
        z, y, x = np.clip(np.rint(place), 0, np.array(self.session.labels.shape) - 1).astype(int).tolist()
        return z, y, x

    # wiring ----------------------------------------------------------------------------------------------

    def _brush(self) -> Brush:
        brush = self.brush_box.brush()
        if self.grow.inside.isChecked() or self.grow.outside.isChecked():
            return Brush(1 if self.grow.inside.isChecked() else 2, brush.radius_mm, ball=brush.ball)
        return brush

    def _tool_done(self, change: Change | None) -> None:
        def then(session: Session) -> None:
            done = session.apply(change)
            text = "Nothing had to be changed." if done is None else f"{done.what.capitalize()}: done."
            self._say(text)
            if done is not None and done.what.startswith("grow"):
                self._remove_seeds()
                self.grow.stop()
            if done is not None and done.what.startswith("interpolate"):
                self.interpolate.slices.clear()

        self._try(then)

    def _try(self, do: Any) -> None:
        """Run on the session; what goes wrong is one sentence."""
        if self.session is None:
            self._say("Begin a correction first.")
        elif self.panel.busy:
            self._say("Something runs; wait for it, or press Cancel.")
        else:
            try:
                do(self.session)
            except SscError as error:
                self._problem(str(error))

    def _tell(self) -> None:
        """Show how far one is."""
        session = self.session
        if session is None:
            return
        history = session.history
        steps, approved = history.position, len(history.approved)
        kept = "saved" if not history.dirty else "autosaved, not yet saved as a file"
        count = f"{steps} step{'' if steps == 1 else 's'}"
        self.state.setText(f"{count}, {kept}. {approved} of {len(session.labels)} slices approved.")
        self.undo_button.setEnabled(steps > 0)
        self.redo_button.setEnabled(steps < len(history.steps))
        self._moved()
        self.planes.later()
        last = history.steps[steps - 1].change if 0 < steps == len(history.steps) else None
        if (
            last is not None
            and last.plane == self.plane
            and last.what.startswith(f"paint label {self.label} ")
        ):
            self.interpolate.painted(last.slice)

    def _moved(self, event: Any = None) -> None:
        if self.session is None:
            return
        z = self.voxel[0]
        locked = z in self.session.history.approved
        self.approve_button.setText(f"Unlock slice {z}" if locked else f"Approve slice {z}")

    def _drawing_seeds(self, value: int | None) -> None:
        """The brush draws seeds (1, 2), or the mask again (None)."""
        if self.session is None:
            return
        if value is not None and self.seeds is None:
            self.seeds = Seeds(self.viewer, self.session.labels.shape, self.session.frame)
        if value is not None:
            self.brush_box.on.setChecked(True)
        self.painter.onto = None if value is None else lambda points, brush: self._seed(points, brush)

    def _seed(self, points: Any, brush: Brush) -> None:
        if self.seeds is not None:
            self.seeds.draw(points, brush)

    def _remove_seeds(self) -> None:
        seeds, self.seeds = self.seeds, None
        if seeds is not None:
            seeds.remove()
        if self.session is not None:
            self.grow.stop()

    def _told(self, step: Action | None, what: str) -> None:
        self._say(f"There is nothing to {what}." if step is None else f"{what.capitalize()}: {step.what}.")

    def _say(self, text: str) -> None:
        self.panel.say(text)

    def _problem(self, text: str) -> None:
        self.panel.say(text, problem=True)

    def _ask_path(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Save the mask", "lungs.nii.gz", "NIfTI (*.nii.gz *.nii)")
        if path:
            self.save(path)

    def _go(self, z: int) -> None:
        if self.session is not None:
            show_slice(self.viewer, "axial", z, self.session.layer)

    def _ready(self, yes: bool) -> None:
        self.beginning.setVisible(not yes)
        self.work.setVisible(yes)

    def _connect(self) -> None:
        for pressed, do in {
            self.undo_button: self.undo,
            self.redo_button: self.redo,
            self.approve_button: self.approve,
            self.all_button: self.approve_all,
            self.tool_button: self.apply_tool,
            self.save_button: self._ask_path,
            self.stop_button: self.end,
        }.items():
            pressed.clicked.connect(lambda *_, do=do: do())
        box = self.brush_box
        box.turned.connect(lambda on: self.painter.turn(on) if self.session is not None else None)
        box.changed.connect(lambda: self.painter.resize() if self.session is not None else None)
        self.grow.drawing = self._drawing_seeds
        self.grow.clear.clicked.connect(lambda *_: self._remove_seeds())
        self.tool_box.currentIndexChanged.connect(self.stack.setCurrentIndex)
        self.tool_box.currentIndexChanged.connect(lambda *_: self.grow.stop())
        self.suspects.wanted.connect(self.find_suspicious)
        self.suspects.picked.connect(self._go)
        self.reader.textChanged.connect(self._named)
        self.viewer.dims.events.point.connect(self._moved)

    def _named(self, text: str) -> None:
        if self.session is not None:
            self.session.who = text.strip()
