"""Cluster bootstrap: patients are drawn, their images come along."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal, TypeVar, get_args

import numpy as np
from scipy import stats as sps

from ssc_core.errors import InputError
from ssc_core.seeds import seed_of
from ssc_core.stats.inputs import FloatArray, sample
from ssc_core.stats.result import Statistic, join

__all__ = ["cluster_bootstrap"]

S = TypeVar("S", bound=Statistic)
Kind = Literal["percentile", "bca"]


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
    data = sample({f"column {i + 1}": _as_wide(c) for i, c in enumerate(columns)}, subject, wide=True)
    assert data.subject is not None
    arrays = tuple(
        c[:, 0] if np.ndim(given) == 1 else c for c, given in zip(data.columns, columns, strict=True)
    )
    rows = [np.flatnonzero(data.subject == s) for s in np.unique(data.subject)]
    if len(rows) < 2:
        raise InputError(f"{len(rows)} patient(s): a bootstrap by patient needs two")
    bare = point or (lambda *a: statistic(*a).value)

    def value_of(chosen: Any) -> float:
        index = np.concatenate([rows[c] for c in chosen])
        who = np.repeat(np.arange(len(chosen)), [len(rows[c]) for c in chosen])
        return bare(*((who,) if with_subject else ()), *(a[index] for a in arrays))

    rng = np.random.default_rng(seed_of(seed, "cluster bootstrap"))
    k = len(rows)
    values = np.array([value_of(rng.integers(0, k, k)) for _ in range(draws)])
    whole = statistic(*((data.subject,) if with_subject else ()), *arrays)
    failed = int(np.isnan(values).sum())
    values = values[~np.isnan(values)]
    low = high = math.nan
    flat = bool(len(values)) and np.ptp(values) == 0
    if len(values) >= draws / 2 and not math.isnan(whole.value) and not flat:
        quantiles = _levels(values, whole.value, value_of, k, confidence, kind)
        low, high = (float(q) for q in np.quantile(values, quantiles))
    lost = f"{failed} of {draws} resamples were not defined and left out" if failed else ""
    lost = join(lost, "no interval: every resample gives the same value" if flat else "")
    assumed = ("no patient named", "interval and p take rows")  # what no longer holds
    kept = [n for n in whole.note.split("; ") if not any(a in n for a in assumed)]
    return replace(
        whole,
        low=low,
        high=high,
        p=math.nan,
        test="",
        n_subjects=k,
        n_missing=data.n_missing,
        confidence=confidence,
        method=f"{whole.method}; interval: cluster bootstrap by patient ({kind}, {draws} draws, seed {seed})",
        note=join(data.missing_note, *kept, lost),
    )


def _as_wide(values: Any) -> FloatArray:
    array = np.asarray(values)
    return array[:, None] if array.ndim == 1 else array


def _levels(
    values: FloatArray,
    whole: float,
    value_of: Callable[[Any], float],
    k: int,
    confidence: float,
    kind: Kind,
) -> FloatArray:
    """Quantiles of the resampled values that bound the interval."""
    tails = np.array([0.5 - confidence / 2, 0.5 + confidence / 2])
    below = float((values < whole).mean() + (values == whole).mean() / 2)
    if kind == "percentile" or below in (0.0, 1.0):
        return tails
    left = np.array([value_of([j for j in range(k) if j != i]) for i in range(k)])
    d = np.nanmean(left) - left[~np.isnan(left)]
    spread = float((d**2).sum())
    a = float((d**3).sum()) / (6 * spread**1.5) if spread > 0 else 0.0
    z0, z = float(sps.norm.ppf(below)), sps.norm.ppf(tails)
    return np.asarray(sps.norm.cdf(z0 + (z0 + z) / (1 - a * (z0 + z))), dtype=np.float64)
