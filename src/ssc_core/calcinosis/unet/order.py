"""The numbers of a finger's bones: counted from a visible fingertip, else what the network says, in order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ssc_core.calcinosis.grid import FineGrid
from ssc_core.calcinosis.numbering import fingers_of, with_pebbles
from ssc_core.calcinosis.unet.pieces import Piece

__all__ = ["ordered"]

_OTHER = 4
_COUNTED = 5.0  # log share by which the network must prefer other numbers than those counted from the tip
_FULL_MM2 = 60.0  # from this area on a piece's evidence has its whole weight; a stub knows less


def ordered(
    pieces: Sequence[Piece],
    labels: npt.NDArray[np.int32],
    tissue: npt.NDArray[np.bool_],
    grid: FineGrid,
) -> list[tuple[int, int, bool]]:
    """(finger, number, sure) for each piece: 1 distal, 2 middle, 3 proximal, 4 other bone.

    Bones are strung into fingers. The numbers along a finger can only count up, 1, 2, 3, 4, in one direction
    or the other; of these the one is taken that the network finds likeliest over all bones of the finger,
    with a handicap for what was counted from a visible fingertip. So neighbours are never swapped, and one
    that the network doubts is told by its neighbours; a whole finger can be counted from the wrong bone.

    A number is `sure` where shapes, the likeliest order and the network's word on each bone agree.

    Parameters
    ----------
    pieces : sequence of Piece
        As :func:`~ssc_core.calcinosis.unet.pieces.pieces_of`.
    labels : ndarray
        (y, x) int32 on the fine grid: index of the piece plus 1.
    tissue : ndarray
        (y, x) bool, what is not air.
    grid : FineGrid
        Geometry.
    """
    fingers = []
    for one in fingers_of(pieces, labels, tissue, grid):
        members = [pieces[i] for i in one.chain]
        numbers = _likeliest(members, one.numbers if one.sure else None)
        alone = [int(p.evidence.argmax()) + 1 for p in members]
        fingers.append((one.chain, numbers, alone == numbers == one.numbers))
    return with_pebbles(pieces, fingers)


def _likeliest(chain: Sequence[Piece], counted: list[int] | None) -> list[int]:
    """Numbers along a chain that count up or down by one; beyond 3 everything is other bone.

    What was counted from a fingertip stands, unless the network is clearly of another mind: what looks
    like a fingertip may be the air beside a bone that the border cuts.
    """
    up = [[min(first + k, _OTHER) for k in range(len(chain))] for first in range(1, _OTHER + 1)]
    both = [numbers for one in up for numbers in (one, one[::-1])]

    weight = [min(p.area_mm2 / _FULL_MM2, 1.0) for p in chain]

    def score(numbers: list[int]) -> float:
        said = sum(w * p.evidence[n - 1] for w, p, n in zip(weight, chain, numbers, strict=True))
        return float(said) + (_COUNTED if numbers == counted else 0.0)

    return max(both, key=score)
