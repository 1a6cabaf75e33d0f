"""Limits of agreement with several readings per patient."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import stats as sps

from ssc_core.stats.inputs import FloatArray, sample
from ssc_core.stats.limits import BlandAltman, Range, multiplier, proportional_bias
from ssc_core.stats.result import join

__all__ = ["bland_altman_repeated"]


def bland_altman_repeated(
    x: Any, y: Any, subject: Any, *, share: float = 0.95, confidence: float = 0.95
) -> BlandAltman:
    """Limits of agreement where patients have several slices or visits and the true value varies.

    The differences ``d = y - x`` are parted by one-way analysis of variance into a variance between patients
    and one within; a future single difference has their sum: ``sd^2 = (MS_b - MS_w) / m0 + MS_w`` with
    ``m0 = ((sum m)^2 - sum m^2) / ((k - 1) sum m)`` for k patients with m pairs each.

    Parameters
    ----------
    x, y : array-like of shape (n,)
        Reference and measured values, in the same unit.
    subject : array-like of shape (n,)
        Patient of each row.
    share : float, optional
        Share of differences that the limits should hold.
    confidence : float, optional
        Level of all intervals.

    Returns
    -------
    BlandAltman
        `sd` is that of a single difference; `sd_between`, `sd_within` its parts; the limits' intervals
        (MOVER) stand in `lower_exact`, `upper_exact`. NaN with fewer than two patients or no patient
        with two pairs. The proportional-bias slope stays an estimate without p: its rows are not independent.

    Notes
    -----
    Bland and Altman 2007, section 3 (true value varies); intervals of the limits by Zou 2013 (MOVER).
    """
    data = sample({"x": x, "y": y}, subject)
    assert data.subject is not None
    common = {
        "name": "bias",
        "method": "Bland-Altman for repeated measures, true value varies (Bland and Altman 2007),"
        " differences y - x, limits' intervals by MOVER (Zou 2013)",
        "test": "t test of the bias against 0, patients as the sample",
        "confidence": confidence,
        **data.counts,
    }
    a, b = data.columns
    d = b - a
    counts = np.bincount(data.subject)
    counts = counts[counts > 0]
    k, n = len(counts), data.n
    if k < 2 or n == k:
        reason = "fewer than two patients" if k < 2 else "no patient has two pairs: use bland_altman"
        return BlandAltman(value=math.nan, note=join(reason, data.missing_note), **common)
    ms_b, ms_w = _mean_squares(d, data.subject, k)
    m0 = (n**2 - float((counts**2).sum())) / ((k - 1) * n)
    between = (ms_b - ms_w) / m0
    note = "between-patient variance is estimated below 0 and taken as 0" if between < 0 else ""
    between = max(between, 0.0)
    sd, bias = math.sqrt(between + ms_w), float(d.mean())
    se = math.sqrt(between * float((counts**2).sum()) / n**2 + ms_w / n)
    z, t = multiplier(share), float(sps.t.ppf(0.5 + confidence / 2, k - 1))
    spread = _total_interval((ms_b, ms_w), (k, n, m0), confidence) if sd > 0 else (0.0, 0.0)
    lower, upper = _mover(bias, sd, spread, t * se, z)
    slope, unfit = proportional_bias(a, b, confidence)
    return BlandAltman(
        value=bias,
        low=bias - t * se,
        high=bias + t * se,
        p=float(2 * sps.t.sf(abs(bias) / se, k - 1)) if se > 0 else math.nan,
        sd=sd,
        lower=bias - z * sd,
        upper=bias + z * sd,
        lower_exact=lower,
        upper_exact=upper,
        slope=slope.get("slope", math.nan),
        sd_within=math.sqrt(ms_w),
        sd_between=math.sqrt(between),
        note=join(note, unfit, data.missing_note),
        **common,
    )


def _mean_squares(d: FloatArray, subject: Any, k: int) -> tuple[float, float]:
    """Mean squares between and within patients."""
    _, code = np.unique(subject, return_inverse=True)
    counts = np.bincount(code)
    means = np.bincount(code, weights=d) / counts
    between = float((counts * (means - d.mean()) ** 2).sum()) / (k - 1)
    within = float(((d - means[code]) ** 2).sum()) / (len(d) - k)
    return between, within


def _total_interval(ms: tuple[float, float], sizes: tuple[int, int, float], confidence: float) -> Range:
    """Interval of the variance of a single difference, MS_b / m0 + (1 - 1/m0) MS_w, by MOVER."""
    k, n, m0 = sizes
    parts = ((ms[0] / m0, k - 1), (ms[1] * (1 - 1 / m0), n - k))
    total = sum(value for value, _ in parts)
    q = 0.5 + confidence / 2
    down = math.sqrt(sum((v * (1 - df / sps.chi2.ppf(q, df))) ** 2 for v, df in parts))
    up = math.sqrt(sum((v * (df / sps.chi2.ppf(1 - q, df) - 1)) ** 2 for v, df in parts))
    return max(total - down, 0.0), total + up


def _mover(bias: float, sd: float, variance: Range, half: float, z: float) -> tuple[Range, Range]:
    """Intervals of both limits from those of the bias and of the variance."""
    near = math.hypot(half, z * (sd - math.sqrt(variance[0])))
    far = math.hypot(half, z * (math.sqrt(variance[1]) - sd))
    low, high = bias - z * sd, bias + z * sd
    return (low - far, low + near), (high - near, high + far)
