"""Where is tissue, and which of it is dermis? A proposal that a person can correct.

Tissue is what is darker or more coloured than the glass of this slide. The dermis of a trichrome is where
the collagen dye rules at a scale of some tens of micrometres: the epidermis, hair follicles and muscle are
red, fat is mostly empty. Small red or empty islands inside the dermis (vessels, glands, tears) belong to it.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ssc_core.geometry import Frame
from ssc_core.skin.stain import Dyes, Floats, Rgb, Vector, optical_density, unmix

__all__ = ["Dermis", "propose_dermis", "tissue_mask"]

Bools = npt.NDArray[np.bool_]

_MIN_OD = 0.03
_SMOOTH_UM = 24.0
_FILL_UM = 45.0
_FAT_UM = 70.0
_MIN_DENSITY = 0.35
_MIN_SHARE = 0.5
_HOLE_MM2 = 0.15


@dataclass(frozen=True)
class Dermis:
    """A proposal for the dermis.

    Parameters
    ----------
    mask : (y, x) bool array
        The dermis.
    tissue : (y, x) bool array
        All tissue.
    frame : Frame
        Of both, um.
    told_apart : bool
        Whether dermis and other tissue could be told apart; if not (no trichrome), `mask` is all tissue.
    """

    mask: Bools
    tissue: Bools
    frame: Frame
    told_apart: bool

    @property
    def area_mm2(self) -> float:
        """Area of the dermis in mm2."""
        return float(self.mask.sum()) * self.frame.pixel_size / 1e6


def tissue_mask(rgb: Rgb, white: Vector, frame: Frame, min_piece_mm2: float = 0.1) -> Bools:
    """Tissue, pale tissue included, without glass, dust and pen strokes.

    Parameters
    ----------
    rgb : (y, x, 3) uint8 array
        Overview of the slide.
    white : (float, float, float)
        Grey values of empty glass.
    frame : Frame
        Of `rgb`, um.
    min_piece_mm2 : float
        Smaller pieces are left out.

    Returns
    -------
    (y, x) bool array
    """
    mpp = frame.spacing[0]
    od = optical_density(rgb, white)
    mean = od.mean(axis=-1)
    glass = mean[mean < 0.06]
    noise = 1.4826 * float(np.median(np.abs(glass - np.median(glass)))) if len(glass) else 0.0
    threshold = max(_MIN_OD, (float(np.median(glass)) if len(glass) else 0.0) + 5 * noise)
    seen = _blur(mean, 8.0 / mpp) > min(threshold, 0.08)
    closed = _morph(seen & ~_ink(od), cv2.MORPH_CLOSE, _FILL_UM / mpp)
    return _without_small(_filled(closed, _HOLE_MM2 * 1e6 / mpp**2), min_piece_mm2 * 1e6 / mpp**2)


def propose_dermis(
    rgb: Rgb, frame: Frame, white: Vector, dyes: Dyes, *, trichrome: bool, min_piece_mm2: float = 0.1
) -> Dermis:
    """Propose the dermis on an overview.

    Parameters
    ----------
    rgb : (y, x, 3) uint8 array
        Overview of the slide, 2-32 um per pixel.
    frame : Frame
        Of `rgb`, um.
    white : (float, float, float)
        Grey values of empty glass.
    dyes : Dyes
        Colours of the dyes.
    trichrome : bool
        Whether the colours are those of a trichrome; otherwise nothing but tissue can be proposed.
    min_piece_mm2 : float
        Smaller pieces are left out.

    Returns
    -------
    Dermis
        The mask may be empty.
    """
    tissue = tissue_mask(rgb, white, frame, min_piece_mm2)
    if not trichrome or not tissue.any():
        return Dermis(tissue, tissue, frame, told_apart=False)
    mpp = frame.spacing[0]
    collagen, cytoplasm = unmix(optical_density(rgb, white), dyes)
    # compared at a scale at which a bundle and its gap are one, an epidermis and a dermis are two
    sigma = _SMOOTH_UM / mpp / 2
    blue, red = _blur(collagen, sigma), _blur(cytoplasm, sigma)
    usual = float(np.percentile(collagen[tissue], 75))
    dense = collagen + cytoplasm > 0.25 * usual
    density = _blur(dense.astype(np.float32), _FAT_UM / mpp / 2)
    ruled = (blue > _MIN_SHARE * (blue + red)) & (blue > 0.2 * usual)
    dermis = tissue & ruled & (density > _MIN_DENSITY)
    pixels = 1e6 / mpp**2
    dermis = _morph(dermis, cv2.MORPH_OPEN, 40.0 / mpp)
    dermis = _without_small(dermis, min_piece_mm2 * pixels)
    dermis = _morph(dermis, cv2.MORPH_CLOSE, 60.0 / mpp)
    return Dermis(_filled(dermis, _HOLE_MM2 * pixels) & tissue, tissue, frame, told_apart=True)


def _ink(od: Floats) -> Bools:
    """Green, black and yellow pens, which look like no dye. Blue ink cannot be told by its colour."""
    total = od.sum(axis=-1)
    strong = total > 0.6
    share = od / np.maximum(total, 1e-6)[..., None]
    green = (share[..., 1] < 0.24) & (share[..., 0] > 0.42) & (share[..., 2] > 0.15)
    black = (total > 3.0) & (share.max(axis=-1) < 0.40)
    yellow = share[..., 2] > 0.62
    return np.asarray(strong & (green | black | yellow))


def _blur(image: Floats, sigma: float) -> Floats:
    out: Floats = cv2.GaussianBlur(image.astype(np.float32), (0, 0), max(sigma, 0.3))
    return out


def _morph(mask: Bools, operation: int, diameter: float) -> Bools:
    size = max(round(diameter), 1) | 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    padded = np.pad(mask.astype(np.uint8), size, mode="edge")
    done = cv2.morphologyEx(padded, operation, disc)[size:-size, size:-size]
    return np.asarray(done.astype(bool))


def _without_small(mask: Bools, pixels: float) -> Bools:
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    keep = stats[:, cv2.CC_STAT_AREA] >= max(pixels, 1)
    keep[0] = False
    return np.asarray(keep[labels])


def _filled(mask: Bools, pixels: float) -> Bools:
    """`mask` with its holes of up to `pixels` filled; what touches the image border is no hole."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats((~mask).astype(np.uint8), connectivity=4)
    height, width = mask.shape
    left, top = stats[:, cv2.CC_STAT_LEFT], stats[:, cv2.CC_STAT_TOP]
    right, bottom = left + stats[:, cv2.CC_STAT_WIDTH], top + stats[:, cv2.CC_STAT_HEIGHT]
    inner = (left > 0) & (top > 0) & (right < width) & (bottom < height)
    hole = inner & (stats[:, cv2.CC_STAT_AREA] <= pixels)
    hole[0] = False
    return np.asarray(mask | hole[labels])
