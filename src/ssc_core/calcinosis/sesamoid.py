"""Sesamoids: small round bones on the palmar side of the base joint, and what only looks like one."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import numpy.typing as npt

from ssc_core.calcinosis.bones import Bones

__all__ = ["POSSIBLE", "SOLID", "is_palmar", "lies_like_sesamoid", "looks_like_sesamoid"]

FloatArray = npt.NDArray[np.float64]

POSSIBLE = (
    "possible sesamoid: small, round and free beside the base joint; leave it out by its label if it is"
)

SOLID = "solid, told by its place and form: count it by its label if it is a deposit"

_AREA_MM2 = (2.0, 16.0)
_AWAY_MM = 4.0  # from the metacarpal's head or the base of the proximal phalanx
_ROUND, _SMOOTH = 0.55, 0.85  # short over long axis; area over the ellipse with these axes
_BENT = math.radians(8)  # a straighter finger does not tell where its palmar side is


def looks_like_sesamoid(row: dict[str, Any], phalanx: int, end_mm: float) -> bool:
    """Whether size, form and place are those of a sesamoid; a deposit may have them too.

    Parameters
    ----------
    row : dict
        Measures, as ``measure.UNITS``.
    phalanx : int
        Number of the nearest bone.
    end_mm : float
        Distance from that bone's nearest end.
    """
    round_ = row["short_mm"] >= _ROUND * row["long_mm"]
    smooth = row["area_mm2"] >= _SMOOTH * row["ellipse_mm2"]
    large = row["area_mm2"] >= _AREA_MM2[0]
    return bool(large and round_ and smooth and lies_like_sesamoid(row, phalanx, end_mm))


def lies_like_sesamoid(row: dict[str, Any], phalanx: int, end_mm: float) -> bool:
    """Whether it lies where sesamoids lie and is no larger, whatever its form.

    Parameters
    ----------
    row, phalanx, end_mm
        As for :func:`looks_like_sesamoid`.
    """
    if row["touches_bone"] or row["area_mm2"] > _AREA_MM2[1] or row["bone_mm"] > _AWAY_MM:
        return False
    return phalanx == 4 or (phalanx == 3 and end_mm < _AWAY_MM)


def is_palmar(centre: FloatArray, bones: Bones, finger: int) -> bool | None:
    """Whether a point lies on the side to which the finger is bent; None if it is too straight to tell.

    Parameters
    ----------
    centre : ndarray
        (2,) position, (y, x) mm.
    bones : Bones
        The bones.
    finger : int
        Which finger.
    """
    chain = sorted((b for b in bones.found if b.finger == finger and b.phalanx), key=lambda b: b.phalanx)
    middles = [(b.start + b.end) / 2 for b in chain if b.area_mm2 > _AREA_MM2[1]]
    ways = [b - a for a, b in itertools.pairwise(middles)]
    bend = sum(_angle(a, b) for a, b in itertools.pairwise(ways))
    if abs(bend) < _BENT:
        return None
    nearest = min(range(len(middles)), key=lambda k: float(np.linalg.norm(middles[k] - centre)))
    return bool(_angle(ways[min(nearest, len(ways) - 1)], centre - middles[nearest]) * bend > 0)


def _angle(a: FloatArray, b: FloatArray) -> float:
    """Signed angle from one direction to another, radians."""
    return math.atan2(float(a[0] * b[1] - a[1] * b[0]), float(a @ b))
