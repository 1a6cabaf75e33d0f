"""Where a body meets bone: layers of the bone's own haze are cut off, and gaps that blur makes are closed."""

from __future__ import annotations

import cc3d
import numpy as np
import numpy.typing as npt
from scipy import ndimage as ndi

__all__ = ["reaching_bone", "without_layers_3d"]

BoolArray = npt.NDArray[np.bool_]

_THIN_MM, _NEAR_MM = 1.0, 1.2  # thickness of a layer, and how far from bone it may reach
_BODY = 0.3  # at least this share of a body is no layer; else it is one itself, and stays whole
_UNSEEN = 1.0  # blurs: nearer to bone than this a body cannot be seen
_PIECE = 0.1  # of the largest piece: smaller ones that only hung together by a layer are left out


def without_layers_3d(mask: BoolArray, distance: npt.NDArray[np.float32], step: list[float]) -> BoolArray:
    """A body without the layers along bone that hang on it (``calcinosis.layers`` in three dimensions).

    Parameters
    ----------
    mask : ndarray
        (z, y, x) bool, the body.
    distance : ndarray
        (z, y, x) float32, mm to the nearest bone.
    step : list of float
        Size of a part, mm.
    """
    if not mask.any() or not (distance[mask] < _NEAR_MM).any():
        return mask
    radius = _THIN_MM / 2
    deep = ndi.distance_transform_edt(np.pad(mask, 1), sampling=step)[1:-1, 1:-1, 1:-1] > radius
    if not deep.any():
        return mask
    body = ndi.distance_transform_edt(~deep, sampling=step) <= 2 * radius
    kept = mask & (body | (distance > _NEAR_MM))
    pieces = cc3d.connected_components(kept, connectivity=26)
    counts = np.bincount(pieces.ravel())
    counts[0] = 0
    kept = np.isin(pieces, np.flatnonzero(counts >= max(_PIECE * counts.max(), 1)))
    return np.asarray(kept) if kept.sum() >= _BODY * mask.sum() else mask


def reaching_bone(
    mask: BoolArray, distance: npt.NDArray[np.float32], step: list[float], blur_mm: float
) -> BoolArray:
    """A body drawn on to the bone it lies on.

    Nearer to bone than the blur resolves, HU are those of bone and say nothing of the deposit. There the body
    is what it is just beyond, carried straight to the bone.

    Parameters
    ----------
    mask : ndarray
        (z, y, x) bool, the body.
    distance : ndarray
        (z, y, x) float32, mm to the nearest bone, negative inside.
    step : list of float
        Size of a part, mm.
    blur_mm : float
        Standard deviation of the blur.
    """
    depth = _UNSEEN * blur_mm
    beside = (distance > 0) & (distance < depth)
    if not (mask & beside).any():
        return mask
    calm = ndi.gaussian_filter(distance, 1.0)
    out = np.stack([np.gradient(calm, s, axis=a)[beside] for a, s in enumerate(step)])
    out /= np.maximum(np.linalg.norm(out, axis=0), 1e-6)
    at = np.argwhere(beside).T + out * (depth - distance[beside]) / np.asarray(step)[:, None]
    drawn = mask.copy()
    drawn[beside] = ndi.map_coordinates(mask.astype(np.float32), at, order=1, mode="nearest") >= 0.5
    return drawn if drawn.sum() >= _BODY * mask.sum() else mask
