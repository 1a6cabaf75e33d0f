"""How thick the collagen bundles are: local thickness, the diameter of the largest disc that fits.

At each pixel of the collagen the local thickness is the diameter of the largest disc that lies inside the
collagen and covers the pixel [1]_. Its mean follows from the area that is left after opening with discs of
growing size, so no skeleton is needed. Clefts between bundles are often narrower than a pixel of 1.76 um: the
collagen is therefore looked at on a grid twice as fine, and clefts are valleys, not what lies below a
threshold.

References
----------
.. [1] Hildebrand and Rueegsegger, J Microsc 1997;185:67.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["bundles", "grid_factor", "mean_thickness_um"]

Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]

_FINER, _FINE_ENOUGH = 2, 0.9
_SMOOTH_UM = 0.8
_VALLEY = 0.12
_MAX_UM = 80.0


def bundles(amount: Floats, collagen: Bools, mpp: float, valley: float = _VALLEY) -> Bools:
    """Collagen without the clefts between its bundles.

    Parameters
    ----------
    amount : (y, x) float32 array
        Collagen amount, 1 where it is fully stained.
    collagen : (y, x) bool array
        Pixels that are collagen.
    mpp : float
        Pixel size in um.
    valley : float
        Depth, in collagen amount, from which a valley narrower than 5 um parts two bundles.

    Returns
    -------
    (k y, k x) bool array
        On a grid :func:`grid_factor` k times as fine: the pixel size is ``mpp / k``.
    """
    finer = grid_factor(mpp)
    size = (amount.shape[1] * finer, amount.shape[0] * finer)
    sigma = max(_SMOOTH_UM * finer / mpp, 0.9)
    fine = cv2.resize(amount, size, interpolation=cv2.INTER_CUBIC)
    share = cv2.resize(collagen.astype(np.float32), size, interpolation=cv2.INTER_LINEAR)
    inside = (share if finer > 1 else cv2.GaussianBlur(share, (0, 0), sigma)) > 0.5
    radius = max(round(2.5 / mpp * finer), 2)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    hollow = cv2.morphologyEx(cv2.GaussianBlur(fine, (0, 0), sigma), cv2.MORPH_BLACKHAT, disc)
    out: Bools = inside & (hollow < valley)
    return out


def grid_factor(mpp: float) -> int:
    """How many times finer than the image the grid is on which thickness is measured."""
    return _FINER if mpp > _FINE_ENOUGH else 1


def mean_thickness_um(mask: Bools, um_per_px: float, longest_um: float = _MAX_UM) -> float:
    """Mean local thickness of a mask, in um, weighted by area.

    Parameters
    ----------
    mask : (y, x) bool array
        What is measured; it may go on beyond the border of the field.
    um_per_px : float
        Pixel size in um.
    longest_um : float
        Thickness at which the search ends; a thicker part counts with this.

    Returns
    -------
    float
        NaN when the mask is empty or fills the field.
    """
    area = int(mask.sum())
    if area == 0 or area == mask.size:
        return float("nan")
    inside = _distance(mask)
    # a disc about a pixel's centre fits when no outside centre is nearer than its radius and half a pixel
    radii = np.concatenate([np.arange(0.5, 6, 0.5), np.geomspace(6, max(longest_um / um_per_px / 2, 7), 12)])
    left = [1.0]
    for radius in radii:
        core = inside >= radius + 0.499
        opened = mask & (_distance(~core) <= radius + 0.501) if core.any() else core
        left.append(float(opened.sum()) / area)
        if not core.any():
            break
    at = np.concatenate([[0.0], radii])[: len(left)]
    return float(2 * np.trapezoid(left, at) * um_per_px)


def _distance(mask: Bools) -> Floats:
    out: Floats = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return out
