"""The edge of dense lung: half-way between the density of the lung beside it and that of tissue."""

from __future__ import annotations

import cv2
import numpy as np

from ssc_core.lung.grid import AIR_HU, Bool, Float, WorkGrid

__all__ = ["ILL_HU", "dense_around", "to_soft_edge"]

ILL_HU = -550.0  # lung around a voxel: above this a fixed threshold loses a rim that is worth keeping
_TISSUE_HU = 40.0
_LEAST_HU, _MOST_HU = -400.0, -170.0  # fat has -100
_AROUND_MM = 5.0  # standard deviation of the weights
_SEEN = 0.15  # of the weight: with less lung around, its density is not known
_REACH_MM = 6.0
_MEDIAN_PIXELS = 5


def dense_around(lung: Bool, grid: WorkGrid) -> Float:
    """Mean density in HU of the lung around each voxel, in its axial slice; air where there is too little.

    Parameters
    ----------
    lung : ndarray of bool, (z, y, x)
        One lung.
    grid : WorkGrid
        The CT.
    """
    out = np.full(lung.shape, AIR_HU, np.float32)
    sigma = _AROUND_MM / grid.spacing[2], _AROUND_MM / grid.spacing[1]
    for z in np.flatnonzero(lung.any(axis=(1, 2))):
        weight = lung[z].astype(np.float32)
        total = cv2.GaussianBlur(weight * np.clip(grid.hu[z], -1000, 0), (0, 0), sigma[0], sigmaY=sigma[1])
        share = cv2.GaussianBlur(weight, (0, 0), sigma[0], sigmaY=sigma[1])
        out[z] = np.where(share > _SEEN, total / np.maximum(share, _SEEN), AIR_HU)
    return out


def to_soft_edge(lung: Bool, around: Float, grid: WorkGrid, room: Bool) -> Bool:
    """`lung` with the rim that a fixed threshold cuts off where the lung is dense.

    An edge lies where the density is half-way between both sides: at -400 HU between healthy lung and tissue,
    but at -180 HU between reticulation of -400 HU and tissue. Voxels below that in a median-filtered image,
    within 6 mm and connected with the lung, are added where the lung around them is dense.

    Parameters
    ----------
    lung : ndarray of bool, (z, y, x)
        One lung.
    around : ndarray of float32, (z, y, x)
        Density of the lung around each voxel in HU, see `dense_around`.
    grid : WorkGrid
        The CT.
    room : ndarray of bool, (z, y, x)
        Where lung may be.
    """
    out = lung.copy()
    reach = grid.kernel(_REACH_MM)
    for z in np.flatnonzero((around > ILL_HU).any(axis=(1, 2))):
        edge = np.clip((around[z] + _TISSUE_HU) / 2, _LEAST_HU, _MOST_HU)
        near = cv2.dilate(lung[z].astype(np.uint8), reach) > 0
        new = room[z] & near & ~lung[z] & (around[z] > ILL_HU)
        new &= cv2.medianBlur(grid.hu[z], _MEDIAN_PIXELS) < edge
        _, pieces = cv2.connectedComponents((new | lung[z]).astype(np.uint8), connectivity=4)
        out[z] |= new & np.isin(pieces, np.unique(pieces[lung[z]]))
    return out
