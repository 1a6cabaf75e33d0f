"""From dyes to grey values: absorption, point spread, white balance, gamma, sensor noise."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from ssc_core.phantoms.biopsy.noise import grain, sensor, sheet
from ssc_core.phantoms.biopsy.stain import ScannerSpec, StainSpec

__all__ = ["developed", "glass", "transmitted"]

Float32Array = npt.NDArray[np.float32]


def transmitted(
    dyes: Float32Array, stain: StainSpec, gain: float, y: npt.NDArray[np.float64], x: npt.NDArray[np.float64]
) -> Float32Array:
    """Light (h, w, 3) in 0-1 behind amounts of dye (h, w, 3) at positions `y`, `x` in um.

    `gain` multiplies the collagen dye (differentiation). Lambert-Beer, natural logarithm.
    """
    matrix = stain.matrix.copy()
    matrix[:, 0] *= gain
    density = cv2.transform(dyes, -matrix)
    density *= (np.clip(1.0 + stain.unevenness * sheet(y, x) + 0.07 * grain(y, x), 0.2, 2.0))[..., None]
    light: Float32Array = cv2.exp(density)
    return light


def developed(
    light: Float32Array, scanner: ScannerSpec, px: float, reduce: int, row: int, column: int
) -> npt.NDArray[np.uint8]:
    """What the scanner makes of `light` (h, w, 3) at `px` um: uint8, `reduce` times smaller.

    `row` and `column` are the place of the first reduced pixel; the sensor noise depends on it.
    """
    # a wide blur leaves nothing that averaging first could lose
    if scanner.blur_um > 2.0 * px * reduce:
        light = _blurred(_reduced(light, reduce), scanner.blur_um / (px * reduce))
    else:
        light = _reduced(_blurred(light, scanner.blur_um / px), reduce)
    if scanner.gamma != 1.0:
        light = cv2.pow(np.clip(light, 1e-4, 1.0), scanner.gamma)
    grey = light * np.asarray(scanner.white, np.float32)
    grey += sensor(grey.shape[0], grey.shape[1], row, column) * scanner.noise
    return np.clip(np.rint(grey), 0, 255).astype(np.uint8)


def _blurred(light: Float32Array, sigma: float) -> Float32Array:
    if sigma <= 0.3:
        return light
    out: Float32Array = cv2.GaussianBlur(light, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    return out


def _reduced(light: Float32Array, factor: int) -> Float32Array:
    if factor == 1:
        return light
    size = (light.shape[1] // factor, light.shape[0] // factor)
    out: Float32Array = cv2.resize(light, size, interpolation=cv2.INTER_AREA)
    return out


def glass(shape: tuple[int, int], scanner: ScannerSpec, row: int, column: int) -> npt.NDArray[np.uint8]:
    """Empty glass."""
    grey = np.asarray(scanner.white, np.float32) + sensor(*shape, row, column) * scanner.noise
    return np.clip(np.rint(grey), 0, 255).astype(np.uint8)
