"""The hilum: vessels that hang on the mediastinum, whose lower part is where the pulmonary veins join."""

from __future__ import annotations

import cv2
import numpy as np

from ssc_core.lung.grid import Bool, WorkGrid
from ssc_core.lung.mask import CoarseMask
from ssc_core.lung.sides import LEFT, RIGHT

__all__ = ["hilar_depth"]

_TISSUE_HU = -200  # after smoothing; keeps vessels of a few mm
_CENTRAL_MM = 75.0
_MEDIASTINUM_MM = 25.0
_FRONT_MM, _BACK_MM = 30.0, 15.0  # the hila lie at the depth of the carina and before it
_BETWEEN = (0.1, 0.8)  # of the way from carina to dome


def hilar_depth(coarse: CoarseMask, grid: WorkGrid, carina: int, dome: float) -> float | None:
    """Depth in mm below the carina of the centre of mass of the hilar vessels.

    In each slice between carina and dome the tissue inside the lungs is counted that hangs on the
    mediastinum, near the middle and at the depth of the carina: pulmonary arteries and veins, not branches
    further out.

    Returns
    -------
    float or None
        None where no such tissue is seen.
    """
    high, low = (round(carina - share * (carina - dome)) for share in _BETWEEN)
    slices = range(max(low, 0), high + 1)
    lowest = min(coarse.airway.trachea, key=lambda s: s.z)
    y = np.arange(grid.hu.shape[1]) * grid.spacing[1]
    x = np.arange(grid.hu.shape[2]) * grid.spacing[2] - coarse.midline_mm
    window = np.outer((y > lowest.y - _FRONT_MM) & (y < lowest.y + _BACK_MM), np.abs(x) < _CENTRAL_MM)
    middle = np.broadcast_to(np.abs(x) < _MEDIASTINUM_MM, window.shape)
    areas = np.array([_attached(coarse, grid, z, middle, window) for z in slices])
    if not areas.sum():
        return None
    return float((areas * (carina - np.array(slices))).sum() / areas.sum() * grid.spacing[0])


def _attached(coarse: CoarseMask, grid: WorkGrid, z: int, middle: Bool, window: Bool) -> int:
    """Pixels of lung in `window` that are tissue connected with the mediastinum."""
    smooth = cv2.GaussianBlur(grid.hu[z], (3, 3), 0.7)
    soft = (smooth > _TISSUE_HU) & coarse.body[z] & ~coarse.airway.mask[z]
    count, pieces = cv2.connectedComponents(soft.astype(np.uint8), connectivity=4)
    if count < 2:
        return 0
    inner = np.bincount(pieces[middle & soft], minlength=count)
    lungs = (coarse.labels[z] == RIGHT) | (coarse.labels[z] == LEFT)
    return int(((pieces == inner.argmax()) & lungs & window).sum())
