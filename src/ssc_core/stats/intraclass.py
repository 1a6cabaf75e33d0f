"""Intraclass correlation, all six forms of McGraw and Wong."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy import stats as sps

from ssc_core.errors import InputError
from ssc_core.stats.inputs import FloatArray, sample
from ssc_core.stats.result import Statistic, join

__all__ = ["Icc", "MeanSquares", "icc", "icc_value", "koo_li", "mean_squares"]

# form -> every name under which it goes about
_NAMES = {
    "1,1": ("ICC(1)", "ICC(1,1)", "one-way random effects, single rater"),
    "1,k": ("ICC(k)", "ICC(1,k)", "one-way random effects, mean of k raters"),
    "A,1": (
        "ICC(A,1)",
        "ICC(2,1)",
        "two-way random effects, absolute agreement, single rater",
        "two-way mixed effects, absolute agreement, single rater (same number)",
    ),
    "A,k": (
        "ICC(A,k)",
        "ICC(2,k)",
        "two-way random effects, absolute agreement, mean of k raters",
        "two-way mixed effects, absolute agreement, mean of k raters (same number)",
    ),
    "C,1": (
        "ICC(C,1)",
        "ICC(3,1)",
        "two-way mixed effects, consistency, single rater",
        "two-way random effects, consistency, single rater (same number)",
    ),
    "C,k": (
        "ICC(C,k)",
        "ICC(3,k)",
        "two-way mixed effects, consistency, mean of k raters",
        "two-way random effects, consistency, mean of k raters (same number)",
    ),
}
_SHROUT_FLEISS = {"2,1": "A,1", "2,k": "A,k", "3,1": "C,1", "3,k": "C,k"}


class MeanSquares(NamedTuple):
    """Mean squares of a targets x raters table: rows (targets), columns (raters), within rows, residual."""

    rows: float
    columns: float
    within: float
    error: float


@dataclass(frozen=True, kw_only=True)
class Icc(Statistic):
    """An intraclass correlation.

    Parameters
    ----------
    form : str
        McGraw and Wong's form, "A,1".
    names : tuple of str
        Every name of it: where random and mixed effects give the same number, both.
    f, df1, df2 : float
        F ratio of targets and its degrees of freedom.
    k : int
        Raters.
    word : str
        Koo and Li's word for the value.
    words : str
        The same for the interval, as they ask for: "moderate to good".
    """

    form: str = ""
    names: tuple[str, ...] = ()
    f: float = math.nan
    df1: float = math.nan
    df2: float = math.nan
    k: int = 0
    word: str = ""
    words: str = ""


def icc(ratings: Any, form: str = "A,1", *, subject: Any = None, confidence: float = 0.95) -> Icc:
    """Intraclass correlation of a targets x raters table.

    Parameters
    ----------
    ratings : array-like of shape (n_targets, k_raters)
        A row with a missing value is left out and counted. From a long table: :func:`ratings_of`.
    form : str, optional
        "1,1", "1,k" (one-way), "A,1", "A,k" (absolute agreement), "C,1", "C,k" (consistency); Shrout and
        Fleiss' "2,1", "2,k", "3,1", "3,k" are understood, and "ICC(...)" around it too.
    subject : array-like of shape (n_targets,), optional
        Patient of each target.
    confidence : float, optional
        Level of the interval.

    Returns
    -------
    Icc
        p is that of the F test that targets do not differ. NaN with fewer than two targets or raters, or
        when no rating differs from another.

    Notes
    -----
    McGraw and Wong 1996, tables 4 and 7; the interval of the absolute forms uses Satterthwaite's degrees of
    freedom. Two-way random and two-way mixed effects differ in what may be concluded, not in the number: Jia
    et al. 2022 (random) and 2024 (mixed) both print ICC(A,1). Words of Koo and Li 2016.
    """
    key = _form(form)
    data = sample({"ratings": ratings}, subject, wide=True)
    (table,) = data.columns
    k = table.shape[1]
    common = {
        "name": f"ICC({key})",
        "form": key,
        "names": _NAMES[key],
        "k": k,
        "method": f"{_NAMES[key][2]} (McGraw and Wong 1996)",
        "test": "F test that targets do not differ",
        "confidence": confidence,
        **data.counts,
    }
    reason = _cannot(table)
    if reason:
        return Icc(value=math.nan, note=join(reason, data.note), **common)
    ms = mean_squares(table)
    n = len(table)
    value = _value(ms, n, k, key)
    noise = ms.within if key[0] == "1" else ms.error
    df1, df2 = n - 1.0, float(n * (k - 1) if key[0] == "1" else (n - 1) * (k - 1))
    if noise <= 1e-14 * ms.rows:  # the raters agree (or differ by constants): F has no denominator
        return Icc(value=value, note=join("no residual variance: no interval", data.note), df1=df1, df2=df2,
                   word=koo_li(value), **common)  # fmt: skip
    f = ms.rows / noise
    with np.errstate(all="ignore"):  # a negative ICC can leave the absolute forms without degrees of freedom
        low, high = _interval(ms, n, k, key, confidence)
    finite = math.isfinite(low) and math.isfinite(high)
    return Icc(
        value=value,
        low=low if finite else math.nan,
        high=high if finite else math.nan,
        p=float(sps.f.sf(f, df1, df2)),
        f=f,
        df1=df1,
        df2=df2,
        word=koo_li(value),
        words=_words(low, high) if finite else "",
        note=join("" if finite else "the interval is not defined for these ratings", data.note),
        **common,
    )


def icc_value(table: FloatArray, form: str = "A,1") -> float:
    """ICC of a complete table of shape (n, k), without interval (for resampling); NaN when not defined."""
    if _cannot(table):
        return math.nan
    return _value(mean_squares(table), table.shape[0], table.shape[1], _form(form))


def mean_squares(table: FloatArray) -> MeanSquares:
    """Mean squares of a complete targets x raters table, shape (n, k)."""
    n, k = table.shape
    table = table - table.mean()
    by_row, by_column = table.mean(1, keepdims=True), table.mean(0, keepdims=True)
    parts = (
        k * float((by_row**2).sum()),
        n * float((by_column**2).sum()),
        float(((table - by_row) ** 2).sum()),
        float(((table - by_row - by_column) ** 2).sum()),
    )
    dust = 1e-20 * float((table**2).sum())  # what rounding leaves of a sum that is 0
    rows, columns, within, error = (part if part > dust else 0.0 for part in parts)
    return MeanSquares(rows / (n - 1), columns / (k - 1), within / (n * (k - 1)), error / ((n - 1) * (k - 1)))


def koo_li(value: float) -> str:
    """Koo and Li's (2016) word for an ICC: poor, moderate (0.5), good (0.75), excellent (above 0.9)."""
    if math.isnan(value):
        return ""
    if value < 0.5:
        return "poor"
    if value < 0.75:
        return "moderate"
    return "good" if value <= 0.9 else "excellent"


