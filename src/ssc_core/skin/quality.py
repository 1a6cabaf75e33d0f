"""Can this field be trusted? Flags with reasons; no field is dropped.

Focus is measured inside the tissue only and as a ratio: contrast of detail at the finest scale over contrast
at about three times that scale. Smooth, pale collagen lowers both alike and is not called blurred.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from ssc_core.skin.stain import Floats, Rgb, StainModel, optical_density

__all__ = ["FLAGS", "field_quality", "sharpness"]

FLAGS: Final[dict[str, str]] = {
    "blank": "hardly any tissue in the field",
    "blurred": "out of focus inside the tissue",
    "odd_colour": "much of the tissue has a colour that none of the dyes makes (pen, ink, pigment)",
    "dense": "much of the tissue is darker than the dyes make it (a fold or thick section)",
}
"""Flag -> what it says."""

_ODD_DEG = 15.0
_MIN_VOTES = 200
_DENSE = 1.5


def sharpness(rgb: Rgb, stain: StainModel) -> float:
    """Detail at the finest scale over detail three times coarser, inside the tissue.

    The standard deviation of the mean optical density between Gaussians of 0.5 and 1 pixel, over that
    between 1.5 and 3 pixels. Independent of contrast and of how much tissue there is.

    Parameters
    ----------
    rgb : (y, x, 3) uint8 array
    stain : StainModel

    Returns
    -------
    float
        About 0.3 to 1 for fields in focus at 1.76 um per pixel; NaN with hardly any tissue.
    """
    od = optical_density(rgb, stain.white)
    tissue = cv2.GaussianBlur(od.mean(axis=-1), (0, 0), 1.0) > 0.08
    if int(tissue.sum()) < _MIN_VOTES:
        return float("nan")
    grey = od.mean(axis=-1)
    fine = _blur(grey, 0.5) - _blur(grey, 1.0)
    coarse = _blur(grey, 1.5) - _blur(grey, 3.0)
    return float(fine[tissue].std() / max(float(coarse[tissue].std()), 1e-6))


def field_quality(
    rgb: Rgb, stain: StainModel, *, min_tissue: float, min_sharpness: float
) -> tuple[dict[str, float], tuple[str, ...]]:
    """Quality figures and flags of one field.

    Parameters
    ----------
    rgb : (y, x, 3) uint8 array
    stain : StainModel
    min_tissue : float
        Share of tissue below which the field is `blank`.
    min_sharpness : float
        :func:`sharpness` below which it is `blurred`.

    Returns
    -------
    figures : dict
        ``sharpness`` and ``odd_colour_share``.
    flags : tuple of str
        Keys of :data:`FLAGS`.
    """
    od = optical_density(rgb, stain.white)
    mean = od.mean(axis=-1)
    tissue = mean > 0.05
    sharp = sharpness(rgb, stain)
    odd = _odd_share(od[mean > 0.15], stain)
    full = max(stain.full_collagen, stain.full_cytoplasm)
    flags = []
    if float(tissue.mean()) < min_tissue:
        flags.append("blank")
    if sharp < min_sharpness:
        flags.append("blurred")
    if odd > 0.10:
        flags.append("odd_colour")
    length = np.linalg.norm(_blur(od, 3.0), axis=-1)
    if float((length > _DENSE * full).mean()) > 0.05:
        flags.append("dense")
    return {"sharpness": sharp, "odd_colour_share": odd}, tuple(flags)


def _odd_share(od: Floats, stain: StainModel) -> float:
    """Share of stained pixels further than 15 degrees from the plane of the two dyes, or beyond its ends."""
    if len(od) < _MIN_VOTES:
        return 0.0
    a = np.asarray(stain.dyes.collagen)
    b = np.asarray(stain.dyes.cytoplasm)
    rows = od / np.linalg.norm(od, axis=1, keepdims=True)
    normal = np.cross(a, b)
    normal = normal / np.linalg.norm(normal)
    off = np.degrees(np.arcsin(np.clip(np.abs(rows @ normal), 0, 1)))
    middle = a + b
    middle = middle / np.linalg.norm(middle)
    flat = rows - (rows @ normal)[:, None] * normal
    flat = flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)
    half = np.degrees(np.arccos(np.clip(a @ middle, -1, 1)))
    beyond = np.degrees(np.arccos(np.clip(flat @ middle, -1, 1))) - half
    return float(((off > _ODD_DEG) | (beyond > _ODD_DEG)).mean())


def _blur(image: Floats, sigma: float) -> Floats:
    out: Floats = cv2.GaussianBlur(image, (0, 0), sigma)
    return out
