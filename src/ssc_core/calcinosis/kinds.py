"""What a finding is: a deposit, or something that belongs to bone and is no lesion."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage as ndi

from ssc_core.calcinosis.bones import Bones
from ssc_core.calcinosis.sesamoid import lies_like_sesamoid, looks_like_sesamoid

__all__ = [
    "DEPOSIT",
    "KINDS",
    "Shafts",
    "beyond_tip",
    "kind_of",
    "may_be_bone_end",
    "may_be_sesamoid",
    "place_on",
    "shafts_of",
]

FloatArray = npt.NDArray[np.float64]

DEPOSIT = "deposit"
KINDS = {
    DEPOSIT: "counted",
    "rim": "a thin layer along a bone's end, where its outline is least certain",
    "spur": "on bone beside a joint: an osteophyte until a reader says otherwise",
    "sesamoid": "small and free on the palmar side of the base joint",
    "bone end": "in line with a bone: its end, which the outline missed",
    "tuft": "at the tip of the distal phalanx",
    "not calcium": "its attenuation at two energies is not that of calcium",
}
"""Kinds of findings; all but the first are left out unless a reader toggles them."""

_SPUR_END_MM, _RIM_END_MM = 1.5, 3.0  # this near to a bone's end
_IN_LINE = 0.45  # of the height: nearer to the axis than this is no deposit but bone
_CAP_END_MM, _CAP_IN_LINE = 3.0, 0.8  # the same for what counts, and is flagged
_RIM_THICK_MM, _SPUR_THICK_MM = 0.5, 0.8  # area over contact
_SPUR_MM2, _TUFT_MM2 = 8.0, 6.0
_BONY, _BONY_AT_MOST = 0.1, 0.15  # share of "other bone" in a sesamoid that a network did not draw as bone
_WRAPPED = 0.68  # share of the outline that lies on bone


@dataclass(frozen=True)
class Shafts:
    """Axes of all bones: where each begins and ends along its own direction.

    Parameters
    ----------
    origin, axis : ndarray
        (n, 2) mm and unit vectors (y, x); (n, 3) in volumes.
    low, high : ndarray
        (n,) mm along the axis; infinite where the image border cuts the end.
    height : ndarray
        (n,) typical height across, mm.
    phalanx : tuple of int
        Number of each bone.
    """

    origin: FloatArray
    axis: FloatArray
    low: FloatArray
    high: FloatArray
    height: FloatArray
    phalanx: tuple[int, ...]


def shafts_of(bones: Bones, step: tuple[float, ...]) -> Shafts:
    """Axes and ends of all bones of an image or volume, in steps of mm; none for bones given as a mask."""
    origin, axis, low, high, height, number = [], [], [], [], [], []
    size = np.asarray(bones.labels.shape)
    boxes = ndi.find_objects(bones.labels)
    for label, bone in enumerate(bones.found, 1):
        along = _direction(bones, label - 1)
        length = float(np.linalg.norm(along))
        if length < 1e-6:
            continue
        box = boxes[label - 1]
        at = np.argwhere(bones.labels[box] == label) + [b.start for b in box]
        s = (at * np.asarray(step) - bone.start) @ along / length
        ends = []
        for extreme in (s.argmin(), s.argmax()):
            edge = min(int(at[extreme].min()), int((size - 1 - at[extreme]).min()))
            ends.append(math.inf if edge <= 1 else float(s[extreme]))
        origin.append(bone.start)
        axis.append(along / length)
        low.append(-ends[0] if math.isinf(ends[0]) else ends[0])
        high.append(ends[1])
        height.append(bone.height_mm)
        number.append(bone.phalanx)
    n = len(origin)
    return Shafts(
        np.asarray(origin).reshape(n, bones.labels.ndim),
        np.asarray(axis).reshape(n, bones.labels.ndim),
        np.asarray(low, float),
        np.asarray(high, float),
        np.asarray(height, float),
        tuple(number),
    )


def _direction(bones: Bones, index: int) -> FloatArray:
    """Along the bone; along the finger for a stub, which has no direction of its own."""
    bone = bones.found[index]
    along = bone.end - bone.start
    others = [b for i, b in enumerate(bones.found) if i != index and b.finger == bone.finger]
    if np.linalg.norm(along) > 0.5 or not others:
        return np.asarray(along, np.float64)
    ways = [(b.start + b.end) / 2 - bone.start for b in others]
    return np.asarray(min(ways, key=lambda way: float(np.linalg.norm(way))), np.float64)


def kind_of(
    row: dict[str, Any],
    centre: FloatArray,
    shafts: Shafts,
    *,
    hollow: bool,
    palmar: bool | None = None,
    other: tuple[float, float] | None = None,
) -> str:
    """The kind of one finding, from its size, its contact with bone and its place.

    Parameters
    ----------
    row : dict
        Measures, as ``measure.UNITS``.
    centre : ndarray
        (2,) its centre, (y, x) mm.
    shafts : Shafts
        The bones' axes.
    hollow : bool
        It has a darker inside, as bone has.
    palmar : bool, optional
        Whether it lies on the palmar side (``sesamoid.is_palmar``); None if that cannot be told.
    other : tuple of float, optional
        How far a network takes it for bone that is no phalanx, 0 to 1: on average and at most; None without a
        network.

    Returns
    -------
    str
        One of :data:`KINDS`.
    """
    if not len(shafts.origin):
        return DEPOSIT
    nearest, end_mm, offset = place_on(centre, shafts)
    area, contact = float(row["area_mm2"]), float(row["on_bone_mm"])
    if row["touches_bone"] and contact > 0:
        thick = area / contact
        in_line = offset < _IN_LINE * shafts.height[nearest]
        if end_mm < _SPUR_END_MM and in_line and area < _SPUR_MM2:
            return "bone end"
        end = end_mm < _RIM_END_MM or row["touches_border"]
        if shafts.phalanx[nearest] == 1 and beyond_tip(centre, shafts, nearest) and area < _TUFT_MM2:
            return "tuft"
        if thick < _RIM_THICK_MM and contact / row["perimeter_mm"] > _WRAPPED and end:
            return "rim"
        if end_mm < _SPUR_END_MM and area < _SPUR_MM2 and thick < _SPUR_THICK_MM:
            return "spur"
        return DEPOSIT
    like = looks_like_sesamoid(row, shafts.phalanx[nearest], end_mm)
    if other is None:
        bony = like
    else:  # the network knows sesamoids, also those that the border cuts
        lies = lies_like_sesamoid(row, shafts.phalanx[nearest], end_mm)
        bony = (like and other[1] >= _BONY_AT_MOST) or (lies and other[0] >= _BONY)
    return "sesamoid" if (like and hollow) or (bony and palmar is True) else DEPOSIT


def may_be_bone_end(row: dict[str, Any], centre: FloatArray, shafts: Shafts) -> bool:
    """Whether it lies on a bone's end and in line with it: it may hold what was missed of the bone."""
    if not len(shafts.origin) or not row["touches_bone"]:
        return False
    nearest, end_mm, offset = place_on(centre, shafts)
    return bool(end_mm < _CAP_END_MM and offset < _CAP_IN_LINE * shafts.height[nearest])


