"""Where lesions may begin: anywhere in the lung, or rather where the disease of systemic sclerosis lies."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["basal_factor", "centre_weights"]

_DEPTH_MM = 12.0
_FRONT = 0.15
_APEX = 0.4


def centre_weights(
    lung: npt.NDArray[np.bool_], spacing_mm: tuple[float, float], *, anatomical: bool
) -> npt.NDArray[np.float32]:
    """Relative probability of an ellipse's centre per pixel.

    Parameters
    ----------
    lung : ndarray of bool, (y, x)
        y to the back.
    spacing_mm : tuple of float
        (y, x).
    anatomical : bool
        False: the same everywhere in the lung. True: falls with the depth below the pleura (to 1/e in 12 mm)
        and from the back of the lungs to their front (to 15 %). The papers name the missing distribution as a
        limit of theirs.

    Returns
    -------
    ndarray of float32, (y, x)
        0 outside the lung.
    """
    weights = lung.astype(np.float32)
    if not anatomical or not lung.any():
        return weights
    pixel = float(np.sqrt(spacing_mm[0] * spacing_mm[1]))
    framed = np.pad(lung.astype(np.uint8), 1)
    depth = cv2.distanceTransform(framed, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1] * pixel
    rows = np.flatnonzero(lung.any(axis=1))
    back = (np.arange(lung.shape[0]) - rows[0]) / max(1, rows[-1] - rows[0])
    ramp = _FRONT + (1 - _FRONT) * np.clip(back, 0, 1)
    return np.asarray(weights * np.exp(-depth / _DEPTH_MM) * ramp[:, None], np.float32)


def basal_factor(height: float) -> float:
    """Factor of the axes at a relative height in the lung: 1 at the base (0), 0.4 at the apex (1)."""
    return 1 - (1 - _APEX) * min(max(height, 0.0), 1.0) if np.isfinite(height) else 1.0
