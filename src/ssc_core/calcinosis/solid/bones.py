"""Bones of a volume: marrow and a cortex as thick as its neighbourhood, so that deposits stay outside."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy import ndimage as ndi
from scipy.spatial import cKDTree

from ssc_core.calcinosis.bones import Bone, Bones
from ssc_core.calcinosis.numbering import numbered
from ssc_core.calcinosis.params import CalcinosisParams
from ssc_core.calcinosis.solid.grid import Block
from ssc_core.calcinosis.solid.marrow import marrow_of
from ssc_core.progress import Tick, share, silent, track

__all__ = ["bone_of", "find_bones_3d", "near_bone_hu", "signed_distance"]

FloatArray = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int32]

_REACH_MM = 4.0  # deposits are looked at this far from marrow
_THICKEST_MM = 2.3
_CORTEX_MM = 0.9
_NEAR_MM, _AROUND_MM = 1.2, 5.0  # neighbourhoods of one place on a bone
_EXCESS_MM = 0.45  # thicker than around by more than this: something lies on the bone
_MIDDLE, _LOW = 0.5, 0.35
_SPOTS, _FEET = 1200, 12000  # enough places to know a smooth thickness
_AT_ONCE = 50  # the lists of neighbours are made without letting other threads in: few at a time


def find_bones_3d(block: Block, soft_hu: float, params: CalcinosisParams, tick: Tick = silent) -> Bones:
    """Bones on the working grid, strung into fingers and numbered.

    Parameters
    ----------
    block : Block
        HU and geometry.
    soft_hu : float
        HU of soft tissue.
    params : CalcinosisParams
        ``bone_hu`` (what a cortex exceeds) and ``tissue_hu`` (what is not air).
    tick : Tick
        Told after each bone.

    Returns
    -------
    Bones
        ``area_mm2`` of its bones is a volume here (mm3).
    """
    hu, step, bone_hu = block.hu, block.step, params.bone_hu
    marrow = marrow_of(hu, bone_hu, step, share(tick, 0.0, 0.0))
    tick(0, 1, "looking for edges")
    solid = _solid(hu, soft_hu, bone_hu, step, share(tick, 0.0, 0.0))
    tick(0, 1, "outlining bones")
    labels = np.zeros(hu.shape, np.int32)
    found: list[Bone] = []
    blurs: list[float] = []
    cells = ndi.find_objects(marrow)
    for number in track(range(1, len(cells) + 1), tick, "outlining bones"):
        box = _around(cells[number - 1], hu.shape, step)
        inner = marrow[box] == number
        part = share(tick, (number - 1) / len(cells), number / len(cells))
        traced = _with_cortex(hu[box], inner, solid[box], step, soft_hu, part)
        if traced is None:
            continue
        mask, seen, blur = traced
        part(1, 1, "outlining bones")
        mine = mask & (labels[box] == 0)
        labels[box][mine] = len(found) + 1
        blurs.append(blur)
        found.append(bone_of(mine, box, hu.shape, step, seen))
    tick(1, 1, "numbering bones")
    numbers = numbered(found, labels, hu > params.tissue_hu, block)
    named = tuple(
        replace(b, finger=f, phalanx=p, sure=s) for b, (f, p, s) in zip(found, numbers, strict=True)
    )
    mask = labels > 0
    good = [b for b in blurs if math.isfinite(b)]
    tick(1, 1, "looking at the cortex")
    near = near_bone_hu(hu, mask, step)
    return Bones(
        labels,
        named,
        near,
        signed_distance(mask, step, share(tick, 1.0, 1.0)),
        float(np.median(good)) if good else math.nan,
    )


def signed_distance(mask: BoolArray, step: tuple[float, ...], tick: Tick = silent) -> FloatArray:
    """Distance to a mask's surface in mm, negative inside; infinite without a mask."""
    if not mask.any():
        return np.full(mask.shape, np.inf, np.float32)
    half = float(np.mean(step)) / 2
    tick(0, 2, "measuring the distance to bone")
    away = ndi.distance_transform_edt(~mask, sampling=step) - half
    tick(1, 2, "measuring the distance to bone")
    # the nearest voxel outside never lies beyond the box that holds all bone
    (bone,) = ndi.find_objects(mask.view(np.uint8))
    box = tuple(slice(max(s.start - 1, 0), s.stop + 1) for s in bone)
    inside = ndi.distance_transform_edt(mask[box], sampling=step)
    away[box] = np.where(mask[box], half - inside, away[box])
    tick(2, 2, "measuring the distance to bone")
    return np.asarray(away, np.float32)


def near_bone_hu(hu: FloatArray, mask: BoolArray, step: tuple[float, ...]) -> FloatArray:
    """HU that the cortex shows nearest to each voxel, for voxels in and near bone."""
    size = [2 * max(1, round(_CORTEX_MM / s)) + 1 for s in step]
    bright = ndi.maximum_filter(np.where(mask, hu, -1024.0), size)
    out = np.where(mask, bright, 0.0).astype(np.float32)
    return out


def _around(box: tuple[slice, ...], shape: tuple[int, ...], step: tuple[float, ...]) -> tuple[slice, ...]:
    margin = [math.ceil((_REACH_MM + 1) / s) for s in step]
    return tuple(
        slice(max(s.start - m, 0), min(s.stop + m, n)) for s, m, n in zip(box, margin, shape, strict=True)
    )


