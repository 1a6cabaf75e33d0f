"""Tests of paired differences."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from scipy import stats as sps

from ssc_core.errors import InputError
from ssc_core.stats.inputs import FloatArray, sample
from ssc_core.stats.result import Statistic, join

__all__ = ["Difference", "paired_t", "wilcoxon"]

Zeros = Literal["drop", "pratt", "split"]
_EXACT_UP_TO = 50


@dataclass(frozen=True, kw_only=True)
class Difference(Statistic):
    """A typical paired difference y - x and its test.

    Parameters
    ----------
    statistic : float
        t, or Wilcoxon's W (the smaller rank sum).
    df : float
        Degrees of freedom of t; NaN for Wilcoxon.
    n_zero : int
        Pairs without a difference.
    zeros : str
        What the rank test did with them.
    """

    statistic: float = math.nan
    df: float = math.nan
    n_zero: int = 0
    zeros: str = ""


def paired_t(x: Any, y: Any, *, subject: Any = None, confidence: float = 0.95) -> Difference:
    """Paired t test: mean of y - x with its t interval.

    Parameters
    ----------
    x, y : array-like of shape (n,)
        Two measurements of the same things.
    subject : array-like of shape (n,), optional
        Patient of each row.
    confidence : float, optional
        Level of the interval.

    Returns
    -------
    Difference
        NaN with fewer than two pairs; p is NaN where every difference is the same.

    Notes
    -----
    Used in Jia et al. 2024, "Statistical analysis and evaluation".
    """
    data = sample({"x": x, "y": y}, subject)
    n, d = data.n, data.columns[1] - data.columns[0]
    common = {
        "name": "mean difference",
        "method": "mean of y - x, t interval",
        "test": "paired t test against 0",
        "confidence": confidence,
        "n_zero": int((d == 0).sum()),
        **data.counts,
    }
    if n < 2:
        note = join(f"{n} complete pair(s): two are needed", data.note)
        return Difference(value=math.nan, note=note, **common)
    value, se = float(d.mean()), float(d.std(ddof=1)) / math.sqrt(n)
    half = float(sps.t.ppf(0.5 + confidence / 2, n - 1)) * se
    t = value / se if se > 0 else math.nan
    return Difference(
        value=value,
        low=value - half,
        high=value + half,
        p=float(2 * sps.t.sf(abs(t), n - 1)),
        statistic=t,
        df=n - 1,
        note=join("" if se > 0 else "every difference is the same: no test", data.note),
        **common,
    )


def wilcoxon(
    x: Any, y: Any, *, zeros: Zeros = "drop", subject: Any = None, confidence: float = 0.95
) -> Difference:
    """Wilcoxon's signed rank test with the Hodges-Lehmann estimate of the difference y - x.

    Parameters
    ----------
    x, y : array-like of shape (n,)
        Two measurements of the same things (the papers pass absolute errors of two methods).
    zeros : {"drop", "pratt", "split"}, optional
        Pairs without a difference: dropped (Wilcoxon's own way, and SciPy's default, which the papers used),
        ranked and then dropped (Pratt), or ranked and split between both signs.
    subject : array-like of shape (n,), optional
        Patient of each row.
    confidence : float, optional
        Level of the interval.

    Returns
    -------
    Difference
        `value` is the median of the Walsh averages of the differences that the test used, its interval by the
        normal approximation of the rank sum. NaN where no pair differs.

    Notes
    -----
    p is exact for up to 50 differences without ties or zeros, otherwise by the normal approximation with tie
    correction and without continuity correction (`test` says which). Jia et al. 2022 and 2024.
    """
    if zeros not in get_args(Zeros):
        raise InputError(f"unknown handling of zeros {zeros!r}; give drop, pratt or split")
    data = sample({"x": x, "y": y}, subject)
    d = data.columns[1] - data.columns[0]
    used = d[d != 0] if zeros == "drop" else d
    n_zero = int((d == 0).sum())
    said = {"drop": "dropped", "pratt": "ranked, then dropped (Pratt)", "split": "split"}[zeros]
    apart = len(np.unique(abs(used))) == len(used) and (zeros == "drop" or not n_zero)
    exact = len(used) <= _EXACT_UP_TO and apart
    common = {
        "name": "Hodges-Lehmann difference",
        "method": "median of Walsh averages of y - x, interval by the normal approximation",
        "test": f"Wilcoxon signed rank, {'exact' if exact else 'normal approximation'}, zeros {said}",
        "confidence": confidence,
        "n_zero": n_zero,
        "zeros": said,
        **data.counts,
    }
    if not (d != 0).any():
        reason = "no complete pair" if data.n == 0 else "no pair differs"
        return Difference(value=math.nan, note=join(reason, data.note), **common)
    method = {"drop": "wilcox", "pratt": "pratt", "split": "zsplit"}[zeros]
    test = sps.wilcoxon(d, zero_method=method, correction=False, method="exact" if exact else "asymptotic")
    value, low, high = _hodges_lehmann(used, confidence)
    dropped = f"{n_zero} of {data.n} pairs without a difference {said}" if n_zero else ""
    return Difference(
        value=value,
        low=low,
        high=high,
        p=float(test.pvalue),
        statistic=float(test.statistic),
        note=join(dropped, data.note),
        **common,
    )


def _hodges_lehmann(d: FloatArray, confidence: float) -> tuple[float, float, float]:
    n = len(d)
    i, j = np.triu_indices(n)
    walsh = np.sort((d[i] + d[j]) / 2)
    m = len(walsh)
    z = float(sps.norm.ppf(0.5 + confidence / 2))
    skip = math.floor(m / 2 - z * math.sqrt(n * (n + 1) * (2 * n + 1) / 24))
    if skip < 1:  # too few pairs for this level
        return float(np.median(walsh)), math.nan, math.nan
    return float(np.median(walsh)), float(walsh[skip - 1]), float(walsh[m - skip])
