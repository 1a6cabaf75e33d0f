"""A scoring session: one reader, one sitting or several, every slice once, in blinded order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from ssc_core.errors import InputError
from ssc_core.lung.goh.scores import violations
from ssc_core.lung.reading.queue import Item, alias, blinded
from ssc_core.lung.reading.rules import refused
from ssc_core.lung.reading.table import CONSENSUS, gather, read_scores, write_scores

__all__ = ["ScoringSession"]


class ScoringSession:
    """The state of one reader's session; every score is on disk before the next slice is shown.

    Jia et al. 2024 (Dataset): two experts score the same slices twice, six weeks apart, and in consensus.

    Parameters
    ----------
    folder : path-like
        The study: ``readings/READER-SESSION.csv`` is this session's file, ``scores.csv`` all together.
    items : sequence of Item
        What is read.
    reader : str
        Alias; "consensus" sees what the single readers gave and is not blinded.
    session : str
        As "T1".
    seed : int
        Of the order.
    washout_days : int
        Days that must lie between two sessions of a reader.
    today : date, optional
        The day; today if not given.

    Raises
    ------
    InputError
        If an alias cannot be used, there is nothing to read, the wash-out is not over, or a consensus is
        sought before two readings exist.
    """

    def __init__(
        self,
        folder: str | Path,
        items: Sequence[Item],
        *,
        reader: str,
        session: str = "T1",
        seed: int = 0,
        washout_days: int = 42,
        today: date | None = None,
    ) -> None:
        self.folder = Path(folder)
        self.reader, self.session = alias(reader, "--reader"), alias(session, "--session")
        self.today = today or date.today()
        if not items:
            raise InputError("there is no slice to read")
        (self.folder / "readings").mkdir(parents=True, exist_ok=True)
        self.file = self.folder / "readings" / f"{self.reader}-{self.session}.csv"
        others = gather(self.folder)
        self._others = others[(others["reader"] != self.reader) & (others["reader"] != CONSENSUS)]
        if self.reader == CONSENSUS:
            if self._others.groupby(["reader", "session"]).ngroups < 2:
                raise InputError("a consensus needs two readings; let the readers score first")
            self.order = tuple(sorted(items))
        else:
            self._check_washout(others, washout_days)
            self.order = blinded(sorted(items), seed, self.reader, self.session)
        rows: list[dict[str, Any]] = []
        if self.file.is_file():
            rows = [{str(k): v for k, v in r.items()} for r in read_scores(self.file).to_dict("records")]
        known = {item.key for item in items}
        self._rows: dict[tuple[str, int], dict[str, Any]] = {
            (str(r["case_id"]), int(r["level"])): r for r in rows
        }
        strange = [k for k in self._rows if k not in known]
        if strange:
            raise InputError(
                f"it holds {len(strange)} scores of slices that are not in this study; take another folder",
                source=self.file,
            )
        self._later: list[tuple[str, int]] = []
        self._undone: list[tuple[str, int]] = []

    @property
    def done(self) -> int:
        """Number of slices that are scored."""
        return len(self._rows)

    @property
    def current(self) -> Item | None:
        """The slice to score now; those put off come last; None when all are scored."""
        if self._undone:
            return next(i for i in self.order if i.key == self._undone[-1])
        open_now = [i for i in self.order if i.key not in self._rows]
        first = [i for i in open_now if i.key not in self._later]
        return next(iter([*first, *open_now]), None)

    @property
    def title(self) -> str:
        """What the reader sees in place of a name."""
        item = self.current
        if item is None:
            return f"all {len(self.order)} images are scored"
        return f"image {self.order.index(item) + 1} of {len(self.order)}"

    def score(
        self, tot: float, gg: float, ret: float, *, seconds: float, sure: bool = False
    ) -> tuple[str, ...]:
        """Give the current slice its scores, and write them.

        Parameters
        ----------
        tot, gg, ret : float
            Percent, in steps of 5.
        seconds : float
            How long the slice was looked at.
        sure : bool
            Keep scores that contradict one another.

        Returns
        -------
        tuple of str
            Rules that the scores break. If there are any and `sure` is not set, nothing was stored.

        Raises
        ------
        InputError
            If a score is no step of 5 from 0 to 100, or all slices are scored.
        """
        item = self.current
        if item is None:
            raise InputError("all images are scored")
        if why := refused(tot, gg, ret):
            raise InputError(why)
        broken = violations(tot, gg, ret)
        if broken and not sure:
            return broken
        if self._undone:
            self._undone.pop()
        self._rows[item.key] = {
            "case_id": item.case_id, "patient": item.patient, "level": item.level, "slice": item.slice,
            "z_mm": item.z_mm, "reader": self.reader, "session": self.session,
            "tot": float(tot), "gg": float(gg), "ret": float(ret), "seconds": round(float(seconds), 1),
            "day": self.today.isoformat(), "note": "; ".join(broken),
        }  # fmt: skip
        self._save()
        return broken

    def skip(self) -> None:
        """Put the current slice off until the others are scored."""
        if (item := self.current) is not None:
            self._later = [k for k in self._later if k != item.key] + [item.key]

    def back(self) -> Item | None:
        """Go back to the slice scored before the current one; its scores stay until new ones are given."""
        keys = [k for k in self._rows if k not in self._undone]
        if keys:
            self._undone.append(keys[-1])
        return self.current

    def given(self, item: Item) -> dict[str, Any] | None:
        """What this reader gave a slice, if anything."""
        return self._rows.get(item.key)

    def singles(self, item: Item) -> pd.DataFrame:
        """What the single readers gave a slice; empty unless this is the consensus."""
        if self.reader != CONSENSUS:
            return self._others.iloc[:0]
        chosen = (self._others["case_id"] == item.case_id) & (self._others["level"] == item.level)
        return self._others.loc[chosen, ["reader", "session", "tot", "gg", "ret"]]

    def _check_washout(self, others: pd.DataFrame, days: int) -> None:
        mine = others[(others["reader"] == self.reader) & (others["session"] != self.session)]
        last = max((date.fromisoformat(d) for d in mine["day"] if d), default=None)
        if last is not None and not self.file.is_file() and (self.today - last).days < days:
            raise InputError(
                f"reader {self.reader} scored these images {(self.today - last).days} days ago, and the "
                f"wash-out is {days} days; come back later, or change --washout-days"
            )

    def _save(self) -> None:
        write_scores(list(self._rows.values()), self.file)
        write_scores(gather(self.folder), self.folder / "scores.csv")
