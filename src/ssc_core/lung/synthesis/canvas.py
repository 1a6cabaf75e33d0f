"""A whole slice filled with a pattern: a seed patch, mirrored at its borders, turned and scaled."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from ssc_core.lung.synthesis.params import SynthesisParams

__all__ = ["filled"]

Field = npt.NDArray[np.float32]


def filled(
    patch: Field,
    patch_mm: tuple[float, float],
    shape: tuple[int, int],
    spacing_mm: tuple[float, float],
    params: SynthesisParams,
    rng: np.random.Generator,
) -> Field:
    """Fill `shape` with a pattern.

    Each pixel looks its value up in the plane that the patch tiles when it is mirrored at every border: the
    plane has no end, so that no padding can enter, and it is continuous, so that there is no seam. The
    pattern keeps its size in millimetres when patch and slice have different pixels.

    Parameters
    ----------
    patch : ndarray of float32, (y, x)
        The seed, at least 2 x 2.
    patch_mm, spacing_mm : tuple of float
        Pixels of the patch and of the slice, (y, x).
    shape : tuple of int
        Of the slice.
    params : SynthesisParams
        Limits of rotation and scale.
    rng : numpy.random.Generator
        Draws rotation, scale and place.

    Returns
    -------
    ndarray of float32
        Values between the least and the greatest of the patch.
    """
    turn = math.radians(rng.uniform(-params.rotation_deg, params.rotation_deg))
    scale = rng.uniform(*params.scale_percent) / 100
    place = rng.uniform(0, 2, 2)  # in periods of the mirrored tiling
    patch, pixel = _no_finer(patch, patch_mm, spacing_mm)
    y, x = (
        ((np.arange(n) - (n - 1) / 2) * s / scale).astype(np.float32)
        for n, s in zip(shape, spacing_mm, strict=True)
    )
    cos, sin = np.float32(math.cos(turn)), np.float32(math.sin(turn))
    rows = (y[:, None] * cos - x[None, :] * sin) / np.float32(pixel[0]) + np.float32(place[0] * len(patch))
    columns = (y[:, None] * sin + x[None, :] * cos) / np.float32(pixel[1]) + np.float32(
        place[1] * patch.shape[1]
    )
    out = cv2.remap(patch, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    return np.asarray(out, np.float32)


def _no_finer(
    patch: Field, patch_mm: tuple[float, float], spacing_mm: tuple[float, float]
) -> tuple[Field, tuple[float, float]]:
    """The patch, averaged down where the slice's pixels are larger, so that none is skipped."""
    patch = np.ascontiguousarray(patch, np.float32)
    size = [
        max(2, round(n * p / s)) if p < 0.9 * s else n
        for n, p, s in zip(patch.shape, patch_mm, spacing_mm, strict=True)
    ]
    if tuple(size) == patch.shape:
        return patch, patch_mm
    small = cv2.resize(patch, (size[1], size[0]), interpolation=cv2.INTER_AREA)
    pixel = tuple(p * n / m for p, n, m in zip(patch_mm, patch.shape, size, strict=True))
    return np.asarray(small, np.float32), (pixel[0], pixel[1])
