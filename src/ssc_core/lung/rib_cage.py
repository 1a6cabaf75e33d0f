"""Dense disease at the pleura: filled out from the lung to the inner surface of the ribs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ssc_core.lung.chest_wall import PLEURA_MM, ChestWall
from ssc_core.lung.dome import lowest_lung
from ssc_core.lung.grid import Bool, WorkGrid
from ssc_core.lung.sides import LEFT, RIGHT, Labels

__all__ = ["rib_cage_fill"]

_LEAST_MM = 6.0  # thinner is chest wall, not disease
_MOST_MM = 60.0
_CENTRAL_MM = 30.0  # lung this near the middle between the lungs does not face the ribs
_LATERAL = 0.35  # |cos|: rays to the spine say nothing about ribs
_ANTERIOR = -0.6  # sin: rays forward pass heart and sternum


def rib_cage_fill(labels: Labels, grid: WorkGrid, room: Bool, wall: ChestWall) -> Labels:
    """Add tissue between lung and ribs that is too thick for a chest wall.

    The wall is the ribs' inner surface or the convex hull of both lungs, whichever is nearer: a chest is
    convex, and in the shoulders the first bone is not a rib. What lies between the outermost lung and that
    wall is lung, on rays to the side and back, where lung lies further down as well or the slice is above
    that side's diaphragm.

    Parameters
    ----------
    labels : ndarray of uint8, (z, y, x)
        0, 1 right lung, 2 left lung.
    grid : WorkGrid
        The CT.
    room : ndarray of bool, (z, y, x)
        Where lung may be: inside the body, outside the airway.
    wall : ChestWall
        Of these labels.
    """
    gap = np.fmin(np.fmin(wall.ribs, wall.hull) - PLEURA_MM, wall.pleura) - wall.lung
    angles = wall.angles
    usable = (np.abs(np.cos(angles)) > _LATERAL) & (np.sin(angles) > _ANTERIOR)
    smooth = wall.smooth(np.where(np.isfinite(gap), np.clip(gap, 0, _MOST_MM), 0), grid)
    fill = np.isfinite(gap) & usable & (smooth > _LEAST_MM) & (gap > 0) & (gap <= _MOST_MM)
    fill &= wall.lung > _CENTRAL_MM
    out = labels.copy()
    allowed = _above_diaphragm(labels) & room & (labels == 0)
    for z in np.flatnonzero(fill.any(axis=1)):
        radius, ray = wall.polar(int(z), grid)
        start, stop = wall.lung[z][ray], (wall.lung[z] + gap[z])[ray]
        new = fill[z][ray] & (radius > start - grid.spacing[1]) & (radius <= stop) & allowed[z]
        out[z][new] = np.where(np.cos(angles)[ray][new] < 0, RIGHT, LEFT)
    return out


def _above_diaphragm(labels: npt.NDArray[np.uint8]) -> Bool:
    """Voxels with lung of their side further down, or above that side's diaphragm."""
    allowed = np.maximum.accumulate(labels > 0, axis=0)
    for side in (RIGHT, LEFT):
        lowest = lowest_lung(labels == side)
        seen = lowest[lowest >= 0]
        if len(seen):
            x = np.flatnonzero((labels == side).any(axis=(0, 1)))
            allowed[int(np.percentile(seen, 95)) :, :, x[0] : x[-1] + 1] = True
    return np.asarray(allowed)
