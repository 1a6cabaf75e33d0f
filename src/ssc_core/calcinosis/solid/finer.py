"""Cubic interpolation of an array onto a whole number of parts per voxel, axis by axis."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import ndimage as ndi

__all__ = ["finer"]

FloatArray = npt.NDArray[np.float32]

_PAD = 12  # voxels by which a spline's ends are carried on; farther away they no longer matter


def finer(a: npt.NDArray[np.generic], parts: Sequence[int]) -> FloatArray:
    """What ``scipy.ndimage.zoom(a, parts, order=3, mode="nearest", grid_mode=True)`` gives, faster.

    That function weighs 4 x 4 x 4 neighbours for each part of a volume, also along axes that stay as
    they are; along one axis four neighbours are enough.

    Parameters
    ----------
    a : ndarray
        Any number of axes.
    parts : sequence of int
        Parts per voxel along each axis.
    """
    out = np.asarray(a, np.float32)
    for axis, number in enumerate(parts):
        if number > 1:
            out = _along(out, axis, number)
    return out


def _along(a: FloatArray, axis: int, parts: int) -> FloatArray:
    n = a.shape[axis]
    pad = [(_PAD, _PAD) if k == axis else (0, 0) for k in range(a.ndim)]
    spline = ndi.spline_filter1d(np.pad(a, pad, mode="edge"), 3, axis, output=np.float32)
    spline = np.moveaxis(spline, axis, 0)
    out = np.empty((n * parts, *spline.shape[1:]), np.float32)
    for phase in range(parts):
        at = (phase + 0.5) / parts - 0.5
        first = math.floor(at)
        piece = np.zeros((n, *spline.shape[1:]), np.float32)
        for k, weight in enumerate(_weights(at - first)):
            start = _PAD + first - 1 + k
            piece += np.float32(weight) * spline[start : start + n]
        out[phase::parts] = piece
    return np.moveaxis(out, 0, axis)


def _weights(t: float) -> tuple[float, float, float, float]:
    """Of the four cubic B-splines around a point a share `t` beyond the second."""
    return (
        (1 - t) ** 3 / 6,
        (4 - 6 * t**2 + 3 * t**3) / 6,
        (1 + 3 * t + 3 * t**2 - 3 * t**3) / 6,
        t**3 / 6,
    )
