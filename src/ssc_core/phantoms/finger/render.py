"""From the model to pixels: the materials of each fine plane, before averaging, blur and noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage as ndi

from ssc_core.phantoms.finger.chain import Finger
from ssc_core.phantoms.finger.deposits import GAP_MM, Deposit
from ssc_core.progress import Tick, silent, track

__all__ = ["AIR_HU", "Grid", "Hand", "Planes", "paint"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int32]

AIR_HU = -1000.0
_NAIL_HU = 190.0
_WATER_HU = 50.0  # what lies above this in bone and deposits is calcium


@dataclass(frozen=True)
class Hand:
    """What is seen: fingers with their deposits, each moved by an offset (x, y) in mm."""

    fingers: tuple[Finger, ...]
    deposits: tuple[tuple[Deposit, ...], ...]
    offsets: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Grid:
    """Where the fine samples lie: positions (ny, nx) in a plane and planes (nw,), and their steps; mm."""

    x: FloatArray
    y: FloatArray
    w: FloatArray
    step: tuple[float, float, float]  # plane, row, column

    @classmethod
    def of_view(
        cls,
        centre: tuple[float, float],
        angle: float,
        mirrored: bool,
        shape: tuple[int, int],
        step: tuple[float, float],
        planes: FloatArray,
        plane_step: float,
    ) -> Grid:
        """A grid of `shape` around `centre`, turned by `angle` radians."""
        rows = (np.arange(shape[0]) - (shape[0] - 1) / 2) * step[0]
        cols = (np.arange(shape[1]) - (shape[1] - 1) / 2) * step[1]
        v, u = np.meshgrid(rows, -cols if mirrored else cols, indexing="ij")
        x = centre[0] + u * np.cos(angle) - v * np.sin(angle)
        y = centre[1] + u * np.sin(angle) + v * np.cos(angle)
        return cls(x, y, planes, (plane_step, *step))


@dataclass(frozen=True)
class Planes:
    """One fine plane: HU, its calcium part, bone labels (1-4, +10 for a second finger), deposit labels."""

    hu: FloatArray
    calcium: FloatArray
    bones: IntArray
    deposits: IntArray


@dataclass(frozen=True)
class _Body:
    rows: slice
    cols: slice
    planes: slice
    mask: BoolArray


def paint(hand: Hand, grid: Grid, tick: Tick = silent) -> tuple[dict[int, Deposit], list[Planes]]:
    """All fine planes of `grid`, and which deposit carries which label."""
    named, bodies = _bodies(hand, grid)
    planes = [
        _plane(hand, grid, i, named, bodies) for i in track(range(len(grid.w)), tick, "drawing the finger")
    ]
    return named, planes


def _bodies(hand: Hand, grid: Grid) -> tuple[dict[int, Deposit], dict[int, _Body]]:
    named: dict[int, Deposit] = {}
    bodies: dict[int, _Body] = {}
    taken = np.zeros((len(grid.w), *grid.x.shape), bool)
    label = 0
    for finger, deposits, offset in zip(hand.fingers, hand.deposits, hand.offsets, strict=True):
        for deposit in deposits:
            label += 1
            dx, dy = grid.x - offset[0], grid.y - offset[1]
            reach = deposit.reach()
            near = (np.abs(dx - deposit.centre[0]) < reach) & (np.abs(dy - deposit.centre[1]) < reach)
            rows, cols = np.flatnonzero(near.any(1)), np.flatnonzero(near.any(0))
            deep = np.flatnonzero(np.abs(grid.w) < reach)
            if not len(rows) or not len(deep):
                continue
            box = (
                slice(deep[0], deep[-1] + 1),
                slice(rows[0], rows[-1] + 1),
                slice(cols[0], cols[-1] + 1),
            )
            w = grid.w[box[0], None, None]
            mask = deposit.body(finger, taken[box], dx[box[1:]][None], dy[box[1:]][None], w)
            if not mask.any():
                continue
            named[label] = deposit
            bodies[label] = _Body(box[1], box[2], box[0], mask)
            away = ndi.distance_transform_edt(~mask, sampling=grid.step)
            taken[box] |= away < GAP_MM
    return named, bodies


def _plane(hand: Hand, grid: Grid, index: int, named: dict[int, Deposit], bodies: dict[int, _Body]) -> Planes:
    shape = grid.x.shape
    w = float(grid.w[index])
    hu = np.full(shape, AIR_HU)
    calcium = np.zeros(shape)
    bones = np.zeros(shape, np.int32)
    labels = np.zeros(shape, np.int32)
    bulge = np.full(shape, -np.inf)
    for label, body in bodies.items():
        if body.planes.start <= index < body.planes.stop:
            mask = body.mask[index - body.planes.start]
            labels[body.rows, body.cols][mask] = label
            bulge = np.maximum(bulge, _skin_over(mask, body, shape, grid.step[1:]))
    for number, (finger, offset) in enumerate(zip(hand.fingers, hand.offsets, strict=True)):
        x, y = grid.x - offset[0], grid.y - offset[1]
        skin = finger.skin_depth(x, y, w)
        if number == 0:
            skin = np.maximum(skin, bulge)
        inside = skin > 0
        hu[inside] = _soft_tissue(finger, x, y, w, skin)[inside]
        for label, bone_hu, within in _bone_tissue(finger, x, y, w):
            hu[within] = bone_hu[within]
            calcium[within] = np.maximum(bone_hu[within] - _WATER_HU, 0)
            bones[within] = label + 10 * number
        for label, deposit in named.items():
            if deposit in hand.deposits[number]:
                here = labels == label
                values = deposit.hu_at(x[here], y[here], w)
                hu[here], calcium[here] = values, values - _WATER_HU
    return Planes(hu, calcium, bones, labels)


def _skin_over(mask: BoolArray, body: _Body, shape: tuple[int, ...], step: tuple[float, ...]) -> FloatArray:
    """A deposit near the surface lifts the skin: depth under it, about 0.9 mm over the deposit."""
    margin = [int(np.ceil(2.0 / s)) for s in step]
    rows = slice(max(body.rows.start - margin[0], 0), body.rows.stop + margin[0])
    cols = slice(max(body.cols.start - margin[1], 0), body.cols.stop + margin[1])
    whole = np.zeros(shape, bool)
    whole[body.rows, body.cols] = mask
    out = np.full(shape, -np.inf)
    if mask.any():
        out[rows, cols] = 0.9 - ndi.distance_transform_edt(~whole[rows, cols], sampling=step)
    return out


def _soft_tissue(finger: Finger, x: FloatArray, y: FloatArray, w: float, skin: FloatArray) -> FloatArray:
    hu = np.full(x.shape, finger.soft_hu)
    inside = skin > 0
    hu[inside] += 9.0 * finger.mottle(x[inside], y[inside], w)
    hu = np.where(skin < 1.1, finger.soft_hu + 12.0, hu)
    distal = finger.bones[0]
    for placed in finger.bones[1:3]:
        s, n = placed.local(x, y)
        along = (s > -2) & (s < placed.bone.length + 1)
        height = float(placed.bone.height(0.5))
        flexor = along & (n > height + 0.6) & (n < height + 3.2) & (abs(w) < 2.5)
        extensor = along & (n < -height - 0.4) & (n > -height - 1.2) & (abs(w) < 2.0)
        hu = np.where(flexor | extensor, finger.soft_hu + 32.0, hu)
    s, n = distal.local(x, y)
    nail = (skin < 0.55) & (n < -1.0) & (s > -2.2) & (s < 0.62 * distal.bone.length) & (abs(w) < 5.5)
    return np.where(nail, _NAIL_HU, hu)


def _bone_tissue(
    finger: Finger, x: FloatArray, y: FloatArray, w: float
) -> list[tuple[int, FloatArray, BoolArray]]:
    out = []
    depths = finger.bone_depths(x, y, w)
    inside = (depths > 0).any(axis=0)
    texture = np.zeros(x.shape)
    texture[inside] = finger.spongy(x[inside], y[inside], w)
    for placed, depth in zip(finger.bones, depths, strict=False):
        s, _ = placed.local(x, y)
        share = placed.bone.marrow_at(s)
        spongy = finger.spongy_hu * (1 + 0.32 * texture)
        inner = share * spongy + (1 - share) * finger.marrow_hu
        compact = np.clip((placed.bone.cortex_at(s) - depth) / 0.2 + 0.5, 0, 1)
        hu = compact * finger.cortex_hu * (1 + 0.03 * texture) + (1 - compact) * inner
        out.append((placed.bone.label, hu, depth > 0))
    for depth in depths[len(finger.bones) :]:
        compact = np.clip((0.5 - depth) / 0.2 + 0.5, 0, 1)
        hu = compact * finger.cortex_hu + (1 - compact) * finger.spongy_hu * (1 + 0.3 * texture)
        out.append((4, hu, depth > 0))
    return out
