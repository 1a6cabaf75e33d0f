"""Which of the air is lung, and which lung is it."""

from __future__ import annotations

import numpy as np
from scipy import ndimage
from skimage.segmentation import watershed

from ssc_core.lung.grid import Bool, Int16, WorkGrid
from ssc_core.lung.pieces import pieces_of

__all__ = ["LEFT", "RIGHT", "lungs_in"]

RIGHT, LEFT = 1, 2

_LEAST_ML = 20.0
_LEAST_SHARE = 0.02  # smaller pieces are islands between disease, bowel loops, or noise
_OTHER_LUNG = 0.15  # of the larger one: below this, parts of one lung are not called two lungs
_EROSIONS_MM = (1.0, 2.5, 4.0, 6.0, 8.0, 10.0, 12.0)

Labels = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]


def lungs_in(grid: WorkGrid, air: Bool, midline_mm: float) -> tuple[Labels, bool]:
    """Label the pieces of lung air as right (1) and left (2).

    Parameters
    ----------
    grid : WorkGrid
        The CT.
    air : ndarray of bool, (z, y, x)
        Air inside the body without the central airway and bowel gas.
    midline_mm : float
        Where right and left meet, from the first pixel's centre.

    Returns
    -------
    labels : ndarray of uint8
        0, 1 (right: lower x in LPS) or 2 (left).
    parted : bool
        False when one piece reaches over both sides and could not be divided.
    """
    pieces = pieces_of(air)
    sizes = np.bincount(pieces.ravel()).astype(float)
    sizes[0] = 0
    labels = np.zeros(air.shape, np.uint8)
    if len(sizes) < 2:
        return labels, True
    least = max(_LEAST_ML / grid.voxel_ml, _LEAST_SHARE * sizes.max())
    parted = True
    boxes = ndimage.find_objects(pieces)
    for i in np.flatnonzero(sizes >= least):
        box = boxes[i - 1]
        piece = pieces[box] == i
        x = (np.arange(air.shape[2])[box[2]]) * grid.spacing[2]
        weight = piece.sum(axis=(0, 1))
        right_share = float(weight[x < midline_mm].sum() / weight.sum())
        if _OTHER_LUNG <= right_share <= 1 - _OTHER_LUNG:
            two = _divided(grid, grid.hu[box], piece, midline_mm - x[0])
            if two is not None:
                labels[box][piece] = two[piece]
                continue
            parted = False
            two = np.broadcast_to(np.where(x < midline_mm, RIGHT, LEFT).astype(np.uint8), piece.shape)
            labels[box][piece] = two[piece]
            continue
        labels[box][piece] = RIGHT if right_share > 0.5 else LEFT
    return labels, parted


def _divided(grid: WorkGrid, hu: Int16, piece: Bool, midline_mm: float) -> Labels | None:
    """Part lungs that touch at a junction line: erode until they separate, grow back along dark paths."""
    padded = np.pad(piece, 1)
    depth = ndimage.distance_transform_edt(padded, sampling=grid.spacing)[1:-1, 1:-1, 1:-1]
    for mm in _EROSIONS_MM:
        cores = pieces_of(depth > mm)
        sizes = np.bincount(cores.ravel()).astype(float)
        if len(sizes) < 3:
            continue
        sizes[0] = 0
        a, b = np.argsort(sizes)[:-3:-1]
        if sizes[b] < _OTHER_LUNG * sizes[a]:
            continue
        centre = {int(i): _middle_x(cores == i) * grid.spacing[2] for i in (a, b)}
        right, left = sorted(centre, key=lambda i: centre[i])
        if not centre[right] < midline_mm < centre[left]:
            continue
        seeds = np.zeros(piece.shape, np.int32)
        seeds[cores == right], seeds[cores == left] = RIGHT, LEFT
        # the pleura between the lungs is brighter than either: flooding from low HU meets there
        height = np.clip(hu, -1000, -300).astype(np.int16)
        return np.asarray(watershed(height, seeds, mask=piece), np.uint8)
    return None


def _middle_x(mask: Bool) -> float:
    profile = mask.sum(axis=(0, 1))
    return float((profile * np.arange(len(profile))).sum() / profile.sum())
