"""Whether a bright cortex closes around what a network drew as bone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import ndimage as ndi

from ssc_core.calcinosis.grid import FineGrid
from ssc_core.calcinosis.unet.pieces import Piece

__all__ = ["with_cortex"]

IntArray = npt.NDArray[np.int32]

OPEN = (
    "what the network took for bone at row {:.0f}, column {:.0f} has no cortex around it and was not taken"
    " away: check it"
)
_BRIGHT_HU = 250.0  # above soft tissue: cortex, however thin and blurred
_THICK_MM = 1.0  # it lies this near under the surface
_CLOSED = 0.75  # share of the outline; of true bones at least 0.94


def with_cortex(
    labels: IntArray,
    pieces: Sequence[Piece],
    hu: npt.NDArray[np.float32],
    soft_hu: float,
    grid: FineGrid,
) -> tuple[IntArray, list[Piece], tuple[str, ...]]:
    """Bones without those that are none: soft tissue between a bone and a long deposit can look like marrow.

    Parameters
    ----------
    labels : ndarray
        (y, x) int32 on the fine grid: index of the piece plus 1.
    pieces : sequence of Piece
        As ``pieces.pieces_of``.
    hu : ndarray
        (y, x) float32, the image on the fine grid.
    soft_hu : float
        HU of soft tissue.
    grid : FineGrid
        Geometry.

    Returns
    -------
    labels, pieces
        The same, renumbered.
    notes : tuple of str
        What was left out.
    """
    size = 2 * max(1, round(_THICK_MM / grid.mean_step)) + 1
    lookup = np.zeros(len(pieces) + 1, np.int32)
    kept: list[Piece] = []
    notes = []
    for number, piece in enumerate(pieces, 1):
        here = labels == number
        surface = here & ~ndi.binary_erosion(here, border_value=1)  # the image's border is no surface
        near = ndi.maximum_filter(np.where(here, hu, -np.inf), size)
        if surface.any() and (near[surface] > soft_hu + _BRIGHT_HU).mean() < _CLOSED:
            notes.append(OPEN.format(*grid.middle(here)))
            continue
        kept.append(piece)
        lookup[number] = len(kept)
    return np.asarray(lookup[labels], np.int32), kept, tuple(notes)
