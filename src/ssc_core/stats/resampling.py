"""Intervals that respect patients: whole patients are drawn, or left out, and their images go with them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal, TypeVar, get_args

import numpy as np
from scipy import stats as sps

from ssc_core.errors import InputError
from ssc_core.seeds import seed_of
from ssc_core.stats.clusters import Clusters, clusters
from ssc_core.stats.inputs import FloatArray
from ssc_core.stats.result import Statistic, join

__all__ = ["cluster_bootstrap", "cluster_jackknife"]

S = TypeVar("S", bound=Statistic)
Kind = Literal["percentile", "bca"]
Scale = Literal["identity", "z", "log"]

# way there, way back, words
_SCALES: dict[str, tuple[Callable[..., Any], Callable[..., Any], str]] = {
    "identity": (np.asarray, np.asarray, ""),
    "z": (np.arctanh, np.tanh, " on Fisher's z"),
    "log": (np.log, np.exp, " on the logarithm"),
}


def cluster_bootstrap(
    statistic: Callable[..., S],
    subject: Any,
    *columns: Any,
    seed: int,
    draws: int = 2000,
    kind: Kind = "bca",
    with_subject: bool = False,
    point: Callable[..., float] | None = None,
    confidence: float = 0.95,
) -> S:
    """The same statistic with an interval that respects patients.

    Patients are drawn with replacement and bring all their rows; one drawn twice counts as two patients.

    Parameters
    ----------
    statistic : callable
        Any function of this module (or a partial of one): ``lin_ccc``, ``weighted_kappa``, ``icc`` ...
    subject : array-like of shape (n,)
        Patient of each row.
    *columns : array-like of shape (n,) or (n, k)
        What `statistic` takes, in its order.
    seed : int
        Seed of the draws.
    draws : int, optional
        Number of resamples.
    kind : {"bca", "percentile"}, optional
        Bias-corrected and accelerated interval (acceleration by leaving out patients), or percentiles.
    with_subject : bool, optional
        Whether `statistic` takes the patients first, as :func:`rmcorr` does.
    point : callable, optional
        A faster function of the same columns that returns the bare value.
    confidence : float, optional
        Level of the interval.

    Returns
    -------
    Statistic
        What `statistic` returns for all rows, with `low` and `high` replaced, `n_subjects` filled in, and p
        left out: its test takes rows as independent.

    Raises
    ------
    InputError
        With fewer than two patients or 100 draws.

    Notes
    -----
    Efron and Tibshirani 1993, chapter 14; clusters: Field and Welsh 2007. Resamples in which the statistic
    is not defined are left out and counted in the note.
    """
    if draws < 100 or kind not in get_args(Kind):
        raise InputError("give at least 100 draws, and bca or percentile")
    group = clusters(statistic, subject, columns, point=point, with_subject=with_subject)
    rng, k = np.random.default_rng(seed_of(seed, "cluster bootstrap")), len(group.rows)
    values = np.array([group.value_of(rng.integers(0, k, k)) for _ in range(draws)])
    whole: S = group.whole()
    failed = int(np.isnan(values).sum())
    values = values[~np.isnan(values)]
    low = high = math.nan
    flat = bool(len(values)) and np.ptp(values) == 0
    if len(values) >= draws / 2 and not math.isnan(whole.value) and not flat:
        low, high = (
            float(q) for q in np.quantile(values, _levels(values, whole.value, group, confidence, kind))
        )
    lost = f"{failed} of {draws} resamples were not defined and left out" if failed else ""
    lost = join(lost, "no interval: every resample gives the same value" if flat else "")
    how = f"cluster bootstrap by patient ({kind}, {draws} draws, seed {seed})"
    return group.with_interval(whole, low, high, how, lost, confidence)


def _levels(values: FloatArray, whole: float, group: Clusters, confidence: float, kind: Kind) -> FloatArray:
    """Quantiles of the resampled values that bound the interval."""
    tails = np.array([0.5 - confidence / 2, 0.5 + confidence / 2])
    below = float((values < whole).mean() + (values == whole).mean() / 2)
    if kind == "percentile" or below in (0.0, 1.0):
        return tails
    left = group.without_each()
    d = np.nanmean(left) - left[~np.isnan(left)]
    spread = float((d**2).sum())
    a = float((d**3).sum()) / (6 * spread**1.5) if spread > 0 else 0.0
    z0, z = float(sps.norm.ppf(below)), sps.norm.ppf(tails)
    return np.asarray(sps.norm.cdf(z0 + (z0 + z) / (1 - a * (z0 + z))), dtype=np.float64)


def cluster_jackknife(
    statistic: Callable[..., S],
    subject: Any,
    *columns: Any,
    scale: Scale = "identity",
    with_subject: bool = False,
    point: Callable[..., float] | None = None,
    confidence: float = 0.95,
) -> S:
    """The same statistic with an interval from leaving out one patient at a time.

    With k patients, the pseudo-values ``k f(all) - (k - 1) f(all but i)`` on a scale where the statistic is
    nearly normal are taken as a sample, and their mean and t interval (k - 1 df) are taken back.

    Parameters
    ----------
    statistic : callable
        Any function of this module (or a partial of one).
    subject : array-like of shape (n,)
        Patient of each row.
    *columns : array-like of shape (n,) or (n, k)
        What `statistic` takes, in its order.
    scale : {"identity", "z", "log"}, optional
        "z" (inverse hyperbolic tangent) for correlations, kappa, ICC and CCC; "log" for errors and variances.
    with_subject : bool, optional
        Whether `statistic` takes the patients first, as :func:`rmcorr` does.
    point : callable, optional
        A faster function of the same columns that returns the bare value.
    confidence : float, optional
        Level of the interval.

    Returns
    -------
    Statistic
        As from :func:`cluster_bootstrap`. It needs no seed, and with few patients it holds the truth more
        often: see the documentation. NaN interval where a value is not defined on the scale.

    Raises
    ------
    InputError
        With fewer than two patients.

    Notes
    -----
    Tukey 1958; Miller 1974; leave-one-cluster-out with transformation.
    """
    if scale not in _SCALES:
        raise InputError(f"unknown scale {scale!r}; give {', '.join(_SCALES)}")
    group = clusters(statistic, subject, columns, point=point, with_subject=with_subject)
    there, back, said = _SCALES[scale]
    whole: S = group.whole()
    k = len(group.rows)
    with np.errstate(all="ignore"):
        left = there(group.without_each())
        pseudo = k * there(whole.value) - (k - 1) * left
    low = high = math.nan
    spread = float(np.ptp(pseudo))
    if math.isfinite(spread) and spread > 0:
        half = float(sps.t.ppf(0.5 + confidence / 2, k - 1)) * float(pseudo.std(ddof=1)) / math.sqrt(k)
        low, high = (float(back(pseudo.mean() + side * half)) for side in (-1, 1))
    note = (
        "" if low == low else "no interval: it is not defined, or has no width, without one of the patients"
    )
    how = f"patients left out one at a time (jackknife{said}), t with {k - 1} degrees of freedom"
    return group.with_interval(whole, low, high, how, note, confidence)
