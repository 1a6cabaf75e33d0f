"""Filling what a label encloses."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from ssc_core.geometry import Frame
from ssc_core.lung.pieces import pieces_of
from ssc_core.lung.refinement.change import PLANES, Change, Labels, box_around, change_of, check_labels

__all__ = ["fill_holes"]


def fill_holes(
    labels: Labels, frame: Frame, label: int, *, plane: str | None = None, largest: float = math.inf
) -> Change | None:
    """Give `label` to background that it encloses.

    Parameters
    ----------
    labels : array (z, y, x) of int
        Not written to.
    frame : Frame
        Of `labels`, mm.
    label : int
        What encloses. A hole is what is not `label` and has no way out over faces (edges in a plane); other
        labels in it stay.
    plane : {"axial", "coronal", "sagittal"}, optional
        Fill in every slice of this plane, else only what is closed in three dimensions.
    largest : float
        Larger holes stay: mm3, or mm2 where a plane is given.
    """
    check_labels(labels, label, plane)
    found = box_around(labels == label)
    if found is None:
        return None
    part = labels[found.slices]
    closed = np.pad(part != label, 1, constant_values=True)
    if plane is None:
        holes = _enclosed(closed, largest / frame.pixel_size)[1:-1, 1:-1, 1:-1]
    else:
        axis = PLANES[plane]
        area = frame.pixel_size / frame.spacing[axis]
        stack = np.moveaxis(closed, axis, 0)[1:-1]
        flat = np.stack([_enclosed(s, largest / area) for s in stack])[:, 1:-1, 1:-1]
        holes = np.moveaxis(flat, 0, axis)
    after = part.copy()
    after[holes & (part == 0)] = label
    return change_of(labels, found, after, f"fill holes of label {label}", plane or "axial")


def _enclosed(free: npt.NDArray[np.bool_], largest: float) -> npt.NDArray[np.bool_]:
    """Pieces of `free` without contact to its border (one voxel wide and free), up to `largest` voxels."""
    pieces = pieces_of(free)
    sizes = np.bincount(pieces.ravel())
    fits = sizes <= largest
    fits[0] = False
    fits[pieces[(0,) * free.ndim]] = False
    return np.asarray(fits[pieces])
