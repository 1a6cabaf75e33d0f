"""What a scanner adds: kernel, noise of its colour, calibration; and masks that err a little."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ssc_core.lung.extent.grid import AIR_HU
from ssc_core.lung.extent.lesions import smooth_noise

__all__ = ["Look", "draw_look", "jittered", "looked"]

Field = npt.NDArray[np.float32]
Bool = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Look:
    """Appearance of a slice.

    Parameters
    ----------
    blur_mm : float
        Standard deviation of a soft kernel.
    edge : float
        Edge enhancement of a sharp kernel: share of the fine detail that is added.
    noise_hu : float
        Standard deviation of the noise.
    colour_mm : float
        Correlation of the noise; 0 for white noise. Sharp kernels take the coarse part away.
    offset_hu : float
        Calibration.
    """

    blur_mm: float = 0.0
    edge: float = 0.0
    noise_hu: float = 0.0
    colour_mm: float = 0.0
    offset_hu: float = 0.0


def draw_look(rng: np.random.Generator) -> Look:
    """From smooth to very noisy, from soft to edge-enhancing."""
    soft = rng.random() < 0.5
    return Look(
        blur_mm=float(rng.uniform(0, 1.1)) if soft else 0.0,
        edge=0.0 if soft else float(rng.uniform(0, 1.2)),
        noise_hu=float(np.exp(rng.uniform(np.log(3), np.log(70)))),
        colour_mm=float(rng.uniform(0.5, 1.4)) if soft else float(rng.uniform(0, 0.7)),
        offset_hu=float(rng.normal(0, 8)),
    )


def looked(hu: npt.NDArray[np.generic], look: Look, rng: np.random.Generator) -> Field:
    """`hu` (y, x; pixels of 1 mm) as scanned so."""
    image = hu.astype(np.float32)
    if look.blur_mm > 0.2:
        image = cv2.GaussianBlur(image, (0, 0), look.blur_mm)
    if look.edge > 0:
        image = image + np.float32(look.edge) * (image - cv2.GaussianBlur(image, (0, 0), 0.9))
    if look.noise_hu > 0:
        noise = rng.standard_normal(image.shape, dtype=np.float32)
        if look.colour_mm > 0.2:
            noise = cv2.GaussianBlur(noise, (0, 0), look.colour_mm)
        if look.edge > 0:
            noise -= min(look.edge, 0.9) * cv2.GaussianBlur(noise, (0, 0), 1.5)
        uneven = np.clip(1 + 0.15 * smooth_noise(image.shape, 90, rng), 0.5, 1.5)
        image = image + noise * uneven * np.float32(look.noise_hu / max(float(noise.std()), 1e-6))
    return np.asarray(np.clip(image + np.float32(look.offset_hu), AIR_HU, 3071), np.float32)


def jittered(lung: Bool, rng: np.random.Generator) -> Bool:
    """A mask as a program or a person may draw it: grown or shrunk by up to 2 mm, rounded, or as it is."""
    kind = rng.random()
    if kind < 0.35:
        return lung
    mask = lung.astype(np.uint8)
    if kind < 0.75:
        field = cv2.distanceTransform(mask, cv2.DIST_L2, 5) - cv2.distanceTransform(1 - mask, cv2.DIST_L2, 5)
        edge = float(rng.uniform(-2, 2)) + float(rng.uniform(0, 1.5)) * smooth_noise(lung.shape, 25, rng)
        return np.asarray(field > edge)
    size = int(rng.integers(5, 14))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    way = cv2.MORPH_CLOSE if rng.random() < 0.8 else cv2.MORPH_OPEN
    out = cv2.morphologyEx(mask, way, kernel).astype(bool)
    return out if out.any() else lung
