"""The working grid: about 2 mm in the plane, so that scans cost the same and small ones keep their shape."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

from ssc_core.errors import GeometryError
from ssc_core.progress import Tick, silent

if TYPE_CHECKING:
    from ssc_core.io.volume import Volume

__all__ = ["AIR_HU", "TOP_HU", "WorkGrid", "shrink", "slabs"]

AIR_HU, TOP_HU = -1024, 3071  # the range of a 12-bit scanner; what lies outside is padding or metal

Bool = npt.NDArray[np.bool_]
Int16 = npt.NDArray[np.int16]
Float = npt.NDArray[np.float32]

_SLAB = 32  # source slices held at a time


@dataclass(frozen=True)
class WorkGrid:
    """A CT on its working grid.

    Parameters
    ----------
    hu : ndarray of int16, (z, y, x)
        HU from feet to head, patient's right first, clipped to -1024..3071.
    spacing : tuple of float
        (z, y, x) in mm.
    group : int
        Source slices averaged into one.
    source_shape : tuple of int
        Shape of the CT it was made from.
    """

    hu: Int16
    spacing: tuple[float, float, float]
    group: int
    source_shape: tuple[int, int, int]

    @property
    def voxel_ml(self) -> float:
        """Volume of one voxel in ml."""
        return float(np.prod(self.spacing)) / 1000.0

    @property
    def pixel_mm2(self) -> float:
        """Area of one pixel in mm2."""
        return self.spacing[1] * self.spacing[2]

    def slices(self, mm: float) -> int:
        """Number of slices in `mm`, at least one."""
        return max(1, round(mm / self.spacing[0]))

    def to_source_slice(self, z: float) -> float:
        """Slice index in the CT (fractions allowed) of slice `z` here."""
        return min((z + 0.5) * self.group - 0.5, self.source_shape[0] - 1.0)

    def from_source_slice(self, z: float) -> float:
        """Slice index here (fractions allowed) of slice `z` of the CT."""
        return (z + 0.5) / self.group - 0.5

    def kernel(self, mm: float) -> npt.NDArray[np.uint8]:
        """An ellipse of radius `mm` in the plane, for OpenCV."""
        radius = [max(1, round(mm / s)) for s in self.spacing[1:]]
        size = (2 * radius[1] + 1, 2 * radius[0] + 1)
        return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, size), np.uint8)


def slabs(image: Volume, tick: Tick = silent, what: str = "reading the CT") -> Iterator[tuple[int, Int16]]:
    """Yield (first slice, HU) slab by slab as int16, padding as air.

    Raises
    ------
    GeometryError
        If the image is not a volume.
    """
    if image.hu.ndim != 3:
        raise GeometryError(f"a volume with axes (z, y, x) is needed, this image has {image.hu.ndim} axes")
    n = image.hu.shape[0]
    padded = any(p > AIR_HU for p in image.padding)  # lower padding becomes air by clipping
    for z in range(0, n, _SLAB):
        tick(z, n, what)
        hu = np.asarray(image.hu[z : z + _SLAB])
        hu = np.where(np.isfinite(hu), np.clip(hu, AIR_HU, TOP_HU), AIR_HU).astype(np.int16)
        if padded:
            hu[np.asarray(image.outside[z : z + _SLAB])] = AIR_HU
        yield z, hu
    tick(n, n, what)


def shrink(image: Volume, work_mm: float, tick: Tick = silent) -> WorkGrid:
    """`image` on its working grid: pixels of about `work_mm`, thin slices averaged to at most `work_mm`.

    Parameters
    ----------
    image : Volume
        The CT.
    work_mm : float
        Pixel size in mm. Coarser images are interpolated (cubic), so that an airway keeps enough pixels.
    tick : Tick
        Progress.
    """
    n, height, width = image.hu.shape
    dz, dy, dx = image.frame.spacing
    rows, columns = max(1, round(height * dy / work_mm)), max(1, round(width * dx / work_mm))
    finer = rows * columns > height * width
    group = max(1, int(work_mm // dz))
    total = -(-n // group)
    out = np.empty((total, rows, columns), np.int16)
    pending: list[Float] = []
    z = 0
    for _, slab in slabs(image, tick):
        for plane in slab:
            mode = cv2.INTER_CUBIC if finer else cv2.INTER_AREA
            pending.append(cv2.resize(plane.astype(np.float32), (columns, rows), interpolation=mode))
            if len(pending) == group:
                out[z] = _mean(pending)
                pending, z = [], z + 1
    if pending:
        out[z] = _mean(pending)
    spacing = (dz * group, dy * height / rows, dx * width / columns)
    return WorkGrid(out, spacing, group, (n, height, width))


def _mean(planes: list[Float]) -> Int16:
    mean = planes[0] if len(planes) == 1 else np.mean(planes, axis=0)
    return np.asarray(np.rint(np.clip(mean, AIR_HU, TOP_HU)), np.int16)
