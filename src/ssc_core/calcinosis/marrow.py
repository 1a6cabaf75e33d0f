"""Where bones must be: marrow, the darker inside that a closed cortex surrounds."""

from __future__ import annotations

import cc3d
import numpy as np
import numpy.typing as npt
from scipy import ndimage as ndi
from skimage.morphology import disk

__all__ = ["marrow_cells"]

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int32]

_LEVELS = (1.0, 1.25, 1.55, 1.9, 2.25, 2.6)  # times the bone threshold
_SMALLEST_MM2 = 3.5
_NARROWEST_MM = 0.9  # joint spaces enclosed by bridging deposits are slits
_WIDEST_MM = 20.0  # a finger bone cut by the border, even across a corner, is not wider than this


def marrow_cells(hu: npt.NDArray[np.float32], bone_hu: float, step: float, margin: int) -> IntArray:
    """Label the marrow of each bone.

    A cortex is closed at some threshold and open at another (thin under the joints, dim when blurred), so the
    enclosed darker regions are collected over several. Bones cut by the image border are open there; the
    image comes with a `margin` of repeated border pixels, and each bone is closed along the outermost line.

    Parameters
    ----------
    hu : ndarray
        (y, x) float32 on the fine grid, with its margin.
    bone_hu : float
        Lowest threshold, HU.
    step : float
        Grid step, mm.
    margin : int
        Repeated border pixels on every side.

    Returns
    -------
    ndarray
        int32, one label per bone.
    """
    inside = np.zeros(hu.shape, bool)
    narrow = disk(max(1, round(_NARROWEST_MM / 2 / step)))
    smallest = _SMALLEST_MM2 / step**2
    for level in _LEVELS:
        hard = hu > level * bone_hu
        closed = hard | _border_closed(hard, step)
        holes = ndi.binary_fill_holes(closed) & ~closed
        wide = ndi.binary_opening(holes, narrow)
        labels = cc3d.connected_components(wide, connectivity=4)
        counts = np.bincount(labels.ravel())
        keep = counts >= smallest
        keep[0] = False
        inside |= keep[labels]
    inside = ndi.binary_fill_holes(inside)
    labels = np.asarray(cc3d.connected_components(inside, connectivity=4), np.int32)
    counts = np.bincount(labels.ravel())
    seen = np.zeros(len(counts), bool)
    core = labels[margin:-margin, margin:-margin] if margin else labels
    seen[np.unique(core[core > 0])] = True
    order = [i for i in np.argsort(-counts, kind="stable") if i and seen[i]]
    lookup = np.zeros(len(counts), np.int32)
    lookup[order] = np.arange(1, len(order) + 1)
    return np.asarray(lookup[labels], np.int32)


def _border_closed(hard: BoolArray, step: float) -> BoolArray:
    """The stretches of the outermost ring that lie between two pieces of the same bone."""
    labels = cc3d.connected_components(hard, connectivity=8)
    ny, nx = hard.shape
    rows = np.concatenate([np.zeros(nx), np.arange(1, ny), np.full(nx - 1, ny - 1), np.arange(ny - 2, 0, -1)])
    cols = np.concatenate(
        [np.arange(nx), np.full(ny - 1, nx - 1), np.arange(nx - 2, -1, -1), np.zeros(ny - 2)]
    )
    ring = labels[rows.astype(int), cols.astype(int)]
    closed = np.zeros(len(ring), bool)
    at = np.flatnonzero(ring)
    for a, b in zip(at, np.append(at[1:], at[:1] + len(ring)), strict=True):
        e = b % len(ring)
        apart = np.hypot(rows[a] - rows[e], cols[a] - cols[e]) * step  # straight, also across a corner
        if b - a > 1 and apart <= _WIDEST_MM and ring[a] == ring[e] and b - a < len(ring) // 2:
            closed[np.arange(a, b) % len(ring)] = True
    out = np.zeros_like(hard)
    out[rows.astype(int)[closed], cols.astype(int)[closed]] = True
    return out
