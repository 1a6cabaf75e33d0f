"""What is left of the image once bone and the haze that blur spreads around it are taken away."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage as ndi

from ssc_core.calcinosis.bones import Bones

__all__ = ["residual"]

_TRUST = 0.45  # beside bone the remainder is divided by the share that is not bone, but never by less


def residual(
    hu: npt.NDArray[np.float32], bones: Bones, soft_hu: float, blur_mm: float, step: tuple[float, ...]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """HU without bone.

    Bone as bright as its cortex shows itself at the nearest edge, blurred by a Gaussian, is subtracted. What
    lies beside it was mixed with it, so the remainder is divided by the share that is not bone.

    Parameters
    ----------
    hu : ndarray
        (y, x) float32, fine grid.
    bones : Bones
        Bones with the brightness of their cortex.
    soft_hu, blur_mm : float
        Soft tissue's HU, blur's standard deviation.
    step : tuple of float
        Grid step, mm.

    Returns
    -------
    rest : ndarray
        (y, x) float32, HU above soft tissue; 0 inside bone.
    room : ndarray
        (y, x) float32, the share of each point's surroundings that is not bone.
    """
    bone = bones.distance < 0
    sigma = [blur_mm / s for s in step]
    solid = np.where(bone, bones.near_hu - soft_hu, 0.0).astype(np.float32)
    haze = ndi.gaussian_filter(solid, sigma)
    room = np.clip(1.0 - ndi.gaussian_filter(bone.astype(np.float32), sigma), _TRUST, 1.0)
    rest = np.where(bones.distance > 0, (hu - soft_hu - haze) / room, 0.0)
    return rest.astype(np.float32), room.astype(np.float32)
