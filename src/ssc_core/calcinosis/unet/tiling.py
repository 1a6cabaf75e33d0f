"""A network on an image or volume that is larger than it should see at once."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from ssc_core.progress import Tick, silent, track

__all__ = ["tiled"]

FloatArray = npt.NDArray[np.float32]


def tiled(
    image: FloatArray,
    see: Callable[[FloatArray], FloatArray],
    channels: int,
    tile: int,
    overlap: int,
    tick: Tick = silent,
) -> FloatArray:
    """Outputs of overlapping tiles, weighted down towards their edges.

    Parameters
    ----------
    image : ndarray
        (y, x) or (z, y, x) float32.
    see : callable
        From a tile to (channels, ...) of its size.
    channels : int
        Of the output.
    tile, overlap : int
        Side of a tile, and what two neighbours share, pixels.
    tick : Tick
        Told after each tile.
    """
    total = np.zeros((channels, *image.shape), np.float32)
    weight = np.zeros(image.shape, np.float32)
    corners = list(itertools.product(*(_starts(n, tile, overlap) for n in image.shape)))
    for corner in track(corners, tick, "finding phalanges"):
        box = tuple(slice(c, c + tile) for c in corner)
        part = image[box]
        ramp = np.ones(part.shape, np.float32)
        for axis, n in enumerate(part.shape):
            ramp *= _ramp(n, overlap).reshape([-1 if a == axis else 1 for a in range(part.ndim)])
        total[(slice(None), *box)] += see(part) * ramp
        weight[box] += ramp
    return np.asarray(total / weight, np.float32)


def _starts(length: int, tile: int, overlap: int) -> list[int]:
    """First pixels of the tiles along one axis."""
    if length <= tile:
        return [0]
    return [*range(0, length - tile, tile - overlap), length - tile]


def _ramp(length: int, overlap: int) -> FloatArray:
    at = np.arange(length)
    edge = np.minimum(at, length - 1 - at) + 1
    return np.asarray(np.minimum(edge / overlap, 1.0), np.float32)
