"""Gas in stomach and bowel: darker than any lung, in a wall, and low in the body."""

from __future__ import annotations

import cv2
import numpy as np
from scipy import ndimage

from ssc_core.lung.grid import Bool, WorkGrid
from ssc_core.lung.pieces import pieces_of

__all__ = ["abdominal_gas", "fluid_below"]

_GAS_HU = -935
_GAS_ML = 4.0
_BELOW_CARINA_MM = 35.0
_SHELL_MM = (5.0, 9.0)
_SHELL_TISSUE = 0.55
_TISSUE_HU = -300
_RIM_MM = 6.0
_WALL_HU = 28  # of stomach and bowel, brighter than what they hold
_BESIDE_MM = 4.0


def abdominal_gas(grid: WorkGrid, air: Bool, carina: int | None) -> Bool:
    """Gas below the diaphragm, with its partial-volume rim, (z, y, x).

    A core of at least 4 ml, darker than -935 HU after smoothing, is gas when it begins 35 mm or more below
    the carina and mostly tissue lies 5 to 9 mm around it: emphysema is dark as well, but lung lies around it.

    Without a carina nothing is called gas, because nothing says where the chest ends.
    """
    gas = np.zeros(air.shape, bool)
    if carina is None:
        return gas
    top = carina - grid.slices(_BELOW_CARINA_MM)
    if top <= 0:
        return gas
    smooth = np.stack([cv2.blur(plane, (3, 3)) for plane in grid.hu[:top]])
    cores = pieces_of((smooth < _GAS_HU) & air[:top])
    for i, box in enumerate(ndimage.find_objects(cores), start=1):
        if box is None:
            continue
        core = cores[box] == i
        if core.sum() * grid.voxel_ml < _GAS_ML or box[0].stop >= top:
            continue
        wide = _widened(box, grid, cores.shape, _SHELL_MM[1])
        distance = ndimage.distance_transform_edt(cores[wide] != i, sampling=grid.spacing)
        shell = (distance > _SHELL_MM[0]) & (distance <= _SHELL_MM[1])
        if (grid.hu[wide][shell] > _TISSUE_HU).mean() > _SHELL_TISSUE:
            gas[wide] |= (distance <= _RIM_MM) & air[wide]
    return gas


def fluid_below(gas: Bool, grid: WorkGrid) -> Bool:
    """What gas stands on: dark contents of stomach or bowel below (behind, in a supine person) it.

    From the gas backwards in each column up to the wall, and 12 mm to all sides, as long as it is dark.
    """
    out = np.zeros(gas.shape, bool)
    for z in np.flatnonzero(gas.any(axis=(1, 2))):
        dark = cv2.blur(grid.hu[z], (5, 5)) < _WALL_HU
        under = np.zeros(gas.shape[1:], bool)
        open_ = np.zeros(gas.shape[2], bool)
        for y in range(gas.shape[1]):
            open_ = gas[z, y] | (open_ & dark[y])
            under[y] = open_ & ~gas[z, y]
        out[z] = cv2.dilate(under.astype(np.uint8), grid.kernel(_BESIDE_MM)).astype(bool) & dark
    return out


def _widened(box: tuple[slice, ...], grid: WorkGrid, shape: tuple[int, ...], mm: float) -> tuple[slice, ...]:
    """`box` grown by `mm` on every side, within an array of `shape`."""
    grown = []
    for axis, part in enumerate(box):
        margin = int(mm // grid.spacing[axis]) + 1
        grown.append(slice(max(0, part.start - margin), min(shape[axis], part.stop + margin)))
    return tuple(grown)
