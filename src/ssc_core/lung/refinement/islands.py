"""Removing pieces of a label that hang on nothing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ssc_core.errors import InputError
from ssc_core.geometry import Box
from ssc_core.lung.pieces import pieces_of
from ssc_core.lung.refinement.change import PLANES, Change, Labels, box_around, change_of, check_labels

__all__ = ["keep_largest", "remove_island"]


def remove_island(labels: Labels, at: Sequence[int], plane: str | None = None) -> Change | None:
    """Remove the connected piece under one voxel.

    Parameters
    ----------
    labels : array (z, y, x) of int
        Not written to.
    at : sequence of int
        Voxel (z, y, x) of the piece. Pieces hang together over faces, edges and corners.
    plane : {"axial", "coronal", "sagittal"}, optional
        Remove it in the slice of this plane through `at` alone.

    Raises
    ------
    InputError
        If there is background at the voxel, or no such voxel.
    """
    check_labels(labels, plane=plane)
    voxel = tuple(int(i) for i in at)
    if len(voxel) != 3 or not all(0 <= i < n for i, n in zip(voxel, labels.shape, strict=True)):
        raise InputError(f"there is no voxel {voxel} in a mask of {labels.shape}")
    label = int(labels[voxel])
    if label == 0:
        raise InputError("there is background at this voxel; point at a piece of the mask")
    axis = PLANES[plane or "axial"]
    start, stop = [0, 0, 0], list(labels.shape)
    if plane is not None:
        start[axis], stop[axis] = voxel[axis], voxel[axis] + 1
    whole = Box(tuple(start), tuple(stop))
    tight = box_around(labels[whole.slices] == label)
    assert tight is not None
    box = Box(
        tuple(a + b for a, b in zip(start, tight.start, strict=True)),
        tuple(a + b for a, b in zip(start, tight.stop, strict=True)),
    )
    part = labels[box.slices]
    pieces = pieces_of(part == label, corners=True)
    inside = tuple(i - a for i, a in zip(voxel, box.start, strict=True))
    after = np.where(pieces == pieces[inside], np.zeros((), labels.dtype), part)
    what = f"remove an island of label {label}"
    return change_of(labels, box, after, what, plane or "axial", voxel[axis])


def keep_largest(labels: Labels, label: int, *, least_share: float = 1.0) -> Change | None:
    """Remove all pieces of `label` but the largest.

    Parameters
    ----------
    labels : array (z, y, x) of int
        Not written to.
    label : int
        What is cleaned.
    least_share : float
        Keep every piece of at least this share (0 to 1) of the largest as well; 1 keeps only pieces as large
        as the largest.
    """
    check_labels(labels, label)
    if not 0 < least_share <= 1:
        raise InputError(f"the share of the largest piece lies above 0 and up to 1, not {least_share:g}")
    box = box_around(labels == label)
    if box is None:
        return None
    part = labels[box.slices]
    pieces = pieces_of(part == label, corners=True)
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    small = sizes < least_share * sizes.max()
    small[0] = False
    after = np.where(small[pieces], np.zeros((), labels.dtype), part)
    return change_of(labels, box, after, f"remove islands of label {label}")
