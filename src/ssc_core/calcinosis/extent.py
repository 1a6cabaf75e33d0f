"""How far a lesion reaches: the contour that, once blurred, gives the image back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage as ndi

__all__ = ["Extent", "extent_of"]

FloatArray = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]

_LOWEST, _HIGHEST = 0.4, 0.85  # range of the share of the plateau at which the contour may lie


@dataclass(frozen=True)
class Extent:
    """A lesion's body on the fine grid.

    Parameters
    ----------
    mask : ndarray
        (y, x) bool.
    share : float
        Height of the contour between soft tissue (0) and the lesion's own plateau (1): 0.5 for lesions much
        larger than the blur, a little less where the rim is round, more for small ones, whose plateau the
        blur has lowered.
    plateau_hu : float
        Median of the plateau above soft tissue, HU.
    mass : float
        Sum of HU above soft tissue times area, HU mm2; blur does not change it.
    """

    mask: BoolArray
    share: float
    plateau_hu: float
    mass: float


def extent_of(
    rest: FloatArray, region: BoolArray, free: BoolArray, blur: float | Sequence[float], part_mm2: float
) -> Extent:
    """Find the contour at sub-pixel precision.

    Any fixed threshold makes bright lesions too large and faint ones too small, and half height makes small
    ones too large, because blur lowers their plateau. Here the share f of the local plateau is sought for
    which the blurred body {image > f * plateau} shows the same share f at its own rim.

    Parameters
    ----------
    rest : ndarray
        (y, x) float32 crop on the fine grid, HU above soft tissue, bone taken away.
    region : ndarray
        (y, x) bool, the grown region.
    free : ndarray
        (y, x) bool, where there is no bone.
    blur : float or sequence of float
        Standard deviation of the blur in parts; one for each axis where they differ.
    part_mm2 : float
        Area of a part, mm2.

    Returns
    -------
    Extent
        The body may be empty if nothing stands out.
    """
    typical = float(np.mean(blur))
    reach = max(1, round(1.3 * typical))
    near = ndi.binary_dilation(region, iterations=max(1, round(1.5 * typical))) & free
    plateau = _plateau(np.where(near, rest, 0), reach)
    share = 0.5
    mask = near & (rest > share * plateau)
    room = ndi.gaussian_filter(free.astype(np.float32), blur)
    for _ in range(12):
        fresh = _share_of(mask, free, room, blur, reach)
        if fresh is None:
            break
        fresh = float(np.clip(fresh, _LOWEST, _HIGHEST))
        if abs(fresh - share) < 0.003:
            break
        share += 0.7 * (fresh - share)
        mask = near & (rest > share * plateau)
    mask = _without_pinholes(_main(mask, region), 4 * typical**2) & free
    body = mask if mask.any() else region
    mass = float(np.where(near, np.clip(rest, 0, None), 0).sum()) * part_mm2
    return Extent(mask, share, float(np.median(plateau[body])) if body.any() else 0.0, mass)


def _plateau(rest: FloatArray, reach: int) -> FloatArray:
    """The local height of the lesion: the maximum nearby, smoothed over the same distance."""
    top = ndi.maximum_filter(ndi.gaussian_filter(rest, 0.5 * reach), size=2 * 2 * reach + 1)
    out: FloatArray = np.maximum(ndi.gaussian_filter(top, reach), 1.0)
    return out


def _share_of(
    mask: BoolArray, free: BoolArray, room: FloatArray, blur: float | Sequence[float], reach: int
) -> float | None:
    """Share of its plateau that a blurred uniform body shows at its rim."""
    rim = mask & ~ndi.binary_erosion(mask, border_value=1) & (room > 0.95)
    if not rim.any():
        return None
    image = np.where(free, ndi.gaussian_filter(mask.astype(np.float32), blur) / np.maximum(room, 0.45), 0)
    outer = ndi.binary_dilation(mask) & ~mask & (room > 0.95)
    ratio = image / _unit_plateau(image, reach)
    inner_level = float(ratio[rim].mean())
    outer_level = float(ratio[outer].mean()) if outer.any() else inner_level
    return (inner_level + outer_level) / 2


def _unit_plateau(image: FloatArray, reach: int) -> FloatArray:
    top = ndi.maximum_filter(ndi.gaussian_filter(image, 0.5 * reach), size=2 * 2 * reach + 1)
    out: FloatArray = np.maximum(ndi.gaussian_filter(top, reach), 1e-3)
    return out


def _without_pinholes(mask: BoolArray, largest: float) -> BoolArray:
    """Fill holes that blur cannot resolve."""
    holes, n = ndi.label(ndi.binary_fill_holes(mask) & ~mask)
    if n == 0:
        return mask
    small = np.concatenate([[False], np.bincount(holes.ravel())[1:] <= largest])
    out: BoolArray = mask | small[holes]
    return out


def _main(mask: BoolArray, region: BoolArray) -> BoolArray:
    """Pieces that belong to the grown region: specks beside it are noise."""
    labels, n = ndi.label(mask)
    if n <= 1:
        return mask
    counts = ndi.sum_labels(region, labels, range(1, n + 1))
    keep = np.concatenate([[False], counts >= 0.04 * counts.max()])
    out: BoolArray = keep[labels]
    return out