def _solid(hu: FloatArray, soft_hu: float, bone_hu: float, step: tuple[float, ...], tick: Tick) -> BoolArray:
    """Above half height of the brightest nearby: where cortex and deposits end."""
    size = [2 * max(1, round(_CORTEX_MM / s)) + 1 for s in step]
    soft = ndi.gaussian_filter(hu, 0.5)
    tick(1, 2, "looking for edges")
    top = ndi.maximum_filter(soft, size)
    out: BoolArray = hu > soft_hu + 0.5 * np.maximum(top - soft_hu, bone_hu)
    return out


def _with_cortex(
    hu: FloatArray,
    marrow: BoolArray,
    solid: BoolArray,
    step: tuple[float, ...],
    soft_hu: float,
    tick: Tick = silent,
) -> tuple[BoolArray, float, float] | None:
    """Mask, share of the surface that was seen free, blur."""
    away, foot = ndi.distance_transform_edt(~marrow, sampling=step, return_indices=True)
    tick(1, 5, "outlining bones")
    body = (solid | marrow) & (away <= _REACH_MM)
    # what can be reached from the marrow without leaving what is dense
    labels, _ = ndi.label(body)
    core = np.unique(labels[marrow])
    body = np.isin(labels, core[core > 0])
    tick(1.5, 5, "outlining bones")
    rim = body & ~ndi.binary_erosion(body, border_value=1) & ~marrow & (away < _REACH_MM - max(step))
    tick(2, 5, "outlining bones")
    at = np.argwhere(rim)
    if len(at) < 50:
        return None
    feet = foot[:, rim].T * np.asarray(step)
    beyond = away[rim] + float(np.mean(step)) / 2
    surface = np.argwhere(marrow & ~ndi.binary_erosion(marrow, border_value=1)) * np.asarray(step)
    spots, near, around = _thickness(surface, feet, beyond, share(tick, 0.4, 0.6))
    covered = near > around + _EXCESS_MM
    thick = np.minimum(np.where(covered, around, near), _THICKEST_MM)
    shell = (away > 0) & (away <= _THICKEST_MM + 1) & body
    _, which = cKDTree(spots).query(foot[:, shell].T * np.asarray(step))
    tick(3.5, 5, "outlining bones")
    mask = marrow.copy()
    mask[shell] = away[shell] <= thick[which]
    mask = ndi.binary_closing(np.pad(mask, 3), iterations=2)[3:-3, 3:-3, 3:-3] & (body | marrow)
    tick(4, 5, "outlining bones")
    blur = _blur(hu, rim, soft_hu, step)
    return mask, 1.0 - float(covered.mean()), blur


def _thickness(
    surface: npt.NDArray[np.float64],
    feet: npt.NDArray[np.float64],
    beyond: npt.NDArray[np.float64],
    tick: Tick,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Places on the marrow, and the dense layer over them: close by (median) and around (low quantile)."""
    spots = surface[:: max(1, len(surface) // _SPOTS)]
    keep = slice(None, None, max(1, len(feet) // _FEET))
    feet, beyond = feet[keep], beyond[keep]
    tree = cKDTree(feet)
    around = np.full(len(spots), float(np.quantile(beyond, _LOW)))
    near = np.full(len(spots), np.nan)
    for first in track(range(0, len(spots), _AT_ONCE), tick, "outlining bones"):
        few = spots[first : first + _AT_ONCE]
        found = (tree.query_ball_point(few, reach) for reach in (_NEAR_MM, _AROUND_MM))
        for k, (close, wide) in enumerate(zip(*found, strict=True), start=first):
            if len(wide) >= 8:
                around[k] = np.quantile(beyond[wide], _LOW)
            if len(close) >= 3:
                near[k] = np.quantile(beyond[close], _MIDDLE)
    near = np.where(np.isfinite(near), near, around)
    return spots, near, around


def _blur(hu: FloatArray, rim: BoolArray, soft_hu: float, step: tuple[float, ...]) -> float:
    """Standard deviation (mm) of the blur, from the steepest quarter of the rim."""
    slope = np.sqrt(sum(np.gradient(hu, s, axis=a) ** 2 for a, s in enumerate(step)))
    size = [2 * max(1, round(_CORTEX_MM / s)) + 1 for s in step]
    high = ndi.maximum_filter(hu, size)[rim] - soft_hu
    steep = ndi.maximum_filter(slope, 3)[rim]
    good = (high > 500) & (steep > 0)
    if good.sum() < 50:
        return math.nan
    return float(np.quantile(high[good] / (steep[good] * math.sqrt(2 * math.pi)), 0.4))


def bone_of(
    mask: BoolArray, box: tuple[slice, ...], shape: tuple[int, ...], step: tuple[float, ...], seen: float
) -> Bone:
    """A bone, not yet numbered, from its mask in a box of a volume of that shape."""
    at = (np.argwhere(mask) + [s.start for s in box]) * np.asarray(step)
    centre = at.mean(0)
    values, vectors = np.linalg.eigh(np.cov(at.T))
    axis = vectors[:, -1]
    along = (at - centre) @ axis
    height = 2.0 * math.sqrt(max(float(values[0] * values[1]) ** 0.5, 0.01)) * 2.0
    hold = min(height / 2, float(np.ptp(along)) / 2.2)
    ends = [centre + axis * (low + s * hold) for low, s in ((along.min(), 1), (along.max(), -1))]
    cut = any(
        (b.start == 0 and mask.take(0, axis=a).any()) or (b.stop == n and mask.take(-1, axis=a).any())
        for a, (b, n) in enumerate(zip(box, shape, strict=True))
    )
    volume = float(mask.sum()) * math.prod(step)
    return Bone(1, 0, volume, cut, seen, False, ends[0], ends[1], height)
