"""The dome of the right hemidiaphragm, from the underside of the right lung."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ssc_core.lung.grid import Bool, WorkGrid

__all__ = ["dome_height", "lowest_lung"]

_RIM_MM = 15.0  # the costophrenic rim says nothing about the dome
_FROM_MIDLINE_MM = 40.0  # nearer than this the underside is the heart's
_HEART_RISE_MM, _HEART_OVER_MM = 14.0, 8.0
_PERCENTILE = 95
_PARTIAL_VOLUME_SLICES = 0.7  # the slice that first shows lung everywhere already contains the dome's top

Int = npt.NDArray[np.int64]


def lowest_lung(lung: Bool) -> Int:
    """(y, x) lowest slice with lung in each column, -1 where there is none."""
    return np.where(lung.any(axis=0), lung.argmax(axis=0), -1)


def dome_height(lung: Bool, grid: WorkGrid, midline_mm: float, *, right: bool = True) -> float | None:
    """Slice (fractions allowed) of the top of one hemidiaphragm; None if too little lung stands on it.

    Going from the side to the middle, each sagittal column's high percentile of the lung's underside is taken
    until the underside climbs onto the heart.
    """
    lowest = lowest_lung(lung)
    footprint = ndimage.binary_fill_holes(lowest >= 0)
    depth = ndimage.distance_transform_edt(np.pad(footprint, 1), sampling=grid.spacing[1:])[1:-1, 1:-1]
    inner = (depth > _RIM_MM) & (lowest >= 0)
    columns = np.flatnonzero(inner.any(axis=0))
    x = columns * grid.spacing[2]
    columns = columns[np.abs(x - midline_mm) >= _FROM_MIDLINE_MM]
    if len(columns) < 3:
        return None
    if not right:
        columns = columns[::-1]
    heights = np.array([np.percentile(lowest[inner[:, c], c], _PERCENTILE) for c in columns])
    heights = ndimage.median_filter(heights, size=min(3, len(heights)), mode="nearest")
    over = max(1, round(_HEART_OVER_MM / grid.spacing[2]))
    rise = (heights[over:] - heights[:-over]) * grid.spacing[0]
    lateral = len(columns) // 3  # the dome's own slope is steep at the side
    jumps = np.flatnonzero(rise[lateral:] > _HEART_RISE_MM)
    if len(jumps):
        heights = heights[: lateral + int(jumps[0]) + 1]
    return float(heights.max()) - _PARTIAL_VOLUME_SLICES
