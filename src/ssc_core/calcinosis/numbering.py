"""Which bone is which: bones are strung into fingers, and counted from the tip or told by their lengths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy import ndimage as ndi
from scipy.spatial import cKDTree

__all__ = ["Grid", "Stick", "Strung", "fingers_of", "is_pebble", "numbered", "strung", "with_pebbles"]

FloatArray = npt.NDArray[np.float64]

_JOINT_MM = 9.0  # core lines end inside the bones: gap plus both heads
_TIP_MM = 7.5  # soft tissue beyond the tuft


class Grid(Protocol):
    """Where labels and tissue lie (``grid.FineGrid``, ``solid.grid.Block``)."""

    @property
    def step(self) -> tuple[float, ...]:
        """Size of a part along each axis, mm."""


class Stick(Protocol):
    """What must be known of a bone to place it in a finger (attributes of ``bones.Bone``)."""

    @property
    def start(self) -> FloatArray:
        """One end of the core line, (y, x) mm."""

    @property
    def end(self) -> FloatArray:
        """The other end."""

    @property
    def area_mm2(self) -> float:
        """Area, mm2."""

    @property
    def height_mm(self) -> float:
        """Median height across the axis, mm."""

    @property
    def cut(self) -> bool:
        """Whether the image border cuts it."""


@dataclass(frozen=True)
class Strung:
    """Bones of one finger.

    Parameters
    ----------
    chain : list of int
        Their indices, from the tip on.
    numbers : list of int
        1 distal, 2 middle, 3 proximal, 4 beyond, as their shapes tell; 0 where no bone is whole.
    sure : bool
        The fingertip is in view, so that they could be counted.
    """

    chain: list[int]
    numbers: list[int]
    sure: bool


def numbered(
    bones: Sequence[Stick],
    labels: npt.NDArray[np.int32],
    tissue: npt.NDArray[np.bool_],
    grid: Grid,
) -> list[tuple[int, int, bool]]:
    """(finger, phalanx, sure) for each bone; phalanx 4 is beyond the third.

    Works on images and on volumes. Fingers are counted along the axis along which they lie side by side, from
    its start: from the top of an image with lying fingers, from the left of one with standing ones.
    """
    fingers = fingers_of(bones, labels, tissue, grid)
    return with_pebbles(bones, [(f.chain, f.numbers, f.sure) for f in fingers])


def fingers_of(
    bones: Sequence[Stick],
    labels: npt.NDArray[np.int32],
    tissue: npt.NDArray[np.bool_],
    grid: Grid,
) -> list[Strung]:
    """Fingers in their order side by side; sesamoids are in none."""
    long = [i for i, b in enumerate(bones) if not is_pebble(b)]
    chains = [[long[k] for k in chain] for chain in strung([bones[i] for i in long])]
    middles = [np.mean([(bones[i].start + bones[i].end) / 2 for i in chain], axis=0) for chain in chains]
    beside = int(np.ptp(middles, axis=0).argmax()) if chains else 0
    out = []
    for k in sorted(range(len(chains)), key=lambda k: float(middles[k][beside])):
        chain = chains[k]
        tip, sure = _tip_first(chain, bones, labels, tissue, grid)
        chain = chain if tip else chain[::-1]
        first, certain = _first_number(chain, bones, tissue, grid)
        numbers = [min(first + k, 4) if first else 0 for k in range(len(chain))]
        out.append(Strung(chain, numbers, sure and certain))
    return out


def with_pebbles(
    bones: Sequence[Stick], fingers: Sequence[tuple[Sequence[int], Sequence[int], bool]]
) -> list[tuple[int, int, bool]]:
    """(finger, phalanx, sure) for each bone; what is in no chain belongs to the finger that is nearest."""
    out = [(1, 4, True)] * len(bones)
    home: dict[int, int] = {}
    for finger, (chain, numbers, sure) in enumerate(fingers, 1):
        for index, number in zip(chain, numbers, strict=True):
            home[index] = finger
            out[index] = (finger, number, sure)
    for i, bone in enumerate(bones):
        if i not in home and home:
            near = min(home, key=lambda k: (min(_gap(bone, bones[k].start), _gap(bone, bones[k].end)), k))
            out[i] = (home[near], 4, True)
    return out


def _gap(bone: Stick, point: FloatArray) -> float:
    return float(np.linalg.norm((bone.start + bone.end) / 2 - point))


def is_pebble(bone: Stick) -> bool:
    """Small and round: a sesamoid, not a phalanx."""
    small = not bone.cut and bone.area_mm2 < 25
    return small and float(np.linalg.norm(bone.end - bone.start)) < 4.0


def strung(bones: Sequence[Stick]) -> list[list[int]]:
    """Bones strung end to end, nearest ends first; each string is a finger, the longest first.

    Works in two dimensions and in three.
    """
    links: list[tuple[float, int, int, int, int]] = []
    for i, a in enumerate(bones):
        for j in range(i + 1, len(bones)):
            b = bones[j]
            for ea, pa in enumerate((a.start, a.end)):
                for eb, pb in enumerate((b.start, b.end)):
                    gap = float(np.linalg.norm(pa - pb))
                    if gap <= _JOINT_MM + 0.5 * (a.height_mm + b.height_mm) and _in_line(a, ea, b, eb):
                        links.append((gap, i, ea, j, eb))
    taken: set[tuple[int, int]] = set()
    near: dict[int, list[int]] = {i: [] for i in range(len(bones))}
    for _, i, ea, j, eb in sorted(links):
        if (i, ea) in taken or (j, eb) in taken or j in _reach(near, i):
            continue
        taken |= {(i, ea), (j, eb)}
        near[i].append(j)
        near[j].append(i)
    chains, seen = [], set()
    for i in sorted(near, key=lambda k: (len(near[k]), k)):
        if i in seen:
            continue
        chain = [i]
        while True:
            seen.add(chain[-1])
            onward = [j for j in near[chain[-1]] if j not in seen]
            if not onward:
                break
            chain.append(onward[0])
        chains.append(chain)
    return sorted(chains, key=lambda c: (-sum(bones[k].area_mm2 for k in c), c))


def _reach(near: dict[int, list[int]], i: int) -> set[int]:
    seen, todo = {i}, [i]
    while todo:
        for j in near[todo.pop()]:
            if j not in seen:
                seen.add(j)
                todo.append(j)
    return seen


def _in_line(a: Stick, ea: int, b: Stick, eb: int) -> bool:
    """Whether bone `b` goes on where bone `a` ends, bent by less than 75 degrees.

    A stub has no direction of its own: it must lie where the other bone points to.
    """
    out_a = (a.end - a.start) * (1 if ea else -1)
    into_b = (b.start - b.end) * (1 if eb else -1)
    bridge = (b.end if eb else b.start) - (a.end if ea else a.start)
    stubs = [bool(np.linalg.norm(way) < 1.0) for way in (out_a, into_b)]
    if all(stubs):
        return True
    if any(stubs):
        return _points_to(into_b if stubs[0] else out_a, bridge)
    return _points_to(out_a, into_b) and bool(out_a @ bridge > 0)


def _points_to(way: FloatArray, other: FloatArray) -> bool:
    limit = np.cos(np.deg2rad(75))
    return bool(way @ other > limit * np.linalg.norm(way) * np.linalg.norm(other))


def _length(bone: Stick) -> float:
    return float(np.linalg.norm(bone.end - bone.start)) + float(bone.height_mm)


def _tip_first(
    chain: list[int],
    bones: Sequence[Stick],
    labels: npt.NDArray[np.int32],
    tissue: npt.NDArray[np.bool_],
    grid: Grid,
) -> tuple[bool, bool]:
    """Whether the chain starts at the tip, and whether that is certain."""
    beyond = [_air_beyond(chain, bones, tissue, grid, last) for last in (False, True)]
    if beyond[0] != beyond[1]:
        return beyond[0], True
    bases = sum(_base_side(chain, k, bones, labels, grid) for k in range(len(chain)))
    if bases:
        return bases > 0, False
    # neither tip nor whole bone in view: a finger is thinner towards its tip
    skin = np.argwhere(~tissue & ndi.binary_dilation(tissue)) * np.asarray(grid.step)
    if not len(skin):
        return True, False
    air = cKDTree(skin)
    first, last = (_thickness(bones[chain[k]], tissue, air, grid) for k in (0, -1))
    return first <= last, False


def _base_side(
    chain: list[int], k: int, bones: Sequence[Stick], labels: npt.NDArray[np.int32], grid: Grid
) -> int:
    """1 if the broader end (the base) of a whole bone points to the chain's end, else -1; 0 if unknown."""
    bone = bones[chain[k]]
    if bone.cut or len(chain) < 2:
        return 0
    other = bones[chain[k + 1 if k + 1 < len(chain) else k - 1]]
    onward = (other.start + other.end - bone.start - bone.end) * (1 if k + 1 < len(chain) else -1)
    axis = bone.end - bone.start
    axis = axis / max(float(np.linalg.norm(axis)), 1e-9) * (1 if axis @ onward > 0 else -1)
    along = (np.argwhere(labels == chain[k] + 1) * grid.step) @ axis
    low, high = along.min(), along.max()
    quarter = (high - low) / 4
    return 1 if (along > high - quarter).sum() > (along < low + quarter).sum() else -1


