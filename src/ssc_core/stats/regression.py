"""Least-squares line."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats as sps

from ssc_core.stats.inputs import sample
from ssc_core.stats.result import Statistic, join

__all__ = ["Line", "least_squares"]


@dataclass(frozen=True, kw_only=True)
class Line(Statistic):
    """A line y = intercept + slope x; `value`, `low`, `high` and `p` are those of the slope.

    Parameters
    ----------
    intercept, intercept_low, intercept_high : float
        Intercept and its interval.
    p_identity : float
        p of slope = 1 (t test).
    r2 : float
        Share of the variance explained.
    residual_sd : float
        Standard deviation about the line, n - 2 degrees of freedom.
    """

    intercept: float = math.nan
    intercept_low: float = math.nan
    intercept_high: float = math.nan
    p_identity: float = math.nan
    r2: float = math.nan
    residual_sd: float = math.nan

    @property
    def slope(self) -> float:
        """Slope of y on x."""
        return self.value


def least_squares(x: Any, y: Any, *, subject: Any = None, confidence: float = 0.95) -> Line:
    """Ordinary least-squares line of y on x with intervals by Student's t.

    Parameters
    ----------
    x, y : array-like of shape (n,)
        Reference and measured values.
    subject : array-like of shape (n,), optional
        Patient of each row.
    confidence : float, optional
        Level of the intervals.

    Returns
    -------
    Line
        NaN with fewer than three rows or a constant x.

    Notes
    -----
    As the regression line beside the identity line in Jia et al. 2022, figure 4. Noise in x draws the slope
    towards 0, so a slope below 1 alone is no proof of disagreement.
    """
    data = sample({"x": x, "y": y}, subject)
    a, b = data.columns
    n = data.n
    common = {
        "name": "slope",
        "method": "ordinary least squares of y on x, t intervals",
        "test": "t against slope 0",
        "confidence": confidence,
        **data.counts,
    }
    if n < 3 or np.ptp(a) == 0:
        reason = f"{n} complete pair(s): three are needed" if n < 3 else "x is constant"
        return Line(value=math.nan, note=join(reason, data.note), **common)
    fit = sps.linregress(a, b)
    slope, intercept = float(fit.slope), float(fit.intercept)
    t = float(sps.t.ppf(0.5 + confidence / 2, n - 2))
    rest = b - intercept - slope * a
    exact = float(fit.stderr) == 0
    return Line(
        value=slope,
        low=slope - t * float(fit.stderr),
        high=slope + t * float(fit.stderr),
        p=float(fit.pvalue),
        intercept=intercept,
        intercept_low=intercept - t * float(fit.intercept_stderr),
        intercept_high=intercept + t * float(fit.intercept_stderr),
        p_identity=math.nan if exact else float(2 * sps.t.sf(abs(slope - 1) / fit.stderr, n - 2)),
        r2=math.nan if np.ptp(b) == 0 else float(fit.rvalue) ** 2,
        residual_sd=math.sqrt(float(rest @ rest) / (n - 2)),
        note=data.note,
        **common,
    )
