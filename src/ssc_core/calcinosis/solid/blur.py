"""Blur along each axis of a volume, as bone surfaces show it."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy import ndimage as ndi

__all__ = ["blur_along"]

_BRIGHT_HU = 500.0  # above soft tissue: a cortex that shows how steep an edge can be
_FACING = 0.9  # cosine: surfaces that face one axis
_STEEPEST = 0.4  # quantile of what the surfaces show: less steep ones are no plain edges
_FEWEST = 50
_CORTEX_MM = 0.9


def blur_along(
    hu: npt.NDArray[np.float32],
    distance: npt.NDArray[np.float32],
    soft_hu: float,
    step: tuple[float, ...],
) -> tuple[float, ...] | None:
    """Standard deviation (mm) of the blur along each axis; None where too few surfaces tell.

    Slices that are far apart blur more across than within them. An edge of height h that a Gaussian blurs is
    h / (sd x sqrt(2 pi)) steep.

    Parameters
    ----------
    hu : ndarray
        (z, y, x) float32.
    distance : ndarray
        (z, y, x) float32, mm to the bones' surface, negative inside.
    soft_hu : float
        HU of soft tissue.
    step : tuple of float
        Voxel size, mm.
    """
    rim = np.abs(distance) < max(step)
    where = ndi.find_objects(rim.astype(np.uint8))
    if not where:
        return None
    box = tuple(slice(max(s.start - 4, 0), s.stop + 4) for s in where[0])
    hu, rim, bone = hu[box], rim[box], distance[box] < 0
    gradient = [np.gradient(hu, s, axis=a) for a, s in enumerate(step)]
    slope = np.sqrt(sum(g**2 for g in gradient))
    size = [2 * max(1, round(_CORTEX_MM / s)) + 1 for s in step]
    height = ndi.maximum_filter(np.where(bone, hu, -1024.0), size) - soft_hu
    edge = rim & (height > _BRIGHT_HU) & (slope >= 0.9 * ndi.maximum_filter(slope, 3))
    seen = []
    for along in gradient:
        facing = edge & (np.abs(along) > _FACING * slope)
        if facing.sum() < _FEWEST:
            seen.append(math.nan)
            continue
        width = height[facing] / (slope[facing] * math.sqrt(2 * math.pi))
        seen.append(float(np.quantile(width, _STEEPEST)))
    if np.isnan(seen).all():
        return None
    widest = float(np.nanmax(seen))
    return tuple(widest if math.isnan(s) else s for s in seen)
