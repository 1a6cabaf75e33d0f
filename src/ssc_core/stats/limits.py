"""Bland and Altman's limits of agreement."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats as sps

from ssc_core.stats.inputs import FloatArray, sample
from ssc_core.stats.result import Statistic, join

__all__ = ["BlandAltman", "Range", "bland_altman", "multiplier", "proportional_bias"]

Range = tuple[float, float]
_NONE: Range = (math.nan, math.nan)


@dataclass(frozen=True, kw_only=True)
class BlandAltman(Statistic):
    """Bias (`value`, with interval and p of the paired t test against 0) and limits of agreement.

    Parameters
    ----------
    sd : float
        Standard deviation of the differences (ddof 1; for repeated measures, of a single future difference).
    lower, upper : float
        Limits of agreement, bias -+ z sd.
    lower_exact, upper_exact : (float, float)
        Exact interval of each limit (noncentral t); for repeated measures the one by MOVER.
    lower_approx, upper_approx : (float, float)
        Approximate interval of each limit, standard error sqrt(3 s^2 / n).
    lower_delta, upper_delta : (float, float)
        Interval with standard error s sqrt(1/n + z^2 / (2 (n - 1))).
    slope, slope_low, slope_high, slope_p : float
        Proportional bias: slope of the difference on the mean of both, its interval and p.
    sd_within, sd_between : float
        Within and between patients; NaN unless repeated measures.
    """

    sd: float = math.nan
    lower: float = math.nan
    upper: float = math.nan
    lower_exact: Range = _NONE
    upper_exact: Range = _NONE
    lower_approx: Range = _NONE
    upper_approx: Range = _NONE
    lower_delta: Range = _NONE
    upper_delta: Range = _NONE
    slope: float = math.nan
    slope_low: float = math.nan
    slope_high: float = math.nan
    slope_p: float = math.nan
    sd_within: float = math.nan
    sd_between: float = math.nan

    @property
    def bias(self) -> float:
        """Mean difference, y - x."""
        return self.value


def bland_altman(
    x: Any, y: Any, *, subject: Any = None, share: float = 0.95, confidence: float = 0.95
) -> BlandAltman:
    """Limits of agreement for one pair per patient (or rows taken as independent).

    Differences are ``y - x`` (measured minus reference), plotted against ``(x + y) / 2``. Limits are
    ``bias -+ z s`` with the sample standard deviation s (ddof 1) and z = 1.96 for 95 % (the normal
    quantile for other shares).

    Parameters
    ----------
    x, y : array-like of shape (n,)
        Reference and measured values, in the same unit.
    subject : array-like of shape (n,), optional
        Patient of each row. With several rows per patient see :func:`bland_altman_repeated`.
    share : float, optional
        Share of differences that the limits should hold.
    confidence : float, optional
        Level of all intervals.

    Returns
    -------
    BlandAltman
        NaN with fewer than two pairs.

    Notes
    -----
    Bland and Altman 1986 (approximate interval) and 1999 (section 2 and the delta interval); exact interval:
    Carkeet 2015, from the noncentral t distribution. The proportional-bias test is the regression of the
    difference on the mean, equivalent to Pitman's test of equal variances.
    """
    data = sample({"x": x, "y": y}, subject)
    common = {
        "name": "bias",
        "method": "Bland-Altman, differences y - x, SD with ddof 1, t interval of the bias",
        "test": "paired t test of the bias against 0",
        "confidence": confidence,
        **data.counts,
    }
    a, b = data.columns
    n = data.n
    if n < 2:
        note = join(f"{n} complete pair(s): two are needed", data.note)
        return BlandAltman(value=float((b - a).mean()) if n else math.nan, note=note, **common)
    d = b - a
    bias, s = float(d.mean()), float(d.std(ddof=1))
    z = multiplier(share)
    half = float(sps.t.ppf(0.5 + confidence / 2, n - 1)) * s / math.sqrt(n)
    slope, spread = proportional_bias(a, b, confidence)
    note = "" if s > 0 else "every difference is the same"
    return BlandAltman(
        value=bias,
        low=bias - half,
        high=bias + half,
        p=float(2 * sps.t.sf(abs(bias) / (s / math.sqrt(n)), n - 1)) if s > 0 else math.nan,
        sd=s,
        lower=bias - z * s,
        upper=bias + z * s,
        **_limit_intervals(bias, s, n, z, confidence),
        **slope,
        note=join(note, spread, data.note),
        **common,
    )


def multiplier(share: float) -> float:
    """Standard deviations that hold `share` of a normal population; 1.96 for 95 %, as in the papers."""
    return 1.96 if share == 0.95 else float(sps.norm.ppf(0.5 + share / 2))


def proportional_bias(a: FloatArray, b: FloatArray, confidence: float = 0.95) -> tuple[dict[str, Any], str]:
    """Slope of b - a on (a + b) / 2 with interval and p, as fields of :class:`BlandAltman`, and a note."""
    d, mean = b - a, (a + b) / 2
    if len(d) < 3 or np.ptp(mean) == 0:
        return {}, "too few or constant values for the proportional-bias test"
    fit = sps.linregress(mean, d)
    half = float(sps.t.ppf(0.5 + confidence / 2, len(d) - 2)) * float(fit.stderr)
    slope = float(fit.slope)
    exact = np.ptp(d) == 0 or not np.isfinite(fit.pvalue)
    return {
        "slope": slope,
        "slope_low": slope - half,
        "slope_high": slope + half,
        "slope_p": math.nan if exact else float(fit.pvalue),
    }, ""


def _limit_intervals(bias: float, s: float, n: int, z: float, confidence: float) -> dict[str, Any]:
    """The three intervals of both limits."""
    q = 0.5 + confidence / 2
    t = float(sps.t.ppf(q, n - 1))
    out = {}
    for name, se in (
        ("approx", math.sqrt(3 * s**2 / n)),
        ("delta", s * math.sqrt(1 / n + z**2 / (2 * (n - 1)))),
    ):
        for side, limit in (("lower", bias - z * s), ("upper", bias + z * s)):
            out[f"{side}_{name}"] = (limit - t * se, limit + t * se)
    near, far = (float(f) * s / math.sqrt(n) for f in sps.nct.ppf([1 - q, q], n - 1, z * math.sqrt(n)))
    out["upper_exact"] = (bias + near, bias + far)
    out["lower_exact"] = (bias - far, bias - near)
    return out
