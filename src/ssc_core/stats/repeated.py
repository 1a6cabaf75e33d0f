"""Repeated-measures correlation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats as sps

from ssc_core.stats.inputs import FloatArray, sample
from ssc_core.stats.result import Statistic, join

__all__ = ["RepeatedMeasures", "rmcorr"]


@dataclass(frozen=True, kw_only=True)
class RepeatedMeasures(Statistic):
    """Common within-patient correlation.

    Parameters
    ----------
    df : float
        N rows - k patients - 1.
    slope : float
        Common slope of y on x within patients.
    n_single : int
        Patients with one row, who add nothing.
    """

    df: float = math.nan
    slope: float = math.nan
    n_single: int = 0


def rmcorr(
    subject: Any, x: Any, y: Any, *, ranks: bool = False, confidence: float = 0.95
) -> RepeatedMeasures:
    """Correlation within patients, with one slope for all and an intercept for each.

    ``r = sign(b) sqrt(SS_x / (SS_x + SS_error))`` from the analysis of covariance y ~ patient + x, with
    ``N - k - 1`` degrees of freedom.

    Parameters
    ----------
    subject : array-like of shape (n,)
        Patient of each row.
    x, y : array-like of shape (n,)
        Two variables.
    ranks : bool, optional
        Whether to replace both variables by their ranks over all rows first (ties share average ranks).
    confidence : float, optional
        Level of the interval.

    Returns
    -------
    RepeatedMeasures
        NaN where no degree of freedom is left, or where a variable does not vary within any patient.

    Notes
    -----
    Bland and Altman 1995; Bakdash and Marusich 2017 (interval by Fisher's z with SE ``1 / sqrt(df - 1)``).
    Used in Correia et al. 2020, who print "Spearman's rho ... repeated measures test".
    """
    data = sample({"x": x, "y": y}, subject)
    assert data.subject is not None
    a, b = data.columns
    if ranks:
        a, b = sps.rankdata(a), sps.rankdata(b)
    code, sizes = np.unique(data.subject, return_inverse=True, return_counts=True)[1:]
    k, df = len(sizes), data.n - len(sizes) - 1
    single = int((sizes == 1).sum())
    common = {
        "name": "rmcorr of ranks" if ranks else "rmcorr",
        "method": "repeated-measures correlation (Bland and Altman 1995)"
        f"{' of ranks' if ranks else ''}, Fisher z interval",
        "test": f"t against 0, {df} degrees of freedom",
        "df": float(df),
        "n_single": single,
        "confidence": confidence,
        **data.counts,
    }
    lone = f"{single} of {k} patients have one row and add nothing" if single else ""
    note = join(lone, data.missing_note)
    if df < 1:
        return RepeatedMeasures(value=math.nan, note=join("no degree of freedom is left", note), **common)
    dx, dy = _within(a, code), _within(b, code)
    sxx, syy, sxy = float(dx @ dx), float(dy @ dy), float(dx @ dy)
    if sxx == 0 or syy == 0:
        return RepeatedMeasures(
            value=math.nan, note=join("a column is constant within patients", note), **common
        )
    r = float(np.clip(sxy / math.sqrt(sxx * syy), -1, 1))
    t = r * math.sqrt(df / (1 - r**2)) if abs(r) < 1 else math.copysign(math.inf, r)
    low = high = math.nan
    if df > 1 and abs(r) < 1 - 1e-15:
        half = float(sps.norm.ppf(0.5 + confidence / 2)) / math.sqrt(df - 1)
        low, high = math.tanh(math.atanh(r) - half), math.tanh(math.atanh(r) + half)
    return RepeatedMeasures(
        value=r,
        low=low,
        high=high,
        p=float(2 * sps.t.sf(abs(t), df)),
        slope=sxy / sxx,
        note=note,
        **common,
    )


def _within(values: FloatArray, code: Any) -> FloatArray:
    """Deviations from each patient's mean; rounding left by a constant patient is taken as none."""
    means = np.bincount(code, weights=values) / np.bincount(code)
    deviation: FloatArray = values - means[code]
    deviation[abs(deviation) < 1e-12 * max(float(abs(values).max()), 1e-300)] = 0.0
    return deviation
