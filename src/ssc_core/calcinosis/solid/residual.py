"""What is left of a volume once bone, as the scan blurred and sampled it, is taken away."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy import ndimage as ndi

from ssc_core.calcinosis.bones import Bones
from ssc_core.calcinosis.solid.grid import Block
from ssc_core.progress import Tick, silent, track

__all__ = ["residual_3d"]

_TRUST = 0.45  # beside bone the remainder is divided by the share that is not bone, but never by less


def residual_3d(
    block: Block, bones: Bones, soft_hu: float, blur: tuple[float, ...], tick: Tick = silent
) -> npt.NDArray[np.float32]:
    """HU above soft tissue without bone; 0 inside bone.

    As in images (``calcinosis.residual``), but bone goes the way the finger went: it is blurred, averaged
    over each voxel and interpolated. Across coarse slices the haze beside bone depends on where between two
    slices the bone ends, which no blur alone can tell.

    Parameters
    ----------
    block : Block
        HU and geometry.
    bones : Bones
        Bones with the brightness of their cortex.
    soft_hu : float
        Soft tissue's HU.
    blur : tuple of float
        Standard deviation along each axis, mm, as edges show it.
    tick : Tick
        Told after each step.
    """
    bone = bones.distance < 0
    sigma = [s / step for s, step in zip(_before_sampling(blur, block), block.step, strict=True)]
    shown: list[npt.NDArray[np.float32]] = []
    for part in track((np.where(bone, bones.near_hu - soft_hu, 0.0), bone), tick, "taking the bones away"):
        blurred = np.asarray(part, np.float32)
        for axis, sd in enumerate(sigma):
            blurred = ndi.gaussian_filter1d(blurred, sd, axis)
            tick(len(shown), 2, "taking the bones away")
        shown.append(block.sampled(blurred))
    haze, share = shown
    room = np.clip(1.0 - share, _TRUST, 1.0)
    rest = np.where(bones.distance > 0, (block.hu - soft_hu - haze) / room, 0.0)
    return np.asarray(rest, np.float32)


def _before_sampling(blur: tuple[float, ...], block: Block) -> list[float]:
    """The blur without what averaging over a voxel adds; no axis is sharper than the sharpest one seen."""
    voxel = [s * f if f > 1 else 0.0 for s, f in zip(block.step, block.factor, strict=True)]
    variance = [b**2 - v**2 / 12 for b, v in zip(blur, voxel, strict=True)]
    sharpest = max(min(v for v in variance if v > 0), 0.0) if max(variance) > 0 else 0.0
    return [math.sqrt(max(v, sharpest)) for v in variance]
