"""How thick the dermis of a section is, in mm: from below the epidermis to the fat, or to where it was cut.

Where the epidermis is seen, its line gives the direction; elsewhere the longer side of the region does, for
a section is wider than it is deep. The thickness is the length of dermis along lines at a right angle to that
direction, one per pixel, and the biopsy's is their median: slits, a slanting end and a lone gland do not move
it. A section that does not reach the fat shows less than the whole dermis, so the number is then what was
biopsied and not what the patient has.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from ssc_core.geometry import Frame
from ssc_core.results import Measurement
from ssc_core.skin.stain import Rgb, StainModel, optical_density, unmix

__all__ = ["dermal_thickness"]

Bools = npt.NDArray[np.bool_]

_NEAR_UM, _THIN_UM = 60.0, 24.0
"""Epidermis lies this close to the dermis, and is at least this thick."""
_MIN_MM = 0.4
"""Length of epidermis along the dermis from which its direction is believed."""
_ENDS = 0.15
"""Share of the lines left out at each end of the section, which are cut at a slant."""


def dermal_thickness(dermis: Bools, overview: Rgb, frame: Frame, stain: StainModel) -> Measurement:
    """Median thickness of the dermis.

    Parameters
    ----------
    dermis : (y, x) bool array
        The dermis on the overview's grid.
    overview : (y, x, 3) uint8 array
        The slide at a coarse pixel size.
    frame : Frame
        Of both, um.
    stain : StainModel
        Of the slide.

    Returns
    -------
    Measurement
        In mm; the note says where the direction comes from. NaN where there is no dermis.
    """
    if not dermis.any():
        return Measurement(math.nan, "mm", note="there is no dermis")
    count, labels, stats, _ = cv2.connectedComponentsWithStats(dermis.astype(np.uint8), connectivity=8)
    largest = labels == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    size = np.asarray(frame.spacing) / 1000
    border = _under_epidermis(largest, overview, frame, stain)
    if len(border) * float(size.mean()) >= _MIN_MM:
        along, how = _direction(border * size), "across the line of the epidermis"
    else:
        along, how = _long_side(np.argwhere(largest) * size), "across the longer side of the region"
    lengths = _lengths(largest, size, along)
    pieces = "" if count == 2 else f", largest of {count - 1} pieces"
    return Measurement(float(np.median(lengths)), "mm", note=f"median of {len(lengths)} lines {how}{pieces}")


def _under_epidermis(dermis: Bools, overview: Rgb, frame: Frame, stain: StainModel) -> npt.NDArray[np.int64]:
    """(n, 2) pixels of the dermis's border that lie below red tissue with glass behind it."""
    um = float(np.mean(frame.spacing))
    od = optical_density(overview, stain.white)
    collagen, cytoplasm = unmix(od, stain.dyes)
    red = (cytoplasm > collagen) & (od.mean(axis=-1) > 0.1) & ~dermis
    thin = _disc(_THIN_UM / um)
    red = cv2.morphologyEx(red.astype(np.uint8), cv2.MORPH_OPEN, thin).astype(bool)
    # fat and muscle lie below the dermis and have no glass behind them at this distance
    glass = cv2.GaussianBlur(od.mean(axis=-1), (0, 0), 16 / um) < 0.04
    outside = cv2.dilate(glass.astype(np.uint8), _disc(4 * _NEAR_UM / um)).astype(bool)
    near = cv2.dilate((red & outside).astype(np.uint8), _disc(2 * _NEAR_UM / um)).astype(bool)
    inner = cv2.erode(dermis.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=0).astype(bool)
    return np.argwhere(dermis & ~inner & near)


def _direction(points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Unit vector (y, x) along which points in mm spread most."""
    centred = points - points.mean(axis=0)
    axes: npt.NDArray[np.float64] = np.linalg.eigh(centred.T @ centred)[1]
    return axes[:, 1]


def _long_side(points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Unit vector (y, x) along the longer side of the smallest rectangle around points in mm."""
    corners = cv2.boxPoints(cv2.minAreaRect(points.astype(np.float32))).astype(np.float64)
    sides = corners[1:3] - corners[:2]
    side = sides[int(np.argmax(np.linalg.norm(sides, axis=1)))]
    return np.asarray(side / max(float(np.linalg.norm(side)), 1e-12), np.float64)


def _lengths(
    dermis: Bools, size: npt.NDArray[np.float64], along: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Length of dermis in mm on each line across `along`, without the ends of the section."""
    where = np.argwhere(dermis) * size
    place = where @ along
    step = float(size.mean())
    lines = np.floor((place - place.min()) / step).astype(np.intp)
    area = np.bincount(lines) * float(np.prod(size))
    cut = int(_ENDS * len(area))
    return np.asarray(area[cut : len(area) - cut] / step, np.float64)


def _disc(diameter: float) -> npt.NDArray[np.uint8]:
    size = max(round(diameter), 1) | 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), np.uint8)
