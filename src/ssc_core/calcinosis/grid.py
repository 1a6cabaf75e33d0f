"""The finer grid on which outlines are drawn, and the way back to the image's pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage as ndi

__all__ = ["FineGrid"]

FloatArray = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class FineGrid:
    """An image (y, x) whose every pixel is cut into `factor` parts.

    Parameters
    ----------
    shape : tuple of int
        Shape of the image.
    factor : tuple of int
        Parts per pixel along (y, x).
    step : tuple of float
        Size of a part along (y, x), mm.
    """

    shape: tuple[int, int]
    factor: tuple[int, int]
    step: tuple[float, float]

    @classmethod
    def of(cls, shape: tuple[int, ...], spacing: tuple[float, ...], fine_mm: float) -> FineGrid:
        """The grid whose step is closest to `fine_mm`."""
        factor = tuple(max(1, round(s / fine_mm)) for s in spacing)
        step = tuple(s / f for s, f in zip(spacing, factor, strict=True))
        return cls((shape[0], shape[1]), (factor[0], factor[1]), (step[0], step[1]))

    @property
    def part_mm2(self) -> float:
        """Area of one part, mm2."""
        return self.step[0] * self.step[1]

    @property
    def mean_step(self) -> float:
        """Geometric mean of the step, mm."""
        return float(np.sqrt(self.part_mm2))

    def refined(self, image: npt.NDArray[np.float32]) -> FloatArray:
        """`image` interpolated to the grid (cubic; pixel centres stay where they are)."""
        zoomed = ndi.zoom(image, self.factor, order=3, mode="nearest", grid_mode=True)
        return np.asarray(zoomed, np.float32)

    def refined_mask(self, mask: BoolArray) -> BoolArray:
        """A mask drawn on pixels, with its stairs smoothed."""
        soft = ndi.zoom(mask.astype(np.float32), self.factor, order=1, mode="nearest", grid_mode=True)
        return np.asarray(soft >= 0.5)

    def repeated(self, a: npt.NDArray[np.bool_]) -> BoolArray:
        """Every pixel repeated over its parts."""
        return np.repeat(np.repeat(a, self.factor[0], 0), self.factor[1], 1)

    def share(self, mask: BoolArray) -> FloatArray:
        """For each pixel the share of its area that `mask` covers."""
        (ny, nx), (fy, fx) = self.shape, self.factor
        out: FloatArray = mask.reshape(ny, fy, nx, fx).mean(axis=(1, 3), dtype=np.float32)
        return out

    def middle(self, here: BoolArray) -> tuple[float, float]:
        """Row and column of the middle of a mask on the grid, in pixels of the image."""
        row, column = (np.argwhere(here).mean(0) + 0.5) / self.factor - 0.5
        return float(row), float(column)

    def pixels(self, labels: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        """Labels on the image's pixels: the one that covers most of a pixel, if all cover half of it."""
        out = np.zeros(self.shape, np.int32)
        best = np.zeros(self.shape, np.float32)
        total = self.share(labels > 0)
        for label in np.unique(labels[labels > 0]):
            share = self.share(labels == label)
            wins = (share > best) & (total >= 0.5)
            out[wins] = label
            best = np.maximum(best, share)
        return out
