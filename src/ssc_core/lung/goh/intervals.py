"""How far a score may be from a reader's: split-conformal intervals from errors on held-out cases."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from ssc_core.errors import InputError
from ssc_core.lung.goh.scores import PATTERNS

__all__ = ["UNKNOWN", "Band", "Intervals", "Kind", "bands", "fit_intervals"]

Kind = Literal["level", "patient"]

UNKNOWN = "no interval: the errors of this scorer on held-out cases are unknown"

_EDGES = (5.0, 15.0, 30.0)  # predicted scores above which errors are looked at apart
_LEAST = 60  # errors in a band of its own


class Band(BaseModel):
    """Errors (reader minus score) of the scores from `start` up to the next band: their two quantiles."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    start: float | None
    low: float
    high: float
    n: int


class Intervals(BaseModel):
    """Intervals of a scorer, by pattern; from held-out cases that neither trained nor chose it.

    Parameters
    ----------
    coverage : float
        Share of held-out cases that the interval is meant to hold.
    level, patient : dict of str to tuple of Band
        For the score of a slice, and for the mean of the five levels.
    source : str
        Where the errors come from, in words.
    slices, patients : int
        How many held-out slices and patients they come from.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    coverage: float = 0.9
    level: dict[str, tuple[Band, ...]]
    patient: dict[str, tuple[Band, ...]] = {}
    source: str
    slices: int
    patients: int

    def of(self, kind: Kind, pattern: str, score: float) -> tuple[float, float]:
        """Lower and upper end for a raw score; NaN where unknown.

        A true score cannot leave 0 to 100, so the ends do not either.
        """
        found: tuple[Band, ...] = getattr(self, kind).get(pattern, ())
        if math.isnan(score) or not found:
            return math.nan, math.nan
        band = [b for b in found if b.start is None or score >= b.start][-1]
        return min(max(score + band.low, 0.0), 100.0), min(max(score + band.high, 0.0), 100.0)


def bands(
    score: npt.ArrayLike, truth: npt.ArrayLike, *, coverage: float = 0.9, edges: Sequence[float] = _EDGES
) -> tuple[Band, ...]:
    """Split-conformal bands of ``truth - score``, apart for low and high scores where there are enough.

    Parameters
    ----------
    score, truth : array-like of shape (n,)
        Pairs with a missing value are left out.
    coverage : float
        Aim; half of the rest lies on either side.
    edges : sequence of float
        Scores at which a new band may begin. A band with fewer than 60 pairs joins the one below.

    Returns
    -------
    tuple of Band
        Empty when there are too few pairs for the coverage: for 0.9 at least 19 are needed.

    Notes
    -----
    The ends are the order statistics of rank ``floor((n + 1) a)`` and ``ceil((n + 1) (1 - a))`` with
    ``a = (1 - coverage) / 2`` (Vovk et al. 2005; Lei et al. 2018): for exchangeable cases a new one lies
    inside with at least the stated probability.
    """
    x, y = np.asarray(score, np.float64), np.asarray(truth, np.float64)
    if x.shape != y.shape or x.ndim != 1:
        raise InputError(f"{x.shape} scores and {y.shape} true values do not pair up")
    complete = np.isfinite(x) & np.isfinite(y)
    x, error = x[complete], (y - x)[complete]
    starts: list[float] = [-math.inf]
    for edge in edges:
        inside = (x >= starts[-1]) & (x < edge)
        if inside.sum() >= _LEAST and (x >= edge).sum() >= _LEAST:
            starts.append(edge)
    out = []
    for i, start in enumerate(starts):
        stop = starts[i + 1] if i + 1 < len(starts) else math.inf
        ends = _ends(np.sort(error[(x >= start) & (x < stop)]), coverage)
        if ends is None:
            return ()
        low, high, n = ends
        out.append(Band(start=None if math.isinf(start) else start, low=low, high=high, n=n))
    return tuple(out)


def _ends(errors: npt.NDArray[np.float64], coverage: float) -> tuple[float, float, int] | None:
    n, tail = len(errors), (1.0 - coverage) / 2.0
    below = math.floor((n + 1) * tail + 1e-9)
    if below < 1:
        return None
    return float(errors[below - 1]), float(errors[n - below]), n


def fit_intervals(
    scores: npt.ArrayLike,
    truth: npt.ArrayLike,
    patients: Sequence[Any],
    *,
    source: str,
    coverage: float = 0.9,
) -> Intervals:
    """Intervals from slices of held-out patients that readers (or a synthesis) scored too.

    Parameters
    ----------
    scores, truth : array-like of shape (n, 3)
        Raw scores and true ones, in the order of the patterns.
    patients : sequence of length n
        Whose slice each row is. Patients with five complete slices give the errors of patient scores.
    source : str
        Where the pairs come from, in words ("50 test patients", "synthetic lesions in held-out lungs").
    coverage : float
        Aim.

    Raises
    ------
    InputError
        If the columns do not pair up, or there are too few pairs for the coverage.
    """
    x, y = np.asarray(scores, np.float64), np.asarray(truth, np.float64)
    owner = np.asarray([str(p) for p in patients])
    if x.shape != y.shape or x.ndim != 2 or x.shape[1] != len(PATTERNS) or len(owner) != len(x):
        raise InputError("intervals need scores (n, 3), true scores (n, 3) and the patient of each row")
    names = np.unique(owner)
    five = [owner == n for n in names if (owner == n).sum() == 5]
    means = [np.asarray([values[rows].mean(axis=0) for rows in five]).reshape(-1, 3) for values in (x, y)]
    level = {p: bands(x[:, i], y[:, i], coverage=coverage) for i, p in enumerate(PATTERNS)}
    if not all(level.values()):
        raise InputError(
            f"{len(x)} scored slices are too few for an interval of {coverage:.0%}; score more held-out ones"
        )
    patient = {
        p: bands(means[0][:, i], means[1][:, i], coverage=coverage, edges=()) for i, p in enumerate(PATTERNS)
    }
    return Intervals(
        coverage=coverage,
        level=level,
        patient={p: b for p, b in patient.items() if b},
        source=source,
        slices=len(x),
        patients=len(names),
    )
