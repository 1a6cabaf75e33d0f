"""The block of a volume that holds tissue, on a grid whose steps are about equal along all axes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage as ndi

from ssc_core.calcinosis.solid.finer import finer
from ssc_core.errors import EmptyError, InputError
from ssc_core.geometry import Box, Frame

__all__ = ["COARSE_MM", "Block", "block_of"]

FloatArray = npt.NDArray[np.float32]

COARSE_MM = 0.65
"""Slices farther apart than this are coarser than the blur."""

_STEP_MM = 0.25  # coarser axes are interpolated to about this
_MARGIN_MM = 2.0
_MOST_VOXELS = 45_000_000
_LEAST_TISSUE_MM3 = 200.0


@dataclass(frozen=True, eq=False)
class Block:
    """Tissue of a volume on the working grid.

    Parameters
    ----------
    hu : ndarray
        (z, y, x) float32.
    box : Box
        Which voxels of the volume it covers.
    factor : tuple of int
        Parts per voxel along each axis.
    step : tuple of float
        Size of a part, mm.
    frame : Frame
        Frame of the parts, mm.
    """

    hu: FloatArray
    box: Box
    factor: tuple[int, ...]
    step: tuple[float, ...]
    frame: Frame

    @property
    def part_mm3(self) -> float:
        """Volume of one part, mm3."""
        return math.prod(self.step)

    def voxels(self, labels: npt.NDArray[np.int32], shape: tuple[int, ...]) -> npt.NDArray[np.int32]:
        """Labels on the whole volume's voxels: the label that covers most of a voxel, if half is covered."""
        sub = [v for n, f in zip(self.box.shape, self.factor, strict=True) for v in (n, f)]
        out = np.zeros(shape, np.int32)
        view, best = out[self.box.slices], np.zeros(self.box.shape, np.float32)
        total = (labels > 0).reshape(sub).mean(axis=(1, 3, 5), dtype=np.float32)
        for label, where in enumerate(ndi.find_objects(labels), 1):
            if where is None:
                continue
            low = [s.start // f for s, f in zip(where, self.factor, strict=True)]
            high = [-(-s.stop // f) for s, f in zip(where, self.factor, strict=True)]
            fine = tuple(slice(a * f, b * f) for a, b, f in zip(low, high, self.factor, strict=True))
            coarse = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
            parts = [v for a, b, f in zip(low, high, self.factor, strict=True) for v in (b - a, f)]
            share = (labels[fine] == label).reshape(parts).mean(axis=(1, 3, 5), dtype=np.float32)
            wins = (share > best[coarse]) & (total[coarse] >= 0.5)
            view[coarse][wins] = label
            best[coarse] = np.maximum(best[coarse], share)
        return out

    def sampled(self, parts: FloatArray) -> FloatArray:
        """Parts as the scan would have shown them: averaged over each voxel, and interpolated again."""
        if max(self.factor) == 1:
            return parts
        sub = [v for n, f in zip(self.box.shape, self.factor, strict=True) for v in (n, f)]
        voxels = parts.reshape(sub).mean(axis=(1, 3, 5), dtype=np.float32)
        spacing = tuple(s * f for s, f in zip(self.step, self.factor, strict=True))
        return _refined(voxels, self.factor, spacing)

    def index_of(self, part: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Indices in the volume of positions given in parts."""
        at = (np.asarray(part, float) + 0.5) / self.factor - 0.5 + self.box.start
        return np.asarray(at)

    def part_of(self, index: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Positions in parts of indices in the volume."""
        at = (np.asarray(index, float) - self.box.start + 0.5) * self.factor - 0.5
        return np.asarray(at)


def block_of(hu: npt.NDArray[np.float32], frame: Frame, tissue_hu: float) -> Block:
    """Crop a volume to its tissue and interpolate coarse axes.

    Parameters
    ----------
    hu : ndarray
        (z, y, x) float32.
    frame : Frame
        Its voxels, mm.
    tissue_hu : float
        Above this it is tissue, HU.

    Raises
    ------
    EmptyError
        If there is hardly any tissue.
    InputError
        If the tissue is far larger than a hand.
    """
    tissue = hu > tissue_hu
    found = float(tissue.sum()) * frame.pixel_size
    if found < _LEAST_TISSUE_MM3:
        raise EmptyError(
            f"no finger in the volume: {found:.0f} mm3 are denser than {tissue_hu:.0f} HU; check the series"
        )
    start, stop = [], []
    for axis in range(3):
        along = np.flatnonzero(tissue.any(axis=tuple(a for a in range(3) if a != axis)))
        start.append(int(along[0]))
        stop.append(int(along[-1]) + 1)
    margin = [math.ceil(_MARGIN_MM / s) for s in frame.spacing]
    box = Box(tuple(start), tuple(stop)).grown(margin).clipped(hu.shape)
    factor = tuple(max(1, round(s / _STEP_MM)) for s in frame.spacing)
    if math.prod(box.shape) * math.prod(factor) > _MOST_VOXELS:
        raise InputError(
            f"the tissue fills {' x '.join(map(str, box.shape))} voxels, more than a hand; crop the volume to"
            " the fingers"
        )
    step = tuple(s / f for s, f in zip(frame.spacing, factor, strict=True))
    parts = np.asarray(hu[box.slices], np.float32)
    if max(factor) > 1:
        parts = _refined(parts, factor, frame.spacing)
    return Block(parts, box, factor, step, frame.cropped(box.start).resampled(step))


def _refined(hu: FloatArray, factor: tuple[int, ...], spacing: tuple[float, ...]) -> FloatArray:
    """Cubic interpolation; across coarse slices it never leaves the range of the two slices it lies between.

    A cubic curve through slices that are farther apart than the blur swings over beside bone, by a tenth of
    the bone's height, which would look like a faint lesion.
    """
    out = hu
    for axis, (parts, step) in enumerate(zip(factor, spacing, strict=True)):
        if parts == 1:
            continue
        fine = finer(out, [parts if a == axis else 1 for a in range(3)])
        if step > COARSE_MM:
            n = out.shape[axis]
            below = np.floor((np.arange(n * parts) + 0.5) / parts - 0.5).astype(int)
            one, other = (out.take(np.clip(below + k, 0, n - 1), axis) for k in (0, 1))
            fine = np.clip(fine, np.minimum(one, other), np.maximum(one, other))
        out = fine
    return out
