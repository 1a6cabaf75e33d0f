"""Where the lung would end if it were healthy: the ribs, less what healthy lung nearby leaves free."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ssc_core.lung.grid import Bool, WorkGrid
from ssc_core.lung.sides import Labels

__all__ = ["behind_healthy_lung", "gapless", "healthy_rays", "pleura"]

_RIBS_SEEN = 0.3  # of the rays
_HEALTHY_MM = (-5.0, 12.0)  # beyond the ribs' surface: lung that ends here is not bounded by disease
_STEEP, _STEEP_MM = 0.5, -8.0  # |cos|: rays to the back meet the ribs aslant
_ALIKE_MM, _ALIKE_DEGREES = 20.0, 12.0
_OTHER_SIDE = 0.2  # weight of the healthy lung of the other side
_USUAL = 0.02  # weight of the whole scan
_BONE_HU, _RIB_SPACE_MM = 180, 14.0
_AT_BONE_MM, _BEHIND_MM = 5.0, 6.0

Polar = npt.NDArray[np.float64]


def gapless(ribs: Polar) -> Polar:
    """Rib distances of one slice with the gaps bridged; NaN where under 30 % of the rays see one."""
    seen = np.isfinite(ribs)
    if seen.mean() < _RIBS_SEEN:
        return np.full(len(ribs), np.nan)
    angles = np.arange(len(ribs))
    return np.asarray(np.interp(angles, angles[seen], ribs[seen], period=len(ribs)))


def healthy_rays(lung: Polar, ribs: Polar, cosine: Polar) -> Bool:
    """Rays (slices, angles) on which air reaches the ribs."""
    apart = lung - ribs
    least = np.where(np.abs(cosine) < _STEEP, _STEEP_MM, _HEALTHY_MM[0])
    return np.asarray((apart > least) & (apart < _HEALTHY_MM[1]))


def pleura(lung: Polar, ribs: Polar, healthy: Bool, grid: WorkGrid) -> Polar:
    """Distance (slices, angles) to the pleura in mm; NaN in slices with too few ribs.

    On healthy rays it is where the lung ends. On the others it is the ribs' surface, moved by what lies
    between it and healthy lung in the neighbourhood, less so of the other side, and least of the whole scan.
    """
    whole = np.stack([gapless(ray) for ray in ribs])
    healthy = healthy & np.isfinite(whole)
    apart = np.where(healthy, lung - whole, 0.0)
    rays = lung.shape[1]
    mirrored = (rays // 2 - np.arange(rays)) % rays
    value, weight = (v + _OTHER_SIDE * v[:, mirrored] for v in (apart, healthy.astype(float)))
    sigma = (_ALIKE_MM / grid.spacing[0], _ALIKE_DEGREES * rays / 360)
    total, count = (
        ndimage.gaussian_filter(v, sigma, mode=("nearest", "wrap"), truncate=3.0) for v in (value, weight)
    )
    usual = float(np.median(apart[healthy])) if healthy.any() else 0.0
    surface = whole + (total + _USUAL * usual) / (count + _USUAL)
    return np.asarray(np.where(healthy, np.fmin(surface, lung), surface))


def behind_healthy_lung(labels: Labels, grid: WorkGrid) -> Bool:
    """Chest wall (z, y, x) within 6 mm of lung that ends within 5 mm of a rib.

    Rays that meet the wall aslant overstate the distance to the ribs; this is measured across the wall.
    """
    bone = (grid.hu[: len(labels)] > _BONE_HU).astype(np.uint8)
    bone = ndimage.maximum_filter1d(bone, 2 * grid.slices(_RIB_SPACE_MM) + 1, axis=0, mode="nearest")
    pixel = (grid.spacing[1] + grid.spacing[2]) / 2
    out = np.zeros(labels.shape, bool)
    for z in np.flatnonzero(labels.any(axis=(1, 2))):
        to_bone = cv2.distanceTransform(1 - bone[z], cv2.DIST_L2, 5) * pixel
        edge = (labels[z] > 0) & (to_bone <= _AT_BONE_MM)
        if edge.any():
            out[z] = cv2.distanceTransform((~edge).astype(np.uint8), cv2.DIST_L2, 5) * pixel <= _BEHIND_MM
    return out
