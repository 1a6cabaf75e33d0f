"""How thick a cortex is, also where a deposit or the next bone hides where it ends."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage as ndi
from scipy.spatial import cKDTree

from ssc_core.progress import Tick, track

__all__ = ["next_to_soft", "thickness"]

FloatArray = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]

_NEAR_MM, _AROUND_MM = 1.2, 5.0  # neighbourhoods of one place on a bone
_EXCESS_MM = 0.45  # thicker than around by more than this: something lies on the bone
_MIDDLE, _LOW = 0.5, 0.35
_BEYOND_MM = (0.3, 0.45, 0.6, 0.8)  # so far beyond a bone's surface soft tissue is looked for
_SOFT_MOST_HU = 180.0  # above soft tissue: more is no longer soft
_BESIDE_MM = 1.0  # what lies this near to a covered place is seen through the deposit's haze
_BRIDGE = 24  # free places from which a covered one is bridged
_AT_ONCE = 50  # the lists of neighbours are made without letting other threads in: few at a time


def next_to_soft(
    hu: FloatArray,
    at: npt.NDArray[np.float64],
    feet: npt.NDArray[np.float64],
    soft_hu: float,
    step: tuple[float, ...],
) -> BoolArray:
    """Whether HU fall to those of soft tissue just beyond points of a surface, seen from the marrow (mm)."""
    out = at - feet
    out = out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-6)
    beyond = at[:, None] + np.asarray(_BEYOND_MM)[:, None] * out[:, None]
    index = np.moveaxis(beyond / np.asarray(step), -1, 0)
    seen = ndi.map_coordinates(hu, index, order=1, mode="nearest")
    return np.asarray(seen.min(1) < soft_hu + _SOFT_MOST_HU)


def thickness(
    spots: npt.NDArray[np.float64],
    feet: npt.NDArray[np.float64],
    beyond: npt.NDArray[np.float64],
    clear: BoolArray,
    tick: Tick,
) -> tuple[npt.NDArray[np.float64], BoolArray]:
    """Thickness (mm) of the cortex over each spot of the marrow, and where something lies on it.

    Where the cortex ends in soft tissue, its thickness is the median of what is seen close by. Where a
    deposit or the next bone hides its end, it is bridged from the free spots around.
    """
    tree = cKDTree(feet)
    around = np.full(len(spots), float(np.quantile(beyond, _LOW)))
    near = np.full(len(spots), np.nan)
    free = np.zeros(len(spots))
    for first in track(range(0, len(spots), _AT_ONCE), tick, "outlining bones"):
        few = spots[first : first + _AT_ONCE]
        found = (tree.query_ball_point(few, reach) for reach in (_NEAR_MM, _AROUND_MM))
        for k, (close, wide) in enumerate(zip(*found, strict=True), start=first):
            if len(wide) >= 8:
                around[k] = np.quantile(beyond[wide], _LOW)
            if len(close) >= 3:
                near[k] = np.quantile(beyond[close], _MIDDLE)
                free[k] = clear[close].mean()
    covered = ~(near <= around + _EXCESS_MM) | (free < 0.5)
    thick = np.where(covered, around, near)
    if not covered.any() or covered.all():
        return thick, covered
    hidden = cKDTree(spots[covered]).query(spots)[0] < _BESIDE_MM
    if (~hidden).sum() < _BRIDGE:
        return thick, covered
    away, index = cKDTree(spots[~hidden]).query(spots[hidden], k=_BRIDGE)
    weight = 1 / (away + 0.5) ** 2
    bridged = (weight * thick[~hidden][index]).sum(1) / weight.sum(1)
    thick[hidden] = np.where(away[:, 0] < _AROUND_MM, bridged, thick[hidden])
    return thick, covered
