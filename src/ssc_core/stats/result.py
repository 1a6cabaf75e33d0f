"""One statistic with its passport."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any

__all__ = ["Statistic", "join"]


@dataclass(frozen=True, kw_only=True)
class Statistic:
    """A number that may be quoted: with interval, sample, method and what must be said about it.

    Parameters
    ----------
    name : str
        What it is called, as "ICC(A,1)".
    value : float
        NaN when the data cannot give it; `note` then says why.
    low, high : float
        Ends of the confidence interval; NaN when there is none.
    p : float
        Two-sided p value of `test`; NaN when there is none.
    n : int
        Rows (images, slices, pairs) that entered.
    n_subjects : int or None
        Patients they came from; None when no patient was named.
    n_missing : int
        Rows left out because a value was missing.
    method : str
        How value and interval were found, with the source.
    test : str
        What `p` tests, and how.
    confidence : float
        Level of the interval.
    note : str
        Why a number is missing, what was left out, what was assumed.
    """

    name: str
    value: float
    low: float = math.nan
    high: float = math.nan
    p: float = math.nan
    n: int = 0
    n_subjects: int | None = None
    n_missing: int = 0
    method: str = ""
    test: str = ""
    confidence: float = 0.95
    note: str = ""

    def __str__(self) -> str:
        if math.isnan(self.value):
            return f"{self.name}: none ({self.note})"
        text = f"{self.name} {self.value:.4g}"
        if not math.isnan(self.low):
            text += f" ({self.confidence:.0%} CI {self.low:.4g} to {self.high:.4g})"
        if not math.isnan(self.p):
            text += f", p {'< 0.0001' if self.p < 1e-4 else f'= {self.p:.4f}'}"
        people = "" if self.n_subjects is None else f" of {self.n_subjects} patients"
        return f"{text}, n = {self.n}{people}"

    def as_row(self) -> dict[str, Any]:
        """Every scalar field by name, for a table."""
        row = {f.name: getattr(self, f.name) for f in fields(self)}
        return {k: v for k, v in row.items() if v is None or isinstance(v, str | int | float)}


def join(*notes: str) -> str:
    """Notes as one text, empty ones left out."""
    return "; ".join(note for note in notes if note)
