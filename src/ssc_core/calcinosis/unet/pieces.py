"""From shares of classes to single bones: one piece per bone, with what the network says about each."""

from __future__ import annotations

from dataclasses import dataclass

import cc3d
import numpy as np
import numpy.typing as npt
from scipy import ndimage as ndi

from ssc_core.calcinosis.grid import FineGrid
from ssc_core.calcinosis.unet.contract import CLASSES

__all__ = ["Piece", "pieces_of"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int32]

_SMALLEST_MM2 = 2.5
_SAME_BONE = 0.06  # share of background between two parts of one bone; in a joint it is higher
_STUBBY = 1.3  # a piece hardly longer than high has no direction of its own
_EVIDENCE = 1e-3  # lowest share that counts, so that one pixel decides nothing


@dataclass(frozen=True)
class Piece:
    """One bone as the network drew it (attributes of ``numbering.Stick`` among them).

    Parameters
    ----------
    area_mm2 : float
        Area inside the image.
    cut : bool
        The image border cuts it.
    start, end : ndarray
        Ends of its core line, (y, x) mm.
    height_mm : float
        Mean height across the axis.
    evidence : ndarray
        (4,) mean log share of distal, middle, proximal phalanx and other bone.
    """

    area_mm2: float
    cut: bool
    start: FloatArray
    end: FloatArray
    height_mm: float
    evidence: FloatArray


def pieces_of(shares: npt.NDArray[np.float32], grid: FineGrid) -> tuple[IntArray, list[Piece]]:
    """Single bones.

    Parameters
    ----------
    shares : ndarray
        (classes, y, x) on the fine grid.
    grid : FineGrid
        Its geometry.

    Returns
    -------
    labels : ndarray
        (y, x) int32: index of the piece plus 1.
    pieces : list of Piece
        Largest first.
    """
    bone = shares[0] < 0.5
    blobs = np.asarray(cc3d.connected_components(bone, connectivity=8), np.int32)
    cores = _cores(bone, shares[1:].argmax(0), grid)
    index = ndi.distance_transform_edt(cores == 0, return_distances=False, return_indices=True)
    nearest = cores[tuple(index)]
    home = blobs[tuple(index)]
    labels = np.where(bone & (home == blobs), nearest, 0).astype(np.int32)
    labels = _joined(labels, shares[0])
    counts = np.bincount(labels.ravel())
    order = [int(k) for k in np.argsort(-counts, kind="stable") if k and counts[k]]
    lookup = np.zeros(len(counts), np.int32)
    lookup[order] = np.arange(1, len(order) + 1)
    labels = lookup[labels]
    log = np.log(np.maximum(shares[1:], _EVIDENCE))
    return labels, [_piece(labels, k, log, grid) for k in range(1, len(order) + 1)]


def _cores(bone: npt.NDArray[np.bool_], kind: npt.NDArray[np.intp], grid: FineGrid) -> IntArray:
    """Connected parts of one class, specks left out."""
    cores = np.zeros(bone.shape, np.int32)
    found = 0
    for k in range(len(CLASSES) - 1):
        parts = np.asarray(cc3d.connected_components(bone & (kind == k), connectivity=4), np.int32)
        counts = np.bincount(parts.ravel())
        for label, box in enumerate(ndi.find_objects(parts), 1):
            if counts[label] * grid.part_mm2 < _SMALLEST_MM2:
                continue
            found += 1
            cores[box][parts[box] == label] = found
    return cores


def _joined(labels: IntArray, background: npt.NDArray[np.float32]) -> IntArray:
    """Parts of one bone that the network took for different phalanges, made one.

    Between two bones there is a joint, where the network sees background, if only a little; between two
    parts of one bone it sees none.
    """
    top = int(labels.max()) + 1
    pairs, values = [], []
    for axis in (0, 1):
        a, b = (np.moveaxis(labels, axis, 0)[s] for s in (slice(None, -1), slice(1, None)))
        at = (a != b) & (a > 0) & (b > 0)
        pairs.append(np.minimum(a, b)[at].astype(np.int64) * top + np.maximum(a, b)[at])
        values.append(np.moveaxis(background, axis, 0)[:-1][at])
    code, value = np.concatenate(pairs), np.concatenate(values)
    lookup = np.arange(top)
    for pair in np.unique(code):
        if np.median(value[code == pair]) < _SAME_BONE:
            one, other = (lookup[k] for k in divmod(int(pair), top))
            lookup[lookup == other] = one
    return np.asarray(lookup[labels], np.int32)


def _piece(labels: IntArray, number: int, log: npt.NDArray[np.float32], grid: FineGrid) -> Piece:
    here = labels == number
    at = np.argwhere(here) * np.asarray(grid.step)
    centre = at.mean(0)
    _, vectors = np.linalg.eigh((at - centre).T @ (at - centre))
    axis = vectors[:, 1]
    along = (at - centre) @ axis
    area = len(at) * grid.part_mm2
    length = max(float(np.ptp(along)), grid.mean_step)
    height = area / length
    half = height / 2 if length > _STUBBY * height else length / 2
    return Piece(
        area,
        bool(here[[0, -1]].any() or here[:, [0, -1]].any()),
        centre + (along.min() + half) * axis,
        centre + (along.max() - half) * axis,
        height,
        log[:, here].mean(1).astype(float),
    )
