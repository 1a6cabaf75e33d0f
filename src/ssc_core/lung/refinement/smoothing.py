"""Smoothing the outline of a label without moving it on the whole."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from ssc_core.errors import InputError
from ssc_core.geometry import Box, Frame
from ssc_core.lung.refinement.change import PLANES, Change, Labels, box_around, change_of, check_labels
from ssc_core.progress import Tick, share, silent, track

__all__ = ["smooth"]

_TRUNCATE = 4.0
_SLAB = 32  # lines of voxels between two ticks


def smooth(
    labels: Labels,
    frame: Frame,
    label: int,
    sigma_mm: float,
    *,
    box: Box | None = None,
    plane: str | None = None,
    tick: Tick = silent,
) -> Change | None:
    """Blur `label` with a Gaussian and keep what is at least half.

    Straight borders stay where they are, spikes and dents narrower than about `sigma_mm` vanish. Voxels pass
    between `label` and background only.

    Parameters
    ----------
    labels : array (z, y, x) of int
        Not written to.
    frame : Frame
        Of `labels`, mm.
    label : int
        What is smoothed.
    sigma_mm : float
        Standard deviation of the Gaussian, at most 20 mm.
    box : Box, optional
        Nothing beyond it changes. By default the whole label.
    plane : {"axial", "coronal", "sagittal"}, optional
        Smooth within each slice of this plane alone, else in three dimensions.
    tick : Tick
        Told per slab of voxels.

    Raises
    ------
    InputError
        If sigma is not between 0 and 20 mm.
    """
    check_labels(labels, label, plane)
    if not 0 < sigma_mm <= 20:
        raise InputError(
            f"outlines are smoothed with a sigma of more than 0 and up to 20 mm, not {sigma_mm:g}"
        )
    sigma = [sigma_mm / d for d in frame.spacing]
    if plane is not None:
        sigma[PLANES[plane]] = 0.0
    margin = [math.ceil(_TRUNCATE * s) + 1 for s in sigma]
    found = box_around((labels if box is None else labels[box.clipped(labels.shape).slices]) == label)
    if found is None:
        return None
    target = (found.grown(margin) if box is None else box).clipped(labels.shape)
    around = target.grown(margin).clipped(labels.shape)
    blurred = (labels[around.slices] == label).astype(np.float32)
    for axis in range(3):
        _blur(blurred, axis, sigma[axis], share(tick, axis / 3, (axis + 1) / 3))
    inner = tuple(
        slice(a - b, a - b + n) for a, b, n in zip(target.start, around.start, target.shape, strict=True)
    )
    kept = blurred[inner] >= 0.5
    after = labels[target.slices].copy()
    after[(after == label) & ~kept] = 0
    after[(after == 0) & kept] = label
    return change_of(labels, target, after, f"smooth label {label} by {sigma_mm:g} mm", plane or "axial")


def _blur(values: npt.NDArray[np.float32], axis: int, sigma: float, tick: Tick) -> None:
    """Blur along one axis, in place."""
    from scipy.ndimage import gaussian_filter1d

    if sigma == 0:
        return
    lines = np.moveaxis(values, 1 if axis == 0 else 0, 0)  # of these, each is blurred by itself
    along = 1 if axis < 2 else 2
    for start in track(range(0, len(lines), _SLAB), tick, "smoothing"):
        slab = lines[start : start + _SLAB]
        gaussian_filter1d(slab, sigma, along, output=slab, mode="nearest", truncate=_TRUNCATE)
