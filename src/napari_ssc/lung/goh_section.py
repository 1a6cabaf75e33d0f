"""The section *Goh*: scores of the five levels, a reader's own beside them, the profile, the stage."""

from __future__ import annotations

import math
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from qtpy.QtWidgets import QFileDialog

from napari_ssc._layers import CASE, SOURCE
from napari_ssc._saying import tell
from napari_ssc.lung.goh_face import GohFace
from napari_ssc.lung.measured import current_levels, lung_params, measured_lungs
from napari_ssc.lung.view import show_slice
from ssc_core.errors import InputError, SscError
from ssc_core.lung.goh.params import GohParams
from ssc_core.lung.goh.scores import PATTERNS, violations
from ssc_core.lung.goh.staging import stage_of
from ssc_core.params import parsed
from ssc_core.progress import Tick

__all__ = ["AUTOMATIC", "GohSection"]

AUTOMATIC = "automatic"
"""The reader's alias under which the program's raw scores stand in a table of scores."""
_SITTING = "viewer"


class GohSection(GohFace):
    """A score sheet that goes to each level; both the program's and the reader's scores are kept.

    Parameters
    ----------
    panel : LungPanel
        Gives lungs, runs work, says sentences.
    """

    title = "Goh"

    def __init__(self, panel: Any) -> None:
        super().__init__(panel)
        self.result: Any = None
        self.levels: tuple[Any, ...] = ()
        """Those of the sheet: of the last score, or to be scored."""
        self._volume: Any = None
        self._seen = False
        """Whether the program's scores of this CT were on the screen at any time."""
        self._led: dict[int, bool] = {}
        """Row -> whether they had been when its reading was last changed."""
        self.score_button.clicked.connect(self._score_or_cancel)
        self.save_button.clicked.connect(self._ask_table)
        self.folder_button.clicked.connect(self._ask_folder)
        self.command_button.clicked.connect(self.copy_command)
        self.sheet.picked.connect(self._row_picked)
        self.sheet.read.connect(self._read)
        self.blind.toggled.connect(self._hide)
        self.fvc.valueChanged.connect(self._stage_again)
        self.profile.gone_to.connect(self._go)
        self.viewer.dims.events.point.connect(self._moved)
        self._tell()

    # what the panel tells --------------------------------------------------------------------------------

    def image_picked(self, ct: Any) -> None:
        """Another CT."""
        volume = None if ct is None else ct.metadata[SOURCE]
        if volume is self._volume:
            return
        self._volume, self.result, self.levels = volume, None, ()
        self._seen, self._led = False, {}
        self.sheet.forget()
        case = None if ct is None else ct.metadata.get(CASE)
        name = "" if case is None else case.case_id
        self.case_name.setText("" if name == "case" else name)
        self._show()

    def show_result(self, result: Any, volume: Any) -> None:
        """Lungs that were found anew: what was scored on others is no longer shown."""
        self._volume, self.result = volume, None
        self.levels = current_levels(self.panel, result)
        self._show()

    def opened(self, yes: bool) -> None:
        """Levels may have been moved in the meantime."""
        if not yes or self.panel.result is None or self._volume is None or self.panel.busy:
            return
        if self.panel.ran[0] is not self._volume:
            return
        now = current_levels(self.panel, self.panel.result)
        if not _same(now, self.levels):
            self.levels, stale = now, self.result is not None
            self.result = None
            self._show()
            if stale:
                self.panel.say("The levels were changed; press Score to score them again.", problem=True)

    def let_go(self) -> None:
        """The panel closes."""
        self.viewer.dims.events.point.disconnect(self._moved)

    # what the user does ----------------------------------------------------------------------------------

    def score(self) -> None:
        """Score off the GUI thread."""
        try:
            lung = measured_lungs(self.panel)
            levels = current_levels(self.panel, lung)
            params = self._params()
        except SscError as error:
            self.panel.say(str(error), problem=True)
            return
        fvc = self.fvc.value() or None

        def work(tick: Tick) -> Any:
            from napari_ssc.lung.scoring import scored

            return scored(lung, levels, params, fvc, tick)

        def then(result: Any) -> None:
            self.result, self.levels = result, levels
            self._volume = lung.image
            self._show()
            self.panel.say("Scored. Click a row to go to its slice.")

        self.panel.start(work, then, "Scoring ...")

    def save_scores(self, path: str | Path) -> None:
        """Add the reader's and the program's scores to a table."""
        from napari_ssc.lung.scoring import merge_scores

        try:
            table = merge_scores(self._rows(), Path(path))
        except SscError as error:
            self.panel.say(str(error), problem=True)
            return
        except OSError:
            self.panel.say(f"{path}: the table cannot be written here; name another place", problem=True)
            return
        cases, readers = table["case_id"].nunique(), table["reader"].nunique()
        self.panel.say(f"Saved in {path}: {len(table)} rows, {cases} cases, {readers} readers.")

    def save_folder(self, folder: str | Path) -> None:
        """Save the automatic result as the command line does."""
        from ssc_core.io.output import staged
        from ssc_core.lung.goh.save import save

        result, name = self.result, self.case_name.text().strip() or "case"
        if result is None:
            self.panel.say("There are no scores yet; press Score first.", problem=True)
            return

        def work(tick: Tick) -> None:
            tick(0.0, 1.0, "saving")
            with staged(folder) as staging:
                save(result, staging, name)

        self.panel.start(work, lambda _: self.panel.say(f"Saved in {folder}."), "Saving ...")

    def copy_command(self) -> None:
        """Put ``ssc lung score`` with what is set here on the clipboard."""
        from napari_ssc.lung.commands import copy_command

        name = self.case_name.text().strip() or None
        section = self.panel.sections["Levels"]
        levels = section.levels if section.moved else None
        fvc = self.fvc.value() or None
        copy_command(self.panel, "score", self._params, levels, fvc_percent=fvc, case_id=name)

    # wiring ----------------------------------------------------------------------------------------------

    def _score_or_cancel(self) -> None:
        if self.panel.busy:
            self.panel.cancel()
        else:
            self.score()

    def _params(self) -> Any:
        """Those of the run, so that the record holds them, and those of this section."""
        lungs = lung_params(self.panel).model_dump()
        said = self.form.values(scorer=self.scorer.choice.scorer)
        own = {n: getattr(said, n) for n in GohParams.model_fields if n not in lungs}
        return parsed(GohParams, {**lungs, **own})

    def _show(self) -> None:
        scores = None if self.result is None else self.result.scores
        if self.levels:
            self.sheet.show_levels(self.levels, scores)
        slices = 0 if self._volume is None else self._volume.shape[0]
        self.profile.show_profile(None if self.result is None else self.result.profile, slices, scores)
        self.folder_button.setEnabled(self.result is not None)
        self._moved()
        self._tell()

    def _stage_again(self, fvc: float) -> None:
        from napari_ssc.lung.scoring import restaged

        if self.result is not None:
            self.result = restaged(self.result, fvc or None)
        self._tell()

    def _tell(self) -> None:
        self._seen = self._seen or (self.result is not None and not self.blind.isChecked())
        said = [self._program(), self._reader()]
        self.patient.setText("<br>".join(filter(None, said)) or _FIRST)
        tell(self.rules, "\n".join(f"{p[:1].upper()}{p[1:]}." for p in self.sheet.problems()), problem=True)
        self.rules.setVisible(bool(self.rules.text()))
        shown = self.result is not None and not self.blind.isChecked()
        flags = self.result.flags if shown else ()
        self.flags.setText("\n".join(f"\N{BULLET} {f[:1].upper()}{f[1:]}." for f in flags))
        self.flags.setVisible(bool(flags))

    def _program(self) -> str:
        if self.result is None or self.blind.isChecked():
            return ""
        means = {p: self.result.patient[p] for p in PATTERNS}
        numbers = [f"{p.upper()} {_number(m.value)}{_span(m)}" for p, m in means.items()]
        stage = self.result.stage
        return (
            f"<b>Program</b> (mean of five): {', '.join(numbers)} %. Stage: <b>{stage.name}</b>; {stage.why}."
        )

    def _reader(self) -> str:
        """The reader's mean and stage, once all five levels are read."""
        values = np.array([self.sheet.reading(i) for i in range(5)])
        read = int(np.isfinite(values).all(axis=1).sum())
        if not read:
            return ""
        if read < 5 or self.sheet.refused():
            return f"<b>Reader</b>: {read} of 5 levels read; mean and stage follow."
        from ssc_core.lung.goh.tables import patient_scores

        table = pd.DataFrame(values, columns=list(PATTERNS)).assign(level=range(1, 6))
        means = {p: patient_scores(table)[p].value for p in PATTERNS}
        numbers = ", ".join(f"{p.upper()} {m:.1f}" for p, m in means.items())
        stage = stage_of(means["tot"], self.fvc.value() or None)
        return f"<b>Reader</b> (mean of five): {numbers} %. Stage: <b>{stage.name}</b>; {stage.why}."

    def _rows(self) -> list[dict[str, Any]]:
        """Rows of the table of scores.

        Raises
        ------
        InputError
            If there is nothing to save, or a name or score cannot be used.
        """
        from ssc_core.lung.reading.queue import alias
        from ssc_core.lung.reading.table import CONSENSUS

        case = self.case_name.text().strip()
        if not case:
            raise InputError("give the case a neutral name, under which its scores stand in the table")
        case = alias(case, "the name of the case")
        if why := self.sheet.refused():
            raise InputError(why)
        rows = self._automatic(case)
        mine = [(i, v, self.sheet.reading(i)) for i, v in enumerate(self.levels)]
        mine = [(i, v, values) for i, v, values in mine if not math.isnan(values[0])]
        if mine:
            who = alias(self.reader.text().strip(), "the reader's alias")
            if who in (AUTOMATIC, CONSENSUS):
                raise InputError(f"the alias {who!r} means something else in the table; take another")
            day = date.today().isoformat()
            for i, level, values in mine:
                seen = "could be seen" if self._led.get(i, True) else "were hidden"
                note = "; ".join((f"the program's scores {seen}", *violations(*values)))
                rows.append(_row(case, level, who, values, session=_SITTING, day=day, note=note))
        if not rows:
            raise InputError("there is nothing to save; press Score, or give your own scores")
        return rows

    def _automatic(self, case: str) -> list[dict[str, Any]]:
        if self.result is None:
            return []
        rows = []
        for level, one in zip(self.result.levels, self.result.scores.to_dict("records"), strict=True):
            values = (one["tot"], one["gg"], one["ret"])
            note = "; ".join(filter(None, (f"raw scores of {self.result.scorer}", one["flags"])))
            rows.append(_row(case, level, AUTOMATIC, values, note=note))
        return rows

    def _read(self, row: int) -> None:
        self._led[row] = self._seen
        self._tell()

    def _hide(self, yes: bool) -> None:
        self.sheet.hide_program(yes)
        self.profile.setVisible(not yes)
        self._tell()

    def _row_picked(self, row: int) -> None:
        level = self.levels[row] if row < len(self.levels) else None
        if level is not None and level.slice is not None:
            self._go(level.slice)

    def _go(self, z: int) -> None:
        image = self.panel.boxes.image()
        if image is not None:
            show_slice(self.viewer, "axial", z, image)

    def _moved(self, event: Any = None) -> None:
        if self._volume is None or self.viewer.dims.ndim != 3:
            self.profile.set_cursor(None)
            return
        z = float(self._volume.frame.to_index(np.asarray(self.viewer.dims.point, float))[0])
        self.profile.set_cursor(int(np.clip(round(z), 0, self._volume.shape[0] - 1)))

    def _ask_table(self) -> None:
        path, _ = QFileDialog.getSaveFileName(
            self, "Table of scores: a new one, or one to add to", "scores.csv", "Table (*.csv)",
            options=QFileDialog.Option.DontConfirmOverwrite,
        )  # fmt: skip
        if path:
            self.save_scores(path)

    def _ask_folder(self) -> None:
        folder, _ = QFileDialog.getSaveFileName(self, "Folder for the result", "lung-score")
        if folder:
            self.save_folder(folder)


_FIRST = (
    "<i>Run</i> in the tab Measure finds lungs and levels; <i>Score</i> scores them. Your own scores go into"
    " the columns on the right. Percent of the lung's area in the slice. Not for clinical use."
)


def _same(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    return len(one) == len(other) and all(a is b for a, b in zip(one, other, strict=True))


def _number(value: float) -> str:
    return "\N{EN DASH}" if math.isnan(value) else f"{value:.1f}"


def _span(m: Any) -> str:
    return "" if math.isnan(m.low) else f" ({m.low:.0f} to {m.high:.0f})"


def _row(
    case: str, level: Any, reader: str, values: tuple[float, ...], *, session: str = "", day: str = "",
    note: str = "",
) -> dict[str, Any]:  # fmt: skip
    return {
        "case_id": case, "patient": "", "level": level.number, "slice": level.slice, "z_mm": level.z_mm,
        "reader": reader, "session": session, **dict(zip(PATTERNS, values, strict=True)),
        "seconds": math.nan, "day": day, "note": note,
    }  # fmt: skip
