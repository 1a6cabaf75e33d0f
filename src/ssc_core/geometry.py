"""Where pixels are: index <-> physical position. Nothing here rounds, and nothing is guessed.

Positions follow the axis order of the array they belong to: (y, x) for slides and radiographs, (z, y, x) for
volumes. A pixel's centre has the integer index. For CT the physical axes are the patient's, LPS: x grows to
the patient's left, y to the back, z to the head.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from ssc_core.errors import GeometryError

__all__ = ["Box", "Frame", "Unit"]

Unit = Literal["mm", "um"]
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Box:
    """A half-open block of indices, ``start <= index < stop``, in array axis order."""

    start: tuple[int, ...]
    stop: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of pixels along each axis (never negative)."""
        return tuple(max(0, b - a) for a, b in zip(self.start, self.stop, strict=True))

    @property
    def slices(self) -> tuple[slice, ...]:
        """For indexing an array."""
        return tuple(slice(a, b) for a, b in zip(self.start, self.stop, strict=True))

    def clipped(self, shape: Sequence[int]) -> Box:
        """The part that lies inside an array of `shape`."""
        start = tuple(min(max(a, 0), n) for a, n in zip(self.start, shape, strict=True))
        stop = tuple(min(max(b, 0), n) for b, n in zip(self.stop, shape, strict=True))
        return Box(start, stop)

    def grown(self, margin: int | Sequence[int]) -> Box:
        """Larger by `margin` pixels on every side (of every axis, or one margin per axis)."""
        m = (margin,) * len(self.start) if isinstance(margin, int) else tuple(margin)
        start = tuple(a - k for a, k in zip(self.start, m, strict=True))
        return Box(start, tuple(b + k for b, k in zip(self.stop, m, strict=True)))


@dataclass(frozen=True, slots=True)
class Frame:
    """The physical frame of a pixel grid.

    Parameters
    ----------
    spacing : tuple of float
        Distance between neighbouring pixel centres along each array axis, in `unit`. Positive.
    origin : tuple of float
        Physical position of the centre of the first pixel, in array axis order.
    direction : tuple of tuple of float, optional
        Column ``j`` is the unit vector along which array axis ``j`` runs, in physical axes of array axis
        order. The identity by default.
    unit : {"mm", "um"}
        Unit of `spacing` and `origin`.

    Raises
    ------
    GeometryError
        If a spacing is not a positive finite number or the direction is singular.
    """

    spacing: tuple[float, ...]
    origin: tuple[float, ...]
    direction: tuple[tuple[float, ...], ...] = ()
    unit: Unit = "mm"

    def __post_init__(self) -> None:
        n = len(self.spacing)
        object.__setattr__(self, "spacing", tuple(float(s) for s in self.spacing))
        object.__setattr__(self, "origin", tuple(float(o) for o in self.origin))
        direction = self.direction or tuple(map(tuple, np.eye(n).tolist()))
        direction = tuple(tuple(float(v) for v in row) for row in direction)
        object.__setattr__(self, "direction", direction)
        if len(self.origin) != n or len(direction) != n or any(len(r) != n for r in direction):
            raise GeometryError(f"a frame of {n} axes needs an origin and a direction of {n} axes")
        if not all(math.isfinite(s) and s > 0 for s in self.spacing):
            raise GeometryError(f"the pixel spacing {self.spacing} {self.unit} is not a positive number")
        if not np.all(np.isfinite(self.origin)):
            raise GeometryError(f"the origin {self.origin} is not a finite position")
        determinant = float(np.linalg.det(np.asarray(direction)))
        if not math.isfinite(determinant) or abs(determinant) < 1e-3:
            raise GeometryError("the direction of the axes is singular")

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.spacing)

    @property
    def matrix(self) -> FloatArray:
        """(n, n) matrix that takes an index offset to a physical offset."""
        matrix: FloatArray = np.asarray(self.direction) * np.asarray(self.spacing)
        return matrix

    @property
    def affine(self) -> FloatArray:
        """(n + 1, n + 1) homogeneous matrix, index to physical (what napari calls ``affine``)."""
        out = np.eye(self.ndim + 1)
        out[:-1, :-1] = self.matrix
        out[:-1, -1] = self.origin
        return out

    @property
    def pixel_size(self) -> float:
        """Area (2-D) or volume (3-D) of one pixel, in `unit` squared or cubed."""
        return float(abs(np.linalg.det(self.matrix)))

    def to_physical(self, index: npt.ArrayLike) -> FloatArray:
        """Physical positions of indices (..., n), fractions allowed."""
        position: FloatArray = np.asarray(index, float) @ self.matrix.T + np.asarray(self.origin)
        return position

    def to_index(self, position: npt.ArrayLike) -> FloatArray:
        """Indices (..., n), with fractions, of physical positions: the inverse of `to_physical`."""
        offset = np.asarray(position, float) - np.asarray(self.origin)
        return np.asarray(np.linalg.solve(self.matrix, offset[..., None])[..., 0])

    def cropped(self, start: Sequence[float]) -> Frame:
        """The frame of the array that begins at index `start`."""
        origin = self.to_physical(np.asarray(start, float))
        return Frame(self.spacing, tuple(origin.tolist()), self.direction, self.unit)

    def resampled(self, spacing: Sequence[float]) -> Frame:
        """The frame with another `spacing` whose pixels tile the same ground.

        The outer corner of the first pixel stays where it is, so the origin moves by half the difference of
        the pixel sizes (the half-pixel shift of image pyramids).
        """
        factor = np.asarray(spacing, float) / np.asarray(self.spacing)
        origin = self.to_physical((factor - 1.0) / 2.0)
        return Frame(tuple(float(s) for s in spacing), tuple(origin.tolist()), self.direction, self.unit)

    def same_as(self, other: Frame, tolerance: float = 1e-3) -> bool:
        """Whether `other` places pixels within `tolerance` of a pixel of where this frame does."""
        if self.ndim != other.ndim or self.unit != other.unit:
            return False
        scale = min(self.spacing)
        close = np.allclose(self.matrix, other.matrix, atol=tolerance * scale, rtol=tolerance)
        return bool(close and np.allclose(self.origin, other.origin, atol=max(tolerance * scale, 1e-3)))