def may_be_sesamoid(row: dict[str, Any], centre: FloatArray, shafts: Shafts) -> bool:
    """Whether form and place are those of a sesamoid, although it counts."""
    if not len(shafts.origin):
        return False
    nearest, end_mm, _ = place_on(centre, shafts)
    return looks_like_sesamoid(row, shafts.phalanx[nearest], end_mm)


def place_on(centre: FloatArray, shafts: Shafts) -> tuple[int, float, float]:
    """The bone beside a finding, and its distance (mm) from that bone's nearest end and from its axis."""
    s = ((centre - shafts.origin) * shafts.axis).sum(1)
    low = np.where(np.isfinite(shafts.low), shafts.low, -60.0)
    high = np.where(np.isfinite(shafts.high), shafts.high, 60.0)
    held = np.clip(s, low, high)
    away = np.linalg.norm(centre - shafts.origin - held[:, None] * shafts.axis, axis=1)
    nearest = int(np.argmin(away))
    end = float(min(s[nearest] - shafts.low[nearest], shafts.high[nearest] - s[nearest]))
    offset = np.linalg.norm(centre - shafts.origin[nearest] - s[nearest] * shafts.axis[nearest])
    return nearest, end, float(offset)


def beyond_tip(centre: FloatArray, shafts: Shafts, nearest: int) -> bool:
    """Whether it lies at the end of the distal phalanx that points away from the other bones."""
    others = [i for i, p in enumerate(shafts.phalanx) if p == 2]
    if not others:
        return False
    middle = shafts.origin[others[0]]
    s = float((centre - shafts.origin[nearest]) @ shafts.axis[nearest])
    low, high = float(shafts.low[nearest]), float(shafts.high[nearest])
    towards = float((middle - shafts.origin[nearest]) @ shafts.axis[nearest])
    return s > high - 1.0 if towards < (low + high) / 2 else s < low + 1.0
