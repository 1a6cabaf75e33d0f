"""The numbers of a finger's bones: what the network says, in an order that a finger can have."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ssc_core.calcinosis.numbering import strung
from ssc_core.calcinosis.unet.pieces import Piece

__all__ = ["ordered"]

_PEBBLE_MM2 = 25.0
_OTHER = 4


def ordered(pieces: Sequence[Piece]) -> list[tuple[int, int, bool]]:
    """(finger, number, sure) for each piece: 1 distal, 2 middle, 3 proximal, 4 other bone.

    Bones are strung into fingers. Along a finger the numbers can only count up, 1, 2, 3, 4, in one direction
    or the other; of these the one is taken that the network finds likeliest over all bones of the finger. So
    two phalanges are never swapped, and one that the network doubts is told by its neighbours.

    A number is `sure` where the network alone had said the same for every bone of that finger.
    """
    out = [(1, _OTHER, True)] * len(pieces)
    long = [i for i, p in enumerate(pieces) if not _is_pebble(p)]
    for finger, chain in enumerate(strung([pieces[i] for i in long]), 1):
        members = [long[k] for k in chain]
        numbers = _likeliest([pieces[i] for i in members])
        alone = [int(pieces[i].evidence.argmax()) + 1 for i in members]
        for i, number in zip(members, numbers, strict=True):
            out[i] = (finger, number, numbers == alone)
    for i, piece in enumerate(pieces):
        if i not in long:
            away = [
                (float(min(np.linalg.norm(_middle(piece) - e) for e in (pieces[k].start, pieces[k].end))), k)
                for k in long
            ]
            out[i] = (out[min(away)[1]][0] if away else 1, _OTHER, True)
    return out


def _likeliest(chain: Sequence[Piece]) -> list[int]:
    """Numbers along a chain that count up or down by one; beyond 3 everything is other bone."""
    up = [[min(first + k, _OTHER) for k in range(len(chain))] for first in range(1, _OTHER + 1)]
    both = [numbers for one in up for numbers in (one, one[::-1])]

    def score(numbers: list[int]) -> float:
        return float(sum(p.evidence[n - 1] for p, n in zip(chain, numbers, strict=True)))

    return max(both, key=score)


def _is_pebble(piece: Piece) -> bool:
    """Small, not cut and of no phalanx in the network's eyes: a sesamoid."""
    return not piece.cut and piece.area_mm2 < _PEBBLE_MM2 and int(piece.evidence.argmax()) + 1 == _OTHER


def _middle(piece: Piece) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return (piece.start + piece.end) / 2
