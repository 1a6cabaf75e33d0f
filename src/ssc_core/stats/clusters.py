"""Rows that belong together because they come from one patient."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np

from ssc_core.errors import InputError
from ssc_core.stats.inputs import FloatArray, Sample, sample
from ssc_core.stats.result import Statistic, join

__all__ = ["Clusters", "clusters"]

S = TypeVar("S", bound=Statistic)
_NO_LONGER = ("no patient named", "interval and p take rows")  # notes that a resampled interval makes untrue


@dataclass(frozen=True)
class Clusters:
    """Complete rows of some columns, by patient, and a statistic of them.

    Parameters
    ----------
    data : Sample
        The complete rows, columns of shape (n, k).
    arrays : tuple of ndarray
        The same in the shapes that the statistic takes.
    rows : tuple of ndarray
        Rows of each patient.
    statistic : callable
        Of `arrays`, perhaps with the patients first.
    point : callable
        The same, returning the bare value.
    with_subject : bool
        Whether both take the patients first.
    """

    data: Sample
    arrays: tuple[FloatArray, ...]
    rows: tuple[Any, ...]
    statistic: Callable[..., Any]
    point: Callable[..., float]
    with_subject: bool

    def value_of(self, chosen: Iterable[int]) -> float:
        """The statistic of some patients' rows; one chosen twice counts as two patients."""
        picked = [self.rows[c] for c in chosen]
        index = np.concatenate(picked)
        first = (np.repeat(np.arange(len(picked)), [len(p) for p in picked]),) if self.with_subject else ()
        return self.point(*first, *(a[index] for a in self.arrays))

    def without_each(self) -> FloatArray:
        """The statistic without each patient in turn, shape (n_subjects,)."""
        k = len(self.rows)
        return np.array([self.value_of([j for j in range(k) if j != i]) for i in range(k)])

    def whole(self) -> Any:
        """The statistic of all rows."""
        return self.statistic(*((self.data.subject,) if self.with_subject else ()), *self.arrays)

    def with_interval(self, whole: S, low: float, high: float, how: str, note: str, confidence: float) -> S:
        """`whole` with another interval, without p (its test takes rows as independent)."""
        kept = [n for n in whole.note.split("; ") if not any(a in n for a in _NO_LONGER)]
        return replace(
            whole,
            low=low,
            high=high,
            p=math.nan,
            test="",
            n_subjects=len(self.rows),
            n_missing=self.data.n_missing,
            confidence=confidence,
            method=f"{whole.method}; interval: {how}",
            note=join(self.data.missing_note, *kept, note),
        )


def clusters(
    statistic: Callable[..., S],
    subject: Any,
    columns: tuple[Any, ...],
    *,
    point: Callable[..., float] | None = None,
    with_subject: bool = False,
) -> Clusters:
    """The complete rows of `columns` by patient.

    Raises
    ------
    InputError
        With fewer than two patients, or columns that do not fit together.
    """
    data = sample({f"column {i + 1}": _as_wide(c) for i, c in enumerate(columns)}, subject, wide=True)
    assert data.subject is not None
    flat = [np.ndim(given) == 1 for given in columns]
    arrays = tuple(c[:, 0] if one else c for c, one in zip(data.columns, flat, strict=True))
    rows = tuple(np.flatnonzero(data.subject == s) for s in np.unique(data.subject))
    if len(rows) < 2:
        raise InputError(f"{len(rows)} patient(s): resampling patients needs two")
    bare = point or (lambda *a: statistic(*a).value)
    return Clusters(data, arrays, rows, statistic, bare, with_subject)


def _as_wide(values: Any) -> FloatArray:
    array = np.asarray(values)
    return array[:, None] if array.ndim == 1 else array
