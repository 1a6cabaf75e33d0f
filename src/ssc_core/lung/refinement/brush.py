"""A brush: a disc in a plane or a ball, drawn along a path, limited to a range of HU if wanted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ssc_core.errors import InputError
from ssc_core.geometry import Box, Frame
from ssc_core.lung.refinement.change import PLANES, Change, Labels, change_of, check_labels

__all__ = ["Brush", "stroke"]


@dataclass(frozen=True, slots=True)
class Brush:
    """How a stroke paints.

    Parameters
    ----------
    label : int
        What is painted; 0 erases.
    radius_mm : float
        Radius of disc or ball. The voxel under the pointer is painted however small it is.
    plane : {"axial", "coronal", "sagittal"}
        The plane that is drawn in.
    ball : bool
        Paint a ball instead of a disc in the plane.
    hu_range : tuple of float, optional
        Paint only voxels from the first to the second HU, both included.
    over : tuple of int, optional
        Paint only over these labels, as (0,) for background; None paints over all.

    Raises
    ------
    InputError
        If radius, range or plane make no sense.
    """

    label: int
    radius_mm: float
    plane: str = "axial"
    ball: bool = False
    hu_range: tuple[float, float] | None = None
    over: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        if self.plane not in PLANES:
            raise InputError(f"there is no plane '{self.plane}'; use {', '.join(PLANES)}")
        if not 0 < self.radius_mm <= 200:
            raise InputError(f"a brush has a radius of more than 0 and up to 200 mm, not {self.radius_mm:g}")
        if self.hu_range is not None and not self.hu_range[0] <= self.hu_range[1]:
            raise InputError(f"the HU range runs from low to high, not {self.hu_range}")


def stroke(
    labels: Labels, frame: Frame, points: npt.ArrayLike, brush: Brush, hu: Any = None
) -> Change | None:
    """Draw `brush` along a path.

    Parameters
    ----------
    labels : array (z, y, x) of int
        Not written to.
    frame : Frame
        Of `labels`; its spacing in mm makes discs round.
    points : array (n, 3)
        Indices (z, y, x), fractions allowed; neighbours are joined by straight lines. A disc lies in the
        slice of the first point.
    brush : Brush
        What to paint with.
    hu : array (z, y, x), optional
        The CT (NumPy or lazy), needed for a HU range. Only the box of the stroke is read.

    Returns
    -------
    Change or None
        None where nothing would change.

    Raises
    ------
    InputError
        If the labels are none, the path is empty or not finite, or a HU range is set without `hu`.
    """
    check_labels(labels, brush.label)
    path = np.atleast_2d(np.asarray(points, float))
    if path.shape[-1] != 3 or not len(path) or not np.isfinite(path).all():
        raise InputError("a stroke needs at least one point of three finite indices (z, y, x)")
    if brush.hu_range is not None and hu is None:
        raise InputError("a brush with a HU range needs the CT")
    axis = PLANES[brush.plane]
    at = round(float(path[0, axis]))
    reach = brush.radius_mm / np.asarray(frame.spacing)
    if not brush.ball:
        path = path.copy()
        path[:, axis], reach[axis] = at, 0.0
    whole = _box(path, reach).clipped(labels.shape)
    if 0 in whole.shape:
        return None
    painted = np.zeros(whole.shape, bool)
    for a, b in zip(path, path[1:] if len(path) > 1 else path, strict=False):
        _capsule(painted, whole, a, b, brush.radius_mm, frame, reach)
    before = labels[whole.slices]
    if brush.over is not None:
        painted &= np.isin(before, brush.over)
    if brush.hu_range is not None:
        values = np.asarray(hu[whole.slices])
        painted &= (values >= brush.hu_range[0]) & (values <= brush.hu_range[1])
    after = np.where(painted, np.asarray(brush.label, labels.dtype), before)
    what = "erase" if brush.label == 0 else f"paint label {brush.label}"
    what += f" with a {'ball' if brush.ball else 'disc'} of {brush.radius_mm:g} mm"
    if brush.hu_range is not None:
        what += f" from {brush.hu_range[0]:g} to {brush.hu_range[1]:g} HU"
    return change_of(labels, whole, after, what, brush.plane, at)


def _box(path: npt.NDArray[np.float64], reach: npt.NDArray[np.float64]) -> Box:
    low = np.minimum(np.ceil(path.min(axis=0) - reach), np.rint(path.min(axis=0))).astype(int)
    high = np.maximum(np.floor(path.max(axis=0) + reach), np.rint(path.max(axis=0))).astype(int) + 1
    return Box(tuple(low.tolist()), tuple(high.tolist()))


def _capsule(
    painted: npt.NDArray[np.bool_],
    whole: Box,
    a: npt.NDArray[np.float64],
    b: npt.NDArray[np.float64],
    radius_mm: float,
    frame: Frame,
    reach: npt.NDArray[np.float64],
) -> None:
    """Mark the voxels within `radius_mm` of the line from `a` to `b`, and those nearest to its ends."""
    part = _box(np.stack([a, b]), reach)
    part = Box(
        tuple(max(p, q) for p, q in zip(part.start, whole.start, strict=True)),
        tuple(min(p, q) for p, q in zip(part.stop, whole.stop, strict=True)),
    )
    if 0 in part.shape:
        return
    spacing = np.asarray(frame.spacing)
    line = (b - a) * spacing
    from_a = [
        ((np.arange(p, q) - a[i]) * spacing[i]).reshape([-1 if i == j else 1 for j in range(3)])
        for i, (p, q) in enumerate(zip(part.start, part.stop, strict=True))
    ]
    length = float(line @ line)
    if length > 0:
        along = sum(offset * step for offset, step in zip(from_a, line, strict=True))
        t = np.clip(np.asarray(along) / length, 0.0, 1.0)
        squared = sum((offset - t * step) ** 2 for offset, step in zip(from_a, line, strict=True))
    else:
        squared = sum(offset**2 for offset in from_a)
    local = tuple(slice(p - s, q - s) for p, q, s in zip(part.start, part.stop, whole.start, strict=True))
    painted[local] |= np.asarray(squared) <= radius_mm**2
    for end in (a, b):
        voxel = np.rint(end).astype(int) - whole.start
        if (voxel >= 0).all() and (voxel < painted.shape).all():
            painted[tuple(voxel)] = True
