"""A log of commands on one label volume: apply, undo, redo, approve; every entry knows its slice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from ssc_core.errors import InputError
from ssc_core.lung.refinement.change import Change, Labels, check_labels

__all__ = ["Action", "History", "Kind", "audit_table"]

Kind = Literal["change", "approve", "withdraw", "undo", "redo", "save"]


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that somebody did.

    Parameters
    ----------
    kind : {"change", "approve", "withdraw", "undo", "redo", "save"}
        What it was. "withdraw" takes an approval back.
    change : Change, optional
        Of a "change".
    slices : tuple of int
        Axial slices that an "approve" or "withdraw" is about.
    who : str
        Alias that the user gave, "" for none. Never a name that the program looked up.
    when : str
        Time as the caller writes it, "" for none.
    """

    kind: Kind
    change: Change | None = None
    slices: tuple[int, ...] = ()
    who: str = ""
    when: str = ""

    @property
    def what(self) -> str:
        """In words."""
        if self.change is not None:
            return self.change.what
        return self.kind + (f" slices {', '.join(map(str, self.slices))}" if self.slices else "")

    @property
    def place(self) -> tuple[str, int] | None:
        """Plane and slice to show; None where nothing is to be seen."""
        if self.change is not None:
            return self.change.plane, self.change.slice
        return ("axial", self.slices[0]) if self.slices else None


def _keep_nothing(action: Action) -> None:
    """Do not record."""


class History:
    """Applies changes to labels in place, and can take every one back.

    Approved slices are locked: a change spares them, and one that would touch nothing else is refused. All
    that was done stays in `trail`, undone steps too.

    Parameters
    ----------
    labels : ndarray (z, y, x) of int
        Written to in place.
    record : callable, optional
        Told every action before it takes effect, as :meth:`Journal.record`. If it raises, nothing is done.
    """

    def __init__(self, labels: Labels, record: Callable[[Action], None] = _keep_nothing) -> None:
        check_labels(labels)
        self.labels = labels
        self.record = record
        self.trail: list[Action] = []
        self.approved: frozenset[int] = frozenset()
        self._steps: list[Action] = []
        self._position = 0
        self._saved: int | None = 0

    @property
    def position(self) -> int:
        """How many steps are in effect."""
        return self._position

    @property
    def steps(self) -> tuple[Action, ...]:
        """The steps that can be undone or redone, oldest first."""
        return tuple(self._steps)

    @property
    def dirty(self) -> bool:
        """Whether the labels differ from what was last saved."""
        return self._position != self._saved

    def apply(self, change: Change | None, who: str = "", when: str = "") -> Change | None:
        """Carry out `change`, sparing approved slices; steps that were undone are forgotten.

        Returns
        -------
        Change or None
            What was done: smaller than `change` where it met approved slices, None for None.

        Raises
        ------
        InputError
            If all of it lies in approved slices, or the labels are not in its state before.
        """
        if change is None:
            return None
        allowed = change.without(self.approved)
        if allowed is None:
            locked = sorted(self.approved & set(range(change.box.start[0], change.box.stop[0])))
            raise InputError(
                f"slice {', '.join(map(str, locked))} is approved and locked; withdraw the approval"
                " to change it"
            )
        self._do(Action("change", allowed, who=who, when=when))
        return allowed

    def approve(self, slices: Iterable[int], who: str = "", when: str = "") -> None:
        """Approve axial slices and lock them. Can be undone like any step."""
        new = self._known(slices) - self.approved
        if new:
            self._do(Action("approve", slices=tuple(sorted(new)), who=who, when=when))

    def withdraw(self, slices: Iterable[int], who: str = "", when: str = "") -> None:
        """Take the approval of axial slices back, so that they can be changed."""
        old = self._known(slices) & self.approved
        if old:
            self._do(Action("withdraw", slices=tuple(sorted(old)), who=who, when=when))

    def undo(self, who: str = "", when: str = "") -> Action | None:
        """Take the last step back; the step, whose `place` is to be shown, or None at the beginning."""
        if self._position == 0:
            return None
        self._do(Action("undo", who=who, when=when))
        return self._steps[self._position]

    def redo(self, who: str = "", when: str = "") -> Action | None:
        """Do the next undone step again; the step, or None at the end."""
        if self._position == len(self._steps):
            return None
        self._do(Action("redo", who=who, when=when))
        return self._steps[self._position - 1]

    def go_to(self, position: int, who: str = "", when: str = "") -> tuple[str, int] | None:
        """Undo or redo until `position` steps are in effect; the place of the last one, to be shown.

        Raises
        ------
        InputError
            If there are fewer steps.
        """
        if not 0 <= position <= len(self._steps):
            raise InputError(f"there are {len(self._steps)} steps, not {position}")
        last: Action | None = None
        while self._position != position:
            last = self.undo(who, when) if self._position > position else self.redo(who, when)
        return None if last is None else last.place

    def mark_saved(self, who: str = "", when: str = "") -> None:
        """Say that the labels, as they are, were saved and read back."""
        self._do(Action("save", who=who, when=when))

    def replay(self, actions: Sequence[Action]) -> None:
        """Carry out recorded actions again, without recording them."""
        record, self.record = self.record, _keep_nothing
        try:
            for action in actions:
                self._do(action)
        finally:
            self.record = record

    def _known(self, slices: Iterable[int]) -> frozenset[int]:
        wanted = frozenset(int(z) for z in slices)
        unknown = sorted(z for z in wanted if not 0 <= z < len(self.labels))
        if unknown:
            raise InputError(f"there is no slice {unknown[0]}; slices run from 0 to {len(self.labels) - 1}")
        return wanted

    def _do(self, action: Action) -> None:
        """The only place where anything happens: check, record, carry out."""
        if action.kind == "undo":
            step, back = self._steps[self._position - 1], True
        elif action.kind == "redo":
            step, back = self._steps[self._position], False
        else:
            step, back = action, False
        if step.change is not None:
            step.change.check(self.labels, back)
        self.record(action)
        self.trail.append(action)
        if action.kind == "save":
            self._saved = self._position
            return
        self._carry_out(step, back)
        if action.kind not in ("undo", "redo"):
            if self._saved is not None and self._saved > self._position:
                self._saved = None  # what was saved can no longer be reached
            del self._steps[self._position :]
            self._steps.append(action)
        self._position += -1 if back else 1

    def _carry_out(self, step: Action, back: bool) -> None:
        if step.change is not None:
            (step.change.revert if back else step.change.apply)(self.labels)
        elif (step.kind == "approve") != back:
            self.approved |= frozenset(step.slices)
        else:
            self.approved -= frozenset(step.slices)


def audit_table(trail: Sequence[Action]) -> pd.DataFrame:
    """What was done, in order.

    Returns
    -------
    DataFrame
        ``number`` (from 1), ``kind``, ``what``, ``plane``, ``slice``, ``voxels`` (changed), ``who`` and
        ``when``.
    """
    columns = ["number", "kind", "what", "plane", "slice", "voxels", "who", "when"]
    rows = []
    for number, action in enumerate(trail, 1):
        plane, at = action.place or ("", None)
        voxels = action.change.voxels if action.change else 0
        rows.append((number, action.kind, action.what, plane, at, voxels, action.who, action.when))
    return pd.DataFrame(rows, columns=columns).astype({"slice": "Int64"})
