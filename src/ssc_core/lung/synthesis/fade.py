"""The soft edge of a lesion, which leaves its area as it is."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

__all__ = ["faded"]

_REACH = 3.0


def faded(region: npt.NDArray[np.bool_], sigma: float) -> npt.NDArray[np.float32]:
    """Opacity of a lesion that fades out at the edge of `region` like a Gaussian.

    The opacity is Phi(d / sigma), where d is the distance to the edge, positive inside: what a straight edge
    looks like after a Gaussian filter. Unlike a filter, it passes a half exactly at the edge for every shape
    and size, so that counting the pixels above a half gives the area of `region`, however small it is; the
    published code counts every pixel that its blur reached, which makes a disc of radius 10 almost five times
    as large.

    Parameters
    ----------
    region : ndarray of bool, (y, x)
        Where the lesion is.
    sigma : float
        Width of the fade, pixels.

    Returns
    -------
    ndarray of float32, (y, x)
        Above 0.5 inside, below 0.5 outside, 0 further than 3 `sigma` outside.
    """
    if not region.any():
        return np.zeros(region.shape, np.float32)
    inside = np.ascontiguousarray(region, np.uint8)
    d = -_distance(1 - inside)
    d[region] = _distance(inside)[region]
    out = ndtr(d / sigma)
    return np.asarray(np.where(d < -_REACH * sigma, 0.0, out), np.float32)


def _distance(inside: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """Distance of the pixels of `inside` to its edge, half a pixel before the first one outside."""
    if inside.all():
        return np.full(inside.shape, np.inf)
    return np.asarray(cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE), np.float64) - 0.5
