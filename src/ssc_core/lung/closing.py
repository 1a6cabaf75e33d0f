"""Vessels, recesses and dense disease that the air threshold leaves out."""

from __future__ import annotations

import cv2
import numpy as np

from ssc_core.lung.body import filled
from ssc_core.lung.grid import Bool, WorkGrid

__all__ = ["closed", "holes_filled", "touching"]


def closed(mask: Bool, grid: WorkGrid, mm: float, within: Bool | None = None) -> Bool:
    """Close each axial slice of one lung with a disc of radius `mm`; new pixels only `within`, if given."""
    kernel = grid.kernel(mm)
    margin = max(kernel.shape)
    out = mask.copy()
    for z in np.flatnonzero(mask.any(axis=(1, 2))):
        plane = np.pad(mask[z].astype(np.uint8), margin)
        plane = cv2.morphologyEx(plane, cv2.MORPH_CLOSE, kernel)
        new = plane[margin:-margin, margin:-margin].astype(bool)
        out[z] |= new if within is None else new & within[z]
    return out


def touching(dense: Bool, lung: Bool, grid: WorkGrid, mm: float) -> Bool:
    """The part of `dense` that lies within `mm` of one lung in the same axial slice."""
    kernel = grid.kernel(mm)
    out = np.zeros_like(dense)
    for z in np.flatnonzero(lung.any(axis=(1, 2))):
        out[z] = dense[z] & cv2.dilate(lung[z].astype(np.uint8), kernel).astype(bool)
    return out


def holes_filled(mask: Bool, grid: WorkGrid, largest_mm2: float) -> Bool:
    """Fill holes in the axial slices of one lung, but not the dome of the diaphragm.

    A hole is filled when it has at most `largest_mm2`, or when lung lies further down under at least half of
    it: under the liver's dome there is none.
    """
    out = mask.copy()
    below = np.zeros(mask.shape[1:], bool)
    for z in range(mask.shape[0]):
        if mask[z].any():
            holes = filled(mask[z]) & ~mask[z]
            if holes.any():
                count, labels = cv2.connectedComponents(holes.astype(np.uint8), connectivity=4)
                for i in range(1, count):
                    hole = labels == i
                    if hole.sum() * grid.pixel_mm2 <= largest_mm2 or below[hole].mean() >= 0.5:
                        out[z] |= hole
        below |= out[z]
    return out
