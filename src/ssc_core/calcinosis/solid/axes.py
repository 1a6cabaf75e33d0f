"""Three axes of a body, as radiologists measure them: the longest, and two square to it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import ConvexHull, QhullError
from scipy.spatial.distance import pdist, squareform

__all__ = ["Axes3D", "axes_3d", "ellipsoid_mm3", "extent_along"]

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Axes3D:
    """Lengths (mm, longest first) and unit vectors (rows, in array axis order) of three axes."""

    lengths: tuple[float, float, float]
    directions: FloatArray


def axes_3d(points: FloatArray, size_mm: float) -> Axes3D:
    """Axes of a cloud of voxel centres.

    Parameters
    ----------
    points : ndarray
        (n, 3) mm.
    size_mm : float
        Voxel size, added to every extent: centres end half a voxel early at either side.
    """
    rim = _hull(points)
    apart = squareform(pdist(rim)) if len(rim) > 1 else np.zeros((1, 1))
    i, j = np.unravel_index(int(apart.argmax()), apart.shape)
    first = _unit(rim[j] - rim[i])
    # the widest extent square to it, then what is square to both
    flat = rim - np.outer(rim @ first, first)
    across = squareform(pdist(flat)) if len(flat) > 1 else np.zeros((1, 1))
    i, j = np.unravel_index(int(across.argmax()), across.shape)
    second = _unit(flat[j] - flat[i], first)
    third = np.cross(first, second)
    directions = np.stack([first, second, third])
    lengths = [extent_along(points, d, size_mm) for d in directions]
    return Axes3D((lengths[0], lengths[1], lengths[2]), directions)


def extent_along(points: FloatArray, direction: FloatArray, size_mm: float) -> float:
    """Length (mm) of a cloud of voxel centres along one direction."""
    return float(np.ptp(points @ direction)) + size_mm


def ellipsoid_mm3(lengths: tuple[float, float, float]) -> float:
    """Volume of the ellipsoid with these axes, pi/6 a b c (the factor 0.52 of the radiologists)."""
    return math.pi / 6 * math.prod(lengths)


def _hull(points: FloatArray) -> FloatArray:
    try:
        return np.asarray(points[ConvexHull(points).vertices])
    except (QhullError, ValueError):  # flat or tiny bodies have no hull
        return points[:: max(1, len(points) // 500)]


def _unit(v: FloatArray, square_to: FloatArray | None = None) -> FloatArray:
    if square_to is not None:
        v = np.asarray(v - (v @ square_to) * square_to)
    length = float(np.linalg.norm(v))
    if length > 1e-9:
        return np.asarray(v / length, np.float64)
    start = np.array([1.0, 0.0, 0.0])
    if square_to is None:
        return start
    start = start if abs(square_to[0]) < 0.9 else np.array([0.0, 1.0, 0.0])
    flat = start - (start @ square_to) * square_to
    return np.asarray(flat / np.linalg.norm(flat), np.float64)