def _thickness(bone: Stick, tissue: npt.NDArray[np.bool_], air: cKDTree, grid: Grid) -> float:
    """Median distance of its line to the air around the finger, mm."""
    line = bone.start + np.linspace(0, 1, 20)[:, None] * (bone.end - bone.start)
    at = np.clip(np.rint(line / grid.step).astype(int), 0, np.asarray(tissue.shape) - 1)
    away, _ = air.query(at * np.asarray(grid.step))
    return float(np.median(np.where(tissue[tuple(at.T)], away, 0.0)))


def _air_beyond(
    chain: list[int],
    bones: Sequence[Stick],
    tissue: npt.NDArray[np.bool_],
    grid: Grid,
    last: bool,
) -> bool:
    """Whether going on along the axis leads into air inside the image within a fingertip's length."""
    bone = bones[chain[-1] if last else chain[0]]
    if len(chain) > 1:
        other = bones[chain[-2] if last else chain[1]]
        middle = (other.start + other.end) / 2
        near, far = sorted((bone.start, bone.end), key=lambda p: float(np.linalg.norm(p - middle)))
        if np.linalg.norm(far - near) < 0.5:  # a stub has no direction but the finger's
            near = middle
    else:
        near, far = (bone.start, bone.end) if last else (bone.end, bone.start)
    direction = far - near
    length = float(np.linalg.norm(direction))
    if length < 0.5:
        return False
    steps = np.arange(0, bone.height_mm + 4.0 + _TIP_MM, 0.2)
    at = np.rint((far + steps[:, None] * direction / length) / grid.step).astype(int)
    inside = ((at >= 0) & (at < np.asarray(tissue.shape))).all(1)
    if not inside.all():
        stop = int(np.argmin(inside))
        at = at[:stop]
    return bool(len(at) and (~tissue[tuple(at.T)]).any())


def _first_number(
    chain: list[int],
    bones: Sequence[Stick],
    tissue: npt.NDArray[np.bool_],
    grid: Grid,
) -> tuple[int, bool]:
    """Number of the chain's first bone: 1 if the fingertip is seen, else from the lengths; 0 if unknown."""
    if _air_beyond(chain, bones, tissue, grid, last=False) and not (
        len(chain) == 1 and bones[chain[0]].cut and _length(bones[chain[0]]) > 26
    ):
        return 1, True
    whole = [(k, _length(bones[i])) for k, i in enumerate(chain) if not bones[i].cut]
    if not whole:
        return 0, False
    # lengths of adult phalanges: distal 15-21 mm, middle 19-30 mm, proximal 34-50 mm
    votes = [(1 if size < 20 else 2 if size < 32 else 3) - k for k, size in whole]
    first = int(np.median(votes))
    return max(first, 1), len(set(votes)) == 1 and first >= 1
