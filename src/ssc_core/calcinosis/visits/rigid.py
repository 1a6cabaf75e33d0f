"""Lay the bones of one visit over those of another: turned and shifted, never stretched."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from ssc_core.progress import Tick, silent, track

__all__ = ["Rigid", "laid_over"]

FloatArray = npt.NDArray[np.float64]

_POINTS = 3000
_TRIMMED = 0.8  # share of the points that must fit: a cut bone has parts that the other visit lacks
_STEPS = 60


@dataclass(frozen=True, eq=False)
class Rigid:
    """Positions of the later visit to those of the first: ``x @ turn.T + shift``; `error_mm` of what fits."""

    turn: FloatArray
    shift: FloatArray
    error_mm: float

    def __call__(self, points: FloatArray) -> FloatArray:
        """Transform (n, d) points."""
        out: FloatArray = points @ self.turn.T + self.shift
        return out


def laid_over(first: FloatArray, second: FloatArray, tick: Tick = silent) -> Rigid:
    """Rigid transform that lays surface points of `second` over `first` (iterated closest points, trimmed).

    It starts from the positions as they are and from principal axes in all proper orientations, and keeps the
    best fit.

    Parameters
    ----------
    first, second : ndarray
        (n, d) and (m, d) points in mm, d = 2 or 3.
    tick : Tick
        Told after each start.
    """
    a, b = _thinned(first), _thinned(second)
    tree = cKDTree(a)
    starts = track(_starts(a, b), tick, "laying bones over one another")
    fits = [_iterated(tree, a, b, turn, shift) for turn, shift in starts]
    return min(fits, key=lambda f: f.error_mm)


def _thinned(points: FloatArray) -> FloatArray:
    return points[:: max(1, len(points) // _POINTS)]


def _starts(a: FloatArray, b: FloatArray) -> list[tuple[FloatArray, FloatArray]]:
    d = a.shape[1]
    middle_a, middle_b = a.mean(0), b.mean(0)
    starts = [(np.eye(d), np.zeros(d)), (np.eye(d), middle_a - middle_b)]
    axes_a, axes_b = (np.linalg.eigh(np.cov(p.T))[1] for p in (a, b))
    for signs in itertools.product((1.0, -1.0), repeat=d):
        turn = axes_a @ np.diag(signs) @ axes_b.T
        if np.linalg.det(turn) > 0:
            starts.append((turn, middle_a - turn @ middle_b))
    return starts


def _iterated(tree: cKDTree, a: FloatArray, b: FloatArray, turn: FloatArray, shift: FloatArray) -> Rigid:
    error = np.inf
    for _ in range(_STEPS):
        moved = b @ turn.T + shift
        away, index = tree.query(moved)
        near = np.argsort(away, kind="stable")[: max(10, int(_TRIMMED * len(b)))]
        fresh = float(np.sqrt((away[near] ** 2).mean()))
        if error - fresh < 1e-5:
            break
        error = fresh
        turn, shift = _fitted(b[near], a[index[near]])
    return Rigid(turn, shift, error)


def _fitted(source: FloatArray, target: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Best turn and shift for paired points (Kabsch)."""
    c, e = source.mean(0), target.mean(0)
    u, _, v = np.linalg.svd((source - c).T @ (target - e))
    flip = np.eye(len(c))
    flip[-1, -1] = np.sign(np.linalg.det(v.T @ u.T))
    turn = v.T @ flip @ u.T
    return turn, e - turn @ c
