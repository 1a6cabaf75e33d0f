"""Parting one label into right and left lung."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ssc_core.errors import EmptyError, InputError
from ssc_core.geometry import Frame
from ssc_core.lung.pieces import pieces_of
from ssc_core.lung.refinement.change import Change, Labels, box_around, change_of, check_labels
from ssc_core.progress import Tick, silent

__all__ = ["split_sides"]

_COARSE_MM = 2.0
_LEAST_SHARE = 0.15
"""A second lung has at least this share of the larger one; smaller pieces are islands."""
_EROSIONS_MM = (0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 10.0, 12.0, 15.0)

Bool = npt.NDArray[np.bool_]


def split_sides(
    labels: Labels,
    frame: Frame,
    label: int | tuple[int, ...],
    *,
    right: int = 1,
    left: int = 2,
    tick: Tick = silent,
) -> Change | None:
    """Give the two lungs in `label` labels of their own.

    Both are eroded until two large pieces part; from those, both grow back and meet where the bridge between
    them is narrowest. Done on a grid of about 2 mm, so that the cut is known to 2 mm.

    Parameters
    ----------
    labels : array (z, y, x) of int
        Not written to.
    frame : Frame
        Of `labels`, mm, LPS: right is where x is smaller.
    label : int or tuple of int
        What holds both lungs; (1, 2) parts a mask anew whose sides are wrong.
    right, left : int
        What the parts are called.
    tick : Tick
        Told between the steps.

    Raises
    ------
    EmptyError
        If there is nothing of `label`.
    InputError
        If no second lung can be parted: draw the cut with the eraser first.
    """
    from scipy import ndimage
    from skimage.segmentation import watershed

    check_labels(labels, right)
    check_labels(labels, left)
    both = np.isin(labels, label)
    box = box_around(both)
    if box is None:
        raise EmptyError(f"the mask holds nothing of label {label}")
    mask = both[box.slices]
    steps = tuple(max(1, round(_COARSE_MM / d)) for d in frame.spacing)
    coarse = mask[tuple(slice(s // 2, None, s) for s in steps)]
    spacing = tuple(d * s for d, s in zip(frame.spacing, steps, strict=True))
    tick(1, 5, "parting the lungs")
    depth = ndimage.distance_transform_edt(np.pad(coarse, 1), sampling=spacing)[1:-1, 1:-1, 1:-1]
    cores = _cores(depth)
    tick(2, 5, "parting the lungs")
    parts = watershed(-depth, cores, mask=coarse)
    tick(3, 5, "parting the lungs")
    nearest = ndimage.distance_transform_edt(
        parts == 0, sampling=spacing, return_distances=False, return_indices=True
    )
    everywhere = parts[tuple(nearest)]  # islands go to the nearer lung
    x = [frame.to_physical(np.argwhere(parts == p).mean(axis=0) * steps)[2] for p in (1, 2)]
    names = np.zeros(3, labels.dtype)
    names[1], names[2] = (right, left) if x[0] < x[1] else (left, right)
    fine = np.ix_(
        *(
            np.minimum(np.arange(n) // s, m - 1)
            for n, s, m in zip(mask.shape, steps, parts.shape, strict=True)
        )
    )
    tick(4, 5, "parting the lungs")
    after = np.where(mask, names[everywhere[fine]], labels[box.slices])
    return change_of(labels, box, after, "part right and left lung")


def _cores(depth: npt.NDArray[np.float64]) -> npt.NDArray[np.int32]:
    """Markers 1 and 2 in the two lungs, from the gentlest erosion that parts them."""
    for erosion in _EROSIONS_MM:
        pieces = pieces_of(depth > erosion)
        sizes = np.bincount(pieces.ravel())
        sizes[0] = 0
        first, second = np.argsort(sizes, kind="stable")[::-1][:2] if len(sizes) > 2 else (0, 0)
        if first and second and sizes[second] >= _LEAST_SHARE * sizes[first]:
            return np.where(pieces == first, 1, np.where(pieces == second, 2, 0)).astype(np.int32)
    raise InputError("the mask does not part into two lungs; erase a cut between them first")
