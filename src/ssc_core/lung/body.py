"""The body without table, blankets and outside air."""

from __future__ import annotations

import cv2
import numpy as np

from ssc_core.errors import EmptyError
from ssc_core.lung.grid import Bool, WorkGrid
from ssc_core.lung.pieces import pieces_of

__all__ = ["TISSUE_HU", "body_mask", "filled"]

TISSUE_HU = -300  # above foam, blankets and table plates; below fat
_OPENING_MM = 3.0  # parts the table from the back
_LEAST_ML = 500.0


def body_mask(grid: WorkGrid) -> Bool:
    """The patient's body with everything that it encloses, (z, y, x).

    Tissue above -300 HU is opened in each slice, the largest piece is kept and its holes are filled in each
    slice. Where the field of view cuts the body at the side, the cut counts as closed.

    Raises
    ------
    EmptyError
        If there is no piece of tissue of half a litre.
    """
    kernel = grid.kernel(_OPENING_MM)
    margin = max(kernel.shape)
    tissue = np.empty(grid.hu.shape, np.uint8)
    for z, plane in enumerate(grid.hu):
        solid = (plane > TISSUE_HU).astype(np.uint8)
        # the body goes on beyond the image: without the margin the opening would eat it there
        solid = cv2.copyMakeBorder(solid, margin, margin, margin, margin, cv2.BORDER_REPLICATE)
        solid = cv2.morphologyEx(solid, cv2.MORPH_OPEN, kernel)
        tissue[z] = solid[margin:-margin, margin:-margin]
    labels = pieces_of(tissue)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    if len(sizes) < 2 or sizes.max() * grid.voxel_ml < _LEAST_ML:
        raise EmptyError(
            "no body is found in this CT (it is air, or its values are not HU); check the series"
        )
    body = labels == sizes.argmax()
    return np.stack([filled(_closed_at_border(plane)) for plane in body])


def filled(plane: Bool) -> Bool:
    """A slice with its holes filled."""
    v = cv2.copyMakeBorder(plane.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    cv2.floodFill(v, None, (0, 0), 2)
    return np.asarray(v[1:-1, 1:-1] != 2)


def _closed_at_border(plane: Bool) -> Bool:
    """Draw the chord along each image border that the body touches on two sides of a gap."""
    closed = plane.copy()
    for line in (closed[:, 0], closed[:, -1]):
        where = np.flatnonzero(line)
        if len(where):
            line[where[0] : where[-1] + 1] = True
    return closed
