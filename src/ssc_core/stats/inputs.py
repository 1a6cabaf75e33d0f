"""Input discipline: what enters a statistic is counted, and what cannot enter is named."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from ssc_core.errors import InputError
from ssc_core.stats.result import join

__all__ = ["FloatArray", "Sample", "column", "ratings_of", "sample"]

FloatArray: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Sample:
    """Complete rows of some columns, and what was left out.

    Parameters
    ----------
    columns : tuple of ndarray
        Float columns of shape (n,) or (n, k), without missing values.
    subject : ndarray or None
        Codes 0..n_subjects-1 of the patients, shape (n,).
    n_missing : int
        Rows left out.
    """

    columns: tuple[FloatArray, ...]
    subject: npt.NDArray[np.intp] | None
    n_missing: int

    @property
    def n(self) -> int:
        """Rows that are left."""
        return len(self.columns[0])

    @property
    def n_subjects(self) -> int | None:
        """Patients that are left."""
        return None if self.subject is None else len(np.unique(self.subject))

    @property
    def missing_note(self) -> str:
        """Sentence about rows left out, "" when there are none."""
        total = self.n + self.n_missing
        return f"{self.n_missing} of {total} rows left out: a value is missing" if self.n_missing else ""

    @property
    def note(self) -> str:
        """Sentences about missing rows and about rows that are not independent."""
        if self.n_subjects is None:
            people = "no patient named: every row is taken as another patient"
        elif self.n_subjects < self.n:
            people = (
                f"{self.n} rows of {self.n_subjects} patients: interval and p take rows as independent"
                " (cluster_bootstrap does not)"
            )
        else:
            people = ""
        return join(self.missing_note, people)

    @property
    def counts(self) -> dict[str, Any]:
        """The sample's fields of a :class:`~ssc_core.stats.result.Statistic`."""
        return {"n": self.n, "n_subjects": self.n_subjects, "n_missing": self.n_missing}


def sample(columns: dict[str, Any], subject: Any = None, *, wide: bool = False) -> Sample:
    """The complete rows of several columns.

    Parameters
    ----------
    columns : dict of str to array-like
        Each of shape (n,), or one of shape (n, k) when `wide`.
    subject : array-like, optional
        Patient of each row, any hashable labels.
    wide : bool, optional
        Whether columns may be two-dimensional.

    Raises
    ------
    InputError
        If a column holds text or infinite values, if lengths differ, if pandas indexes differ, or if a row
        names no patient.
    """
    _same_index({**columns, **({} if subject is None else {"subject": subject})})
    arrays = {name: column(values, name, wide=wide) for name, values in columns.items()}
    lengths = {name: len(array) for name, array in arrays.items()}
    if subject is not None:
        lengths["subject"] = len(subject)
    if len(set(lengths.values())) > 1:
        text = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise InputError(f"columns differ in length ({text}); give one value per row in each")
    whole = np.logical_and.reduce([~_missing(a) for a in arrays.values()])
    kept = tuple(a[whole] for a in arrays.values())
    codes = None if subject is None else _codes(subject)[whole]
    return Sample(kept, codes, int((~whole).sum()))


def column(values: Any, name: str, *, wide: bool = False) -> FloatArray:
    """`values` as a float array; missing values become NaN.

    Raises
    ------
    InputError
        If it holds text, an infinite value, or has another number of dimensions than allowed.
    """
    try:
        if isinstance(values, np.ndarray) and values.dtype.kind in "fiub":
            array = values.astype(np.float64)
        elif isinstance(values, pd.DataFrame):
            array = values.apply(pd.to_numeric).to_numpy(np.float64, na_value=np.nan)
        elif np.ndim(values) == 2:
            array = np.asarray(values, dtype=np.float64)
        else:
            array = pd.to_numeric(pd.Series(values)).to_numpy(np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} holds something that is not a number; give numbers") from error
    if array.ndim != (2 if wide else 1):
        raise InputError(f"{name} has {array.ndim} dimensions; give {2 if wide else 1}")
    if np.isinf(array).any():
        raise InputError(f"{name} holds an infinite value; remove it or mark it as missing")
    return array


def ratings_of(table: pd.DataFrame, target: str, rater: str, value: str) -> pd.DataFrame:
    """A long table of readings as a wide one: a row per target, a column per rater.

    Parameters
    ----------
    table : DataFrame
        One reading per row.
    target, rater, value : str
        Its columns. What a rater did not read becomes NaN.

    Returns
    -------
    DataFrame
        Shape (n_targets, k_raters), both sorted.

    Raises
    ------
    InputError
        If a column is absent, or one rater read a target twice.
    """
    absent = [name for name in (target, rater, value) if name not in table.columns]
    if absent:
        raise InputError(f"the table has no column {', '.join(absent)}", private=map(str, table.columns))
    twice = table.duplicated([target, rater])
    if twice.any():
        raise InputError(
            f"{int(twice.sum())} readings repeat a target of the same rater; keep one reading of each"
        )
    wide: pd.DataFrame = table.pivot(index=target, columns=rater, values=value)
    return wide.sort_index(axis=0).sort_index(axis=1)


def _missing(array: FloatArray) -> npt.NDArray[np.bool_]:
    missing: npt.NDArray[np.bool_] = np.isnan(array)
    return missing if array.ndim == 1 else np.asarray(missing.any(axis=1))


def _codes(subject: Iterable[Hashable]) -> npt.NDArray[np.intp]:
    codes, _ = pd.factorize(pd.Series(subject))
    if (codes < 0).any():
        raise InputError("a row names no patient; name one in each row, or give no patients at all")
    return np.asarray(codes, dtype=np.intp)


def _same_index(columns: dict[str, Any]) -> None:
    """Two pandas columns whose labels differ would be paired by position: refuse that."""
    labelled = {k: v for k, v in columns.items() if isinstance(v, pd.Series | pd.DataFrame)}
    names = list(labelled)
    for name in names[1:]:
        first, other = labelled[names[0]].index, labelled[name].index
        if len(first) == len(other) and not first.equals(other):
            raise InputError(f"{names[0]} and {name} have different row labels; align them first")
