"""Augmentation of a training slice: turned, scaled, shifted; what comes in from outside is air."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from ssc_core.lung.grid import AIR_HU

__all__ = ["moved"]


def moved(
    hu: npt.NDArray[Any],
    lung: npt.NDArray[np.bool_],
    rng: np.random.Generator,
    *,
    rotation: float,
    scale: float,
    shift: float,
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """A slice and its lung after one random movement (Jia et al. 2024, Dataset).

    Parameters
    ----------
    hu, lung : ndarray, (y, x)
        HU and lung.
    rng : numpy.random.Generator
        Draws.
    rotation, scale, shift : float
        Greatest rotation (degrees), scale (percent) and shift (pixels), either way.

    Returns
    -------
    hu : ndarray of float32
        Padded with air (-1024 HU); the published code pads with -1500 HU, which no scanner measures.
    lung : ndarray of bool
    """
    rows, columns = hu.shape
    angle = float(rng.uniform(-rotation, rotation))
    factor = 1 + float(rng.uniform(-scale, scale)) / 100
    dy, dx = (float(v) for v in rng.uniform(-shift, shift, 2))
    matrix = cv2.getRotationMatrix2D(((columns - 1) / 2, (rows - 1) / 2), angle, factor)
    matrix[:, 2] += (dx, dy)
    image = cv2.warpAffine(
        np.ascontiguousarray(hu, np.float32),
        matrix,
        (columns, rows),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=float(AIR_HU),
    )
    mask = cv2.warpAffine(lung.astype(np.uint8), matrix, (columns, rows), flags=cv2.INTER_NEAREST)
    return np.asarray(image, np.float32), np.asarray(mask) > 0
