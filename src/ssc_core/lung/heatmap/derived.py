"""What follows from heat maps: scores by a threshold, the threshold itself, coarse masks of the patterns.

Jia et al. 2024 (Heat map visualization): pixels below a threshold count as diseased, their share of the lung
is a derived score; the threshold is the one between -4 and 0 percent points with the least mean absolute
error between derived scores and the network's output on the validation set (Fig. A5). A threshold belongs to
a window, a stride, a pixel size and a network: it cannot be carried over to others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ssc_core.errors import EmptyError, InputError
from ssc_core.lung.goh.scores import PATTERNS
from ssc_core.stats.correlation import pearson

__all__ = [
    "LABELS", "Threshold", "choose_threshold", "derived_scores", "explained", "pattern_masks",
    "scores_of_masks",
]  # fmt: skip

Field = npt.NDArray[np.floating]
Bool = npt.NDArray[np.bool_]

LABELS = {
    1: "ground glass",
    2: "reticulation",
    3: "ground glass and reticulation",
    4: "disease of other kind",
}
"""Labels of a coarse pattern mask; an annotator may repaint them, :func:`scores_of_masks` counts them."""

LOWEST, STEP = -4.0, 0.02


@dataclass(frozen=True)
class Threshold:
    """A threshold and the curve it was chosen from.

    Parameters
    ----------
    values : ndarray, (3,)
        For TOT, GG and RET, percent points.
    curve : DataFrame
        ``threshold`` and the mean absolute error of ``tot``, ``gg`` and ``ret``, in points of score.
    slices : int
        On how many slices.
    """

    values: npt.NDArray[np.float64]
    curve: pd.DataFrame
    slices: int

    @property
    def errors(self) -> npt.NDArray[np.float64]:
        """Mean absolute error of TOT, GG and RET at the chosen thresholds."""
        return self.curve[list(PATTERNS)].min().to_numpy(float)


def derived_scores(maps: Field, lung: Bool, threshold: float | npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Share of the lung below `threshold`, percent.

    Parameters
    ----------
    maps : ndarray, (3, y, x)
        A heat map, percent points.
    lung : ndarray of bool, (y, x)
        The lung.
    threshold : float or (3,)
        Percent points; strictly below counts.

    Raises
    ------
    EmptyError
        If there is no lung.
    """
    area = int(np.count_nonzero(lung))
    if not area:
        raise EmptyError("the slice holds no lung; choose another")
    limits = np.broadcast_to(np.asarray(threshold, float), len(maps))
    return np.array([100.0 * np.count_nonzero(m[lung] < t) / area for m, t in zip(maps, limits, strict=True)])


def choose_threshold(
    maps: Sequence[Field],
    lungs: Sequence[Bool],
    scores: npt.ArrayLike,
    *,
    common: bool = False,
    lowest: float = LOWEST,
    step: float = STEP,
) -> Threshold:
    """The threshold with the least mean absolute error against the network's output.

    Parameters
    ----------
    maps, lungs : sequences
        Heat maps (3, y, x) and lungs (y, x) of validation slices, never of those that are judged afterwards.
    scores : array, (n, 3)
        The network's output for them, percent; clipped to 0-100 for the comparison.
    common : bool
        One threshold for all patterns instead of one each.
    lowest, step : float
        Searched from `lowest` to 0, percent points.

    Raises
    ------
    InputError
        If there are no slices, or numbers do not fit together.
    """
    truth = np.clip(np.asarray(scores, float), 0, 100)
    if not maps or truth.shape != (len(maps), 3) or len(lungs) != len(maps):
        raise InputError("a threshold needs heat maps, lungs and three scores of the same slices")
    grid = -np.arange(0, round(-lowest / step) + 1)[::-1] * step
    derived = np.empty((len(grid), *truth.shape))
    for k, (one, lung) in enumerate(zip(maps, lungs, strict=True)):
        for p in range(3):
            values = np.sort(one[p][lung])
            derived[:, k, p] = 100.0 * np.searchsorted(values, grid, side="left") / len(values)
    errors = np.abs(derived - truth).mean(axis=1)
    if common:
        at = np.full(3, int(np.argmin(errors.mean(axis=1))))
    else:
        at = np.argmin(errors, axis=0)
    curve = pd.DataFrame({"threshold": grid, **dict(zip(PATTERNS, errors.T, strict=True))})
    return Threshold(grid[at], curve, len(maps))


def explained(derived: npt.ArrayLike, network: npt.ArrayLike) -> pd.DataFrame:
    """How much of the network's scores the derived ones explain (Fig. 7, lower row).

    Returns
    -------
    DataFrame
        One row per pattern: ``pattern``, ``r2``, ``mae``, ``n``; r2 is NaN where scores do not vary.
    """
    a, b = np.asarray(derived, float), np.asarray(network, float)
    rows = []
    for name, x, y in zip(PATTERNS, a.T, b.T, strict=True):
        varies = len(x) > 2 and np.ptp(x) > 0 and np.ptp(y) > 0
        r2 = float(pearson(x, y).value) ** 2 if varies else np.nan
        mae = float(np.abs(x - np.clip(y, 0, 100)).mean())
        rows.append({"pattern": name, "r2": r2, "mae": mae, "n": len(x)})
    return pd.DataFrame(rows)


def pattern_masks(maps: Field, lung: Bool, threshold: float | npt.ArrayLike) -> npt.NDArray[np.uint8]:
    """Coarse masks of the patterns as one label map (see :data:`LABELS`), to be edited by an annotator."""
    limits = np.broadcast_to(np.asarray(threshold, float), 3)
    tot, gg, ret = (lung & (m < t) for m, t in zip(maps, limits, strict=True))
    labels = gg.astype(np.uint8) + 2 * ret.astype(np.uint8)
    labels[tot & (labels == 0)] = 4
    return np.asarray(labels, np.uint8)


def scores_of_masks(labels: npt.NDArray[np.integer], lung: Bool) -> npt.NDArray[np.float64]:
    """TOT, GG and RET in percent of the lung, counted in a label map (y, x), edited or not.

    Raises
    ------
    InputError
        If it holds other labels.
    EmptyError
        If there is no lung.
    """
    if not lung.any():
        raise EmptyError("the slice holds no lung; choose another")
    inside = labels[lung]
    odd = sorted(set(np.unique(inside).tolist()) - {0, *LABELS})
    if odd:
        raise InputError(f"the pattern mask holds label {odd[0]}, which is none of 0 to {max(LABELS)}")
    shares = [np.isin(inside, kinds).mean() for kinds in ((1, 2, 3, 4), (1, 3), (2, 3))]
    return 100.0 * np.asarray(shares, float)
