"""Pearson's and Spearman's correlation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats as sps

from ssc_core.stats.inputs import sample
from ssc_core.stats.result import Statistic, join

__all__ = ["Correlation", "pearson", "spearman"]


@dataclass(frozen=True, kw_only=True)
class Correlation(Statistic):
    """A correlation; `df` are the degrees of freedom of its t test, `ties` the rows that share a rank."""

    df: float = math.nan
    ties: int = 0


def pearson(x: Any, y: Any, *, subject: Any = None, confidence: float = 0.95) -> Correlation:
    """Pearson's product-moment correlation. It is no measure of agreement: see :func:`lin_ccc`.

    ``r = s_xy / (s_x s_y)``, t test with n - 2 degrees of freedom, interval by Fisher's z with SE
    ``1 / sqrt(n - 3)``.

    Parameters
    ----------
    x, y : array-like of shape (n,)
        Two variables.
    subject : array-like of shape (n,), optional
        Patient of each row; for several rows per patient see :func:`rmcorr`.
    confidence : float, optional
        Level of the interval.

    Returns
    -------
    Correlation
        NaN with fewer than three rows or a constant column.

    Notes
    -----
    Used in Correia et al. 2020, "Linear regression model and association with mRSS".
    """
    return _correlation(x, y, subject, confidence, ranks=False)


def spearman(x: Any, y: Any, *, subject: Any = None, confidence: float = 0.95) -> Correlation:
    """Spearman's rank correlation: Pearson's r of the ranks, ties share their average rank.

    Parameters
    ----------
    x, y : array-like of shape (n,)
        Two variables.
    subject : array-like of shape (n,), optional
        Patient of each row.
    confidence : float, optional
        Level of the interval.

    Returns
    -------
    Correlation
        NaN with fewer than three rows or a constant column.

    Notes
    -----
    Interval by Fisher's z with the SE of Bonett and Wright 2000, ``sqrt((1 + rho^2 / 2) / (n - 3))``. Used in
    Chandrasekaran et al. 2021 and Correia et al. 2020.
    """
    return _correlation(x, y, subject, confidence, ranks=True)


def _correlation(x: Any, y: Any, subject: Any, confidence: float, *, ranks: bool) -> Correlation:
    data = sample({"x": x, "y": y}, subject)
    a, b = data.columns
    n = data.n
    ties = int(sum(n - len(np.unique(c)) for c in (a, b)))
    if ranks:
        name, how = "Spearman rho", "ties share average ranks, Bonett-Wright interval (2000)"
        a, b = sps.rankdata(a), sps.rankdata(b)
    else:
        name, how = "Pearson r", "Fisher z interval"
    common = {
        "name": name,
        "method": f"{name}, {how}",
        "test": "t approximation against 0, n - 2 degrees of freedom",
        "confidence": confidence,
        "ties": ties,
        **data.counts,
    }
    if n < 3:
        note = join(f"{n} complete pair(s): three are needed", data.note)
        return Correlation(value=math.nan, note=note, **common)
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return Correlation(value=math.nan, note=join("a column is constant", data.note), **common)
    r = float(np.clip(np.corrcoef(a, b)[0, 1], -1, 1))
    t = r * math.sqrt((n - 2) / (1 - r**2)) if abs(r) < 1 else math.copysign(math.inf, r)
    low = high = math.nan
    if n > 3 and abs(r) < 1 - 1e-15:
        se = math.sqrt((1 + r**2 / 2 if ranks else 1.0) / (n - 3))
        half = float(sps.norm.ppf(0.5 + confidence / 2)) * se
        low, high = math.tanh(math.atanh(r) - half), math.tanh(math.atanh(r) + half)
    return Correlation(
        value=r,
        low=low,
        high=high,
        p=float(2 * sps.t.sf(abs(t), n - 2)),
        df=n - 2,
        note=join("" if not math.isnan(low) else "no interval: r is 1 or n is 3", data.note),
        **common,
    )
