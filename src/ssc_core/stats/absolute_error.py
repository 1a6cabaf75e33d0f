"""Mean absolute error."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from scipy import stats as sps

from ssc_core.stats.inputs import FloatArray, sample
from ssc_core.stats.result import Statistic, join

__all__ = ["MeanAbsoluteError", "mae_value", "mean_absolute_error"]


@dataclass(frozen=True, kw_only=True)
class MeanAbsoluteError(Statistic):
    """Mean absolute error; `sd` is the standard deviation of the absolute errors."""

    sd: float = math.nan


def mae_value(x: FloatArray, y: FloatArray) -> float:
    """Mean of |y - x| of complete columns of shape (n,)."""
    return float(abs(y - x).mean())


def mean_absolute_error(
    x: Any, y: Any, *, subject: Any = None, ddof: int = 1, confidence: float = 0.95
) -> MeanAbsoluteError:
    """Mean absolute error with the standard deviation of the absolute errors.

    ``MAE = 1/n sum |y_i - x_i|``; its interval is that of a mean (Student's t, n - 1 degrees of freedom).

    Parameters
    ----------
    x, y : array-like of shape (n,)
        Reference and measured values, in the same unit.
    subject : array-like of shape (n,), optional
        Patient of each row.
    ddof : int, optional
        1 for the sample standard deviation, 0 for the population one.
    confidence : float, optional
        Level of the interval.

    Returns
    -------
    MeanAbsoluteError
        In the unit of the values. NaN when there is no complete pair.

    Notes
    -----
    Jia et al. 2024, "Statistical analysis and evaluation", equation 1.
    """
    data = sample({"x": x, "y": y}, subject)
    method = f"mean of |y - x|, SD with ddof {ddof}, t interval"
    common = {"name": "MAE", "method": method, "confidence": confidence, **data.counts}
    if data.n == 0:
        return MeanAbsoluteError(value=math.nan, note=join("no complete pair", data.note), **common)
    a, b = data.columns
    errors = abs(b - a)
    value = mae_value(a, b)
    if data.n < 2:
        return MeanAbsoluteError(value=value, note=join("one pair: no SD, no interval", data.note), **common)
    half = float(sps.t.ppf(0.5 + confidence / 2, data.n - 1) * errors.std(ddof=1) / math.sqrt(data.n))
    return MeanAbsoluteError(
        value=value,
        low=value - half,
        high=value + half,
        sd=float(errors.std(ddof=ddof)),
        note=data.note,
        **common,
    )
