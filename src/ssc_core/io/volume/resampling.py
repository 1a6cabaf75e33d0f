"""A volume on another grid, linear, slab by slab: first along the slices, then within each.

Two slices are mixed into one before the plane is touched, so that the costly part is done on as few planes as
possible, and no more than a block of slices is ever held beside the result.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt

from ssc_core.errors import GeometryError
from ssc_core.geometry import Frame
from ssc_core.io.volume.pixels import require_finite
from ssc_core.io.volume.volume import Volume
from ssc_core.progress import Tick, silent

__all__ = ["resampled"]

Array = npt.NDArray[Any]


def resampled(
    volume: Volume,
    *,
    shape: Sequence[int] | None = None,
    spacing: float | Sequence[float] | None = None,
    lowest_hu: float | None = None,
    workers: int = 2,
    tick: Tick = silent,
) -> tuple[Array, Frame]:
    """HU of `volume` on a grid of the same ground and other voxels, by linear interpolation.

    Parameters
    ----------
    volume : Volume
        The CT.
    shape : sequence of int, optional
        Voxels (z, y, x) of the result.
    spacing : float or sequence of float, optional
        Wanted voxel size in mm, instead of `shape`. A whole number of voxels tiles the ground, so the
        result's own spacing, which the frame tells, may differ by a fraction of a voxel over the extent.
    lowest_hu : float, optional
        Lift lower values to this first, so that padding is not mixed into tissue (-1024 for air).
    workers : int
        Threads. The result does not depend on it.
    tick : Tick
        Told how many slices were read.

    Returns
    -------
    hu : ndarray (z, y, x)
        int16 where the volume is int16 (rounded half to even), else float32.
    frame : Frame
        Of `hu`; the outer corner stays where it is. Beyond the centres of the outermost voxels, their values
        are taken.

    Raises
    ------
    GeometryError
        If not just one of `shape` and `spacing` is given, or it is not positive.
    """
    target = _target(volume, shape, spacing)
    sizes = zip(volume.frame.spacing, volume.shape, target, strict=True)
    frame = volume.frame.resampled([d * n / m for d, n, m in sizes])
    centres = (np.arange(target[0]) + 0.5) * (volume.shape[0] / target[0]) - 0.5
    centres = np.clip(centres, 0, volume.shape[0] - 1)
    below = np.minimum(np.floor(centres).astype(int), max(0, volume.shape[0] - 2))
    weights = centres - below
    out = np.empty(target, volume.dtype)

    def one(k: int, held: dict[int, Array]) -> None:
        z, w = int(below[k]), float(weights[k])
        out[k] = _in_plane(_mixed(held[z], held.get(z + 1), w), target[1:], out.dtype)

    with ThreadPoolExecutor(max(1, workers)) as pool:
        for held in _blocks(volume, lowest_hu, pool, tick):
            first, last = min(held), max(held)
            whole = last == volume.shape[0] - 1
            ready = np.flatnonzero((below >= first) & ((below < last) | whole))
            list(pool.map(one, ready.tolist(), [held] * len(ready)))
    return out, frame


def _target(
    volume: Volume, shape: Sequence[int] | None, spacing: float | Sequence[float] | None
) -> tuple[int, int, int]:
    if (shape is None) == (spacing is None):
        raise GeometryError("a new grid needs either a shape or a spacing")
    if spacing is not None:
        wanted = np.broadcast_to(np.asarray(spacing, float), 3)
        if not (np.isfinite(wanted).all() and (wanted > 0).all()):
            raise GeometryError(f"a voxel size is positive, not {spacing}")
        extent = np.asarray(volume.frame.spacing) * volume.shape
        shape = np.maximum(1, np.rint(extent / wanted)).astype(int).tolist()
    sizes = tuple(int(n) for n in shape or ())
    if len(sizes) != 3 or min(sizes) < 1:
        raise GeometryError(f"a grid has three sizes of at least 1, not {sizes}")
    return sizes


def _blocks(
    volume: Volume, lowest_hu: float | None, pool: ThreadPoolExecutor, tick: Tick
) -> Iterator[dict[int, Array]]:
    """Blocks of slices by index, each with the last slice of the block before; the next is read meanwhile."""
    total = volume.shape[0]
    stops = np.cumsum(volume.hu.chunks[0]).tolist()
    ranges = list(zip([0, *stops[:-1]], stops, strict=True))
    coming = pool.submit(_block, volume, *ranges[0], lowest_hu)
    carried: dict[int, Array] = {}
    for number, (start, stop) in enumerate(ranges, 1):
        tick(start, total, "resampling the CT")
        held = carried | dict(zip(range(start, stop), coming.result(), strict=True))
        if number < len(ranges):
            coming = pool.submit(_block, volume, *ranges[number], lowest_hu)
        yield held
        carried = {stop - 1: held[stop - 1]}
    tick(total, total, "resampling the CT")


def _block(volume: Volume, start: int, stop: int, lowest_hu: float | None) -> Array:
    """Slices `start` to `stop`; axial files are read without a task graph, which would cost a copy."""
    turned = volume.orientation
    if turned.order == (0, 1, 2):
        n = volume.shape[0]
        first, last = (n - stop, n - start) if turned.flipped[0] else (start, stop)
        block: Array = turned.apply(np.asarray(volume.pixels[first:last]))
    else:
        block = np.asarray(volume.hu[start:stop])
    require_finite(block)
    return block if lowest_hu is None else np.maximum(block, np.asarray(lowest_hu, block.dtype))


def _mixed(low: Array, high: Array | None, weight: float) -> Array:
    import cv2

    if weight == 0 or high is None:
        return low.astype(np.float32)
    return np.asarray(cv2.addWeighted(low, 1.0 - weight, high, weight, 0.0, dtype=cv2.CV_32F))


def _in_plane(plane: Array, size: tuple[int, int], dtype: np.dtype[Any]) -> Array:
    import cv2

    if plane.shape != size:
        plane = np.asarray(cv2.resize(plane, size[::-1], interpolation=cv2.INTER_LINEAR)).reshape(size)
    return np.rint(plane).astype(dtype) if dtype == np.int16 else plane
