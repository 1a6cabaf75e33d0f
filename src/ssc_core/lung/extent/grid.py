"""The network's grid: pixels of 1 mm, the box of the lungs, and the way back to the slice's own pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ssc_core.errors import EmptyError
from ssc_core.models.extent_net import STRIDE

__all__ = ["AIR_HU", "GRID_MM", "TOP_HU", "Window", "box_of", "resized", "window_of"]

GRID_MM = 1.0
AIR_HU, TOP_HU = -1024.0, 3071.0
_MARGIN = 12  # grid pixels around the lungs, so that the chest wall tells the noise of the scan

Field = npt.NDArray[np.float32]
Bool = npt.NDArray[np.bool_]


def resized(hu: Field, lung: Bool, spacing_mm: tuple[float, float]) -> tuple[Field, Bool]:
    """A slice and its lung on pixels of 1 mm (to the nearest whole number of pixels), antialiased.

    Parameters
    ----------
    hu : ndarray, (y, x)
        HU.
    lung : ndarray of bool, (y, x)
        Lung.
    spacing_mm : tuple of float
        (y, x).

    Returns
    -------
    hu, lung : ndarray
        float32 and bool: a pixel is lung when at least half of it is.
    """
    rows, columns = (max(1, round(n * s / GRID_MM)) for n, s in zip(hu.shape, spacing_mm, strict=True))
    shrinks = rows * columns < hu.shape[0] * hu.shape[1]
    mode = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    clipped = np.clip(np.nan_to_num(hu, nan=AIR_HU), AIR_HU, TOP_HU).astype(np.float32)
    out = cv2.resize(clipped, (columns, rows), interpolation=mode)
    share = cv2.resize(lung.astype(np.float32), (columns, rows), interpolation=mode)
    return np.asarray(out, np.float32), np.asarray(share >= 0.5)


@dataclass(frozen=True)
class Window:
    """A box on the grid: first row and column (may lie outside the image), and its shape."""

    top: int
    left: int
    shape: tuple[int, int]

    def cut(self, image: npt.NDArray[np.generic], fill: float) -> npt.NDArray[np.generic]:
        """What of `image` (y, x) lies in the box, `fill` elsewhere."""
        out = np.full(self.shape, fill, image.dtype)
        rows, columns = image.shape
        y0, y1 = max(0, self.top), min(rows, self.top + self.shape[0])
        x0, x1 = max(0, self.left), min(columns, self.left + self.shape[1])
        if y1 > y0 and x1 > x0:
            out[y0 - self.top : y1 - self.top, x0 - self.left : x1 - self.left] = image[y0:y1, x0:x1]
        return out

    def back(self, maps: Field, spacing_mm: tuple[float, float], shape: tuple[int, int]) -> Field:
        """Maps (n, y, x) of the box on the pixels of the slice, interpolated; 0 far outside the box.

        Linear interpolation keeps every inequality that holds at each place.
        """
        scale = [round(n * s / GRID_MM) / n for n, s in zip(shape, spacing_mm, strict=True)]
        rows = (np.arange(shape[0], dtype=np.float32) + 0.5) * scale[0] - 0.5 - self.top
        columns = (np.arange(shape[1], dtype=np.float32) + 0.5) * scale[1] - 0.5 - self.left
        x, y = np.meshgrid(columns.astype(np.float32), rows.astype(np.float32))
        return np.stack([cv2.remap(m, x, y, cv2.INTER_LINEAR, borderValue=0.0) for m in maps])


def box_of(lung: Bool) -> tuple[int, int, int, int]:
    """Top, bottom, left and right (both ends inside) of the lung.

    Raises
    ------
    EmptyError
        If there is no lung.
    """
    rows, columns = np.flatnonzero(lung.any(axis=1)), np.flatnonzero(lung.any(axis=0))
    if not len(rows):
        raise EmptyError("the slice holds no lung; choose another")
    return int(rows[0]), int(rows[-1]), int(columns[0]), int(columns[-1])


def window_of(lung: Bool, shape: tuple[int, int] | None = None, shift: tuple[int, int] = (0, 0)) -> Window:
    """The box around the lungs with a margin, its sides multiples of the network's stride.

    Parameters
    ----------
    lung : ndarray of bool, (y, x)
        On the grid.
    shape : tuple of int, optional
        Give this shape whatever the size of the lungs (training).
    shift : tuple of int
        Move the box by so many pixels (training).
    """
    top, bottom, left, right = box_of(lung)
    if shape is None:
        height, width = (
            math.ceil((b - a + 1 + 2 * _MARGIN) / STRIDE) * STRIDE for a, b in ((top, bottom), (left, right))
        )
    else:
        height, width = shape
    y, x = (top + bottom + 1 - height) // 2 + shift[0], (left + right + 1 - width) // 2 + shift[1]
    return Window(y, x, (height, width))
