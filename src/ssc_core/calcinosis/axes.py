"""Long and short axis of a lesion as a radiologist draws them, taken from its outline."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import ConvexHull, QhullError
from scipy.spatial.distance import pdist, squareform
from skimage.measure import find_contours

__all__ = ["Axes", "axes_of", "ellipse_mm2"]

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Axes:
    """Both axes of one lesion.

    Parameters
    ----------
    long_mm : float
        Maximum Feret diameter.
    short_mm : float
        The widest line across it that is square to the long axis.
    ends : ndarray
        (2, 2) ends of the long axis, (y, x) in pixels of the mask given.
    """

    long_mm: float
    short_mm: float
    ends: FloatArray


def axes_of(mask: npt.NDArray[np.bool_], step: tuple[float, float]) -> Axes:
    """Axes of a mask.

    Parameters
    ----------
    mask : ndarray
        (y, x) bool, at least one pixel.
    step : tuple of float
        Pixel size (y, x), mm.
    """
    padded = np.pad(mask, 1)
    outline = np.concatenate(find_contours(padded.astype(float), 0.5)) - 1.0
    points = outline * np.asarray(step)
    try:
        rim = ConvexHull(points).vertices
    except QhullError:
        rim = np.arange(len(points))
    apart = squareform(pdist(points[rim]))
    a, b = np.unravel_index(int(apart.argmax()), apart.shape)
    ends = points[rim][[a, b]]
    long_mm = float(apart[a, b])
    along = (ends[1] - ends[0]) / max(long_mm, 1e-9)
    return Axes(long_mm, _widest(mask, step, along), ends / np.asarray(step))


def _widest(mask: npt.NDArray[np.bool_], step: tuple[float, float], along: FloatArray) -> float:
    """Largest extent square to `along` at any one place along it."""
    at = np.argwhere(mask) * np.asarray(step)
    s = at @ along
    t = at @ np.array([-along[1], along[0]])
    width = float(np.mean(step))
    place = np.floor((s - s.min()) / width).astype(int)
    low = np.full(place.max() + 1, np.inf)
    high = np.full(place.max() + 1, -np.inf)
    np.minimum.at(low, place, t)
    np.maximum.at(high, place, t)
    spans = high - low
    return float(spans[np.isfinite(spans)].max() + width)


def ellipse_mm2(long_mm: float, short_mm: float) -> float:
    """Area by the radiologists' formula, long/2 x short/2 x pi (Chandrasekaran et al. 2021, Methods)."""
    return math.pi / 4 * long_mm * short_mm
