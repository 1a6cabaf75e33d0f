"""Growing a region from strokes within a box: by geodesic distance, or by a random walker.

The geodesic distance of a voxel is the shortest path to a stroke, where steps through HU unlike those under
the stroke are long (after Bai X, Sapiro G (2009) Geodesic matting. Int J Comput Vis 82:113-132). The
random walker assigns a voxel to the strokes that a walk which shuns edges reaches first (Grady L (2006) IEEE
Trans PAMI 28:1768-1783). It is asked only where the two geodesic distances are much alike; elsewhere the
nearer strokes hold. A walk over the whole box is several times slower, and from a short stroke it shrinks to
next to nothing where edges are weak.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ssc_core.errors import InputError
from ssc_core.geometry import Box, Frame
from ssc_core.lung.refinement.change import Change, Labels, change_of, check_labels
from ssc_core.progress import Tick, share, silent

__all__ = ["LARGEST_BOX", "Method", "grow"]

Method = Literal["geodesic", "random walker"]
Array = npt.NDArray[Any]

LARGEST_BOX: dict[str, int] = {"geodesic": 8_000_000, "random walker": 1_000_000}
"""Voxels of a box that each method takes."""

_UNSURE = 0.3  # difference of the two distances over their sum: below it the walker decides


def grow(
    labels: Labels,
    hu: Any,
    frame: Frame,
    box: Box,
    inside: npt.ArrayLike,
    outside: npt.ArrayLike = (),
    *,
    label: int,
    method: Method = "geodesic",
    edge_hu: float = 50.0,
    reach_mm: float = math.inf,
    over: tuple[int, ...] = (0,),
    plane: str = "axial",
    slice_: int | None = None,
    tick: Tick = silent,
) -> Change | None:
    """Give `label` to what belongs to the strokes `inside` rather than to those `outside`.

    Parameters
    ----------
    labels : array (z, y, x) of int
        Not written to.
    hu : array (z, y, x)
        The CT, NumPy or lazy; only the box is read.
    frame : Frame
        Of both, mm.
    box : Box
        Nothing beyond it changes; it is clipped to the volume.
    inside, outside : array (n, 3) of int
        Voxels (z, y, x) of the strokes, in indices of the whole volume.
    label : int
        What grows.
    method : {"geodesic", "random walker"}
        How voxels are assigned. The random walker needs strokes on both sides.
    edge_hu : float
        Geodesic: a step counts double where HU lie this far beyond those under the strokes (their 10th to
        90th percentile). Random walker: a gradient of this many HU per mm is crossed half as likely as even
        ground.
    reach_mm : float
        Geodesic only: how far at most. It is needed where nothing is drawn `outside`.
    over : tuple of int
        Labels that may be overwritten, beside `label` itself.
    plane, slice_
        What the user looks at, for undo.
    tick : Tick
        Told as paths are found; stops the growing at once.

    Raises
    ------
    InputError
        If strokes or limits are missing or lie outside of the box, or the box is too large.
    """
    check_labels(labels, label, plane)
    if method not in LARGEST_BOX:
        raise InputError(f"there is no method '{method}'; use {' or '.join(LARGEST_BOX)}")
    if edge_hu <= 0 or reach_mm <= 0:
        raise InputError("the edge strength and the reach must be positive")
    box = box.clipped(labels.shape)
    size = math.prod(box.shape)
    if size > LARGEST_BOX[method]:
        raise InputError(
            f"the box holds {size} voxels and {method} takes up to {LARGEST_BOX[method]}; draw a smaller box"
        )
    seeds = _seeds(box, inside, outside)
    if not (seeds == 1).any():
        raise InputError("draw at least one stroke of what shall grow inside of the box")
    other = bool((seeds == 2).any())
    values = np.clip(np.asarray(hu[box.slices], np.float32), -1024, 3071)
    if method == "geodesic":
        if not other and math.isinf(reach_mm):
            raise InputError("draw a stroke on what is outside, or limit the reach in mm")
        grown = _geodesic(values, seeds, frame.spacing, edge_hu, reach_mm, tick)
    else:
        if not other:
            raise InputError("the random walker needs a stroke on what is outside as well")
        grown = _walker(values, seeds, frame.spacing, edge_hu, tick)
    before = labels[box.slices]
    after = np.where(grown & np.isin(before, over), np.asarray(label, labels.dtype), before)
    return change_of(labels, box, after, f"grow label {label} ({method})", plane, slice_)


def _seeds(box: Box, inside: npt.ArrayLike, outside: npt.ArrayLike) -> Array:
    """0 nowhere, 1 inside, 2 outside, on the box."""
    out = np.zeros(box.shape, np.int8)
    for value, points in ((1, inside), (2, outside)):
        voxels = np.asarray(points, int).reshape(-1, 3) - np.asarray(box.start)
        held = ((voxels >= 0) & (voxels < box.shape)).all(axis=1)
        out[tuple(voxels[held].T)] = value
    return out


def _geodesic(
    values: Array, seeds: Array, spacing: tuple[float, ...], edge: float, reach: float, tick: Tick
) -> npt.NDArray[np.bool_]:
    near, far = _distances(values, seeds, spacing, edge, reach, tick)
    grown: npt.NDArray[np.bool_] = (near < far) & (near <= reach)
    return grown


def _distances(
    values: Array, seeds: Array, spacing: tuple[float, ...], edge: float, reach: float, tick: Tick
) -> tuple[Array, Array]:
    """Distances to the strokes inside and to those outside, exact up to `reach`, larger beyond."""
    halves = share(tick, 0.0, 0.5), share(tick, 0.5, 1.0)
    near, far = (
        _distance(values, seeds == stroke, spacing, edge, reach, half)
        for stroke, half in zip((1, 2), halves, strict=True)
    )
    return near, far


def _distance(
    values: Array, starts: npt.NDArray[np.bool_], spacing: tuple[float, ...], edge: float, reach: float,
    tick: Tick,
) -> Array:  # fmt: skip
    """Length in mm of the shortest path to `starts`, longer through HU unlike theirs."""
    from ssc_core.lung.refinement.paths import path_lengths

    if not starts.any():
        return np.full(values.shape, np.inf)
    low, high = np.percentile(values[starts], (10, 90))
    unlike = np.maximum(0.0, np.maximum(low - values, values - high))
    return path_lengths(1.0 + unlike / edge, spacing, np.argwhere(starts), reach, tick)


def _walker(
    values: Array, seeds: Array, spacing: tuple[float, ...], edge: float, tick: Tick
) -> npt.NDArray[np.bool_]:
    """The geodesic answer, with a random walker where it is unsure."""
    from scipy.ndimage import binary_dilation

    near, far = _distances(values, seeds, spacing, edge, math.inf, share(tick, 0.0, 0.5))
    nearer = near < far
    unsure = (np.abs(near - far) <= _UNSURE * (near + far)) & (seeds == 0)
    if not unsure.any():
        return nearer
    rim = binary_dilation(unsure) & ~unsure
    known = np.where(rim, np.where(nearer, 1, 2), -1)  # -1 takes no part
    known[unsure] = 0
    tick(1, 2, "walking at random")
    return np.where(unsure, _walked(values, known, spacing, edge), nearer)


def _walked(values: Array, known: Array, spacing: tuple[float, ...], edge: float) -> npt.NDArray[np.bool_]:
    from skimage.segmentation import random_walker

    # scikit-image weighs a step by exp(-beta g^2 / (10 deviation)), with the gradient g per mm
    scaled = values.astype(float) / edge
    if scaled.std() == 0:  # even ground: every step alike, and no division by zero
        scaled[0, 0, 0] += 1.0
        beta = 0.0
    else:
        beta = math.log(2.0) * 10.0 * float(scaled.std())
    found = random_walker(
        scaled, known.astype(np.int32), beta=beta, mode="cg_j", tol=1e-6, spacing=np.asarray(spacing)
    )
    return np.asarray(found == 1)
