"""Figures of scorers on held-out slices, each beside the prevalence and a constant predictor."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ssc_core.lung.goh.scorer import SliceScorer
from ssc_core.lung.goh.scores import PATTERNS
from ssc_core.stats import icc, nearest_class, weighted_kappa

__all__ = ["PUBLISHED_COUNTS", "bias_by_extent", "coverage", "figures", "published_mix"]

Scores = npt.NDArray[np.float64]

PUBLISHED_COUNTS: Mapping[int, int | None] = {
    0: 560, 5: 120, 10: 92, 15: 46, 20: 52, 25: None, 30: None, 35: None, 40: None, 45: None, 50: None,
    55: None, 60: None, 65: None, 70: None, 75: None, 80: None, 85: 1, 90: 8, 95: 0, 100: 5,
}  # fmt: skip
"""TOT of 1150 levels as far as they are published; 25 to 80 share the 266 that remain."""
_TOTAL = 1150


def published_mix(tot: Scores) -> Scores:
    """Probability of each slice, so that TOT is as frequent as published.

    What is not published (25 to 80) falls evenly on a straight line from twice the mean at 25 to zero at 85.
    """
    rest = _TOTAL - sum(n for n in PUBLISHED_COUNTS.values() if n is not None)
    open_ = [c for c, n in PUBLISHED_COUNTS.items() if n is None]
    slope = {c: float(85 - c) for c in open_}
    share = {
        c: rest * slope[c] / sum(slope.values()) if n is None else float(n)
        for c, n in PUBLISHED_COUNTS.items()
    }
    classes = np.asarray(nearest_class(tot))
    there = {c: int((classes == c).sum()) for c in share}
    weights = np.array([share[int(c)] / there[int(c)] for c in classes])
    return np.asarray(weights / weights.sum())


def figures(
    truth: Scores,
    scores: Mapping[str, Scores],
    weights: Scores | None = None,
    *,
    seed: int = 0,
    draws: int = 4000,
) -> pd.DataFrame:
    """MAE, bias, linear kappa over 21 classes and ICC(A,1), per scorer and pattern.

    Parameters
    ----------
    truth : ndarray, (n, 3)
        Percent.
    scores : mapping of str to ndarray, (n, 3)
        By scorer.
    weights : ndarray, (n,), optional
        Probabilities: `draws` slices are then drawn with replacement.
    seed : int
        Of that draw.

    Returns
    -------
    DataFrame
        scorer, pattern, n, mean_truth, zeros (share), mae, bias, kappa, icc. The scorer "constant" is the
        median of the truth everywhere: the best that can be said without looking.
    """
    n = len(truth)
    at = np.arange(n) if weights is None else np.random.default_rng(seed).choice(n, draws, p=weights)
    constant = np.broadcast_to(np.median(truth[at], axis=0), truth.shape)
    rows: list[dict[str, Any]] = []
    for name, values in {**scores, "constant": constant}.items():
        for i, pattern in enumerate(PATTERNS):
            x, y = values[at, i], truth[at, i]
            row = {"scorer": name, "pattern": pattern, "n": len(at), "mean_truth": y.mean()}
            row |= {"zeros": (y == 0).mean(), "mae": np.abs(x - y).mean(), "bias": (x - y).mean()}
            if name != "constant":
                a, b = (np.clip(nearest_class(v), 0, 100) for v in (x, y))
                row |= {
                    "kappa": weighted_kappa(a, b).value,
                    "icc": icc(np.column_stack([x, y]), "A,1").value,
                }
            rows.append(row)
    return pd.DataFrame(rows)


def bias_by_extent(
    truth: Scores, scores: Scores, edges: Sequence[float] = (0, 1e-9, 10, 20, 30, 40, 50, 60, 80, 101)
) -> pd.DataFrame:
    """Mean of score minus truth, per pattern and range of the truth."""
    rows = []
    for i, pattern in enumerate(PATTERNS):
        for low, high in itertools.pairwise(edges):
            here = (truth[:, i] >= low) & (truth[:, i] < high)
            if here.any():
                error = scores[here, i] - truth[here, i]
                rows.append(
                    {
                        "pattern": pattern,
                        "from": low,
                        "to": min(high, 100),
                        "n": int(here.sum()),
                        "bias": error.mean(),
                    }
                )
    return pd.DataFrame(rows)


def coverage(scorer: SliceScorer, truth: Scores, scores: Scores, weights: Scores) -> list[dict[str, Any]]:
    """Share of slices whose truth lies in the scorer's interval, in both mixes; nothing without intervals."""
    if scorer.intervals is None:
        return []
    rows: list[dict[str, Any]] = []
    for i, pattern in enumerate(PATTERNS):
        ends = np.array([scorer.intervals.of("level", pattern, float(v)) for v in scores[:, i]])
        inside = (truth[:, i] >= ends[:, 0] - 1e-9) & (truth[:, i] <= ends[:, 1] + 1e-9)
        row = {
            "scorer": scorer.name,
            "pattern": pattern,
            "n": len(truth),
            "width": float(np.ptp(ends, axis=1).mean()),
        }
        rows.append({**row, "flat": float(inside.mean()), "published": float((inside * weights).sum())})
    return rows
