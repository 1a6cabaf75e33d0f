"""Lin's concordance correlation coefficient."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats as sps

from ssc_core.stats.inputs import FloatArray, sample
from ssc_core.stats.result import Statistic, join

__all__ = ["Concordance", "ccc_value", "lin_ccc"]


@dataclass(frozen=True, kw_only=True)
class Concordance(Statistic):
    """Lin's CCC with its parts.

    Parameters
    ----------
    se : float
        Asymptotic standard error (corrected form).
    pearson : float
        Precision: Pearson's r.
    accuracy : float
        Lin's C_b = CCC / r: how far the line is from identity.
    scale_shift, location_shift : float
        Ratio of the standard deviations, y over x, and difference of the means in units of the geometric
        mean of both.
    """

    se: float = math.nan
    pearson: float = math.nan
    accuracy: float = math.nan
    scale_shift: float = math.nan
    location_shift: float = math.nan


def ccc_value(x: FloatArray, y: FloatArray) -> float:
    """CCC of complete columns, without interval (for resampling); NaN when both are the same constant."""
    dx, dy = x - x.mean(), y - y.mean()
    below = (dx * dx).mean() + (dy * dy).mean() + (x.mean() - y.mean()) ** 2
    return float(2 * (dx * dy).mean() / below) if below > 0 else math.nan


def lin_ccc(x: Any, y: Any, *, subject: Any = None, confidence: float = 0.95) -> Concordance:
    """Lin's concordance correlation coefficient.

    ``CCC = 2 s_xy / (s_x^2 + s_y^2 + (mean x - mean y)^2)`` with moments divided by n.

    Parameters
    ----------
    x, y : array-like of shape (n,)
        Two readings of the same things, in the same unit.
    subject : array-like of shape (n,), optional
        Patient of each row.
    confidence : float, optional
        Level of the interval.

    Returns
    -------
    Concordance
        NaN with fewer than three pairs or when neither column varies; the interval is missing where r is 0
        or 1.

    Notes
    -----
    Lin 1989 with the standard error corrected in Biometrics 2000;56:324 (2 and 0.5 where 1989 printed 4 and
    2), interval and z test on the inverse hyperbolic tangent. Used in Chandrasekaran et al. 2021.
    """
    data = sample({"x": x, "y": y}, subject)
    common = {
        "name": "CCC",
        "method": "Lin's concordance correlation, corrected SE (2000), z-transformed interval",
        "test": "z of the transformed CCC against 0",
        "confidence": confidence,
        **data.counts,
    }
    a, b = data.columns
    if data.n < 3:
        note = join(f"{data.n} complete pair(s): three are needed", data.note)
        return Concordance(value=math.nan, note=note, **common)
    value = ccc_value(a, b)
    sx, sy = float(a.std()), float(b.std())
    if sx == 0 or sy == 0:
        return Concordance(value=value, note=join("a column is constant: no interval", data.note), **common)
    r = float(np.corrcoef(a, b)[0, 1])
    u = float(b.mean() - a.mean()) / math.sqrt(sx * sy)
    parts: dict[str, Any] = {"pearson": r, "scale_shift": sy / sx, "location_shift": u}
    if value == 0 or 1 - abs(r) < 1e-12 or abs(r) < 1e-12:
        note = join("r is 0 or 1 exactly: no interval", data.note)
        return Concordance(value=value, note=note, **parts, **common)
    se = _standard_error(value, r, u, data.n)
    z, se_z = math.atanh(value), se / (1 - value**2)
    half = float(sps.norm.ppf(0.5 + confidence / 2)) * se_z
    return Concordance(
        value=value,
        low=math.tanh(z - half),
        high=math.tanh(z + half),
        p=float(2 * sps.norm.sf(abs(z) / se_z)),
        se=se,
        accuracy=value / r,
        note=data.note,
        **parts,
        **common,
    )


def _standard_error(p: float, r: float, u: float, n: int) -> float:
    square = (1 - r**2) * p**2 * (1 - p**2) / r**2 + 2 * p**3 * (1 - p) * u**2 / r - 0.5 * p**4 * u**4 / r**2
    return math.sqrt(max(square, 0.0) / (n - 2))
