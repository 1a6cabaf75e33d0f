"""Two energies: how much calcium each pixel holds, and whether a finding is calcium at all.

Untested on real fingers: the ratio of calcium depends on the scanner's tube voltages and filters.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ssc_core.errors import GeometryError, InputError
from ssc_core.io.image import FingerImage

__all__ = ["UNTESTED", "EnergyPair", "basis_maps", "grade_of", "joined", "ratio_of"]

FloatArray = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]

UNTESTED = "two energies were used to tell calcium from soft tissue; this is untested on real fingers"
_DENSE_HU = 400.0
_CLEAR = 2.0  # standard errors from the midpoint between soft tissue and calcium
_CORRELATED = 2.0  # noise of neighbouring pixels is not independent


@dataclass(frozen=True, eq=False)
class EnergyPair:
    """The image at low and at high energy, (y, x) float32 HU on the same pixels."""

    low: FloatArray
    high: FloatArray


def joined(low: FingerImage, high: FingerImage) -> tuple[FingerImage, EnergyPair]:
    """The mean of both energies as one image, and the pair.

    Raises
    ------
    GeometryError
        If they do not lie on the same pixels.
    InputError
        If bone and deposits are darker in the image at low energy: the two were swapped.
    """
    if low.hu.shape != high.hu.shape or not low.frame.same_as(high.frame):
        raise GeometryError(
            "the images at both energies have different sizes or pixel sizes; export both from the same slice"
        )
    first, second = np.asarray(low.hu, np.float32), np.asarray(high.hu, np.float32)
    dense = (first + second) / 2 > _DENSE_HU
    if dense.any() and float(np.median(first[dense])) < float(np.median(second[dense])):
        raise InputError(
            "what is dense is darker in the image given as the low energy than in the one given as the high;"
            " calcium is brighter at low energy, so swap the two images"
        )
    warnings = tuple(dict.fromkeys((*low.warnings, *high.warnings)))
    mixed = FingerImage(
        np.asarray((first + second) / 2, np.float32),
        low.frame,
        np.asarray(low.saturated | high.saturated, bool),
        max(low.step_hu, high.step_hu),
        f"mean of two: {low.kind}",
        (*warnings, UNTESTED),
        low.header,
        (*low.files, *high.files),
    )
    return mixed, EnergyPair(first, second)


def basis_maps(pair: EnergyPair, calcium_ratio: float) -> tuple[FloatArray, FloatArray]:
    """Calcium and the rest (water, soft tissue), whose sum is the mean of both images.

    Soft tissue looks the same at both energies; calcium differs by `calcium_ratio`.

    Parameters
    ----------
    pair : EnergyPair
        Both images.
    calcium_ratio : float
        Calcium's HU at low over HU at high energy.

    Returns
    -------
    calcium, rest : ndarray
        (y, x) float32, HU of the mean image.
    """
    gain = 2 * (calcium_ratio - 1) / (1 + calcium_ratio)
    calcium = (pair.low - pair.high) / gain
    return np.asarray(calcium, np.float32), np.asarray((pair.low + pair.high) / 2 - calcium, np.float32)


def ratio_of(pair: EnergyPair, mask: BoolArray, soft: BoolArray) -> tuple[float, float]:
    """How much brighter a finding is at low energy than at high, and the standard error of that.

    Parameters
    ----------
    pair : EnergyPair
        Both images.
    mask, soft : ndarray
        (y, x) bool: the finding, and soft tissue.

    Returns
    -------
    ratio, error : float
        NaN if the finding does not rise above soft tissue at high energy.
    """
    n = int(mask.sum())
    if not n or not soft.any():
        return math.nan, math.nan
    above, noise = [], []
    for image in (pair.low, pair.high):
        base = float(np.median(image[soft]))
        above.append(float(image[mask].mean()) - base)
        noise.append(1.4826 * float(np.median(np.abs(image[soft] - base))) * _CORRELATED / math.sqrt(n))
    low, high = above
    if high <= 2 * noise[1] or low <= 0:
        return math.nan, math.nan
    ratio = low / high
    return ratio, ratio * math.hypot(noise[0] / low, noise[1] / high)


def grade_of(ratio: float, error: float, calcium_ratio: float) -> str:
    """Whether a ratio is calcium's: calcium, likely calcium, doubtful, not calcium.

    The midpoint between 1 (soft tissue) and calcium's ratio decides, the standard error how surely.
    """
    if math.isnan(ratio):
        return "doubtful"
    away = (ratio - (1 + calcium_ratio) / 2) / max(error, 1e-9)
    if away > _CLEAR:
        return "calcium"
    if away > 0:
        return "likely calcium"
    return "doubtful" if away > -_CLEAR else "not calcium"
