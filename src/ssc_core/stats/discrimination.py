"""ROC curve, area under it, and misclassification."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats as sps

from ssc_core.errors import InputError
from ssc_core.stats.inputs import FloatArray, sample
from ssc_core.stats.result import Statistic, join

__all__ = ["Misclassification", "Roc", "auc_value", "misclassification", "roc"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Roc(Statistic):
    """ROC curve; `value` is the area under it.

    Parameters
    ----------
    false_positive_rate, true_positive_rate, thresholds : ndarray of shape (m,)
        The curve; a case counts as positive when its score is at least the threshold (the first is inf).
    n_positive, n_negative : int
        Cases of each class.
    se : float
        DeLong's standard error.
    """

    false_positive_rate: FloatArray = field(default_factory=lambda: np.empty(0), repr=False)
    true_positive_rate: FloatArray = field(default_factory=lambda: np.empty(0), repr=False)
    thresholds: FloatArray = field(default_factory=lambda: np.empty(0), repr=False)
    n_positive: int = 0
    n_negative: int = 0
    se: float = math.nan


@dataclass(frozen=True, kw_only=True)
class Misclassification(Statistic):
    """Share of wrong calls at a fixed threshold.

    Parameters
    ----------
    n_wrong : int
        Wrong calls.
    sensitivity, specificity : float
        Shares of positives and of negatives called right.
    threshold : float
        A score above it is called positive.
    """

    n_wrong: int = 0
    sensitivity: float = math.nan
    specificity: float = math.nan
    threshold: float = math.nan


def roc(labels: Any, scores: Any, *, subject: Any = None, confidence: float = 0.95) -> Roc:
    """ROC curve and the area under it with DeLong's interval.

    Parameters
    ----------
    labels : array-like of shape (n,)
        1 (or True) for cases, 0 for controls.
    scores : array-like of shape (n,)
        Higher means more likely a case; ties count half.
    subject : array-like of shape (n,), optional
        Patient of each row.
    confidence : float, optional
        Level of the interval.

    Returns
    -------
    Roc
        NaN unless both classes are there. When the classes are parted entirely DeLong's variance is 0, so
        that interval and p are missing.

    Raises
    ------
    InputError
        If labels are other than 0 and 1.

    Notes
    -----
    DeLong, DeLong and Clarke-Pearson 1988; the interval is cut at 0 and 1. Correia et al. 2020, figure 3B.
    """
    data = sample({"labels": labels, "scores": scores}, subject)
    truth, score = _binary(data.columns[0]), data.columns[1]
    n_positive = int(truth.sum())
    common = {
        "name": "AUC",
        "method": "area under the ROC curve, DeLong interval",
        "test": "z (DeLong) against 0.5",
        "confidence": confidence,
        "n_positive": n_positive,
        "n_negative": data.n - n_positive,
        **data.counts,
    }
    if n_positive in (0, data.n):
        return Roc(value=math.nan, note=join("both classes are needed", data.note), **common)
    from sklearn.metrics import roc_curve

    fpr, tpr, thresholds = roc_curve(truth, score, drop_intermediate=False)
    curve = {"false_positive_rate": fpr, "true_positive_rate": tpr, "thresholds": thresholds}
    value, se = _delong(truth, score)
    if min(n_positive, data.n - n_positive) < 2 or se == 0:
        note = "one case in a class" if se != 0 else "DeLong's variance is 0 (classes parted entirely)"
        return Roc(value=value, note=join(f"{note}: no interval", data.note), **curve, **common)
    half = float(sps.norm.ppf(0.5 + confidence / 2)) * se
    return Roc(
        value=value,
        low=max(value - half, 0.0),
        high=min(value + half, 1.0),
        p=float(2 * sps.norm.sf(abs(value - 0.5) / se)),
        se=se,
        note=data.note,
        **curve,
        **common,
    )


def auc_value(labels: FloatArray, scores: FloatArray) -> float:
    """Area under the curve of complete columns, without interval (for resampling); NaN with one class."""
    truth = labels > 0
    if truth.all() or not truth.any():
        return math.nan
    return float(_placements(scores[truth], scores[~truth])[0].mean())


def misclassification(
    labels: Any, scores: Any, threshold: float = 0.5, *, subject: Any = None, confidence: float = 0.95
) -> Misclassification:
    """Share of cases called wrongly when a score above `threshold` is called positive.

    Parameters
    ----------
    labels : array-like of shape (n,)
        1 (or True) for cases, 0 for controls.
    scores : array-like of shape (n,)
        Scores.
    threshold : float, optional
        A score above it is called positive.
    subject : array-like of shape (n,), optional
        Patient of each row.
    confidence : float, optional
        Level of the interval.

    Returns
    -------
    Misclassification
        With the exact (Clopper-Pearson) interval.

    Notes
    -----
    Correia et al. 2020: Diagnostic Score above 0.5 means SSc; an AUC of 1 does not exclude wrong calls.
    """
    data = sample({"labels": labels, "scores": scores}, subject)
    truth, called = _binary(data.columns[0]), data.columns[1] > threshold
    common = {
        "name": "misclassification",
        "method": f"share of wrong calls, positive above {threshold:g}, Clopper-Pearson interval",
        "confidence": confidence,
        "threshold": threshold,
        **data.counts,
    }
    if data.n == 0:
        return Misclassification(value=math.nan, note=join("no complete row", data.note), **common)
    wrong = int((truth != called).sum())
    interval = sps.binomtest(wrong, data.n).proportion_ci(confidence, method="exact")
    return Misclassification(
        value=wrong / data.n,
        low=float(interval.low),
        high=float(interval.high),
        n_wrong=wrong,
        sensitivity=float(called[truth].mean()) if truth.any() else math.nan,
        specificity=float((~called[~truth]).mean()) if not truth.all() else math.nan,
        note=data.note,
        **common,
    )


def _binary(labels: FloatArray) -> npt.NDArray[np.bool_]:
    if not np.isin(labels, (0, 1)).all():
        raise InputError("labels must be 1 for cases and 0 for controls")
    return np.asarray(labels == 1)


def _placements(positive: FloatArray, negative: FloatArray) -> tuple[FloatArray, FloatArray]:
    """For each case the share of controls below it, for each control the share of cases above it."""
    both = np.concatenate([positive, negative])
    ranks = sps.rankdata(both)
    m, n = len(positive), len(negative)
    v10 = (ranks[:m] - sps.rankdata(positive)) / n
    v01 = 1 - (ranks[m:] - sps.rankdata(negative)) / m
    return v10, v01


def _delong(truth: npt.NDArray[np.bool_], score: FloatArray) -> tuple[float, float]:
    v10, v01 = _placements(score[truth], score[~truth])
    if min(len(v10), len(v01)) < 2:
        return float(v10.mean()), math.nan
    return float(v10.mean()), math.sqrt(float(v10.var(ddof=1)) / len(v10) + float(v01.var(ddof=1)) / len(v01))
