"""A whole CT on the network's grid, and the way between slice numbers there and heights in the patient."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ssc_core.errors import GeometryError
from ssc_core.io.volume import Volume
from ssc_core.lung.grid import slabs
from ssc_core.progress import Tick, silent

__all__ = ["TRUNCATION_HU", "Heights", "heights_of", "low_resolution"]

TRUNCATION_HU = 1500
"""CT values are truncated to +-1500 HU (Jia et al. 2024, Dataset)."""

Int16 = npt.NDArray[np.int16]


@dataclass(frozen=True)
class Heights:
    """Slice numbers of the grid (0 = lowest) and heights in the patient's coordinates, in the image's middle.

    Slices of CT and grid share their outer faces, as pixels of an image pyramid do.

    Parameters
    ----------
    bottom_mm : float
        Height of the centre of the CT's lowest slice.
    step_mm : float
        From one slice of the CT to the next.
    slices : int
        Of the CT.
    grid : int
        Slices of the grid.
    """

    bottom_mm: float
    step_mm: float
    slices: int
    grid: int

    @property
    def spacing_mm(self) -> float:
        """Distance of the grid's slices."""
        return self.step_mm * self.slices / self.grid

    @property
    def reach_mm(self) -> float:
        """Height of the whole scan."""
        return self.step_mm * self.slices

    def to_slice(self, number: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Slices of the CT (fractions allowed) of slice numbers of the grid."""
        return np.asarray((np.asarray(number, float) + 0.5) * self.slices / self.grid - 0.5)

    def to_mm(self, number: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Heights of slice numbers of the grid."""
        return np.asarray(self.bottom_mm + self.step_mm * self.to_slice(number))

    def from_mm(self, height: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Slice numbers of the grid of heights."""
        source = (np.asarray(height, float) - self.bottom_mm) / self.step_mm
        return np.asarray((source + 0.5) * self.grid / self.slices - 0.5)


def heights_of(image: Volume, slices: int) -> Heights:
    """Heights of the `slices` of a grid over `image`."""
    middle = [(n - 1) / 2 for n in image.shape[1:]]
    low, next_ = image.frame.to_physical([[0, *middle], [1, *middle]])[:, 0]
    return Heights(float(low), float(next_ - low), image.shape[0], slices)


def low_resolution(image: Volume, shape: tuple[int, int, int], tick: Tick = silent) -> Int16:
    """`image` resized to `shape` and truncated, streamed slab by slab.

    Means over the grid's voxels where the grid is coarser, linear interpolation where it is finer. What was
    never measured (padding) counts as air.

    Parameters
    ----------
    image : Volume
        The CT.
    shape : tuple of int
        (z, y, x) of the grid.
    tick : Tick
        Progress.

    Returns
    -------
    ndarray of int16, (z, y, x)
        HU, -1024 to 1500.

    Raises
    ------
    GeometryError
        If the CT has fewer than 3 slices.
    """
    n, height, width = image.shape
    if n < 3:
        raise GeometryError(f"levels need a chest CT of at least 3 slices, this one has {n}; give the series")
    shrinks = shape[1] <= height and shape[2] <= width
    mode = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    weights = _weights(n, shape[0])
    out = np.zeros(shape, np.float32)
    for first, slab in slabs(image, tick):
        for source, plane in enumerate(slab, first):
            part = np.minimum(plane, TRUNCATION_HU).astype(np.float32)
            small = cv2.resize(part, (shape[2], shape[1]), interpolation=mode)
            for target in np.flatnonzero(weights[:, source]):
                out[target] += weights[target, source] * small
    return np.asarray(np.rint(out), np.int16)


def _weights(source: int, target: int) -> npt.NDArray[np.float32]:
    """(target, source) weights along z; rows sum to one."""
    ratio = source / target
    centre = (np.arange(target)[:, None] + 0.5) * ratio - 0.5
    index = np.arange(source)[None, :]
    if ratio >= 1:  # overlap of each target slice with each source slice
        low = np.maximum(centre - ratio / 2, index - 0.5)
        weights = np.clip(np.minimum(centre + ratio / 2, index + 0.5) - low, 0.0, None)
    else:
        weights = np.clip(1.0 - np.abs(np.clip(centre, 0, source - 1) - index), 0.0, None)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), np.float32)
