"""Thin layers along bone that hang on a lesion: haze of the bone's own edge, no deposit."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage as ndi
from skimage.morphology import disk

__all__ = ["without_layers"]

BoolArray = npt.NDArray[np.bool_]

_THIN_MM, _NEAR_MM = 1.0, 1.2  # thickness of a layer, and how far from bone it may reach
_BODY = 0.5  # at least this share of a lesion is no layer; else it is one itself, and stays whole
_PIECE = 0.1  # of the largest piece: smaller ones that only hung together by a layer are left out


def without_layers(mask: BoolArray, free: BoolArray, step: float) -> BoolArray:
    """A lesion without the layers along bone that hang on it.

    Parameters
    ----------
    mask : ndarray
        (y, x) bool, the lesion.
    free : ndarray
        (y, x) bool, where there is no bone.
    step : float
        Grid step, mm.
    """
    if not mask.any() or free.all():
        return mask
    radius = max(1, round(_THIN_MM / 2 / step))
    round_ = disk(radius)
    body = ndi.binary_dilation(ndi.binary_opening(np.pad(mask, radius + 1), round_), round_)
    inner = (slice(radius + 1, -radius - 1),) * 2
    away = ndi.distance_transform_edt(free) * step
    kept = mask & (body[inner] | (away > _NEAR_MM))
    labels, n = ndi.label(kept)
    if n > 1:
        counts = np.bincount(labels.ravel())[1:]
        kept = np.isin(labels, 1 + np.flatnonzero(counts >= _PIECE * counts.max()))
    return np.asarray(kept) if kept.sum() >= _BODY * mask.sum() else mask
