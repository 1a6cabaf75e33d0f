"""Cohen's kappa, weighted or not, on a fixed set of categories."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
from scipy import stats as sps

from ssc_core.errors import InputError
from ssc_core.stats.inputs import FloatArray, sample
from ssc_core.stats.result import Statistic, join

__all__ = ["GOH_CLASSES", "Kappa", "kappa_value", "landis_koch", "nearest_class", "weighted_kappa"]

GOH_CLASSES: tuple[float, ...] = tuple(float(c) for c in range(0, 101, 5))
"""The 21 classes of a Goh score, in percent of the lung."""

Weights = Literal["linear", "quadratic", "unweighted"]


@dataclass(frozen=True, kw_only=True)
class Kappa(Statistic):
    """Cohen's kappa with the shares it rests on.

    Parameters
    ----------
    se : float
        Standard error for the interval; `se0` the one under "no agreement beyond chance".
    se0 : float
        Standard error for the test.
    observed, expected : float
        Weighted agreement seen, and expected from the marginals, both 0..1.
    weights : str
        "linear", "quadratic" or "unweighted".
    categories : tuple of float
        The fixed set.
    words : str
        Landis and Koch's word for the value.
    """

    se: float = math.nan
    se0: float = math.nan
    observed: float = math.nan
    expected: float = math.nan
    weights: str = ""
    categories: tuple[float, ...] = ()
    words: str = ""


def weighted_kappa(
    a: Any,
    b: Any,
    categories: Sequence[float] = GOH_CLASSES,
    weights: Weights = "linear",
    *,
    subject: Any = None,
    confidence: float = 0.95,
) -> Kappa:
    """Cohen's kappa of two raters.

    With disagreement weights ``d_ij`` = |c_i - c_j| / range ("linear"), its square ("quadratic") or 0/1
    ("unweighted"), ``kappa = 1 - sum p_ij d_ij / sum p_i. p_.j d_ij``. The distance is that of the VALUES c,
    whichever categories occur in the data.

    Parameters
    ----------
    a, b : array-like of shape (n,)
        Ratings, each one of `categories`.
    categories : sequence of float, optional
        The whole set of possible ratings; the 21 Goh classes by default.
    weights : {"linear", "quadratic", "unweighted"}, optional
        Weighting.
    subject : array-like of shape (n,), optional
        Patient of each row.
    confidence : float, optional
        Level of the interval.

    Returns
    -------
    Kappa
        NaN when there is no pair, or when both raters use one and the same category throughout.

    Raises
    ------
    InputError
        If a rating is not among `categories`.

    Notes
    -----
    Cohen 1968; large-sample standard errors of Fleiss, Cohen and Everitt 1969, the one under the null for the
    z test. Used in Jia et al. 2022 and 2024.
    """
    if weights not in get_args(Weights):
        raise InputError(f"unknown weights {weights!r}; give linear, quadratic or unweighted")
    data = sample({"a": a, "b": b}, subject)
    classes = np.unique(np.asarray(categories, dtype=np.float64))
    if len(classes) < 2:
        raise InputError("kappa needs at least two categories")
    common = {
        "name": f"kappa ({weights})",
        "method": f"Cohen's kappa, {weights} weights by value on {len(classes)} fixed categories, "
        "interval by the Fleiss-Cohen-Everitt standard error",
        "test": "z against no agreement beyond chance (Fleiss, Cohen and Everitt 1969)",
        "weights": weights,
        "categories": tuple(float(c) for c in classes),
        "confidence": confidence,
        **data.counts,
    }
    table = _table(data.columns[0], data.columns[1], classes)
    if data.n == 0:
        return Kappa(value=math.nan, note=join("no complete pair", data.note), **common)
    distance = _distance(classes, weights)
    expected = float((np.outer(table.sum(1), table.sum(0)) * distance).sum())
    if expected == 0:
        return Kappa(value=math.nan, note=join("both raters used a single category", data.note), **common)
    value = 1 - float((table * distance).sum()) / expected
    se, se0 = _standard_errors(table, 1 - distance, data.n)
    flat = se < 1e-9  # all agree, or one rater is constant: the large-sample error vanishes
    half = math.nan if flat else float(sps.norm.ppf(0.5 + confidence / 2)) * se
    return Kappa(
        value=value,
        low=math.nan if flat else max(value - half, -1.0),
        high=math.nan if flat else min(value + half, 1.0),
        p=float(2 * sps.norm.sf(abs(value) / se0)) if se0 > 1e-9 else math.nan,
        se=se,
        se0=se0,
        observed=1 - float((table * distance).sum()),
        expected=1 - expected,
        words=landis_koch(value),
        note=join("no interval: its standard error is 0" if flat else "", data.note),
        **common,
    )


def kappa_value(a: FloatArray, b: FloatArray, classes: FloatArray, weights: Weights = "linear") -> float:
    """Kappa of complete columns, without interval (for resampling); NaN when it is not defined."""
    table, distance = _table(a, b, classes), _distance(classes, weights)
    expected = float((np.outer(table.sum(1), table.sum(0)) * distance).sum())
    return 1 - float((table * distance).sum()) / expected if expected > 0 else math.nan


def nearest_class(values: Any, step: float = 5.0) -> FloatArray:
    """Values rounded to the nearest multiple of `step`; halves go up (2.5 becomes 5). NaN stays NaN."""
    return np.floor(np.asarray(values, dtype=np.float64) / step + 0.5) * step


def landis_koch(value: float) -> str:
    """Landis and Koch's (1977) word for a kappa."""
    if math.isnan(value):
        return ""
    words = ((0, "poor"), (0.2, "slight"), (0.4, "fair"), (0.6, "moderate"), (0.8, "substantial"))
    return next((word for bound, word in words if value < bound or value == bound > 0), "almost perfect")


