"""The top of the aortic arch, seen as the soft tissue beside the trachea above the carina."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ssc_core.lung.airway import Airway
from ssc_core.lung.grid import Bool, WorkGrid

__all__ = ["arch_fall"]

_SOFT_HU = (0, 400)  # vessels with or without contrast, not mediastinal fat
_FRONT_BACK_MM = 25.0
_BESIDE_MM = 40.0
_UP_MM = 75.0
_PEAK_WITHIN_MM = 45.0
_FALL = 0.6
_OTHER_SIDE = 1.5  # a right-sided arch must show this much more tissue than the left
_SMOOTH_MM = 4.0

Profile = npt.NDArray[np.float64]


def arch_fall(airway: Airway, lungs: Bool, grid: WorkGrid) -> float | None:
    """Height in mm above the carina at which the tissue beside the trachea falls below 60 % of its peak.

    The aortic arch passes the trachea on the left (rarely on the right); above it only the slender great
    vessels are left.

    Returns
    -------
    float or None
        None when the tissue has no peak, or does not fall before the apex.
    """
    if airway.carina is None:
        return None
    left, right = _beside(airway, lungs, grid, +1), _beside(airway, lungs, grid, -1)
    if len(left) < 3:
        return None
    reach = 1 + int(_PEAK_WITHIN_MM / grid.spacing[0])
    profile = right if right[:reach].max() > _OTHER_SIDE * left[:reach].max() else left
    top = int(profile[:reach].argmax())
    limit = _FALL * profile[top]
    below = np.flatnonzero(profile[top:] < limit)
    if not len(below) or profile[top] <= 0:
        return None
    j = top + int(below[0])
    share = (profile[j - 1] - limit) / (profile[j - 1] - profile[j])
    return float((j - 1 + share) * grid.spacing[0])


def _beside(airway: Airway, lungs: Bool, grid: WorkGrid, side: int) -> Profile:
    """Area in mm2 of soft tissue between trachea and lung, slice by slice upwards from the carina."""
    assert airway.carina is not None
    sections = {s.z: s for s in airway.trachea}
    at = min(airway.trachea, key=lambda s: s.z)
    rows = round(_FRONT_BACK_MM / grid.spacing[1])
    columns = round(_BESIDE_MM / grid.spacing[2])
    areas = []
    for z in range(airway.carina, min(len(lungs), airway.carina + int(_UP_MM / grid.spacing[0]))):
        at = sections.get(z, at)
        y, x = round(at.y / grid.spacing[1]), round(at.x / grid.spacing[2])
        window = slice(max(0, y - rows), y + rows + 1), slice(max(0, x - columns), x + columns)
        hu = cv2.GaussianBlur(grid.hu[z], (5, 5), 1.0)[window]
        soft = (hu > _SOFT_HU[0]) & (hu < _SOFT_HU[1]) & ~airway.mask[z][window]
        middle = x - window[1].start
        half, free = (
            part[:, middle:] if side > 0 else part[:, :middle][:, ::-1] for part in (soft, ~lungs[z][window])
        )
        areas.append(float((half & np.logical_and.accumulate(free, axis=1)).sum()) * grid.pixel_mm2)
    return np.asarray(ndimage.gaussian_filter1d(areas, _SMOOTH_MM / grid.spacing[0], mode="nearest"))
