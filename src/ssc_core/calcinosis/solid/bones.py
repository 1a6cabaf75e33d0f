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
from ssc_core.calcinosis.solid.cortex import next_to_soft, thickness
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
_STUB = 0.7  # cosine: a cut bone whose longest axis does not lead to the border is a stub
_SPOTS, _FEET = 1200, 12000  # enough places to know a smooth thickness


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
        ``area_mm2`` of its bones is a volume here (mm3); the blur is measured afterwards (``solid.blur``).
    """
    hu, step, bone_hu = block.hu, block.step, params.bone_hu
    marrow = marrow_of(hu, bone_hu, step, share(tick, 0.0, 0.0))
    tick(0, 1, "looking for edges")
    solid = _solid(hu, soft_hu, bone_hu, step, share(tick, 0.0, 0.0))
    tick(0, 1, "outlining bones")
    labels = np.zeros(hu.shape, np.int32)
    found: list[Bone] = []
    cells = ndi.find_objects(marrow)
    for number in track(range(1, len(cells) + 1), tick, "outlining bones"):
        box = _around(cells[number - 1], hu.shape, step)
        inner = marrow[box] == number
        part = share(tick, (number - 1) / len(cells), number / len(cells))
        traced = _with_cortex(hu[box], inner, solid[box], step, soft_hu, part)
        if traced is None:
            continue
        mask, seen = traced
        part(1, 1, "outlining bones")
        mine = mask & (labels[box] == 0)
        labels[box][mine] = len(found) + 1
        found.append(bone_of(mine, box, hu.shape, step, seen))
    tick(1, 1, "numbering bones")
    numbers = numbered(found, labels, hu > params.tissue_hu, block)
    named = tuple(
        replace(b, finger=f, phalanx=p, sure=s) for b, (f, p, s) in zip(found, numbers, strict=True)
    )
    mask = labels > 0
    tick(1, 1, "looking at the cortex")
    near = near_bone_hu(block, mask)
    return Bones(labels, named, near, signed_distance(mask, step, share(tick, 1.0, 1.0)), math.nan)


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


def near_bone_hu(block: Block, mask: BoolArray) -> FloatArray:
    """HU that the cortex shows nearest to each voxel, for voxels in and near bone.

    A thin cortex that lies flat in a thick slice never shows its full height there; it does where it crosses
    the slices, some millimetres away. So the neighbourhood spans two slices each way.
    """
    reach = max(_CORTEX_MM, 2 * max(s * f for s, f in zip(block.step, block.factor, strict=True)))
    size = [2 * max(1, round(reach / s)) + 1 for s in block.step]
    bright = ndi.maximum_filter(np.where(mask, block.hu, -1024.0), size)
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
) -> tuple[BoolArray, float] | None:
    """Mask, and the share of the surface that was seen free."""
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
    keep = slice(None, None, max(1, len(at) // _FEET))
    at, feet, beyond = at[keep] * np.asarray(step), feet[keep], beyond[keep]
    clear = next_to_soft(hu, at, feet, soft_hu, step)
    surface = np.argwhere(marrow & ~ndi.binary_erosion(marrow, border_value=1)) * np.asarray(step)
    spots = surface[:: max(1, len(surface) // _SPOTS)]
    thick, covered = thickness(spots, feet, beyond, clear, share(tick, 0.4, 0.6))
    thick = np.minimum(thick, _THICKEST_MM)
    shell = (away > 0) & (away <= _THICKEST_MM + 1) & body
    _, which = cKDTree(spots).query(foot[:, shell].T * np.asarray(step))
    tick(3.5, 5, "outlining bones")
    mask = marrow.copy()
    mask[shell] = away[shell] <= thick[which]
    mask = ndi.binary_closing(np.pad(mask, 3), iterations=2)[3:-3, 3:-3, 3:-3] & (body | marrow)
    tick(4, 5, "outlining bones")
    return ndi.binary_fill_holes(mask), 1.0 - float(covered.mean())


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
    onward = _to_border(mask, box, shape, step, centre)
    if onward is not None and abs(axis @ onward) < _STUB:
        ends = [
            centre,
            centre,
        ]  # a head whose longest axis in view lies across: it has no direction of its own
    volume = float(mask.sum()) * math.prod(step)
    return Bone(1, 0, volume, onward is not None, seen, False, ends[0], ends[1], height)


def _to_border(
    mask: BoolArray,
    box: tuple[slice, ...],
    shape: tuple[int, ...],
    step: tuple[float, ...],
    centre: npt.NDArray[np.float64],
) -> npt.NDArray[np.float64] | None:
    """Direction from a bone's centre (mm) to the border that cuts most of it; None if it is whole."""
    faces = []
    for axis, (s, n) in enumerate(zip(box, shape, strict=True)):
        for place, there in ((0, s.start == 0), (-1, s.stop == n)):
            face = np.argwhere(mask.take(place, axis)) if there else np.zeros((0, 2))
            if len(face):
                faces.append((len(face), np.insert(face.mean(0), axis, place % mask.shape[axis])))
    if not faces:
        return None
    _, at = max(faces, key=lambda f: f[0])
    way = (at + [s.start for s in box]) * np.asarray(step) - centre
    return np.asarray(way / max(float(np.linalg.norm(way)), 1e-9))
