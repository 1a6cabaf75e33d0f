"""What the network sees: five channels of the lung's box on the grid."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["CHANNELS", "channels"]

Field = npt.NDArray[np.float32]

CHANNELS = ("HU / 1500", "lung window -1000..-200 HU", "lung mask", "detail below 2 mm", "local SD")


def channels(hu: Field, lung: npt.NDArray[np.bool_]) -> Field:
    """Channels of one box.

    Parameters
    ----------
    hu : ndarray of float32, (y, x)
        HU, pixels of 1 mm.
    lung : ndarray of bool, (y, x)
        Lung.

    Returns
    -------
    ndarray of float32, (5, y, x)
        HU clipped to -1500..1500 and divided by 1500; the lung window as 0..1; the mask; detail (image minus
        its Gaussian mean, sigma 2 mm) in units of 200 HU, limited to 2; its local standard deviation (sigma
        2 mm) in units of 150 HU. The last two see HU clipped to -1024..150, so that bone does not ring.
    """
    soft = np.clip(hu, -1024, 150).astype(np.float32)
    detail = soft - cv2.GaussianBlur(soft, (0, 0), 2.0)
    spread = np.sqrt(np.maximum(cv2.GaussianBlur(detail * detail, (0, 0), 2.0), 0))
    return np.stack(
        [
            np.clip(hu, -1500, 1500) / np.float32(1500),
            np.clip((hu + np.float32(1000)) / np.float32(800), 0, 1),
            lung.astype(np.float32),
            np.clip(detail / np.float32(200), -2, 2),
            np.clip(spread / np.float32(150), 0, 3),
        ]
    ).astype(np.float32)