def _table(a: FloatArray, b: FloatArray, classes: FloatArray) -> FloatArray:
    """Shares of each pair of categories, shape (k, k)."""
    k = len(classes)
    i, j = _index(a, classes), _index(b, classes)
    counts = np.bincount(i * k + j, minlength=k * k).reshape(k, k)
    return counts / max(len(a), 1)


def _index(ratings: FloatArray, classes: FloatArray) -> npt.NDArray[np.intp]:
    index = np.searchsorted(classes, ratings).clip(0, len(classes) - 1)
    wrong = ratings[classes[index] != ratings]
    if wrong.size:
        raise InputError(
            f"{len(np.unique(wrong))} rating(s) such as {wrong[0]:g} are not among the {len(classes)} "
            f"categories {classes[0]:g} to {classes[-1]:g}; round them first, or give the categories used"
        )
    return index


def _distance(classes: FloatArray, weights: Weights) -> FloatArray:
    apart: FloatArray = abs(classes[:, None] - classes[None, :]) / (classes[-1] - classes[0])
    if weights == "unweighted":
        return (apart > 0).astype(np.float64)
    return apart if weights == "linear" else np.square(apart)


def _standard_errors(p: FloatArray, w: FloatArray, n: int) -> tuple[float, float]:
    """Standard error of kappa, and under the null; `w` are agreement weights."""
    rows, cols = p.sum(1), p.sum(0)
    chance = np.outer(rows, cols)
    observed, expected = float((p * w).sum()), float((chance * w).sum())
    kappa = (observed - expected) / (1 - expected)
    mean_weights = (w @ cols)[:, None] + (rows @ w)[None, :]
    variance = (
        float((p * (w - mean_weights * (1 - kappa)) ** 2).sum()) - (kappa - expected * (1 - kappa)) ** 2
    )
    variance0 = float((chance * (w - mean_weights) ** 2).sum()) - expected**2
    scale = math.sqrt(n) * (1 - expected)
    return math.sqrt(max(variance, 0.0)) / scale, math.sqrt(max(variance0, 0.0)) / scale
