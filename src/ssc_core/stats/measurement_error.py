"""Standard error of measurement and smallest detectable change."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, get_args

from scipy import stats as sps

from ssc_core.errors import InputError
from ssc_core.stats.inputs import sample
from ssc_core.stats.intraclass import mean_squares
from ssc_core.stats.result import Statistic, join

__all__ = ["MeasurementError", "smallest_detectable_change", "standard_error_of_measurement"]

Kind = Literal["agreement", "consistency", "one-way"]


@dataclass(frozen=True, kw_only=True)
class MeasurementError(Statistic):
    """Standard error of measurement, or the smallest detectable change, in the unit of the ratings.

    Parameters
    ----------
    df : float
        (Satterthwaite) degrees of freedom of the variance.
    k : int
        Raters or repeats.
    kind : str
        "agreement" (systematic rater differences count), "consistency" (they do not) or "one-way".
    """

    df: float = math.nan
    k: int = 0
    kind: str = ""


def standard_error_of_measurement(
    ratings: Any, kind: Kind = "agreement", *, subject: Any = None, confidence: float = 0.95
) -> MeasurementError:
    """Standard error of measurement of a single rating.

    ``SEM^2`` is the residual mean square ("consistency"), that plus the variance of raters ("agreement"), or
    the mean square within targets ("one-way", for repeats that have no order).

    Parameters
    ----------
    ratings : array-like of shape (n_targets, k_raters)
        A row with a missing value is left out and counted.
    kind : {"agreement", "consistency", "one-way"}, optional
        Which error counts.
    subject : array-like of shape (n_targets,), optional
        Patient of each target.
    confidence : float, optional
        Level of the interval (chi-squared; Satterthwaite's degrees of freedom for agreement).

    Returns
    -------
    MeasurementError
        NaN with fewer than two targets or raters.

    Notes
    -----
    de Vet et al. 2006. A negative estimate of the raters' variance is taken as 0 and noted.
    """
    return _error(ratings, kind, 1.0, "SEM", subject, confidence)


def smallest_detectable_change(
    ratings: Any, kind: Kind = "agreement", *, subject: Any = None, confidence: float = 0.95
) -> MeasurementError:
    """Change of one patient between two measurements that exceeds measurement error.

    ``SDC = 1.96 sqrt(2) SEM``; see :func:`standard_error_of_measurement` for parameters.

    Parameters
    ----------
    ratings : array-like of shape (n_targets, k_raters)
        A row with a missing value is left out and counted.
    kind : {"agreement", "consistency", "one-way"}, optional
        Which error counts.
    subject : array-like of shape (n_targets,), optional
        Patient of each target.
    confidence : float, optional
        Level of the interval.

    Returns
    -------
    MeasurementError
        In the unit of the ratings; NaN with fewer than two targets or raters.

    Notes
    -----
    de Vet et al. 2006.
    """
    factor = float(sps.norm.ppf(0.975)) * math.sqrt(2)
    return _error(ratings, kind, factor, "smallest detectable change", subject, confidence)


def _error(
    ratings: Any, kind: Kind, factor: float, name: str, subject: Any, confidence: float
) -> MeasurementError:
    if kind not in get_args(Kind):
        raise InputError(f"unknown kind {kind!r}; give agreement, consistency or one-way")
    data = sample({"ratings": ratings}, subject, wide=True)
    n, k = data.columns[0].shape
    common = {
        "name": name,
        "method": f"{'' if factor == 1 else '1.96 sqrt(2) '}SEM for {kind} (de Vet et al. 2006),"
        " chi-squared interval",
        "confidence": confidence,
        "k": k,
        "kind": kind,
        **data.counts,
    }
    if n < 2 or k < 2:
        note = join(f"{n} target(s) and {k} rater(s): two of each are needed", data.note)
        return MeasurementError(value=math.nan, note=note, **common)
    ms = mean_squares(data.columns[0])
    note = ""
    if kind == "one-way":
        variance, df = ms.within, float(n * (k - 1))
    elif kind == "consistency" or ms.columns <= ms.error:
        variance, df = ms.error, float((n - 1) * (k - 1))
        note = "the raters' variance is estimated below 0 and taken as 0" if kind == "agreement" else ""
    else:
        parts = ((ms.columns / n, k - 1), (ms.error * (1 - 1 / n), (n - 1) * (k - 1)))
        variance = sum(v for v, _ in parts)
        df = variance**2 / sum(v**2 / f for v, f in parts)
    value = factor * math.sqrt(variance)
    q = 0.5 + confidence / 2
    return MeasurementError(
        value=value,
        low=value * math.sqrt(df / float(sps.chi2.ppf(q, df))),
        high=value * math.sqrt(df / float(sps.chi2.ppf(1 - q, df))),
        df=df,
        note=join(note, data.note),
        **common,
    )
