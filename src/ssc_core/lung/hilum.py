"""The lower hilum, where the pulmonary veins run together, seen as a peak of vessels near the middle."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from ssc_core.lung.grid import Bool, WorkGrid

__all__ = ["hilar_peak"]

_VESSEL_HU = -300
_CENTRAL_MM = 75.0
_BETWEEN = (0.19, 0.65)  # of the way from carina to dome: no confluence was seen outside this
_SMOOTH_MM = 8.0


def hilar_peak(lungs: Bool, grid: WorkGrid, midline_mm: float, carina: int, dome: float) -> float | None:
    """Depth in mm below the carina at which most vessel tissue lies in the central lung.

    Returns
    -------
    float or None
        None where there is no room between carina and dome.
    """
    high, low = (round(carina - share * (carina - dome)) for share in _BETWEEN)
    if high - low < 2:
        return None
    x = np.arange(grid.hu.shape[2]) * grid.spacing[2]
    central = np.abs(x - midline_mm) < _CENTRAL_MM
    vessels = lungs[low : high + 1] & (grid.hu[low : high + 1] > _VESSEL_HU)
    areas = vessels[:, :, central].sum(axis=(1, 2)).astype(float)
    areas = ndimage.gaussian_filter1d(areas, _SMOOTH_MM / grid.spacing[0], mode="nearest")
    return float((carina - low - int(areas.argmax())) * grid.spacing[0])