def _form(form: str) -> str:
    key = form.replace(" ", "").removeprefix("ICC(").removesuffix(")")
    key = _SHROUT_FLEISS.get(key, key)
    if key not in _NAMES:
        raise InputError(f"unknown form of ICC {form!r}; give one of {', '.join(_NAMES)}")
    return key


def _cannot(table: FloatArray) -> str:
    n, k = table.shape
    if k < 2:
        return "one rater: two are needed"
    if n < 2:
        return f"{n} complete target(s): two are needed"
    return "no rating differs from another" if np.ptp(table) == 0 else ""


def _value(ms: MeanSquares, n: int, k: int, key: str) -> float:
    many = 0 if key[2] == "1" else 1
    if key[0] == "1":
        below = ms.rows + (0 if many else (k - 1) * ms.within)
        return (ms.rows - ms.within) / below if below > 0 else math.nan
    if key[0] == "C":
        below = ms.rows + (0 if many else (k - 1) * ms.error)
    else:
        raters = (ms.columns - ms.error) / n
        below = ms.rows + (raters if many else (k - 1) * ms.error + k * raters)
    return (ms.rows - ms.error) / below if below > 0 else math.nan


def _interval(ms: MeanSquares, n: int, k: int, key: str, confidence: float) -> tuple[float, float]:
    q = 0.5 + confidence / 2
    df1 = n - 1
    if key[0] in "1C":
        noise, df2 = (ms.within, n * (k - 1)) if key[0] == "1" else (ms.error, (n - 1) * (k - 1))
        bounds = (
            ms.rows / noise / sps.f.ppf(q, df1, df2),
            ms.rows / noise * sps.f.ppf(q, df2, df1),
        )
        single = [float((b - 1) / (b + k - 1)) for b in bounds]
    else:
        single = _absolute_interval(ms, n, k, q)
    if key[2] == "1":
        return single[0], single[1]
    below = [1 + (k - 1) * r for r in single]  # Spearman-Brown
    stepped = [k * r / b if b > 0 else -math.inf for r, b in zip(single, below, strict=True)]
    return stepped[0], stepped[1]


def _absolute_interval(ms: MeanSquares, n: int, k: int, q: float) -> list[float]:
    r = _value(ms, n, k, "A,1")
    a = k * r / (n * (1 - r))
    b = 1 + k * r * (n - 1) / (n * (1 - r))
    below = (a * ms.columns) ** 2 / (k - 1) + (b * ms.error) ** 2 / ((n - 1) * (k - 1))
    v = (a * ms.columns + b * ms.error) ** 2 / below
    fl, fu = sps.f.ppf(q, n - 1, v), sps.f.ppf(q, v, n - 1)
    rest = k * ms.columns + (k * n - k - n) * ms.error
    low = n * (ms.rows - fl * ms.error) / (fl * rest + n * ms.rows)
    high = n * (fu * ms.rows - ms.error) / (rest + n * fu * ms.rows)
    return [float(low), float(high)]


def _words(low: float, high: float) -> str:
    first, last = koo_li(low), koo_li(high)
    return first if first == last else f"{first} to {last}"
