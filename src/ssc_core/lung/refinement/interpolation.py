"""Slices between drawn ones, by shape: signed distances of the two outlines are mixed.

Raya SP, Udupa JK (1990) Shape-based interpolation of multidimensional objects. IEEE Trans Med Imaging 9:32.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ssc_core.errors import InputError
from ssc_core.geometry import Box, Frame
from ssc_core.lung.refinement.change import PLANES, Change, Labels, box_around, change_of, check_labels

__all__ = ["interpolate"]

Bool = npt.NDArray[np.bool_]
Float = npt.NDArray[np.float64]


def interpolate(
    labels: Labels, frame: Frame, label: int, slices: Sequence[int], plane: str = "axial"
) -> Change | None:
    """Draw `label` on every slice between the given ones.

    Parameters
    ----------
    labels : array (z, y, x) of int
        Not written to.
    frame : Frame
        Of `labels`, mm.
    label : int
        What is interpolated. Other labels stay where they are.
    slices : sequence of int
        Slices of `plane` that are drawn and stay as they are; at least two.
    plane : {"axial", "coronal", "sagittal"}
        In which the slices lie.

    Returns
    -------
    Change or None
        None where nothing would change. Where two outlines do not overlap, they are brought onto a common
        centre first, which moves from the one to the other.

    Raises
    ------
    InputError
        If a slice does not exist or holds nothing of `label`.
    """
    check_labels(labels, label, plane)
    axis = PLANES[plane]
    keys = sorted({int(k) for k in slices})
    if len(keys) < 2:
        raise InputError("slices are interpolated between at least two drawn ones")
    if keys[0] < 0 or keys[-1] >= labels.shape[axis]:
        raise InputError(
            f"there are {plane} slices 0 to {labels.shape[axis] - 1}, not {keys[0]} to {keys[-1]}"
        )
    view = np.moveaxis(labels, axis, 0)
    drawn = {k: view[k] == label for k in keys}
    for k, mask in drawn.items():
        if not mask.any():
            raise InputError(f"{plane} slice {k} holds nothing of label {label}; draw it first")
    after = view[keys[0] : keys[-1] + 1].copy()
    spacing = tuple(d for i, d in enumerate(frame.spacing) if i != axis)
    for a, b in itertools.pairwise(keys):
        for k, mask in enumerate(_between(drawn[a], drawn[b], b - a - 1, spacing), a + 1):
            plane_after = after[k - keys[0]]
            plane_after[(plane_after == label) & ~mask] = 0
            plane_after[mask & (plane_after == 0)] = label
    start, stop = [0, 0, 0], list(labels.shape)
    start[axis], stop[axis] = keys[0], keys[-1] + 1
    what = f"interpolate label {label} between {plane} slices {', '.join(map(str, keys))}"
    box = Box(tuple(start), tuple(stop))
    return change_of(labels, box, np.moveaxis(after, 0, axis), what, plane)


def _between(low: Bool, high: Bool, count: int, spacing: tuple[float, ...]) -> list[Bool]:
    """`count` masks between two."""
    union = box_around(low | high)
    assert union is not None
    near = union.grown(1).clipped(low.shape).slices
    a, b = low[near], high[near]
    offset = np.zeros(2)
    if not (a & b).any():
        offset = np.argwhere(b).mean(axis=0) - np.argwhere(a).mean(axis=0)
    at_a, at_b = _signed(a, spacing), _signed(b, spacing)
    out = []
    for i in range(1, count + 1):
        t = i / (count + 1)
        mixed = (1 - t) * _moved(at_a, t * offset) + t * _moved(at_b, -(1 - t) * offset)
        mask = np.zeros(low.shape, bool)
        mask[near] = mixed > 0
        out.append(mask)
    return out


def _signed(mask: Bool, spacing: tuple[float, ...]) -> Float:
    """Distance in mm to the outline, positive inside."""
    from scipy import ndimage

    # beyond the cut lies no label, so that a shape that fills it has an outline too
    padded = np.pad(mask, 1)
    inside = ndimage.distance_transform_edt(padded, sampling=spacing)
    signed = inside - ndimage.distance_transform_edt(~padded, sampling=spacing)
    return np.asarray(signed[1:-1, 1:-1])


def _moved(field: Float, offset: Float) -> Float:
    if not offset.any():
        return field
    from scipy import ndimage

    return np.asarray(ndimage.shift(field, offset, order=1, mode="nearest"))
