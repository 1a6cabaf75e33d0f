"""From the working grid back to every voxel of the CT: the edge is read from the full resolution."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import numpy.typing as npt

from ssc_core.io.volume import Volume
from ssc_core.lung.grid import Bool, Float, Int16, WorkGrid, slabs
from ssc_core.lung.mask import AIRWAY, CoarseMask
from ssc_core.lung.sides import LEFT, RIGHT, Labels
from ssc_core.progress import Tick, silent

__all__ = ["refined"]


def refined(
    image: Volume, grid: WorkGrid, coarse: CoarseMask, lung_hu: float, tick: Tick = silent
) -> Iterator[tuple[int, Int16, Labels]]:
    """Yield (first slice, HU, labels) slab by slab at full resolution.

    Voxels well inside the coarse lung stay; within one working pixel of its edge a voxel is lung if it is
    below `lung_hu`, or if the coarse mask counted it as dense lung. The airway is taken as it is.
    """
    lungs = [coarse.labels == side for side in (RIGHT, LEFT)]
    cores = [_per_slice(cv2.erode, lung, grid) for lung in lungs]
    bands = [_per_slice(cv2.dilate, lung, grid) for lung in lungs]
    for first, hu in slabs(image, tick, "reading the edge of the lungs"):
        labels = np.zeros(hu.shape, np.uint8)
        for i, plane in enumerate(hu):
            z = grid.from_source_slice(first + i)
            air = plane < lung_hu
            dense = _at(coarse.dense, z, plane.shape) > 0.5
            nearest = np.zeros(plane.shape, np.float32)
            for side, lung, core, band in zip((RIGHT, LEFT), lungs, cores, bands, strict=True):
                share = _at(lung, z, plane.shape)
                here = (_at(core, z, plane.shape) > 0.5) | (air & (_at(band, z, plane.shape) > 0.5))
                here |= dense & (share > 0.5)
                mine = here & ((labels[i] == 0) | (share > nearest))
                labels[i][mine] = side
                nearest = np.where(mine, share, nearest)
            airway = _at(coarse.airway.mask, z, plane.shape) > 0.5
            labels[i][airway] = AIRWAY
        yield first, hu, labels


def _per_slice(operation: object, mask: Bool, grid: WorkGrid) -> Bool:
    """Erode or dilate each slice by one working pixel."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
    out = np.zeros_like(mask)
    for z in np.flatnonzero(mask.any(axis=(1, 2))):
        # the image's edge is not the lung's edge: OpenCV's default border does not erode there
        out[z] = operation(mask[z].astype(np.uint8), kernel).astype(bool)  # type: ignore[operator]
    return out


def _at(mask: Bool, z: float, shape: tuple[int, ...]) -> Float:
    """A coarse mask at a slice between its own, on the full-resolution pixels, as a share 0..1."""
    low = int(np.clip(np.floor(z), 0, len(mask) - 1))
    high = min(low + 1, len(mask) - 1)
    share = float(np.clip(z - low, 0, 1))
    if not (mask[low].any() or mask[high].any()):
        return np.zeros(shape, np.float32)
    plane: npt.NDArray[np.float32] = mask[low].astype(np.float32)
    if share:
        plane = (1 - share) * plane + share * mask[high].astype(np.float32)
    smaller = shape[0] * shape[1] < plane.size
    mode = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(plane, (shape[1], shape[0]), interpolation=mode), np.float32)
