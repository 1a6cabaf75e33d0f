"""Marrow in a volume: what a cortex encloses, seen plane by plane in three directions."""

from __future__ import annotations

import cc3d
import numpy as np
import numpy.typing as npt
from scipy import ndimage as ndi

from ssc_core.progress import Tick, share, silent, track

__all__ = ["marrow_of"]

BoolArray = npt.NDArray[np.bool_]

_LEVELS = (1.0, 1.4, 1.9, 2.5)  # times the bone threshold
_SMALLEST_MM3 = 12.0
_NARROWEST_MM = 0.9
_AT_ONCE = 2_000_000  # voxels


def marrow_of(
    hu: npt.NDArray[np.float32], bone_hu: float, step: tuple[float, ...], tick: Tick = silent
) -> npt.NDArray[np.int32]:
    """Label the marrow of each bone, largest first.

    A cortex that is thin somewhere leaks in three dimensions, but seldom in every plane. So a voxel is
    enclosed if it is so within two of its three planes. Where the volume's border cuts a bone, the border is
    closed by what its own plane encloses.

    Parameters
    ----------
    hu : ndarray
        (z, y, x) float32.
    bone_hu : float
        Lowest threshold, HU.
    step : tuple of float
        Voxel size, mm.
    tick : Tick
        Told after each threshold and direction.
    """
    inside = np.zeros(hu.shape, bool)
    for k, level in enumerate(_LEVELS):
        part = share(tick, 0.6 * k / len(_LEVELS), 0.6 * (k + 1) / len(_LEVELS))
        inside |= _enclosed(hu > level * bone_hu, part)
    narrow = _ball(_NARROWEST_MM / 2, step)
    wide = _opened(np.pad(inside, 1, mode="edge"), narrow, share(tick, 0.6, 1.0))[1:-1, 1:-1, 1:-1]
    labels = cc3d.connected_components(wide, connectivity=6)
    counts = np.bincount(labels.ravel())
    counts[0] = 0
    order = [i for i in np.argsort(-counts, kind="stable") if counts[i] * np.prod(step) >= _SMALLEST_MM3]
    lookup = np.zeros(len(counts), np.int32)
    lookup[order] = np.arange(1, len(order) + 1)
    return np.asarray(lookup[labels], np.int32)


def _enclosed(hard: BoolArray, tick: Tick) -> BoolArray:
    closed = np.pad(hard, 1)
    for axis in range(3):
        face = np.moveaxis(closed, axis, 0)
        core = np.moveaxis(hard, axis, 0)
        for outer, inner in ((0, 0), (-1, -1)):
            face[outer, 1:-1, 1:-1] = ndi.binary_fill_holes(core[inner])
    votes = np.zeros(closed.shape, np.uint8)
    for axis in track(range(3), tick, "looking for marrow"):
        plane = np.moveaxis(~closed, axis, 0)
        link = np.zeros((3, 3, 3), bool)
        link[1] = ndi.generate_binary_structure(2, 1)
        labels, n = ndi.label(plane, link)
        outside = np.zeros(n + 1, bool)
        outside[0] = True
        for edge in (labels[:, 0], labels[:, -1], labels[:, :, 0], labels[:, :, -1]):
            outside[np.unique(edge)] = True
        votes += np.moveaxis(~outside[labels], 0, axis)
    out: BoolArray = (votes >= 2)[1:-1, 1:-1, 1:-1]
    return out


def _opened(mask: BoolArray, ball: BoolArray, tick: Tick) -> BoolArray:
    """``binary_opening``, some planes at a time, so that it can be stopped between them."""
    reach = 2 * (ball.shape[0] // 2)
    out = np.zeros_like(mask)
    planes = max(reach, 1, _AT_ONCE // mask[0].size)
    for first in track(range(0, len(mask), planes), tick, "looking for marrow"):
        low = max(first - reach, 0)
        part = ndi.binary_opening(mask[low : first + planes + reach], ball)
        out[first : first + planes] = part[first - low :][:planes]
    return out


def _ball(radius_mm: float, step: tuple[float, ...]) -> BoolArray:
    half = [max(1, round(radius_mm / s)) for s in step]
    grids = np.ogrid[tuple(slice(-h, h + 1) for h in half)]
    away = sum((g / (h + 0.01)) ** 2 for g, h in zip(grids, half, strict=True))
    return np.asarray(away <= 1.0, bool)
