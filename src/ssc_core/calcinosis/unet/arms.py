"""Arms of deposits that a network drew as parts of a bone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import ndimage as ndi
from skimage.morphology import disk

from ssc_core.calcinosis.bones import Bones
from ssc_core.calcinosis.grid import FineGrid
from ssc_core.calcinosis.unet.pieces import Piece, grown_piece

__all__ = ["without_arms"]

IntArray = npt.NDArray[np.int32]

ARM = (
    "a thin arm on a bone at row {:.0f}, column {:.0f} that only the network took for bone was not taken"
    " away: check it"
)
_THIN_MM = 1.8  # no phalanx is thinner
_FAR_MM, _LEAST_MM2 = 1.0, 0.8  # an arm reaches farther from the bone, and is larger
_SEAM_MM = 0.15  # corners that opening rounds off
_SHARED = 0.2  # of a spur lies in the classical bone; of an arm less


def without_arms(
    labels: IntArray, pieces: Sequence[Piece], seen: Bones, grid: FineGrid
) -> tuple[IntArray, list[Piece], tuple[str, ...]]:
    """Bones without thin arms of which the classical engine sees nothing.

    Parameters
    ----------
    labels : ndarray
        (y, x) int32 on the fine grid: index of the piece plus 1.
    pieces : sequence of Piece
        As ``pieces.pieces_of``.
    seen : Bones
        The classical engine's bones of the same image.
    grid : FineGrid
        Geometry.

    Returns
    -------
    labels, pieces
        The same without the arms.
    notes : tuple of str
        Where they are: each may be a spur after all.
    """
    labels = labels.copy()
    kept = list(pieces)
    notes = []
    radius = max(1, round(_THIN_MM / 2 / grid.mean_step))
    inner = (slice(2 * radius, -2 * radius),) * 2
    for number, piece in enumerate(pieces, 1):
        here = labels == number
        padded = np.pad(here, 2 * radius, mode="edge")  # a bone goes on beyond the image's border
        body = ndi.binary_opening(padded, disk(radius))[inner]
        if not body.any():
            continue
        away = ndi.distance_transform_edt(~body, sampling=grid.step)
        arms, n = ndi.label(here & (away > _SEAM_MM))
        for k in range(1, n + 1):
            arm = arms == k
            large = arm.sum() * grid.part_mm2 >= _LEAST_MM2 and away[arm].max() >= _FAR_MM
            if large and (seen.labels[arm] > 0).mean() < _SHARED:
                labels[arm] = 0
                kept[number - 1] = grown_piece(piece, labels == number, grid)
                notes.append(ARM.format(*grid.middle(arm)))
    return labels, kept, tuple(notes)
