"""What the scanner adds: reconstruction kernel, correlated noise, the round field of view."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter

from ssc_core.phantoms.chest.shapes import Field
from ssc_core.seeds import seed_of

__all__ = ["apply_kernel", "noise_slice", "outside_circle"]


def apply_kernel(image: Field, sharpness: float, pixel: float) -> Field:
    """One slice as a soft (-1) to standard (0) to sharp, edge-enhancing (+1) kernel shows it."""
    sigma = 0.45 + 0.85 * max(0.0, -sharpness)
    out: Field = gaussian_filter(image, sigma / pixel, mode="nearest")
    if sharpness > 0:
        wide = gaussian_filter(out, 1.1 / pixel, mode="nearest")
        out = out + np.float32(1.3 * sharpness) * (out - wide)
    return out


def noise_slice(
    shape: tuple[int, int], noise_hu: float, sharpness: float, pixel: float, seed: int, index: int
) -> Field:
    """Noise of standard deviation `noise_hu`, correlated as the kernel makes it, for one slice.

    A smooth kernel leaves blobs of a millimetre or two; a sharp one fine grain without low frequencies.
    """
    rng = np.random.default_rng(seed_of(seed, "chest", "noise", index))
    white = rng.standard_normal(shape, dtype=np.float32)
    grain = gaussian_filter(white, max(0.25, 0.8 - 0.45 * sharpness) / pixel, mode="wrap")
    if sharpness > -0.5:
        low = gaussian_filter(grain, 2.2 / pixel, mode="wrap")
        grain = grain - np.float32(min(1.0, 0.5 + 0.5 * sharpness)) * low
    return np.asarray(grain * np.float32(noise_hu / grain.std()), np.float32)


def outside_circle(x: Field, y: Field) -> npt.NDArray[np.bool_]:
    """Where a square image lies outside the round field of view that touches its edges."""
    cx, cy = (x[0] + x[-1]) / 2, (y[0] + y[-1]) / 2
    radius = min(abs(x[-1] - x[0]), abs(y[-1] - y[0])) / 2
    far = (x[None, :] - cx) ** 2 + (y[:, None] - cy) ** 2
    return np.asarray(far > (radius + 0.5) ** 2)
