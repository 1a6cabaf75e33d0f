"""Phalanges without a trained network: marrow, the outline around it, the order along the finger."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import ndimage as ndi
from skimage.draw import polygon2mask

from ssc_core.calcinosis.grid import FineGrid
from ssc_core.calcinosis.marrow import marrow_cells
from ssc_core.calcinosis.numbering import numbered
from ssc_core.calcinosis.outline import Outline, Rays, cast_rays, follow
from ssc_core.calcinosis.params import CalcinosisParams
from ssc_core.progress import Tick, silent, track

__all__ = ["Bone", "Bones", "find_bones", "given_bones", "signed_distance", "spread_from"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int32]

_MARGIN_MM = 6.0
_DIMMEST = 1.5  # a cortex is at least this many times the bone threshold
_SMALLEST_MM2 = 6.0
_DOUBTED_MM2 = 40.0


@dataclass(frozen=True)
class Bone:
    """One bone as found.

    Parameters
    ----------
    finger, phalanx : int
        Finger (1 ...) and 1 distal, 2 middle, 3 proximal, 4 other; 0 where the number cannot be told.
    area_mm2 : float
        Area inside the image.
    cut : bool
        The image border cuts it.
    seen : float
        Share of its outline where an edge to soft tissue was seen; the rest was bridged by shape.
    sure : bool
        Whether `phalanx` can be relied on.
    start, end : ndarray
        Ends of its core line, (y, x) mm.
    height_mm : float
        Median height across the axis.
    """

    finger: int
    phalanx: int
    area_mm2: float
    cut: bool
    seen: float
    sure: bool
    start: FloatArray
    end: FloatArray
    height_mm: float


@dataclass(frozen=True)
class Bones:
    """All bones of an image, on the fine grid.

    Parameters
    ----------
    labels : ndarray
        (y, x) int32: index into `found` plus 1.
    found : tuple of Bone
        The bones.
    near_hu : ndarray
        (y, x) float32: HU that the nearest bone's cortex shows at its edge.
    distance : ndarray
        (y, x) float32: distance to what is taken away as bone in mm, negative inside. That is `labels`, or,
        with a network, reaches on to the edge that is seen beside it.
    blur_mm : float
        Blur seen at the bones' edges; NaN where it could not be seen.
    notes : tuple of str
        What must be known of how they were found.
    contested : ndarray or None
        (y, x) bool: taken away as bone, though another engine that saw the same bone ends it before.
    other : ndarray or None
        (y, x) float32, 0 to 1: how far a network takes it for a bone that is no phalanx.
    """

    labels: IntArray
    found: tuple[Bone, ...]
    near_hu: npt.NDArray[np.float32]
    distance: npt.NDArray[np.float32]
    blur_mm: float
    notes: tuple[str, ...] = ()
    contested: BoolArray | None = None
    other: npt.NDArray[np.float32] | None = None


@dataclass(frozen=True)
class _Traced:
    mask: BoolArray
    outline: Outline
    rays: Rays
    points: FloatArray


def find_bones(
    hu: npt.NDArray[np.float32],
    tissue: BoolArray,
    grid: FineGrid,
    params: CalcinosisParams,
    soft_hu: float,
    tick: Tick = silent,
) -> Bones:
    """Find bones on the fine grid.

    Parameters
    ----------
    hu : ndarray
        (y, x) float32, fine grid.
    tissue : ndarray
        (y, x) bool, what is not air.
    grid : FineGrid
        Its geometry.
    params : CalcinosisParams
        ``bone_hu`` matters here.
    soft_hu : float
        HU of soft tissue in this image.
    tick : Tick
        Told after each bone.

    Returns
    -------
    Bones
        Possibly none.
    """
    tick(0.0, 1.0, "looking for marrow")
    margin = round(_MARGIN_MM / grid.mean_step)
    padded = np.pad(hu, margin, mode="edge")
    cells = marrow_cells(padded, params.bone_hu, grid.mean_step, margin)
    traced = []
    for label in track(range(1, int(cells.max()) + 1), tick, "outlining bones"):
        one = _trace(padded, cells == label, grid, soft_hu, params.bone_hu)
        if one is not None:
            traced.append(one)
    return _assembled(traced, hu.shape, margin, tissue, grid)


def given_bones(mask: BoolArray, hu: npt.NDArray[np.float32], grid: FineGrid, blur_mm: float) -> Bones:
    """Bones from a mask (fine grid) that a reader or a network drew; they are not numbered."""
    labels, n = ndi.label(mask)
    found = []
    for k, box in enumerate(ndi.find_objects(labels), 1):
        here = labels[box] == k
        cut = any(s.start == 0 or s.stop == size for s, size in zip(box, mask.shape, strict=True))
        middle = np.array([(s.start + s.stop) / 2 for s in box]) * grid.step
        area = float(here.sum()) * grid.part_mm2
        found.append(Bone(1, 0, area, cut, 1.0, False, middle, middle, float("nan")))
    distance = signed_distance(mask, grid)
    near = np.full(mask.shape, 0.0, np.float32)
    if n:
        depth = max(1, round(0.9 / grid.mean_step))
        bright = ndi.maximum_filter(np.where(mask, hu, -np.inf), 2 * depth + 1)
        index = ndi.distance_transform_edt(~mask, return_distances=False, return_indices=True)
        near = np.asarray(bright[tuple(index)], np.float32)
    return Bones(np.asarray(labels, np.int32), tuple(found), near, distance, blur_mm)


def _trace(
    hu: npt.NDArray[np.float32], cell: BoolArray, grid: FineGrid, soft_hu: float, bone_hu: float
) -> _Traced | None:
    rays = cast_rays(hu, cell, grid.step)
    if rays is None:
        return None
    outline = follow(rays, soft_hu)
    points = rays.start + outline.edge[:, None] * rays.direction
    mask = polygon2mask(hu.shape, points / np.asarray(grid.step)) | cell
    area = float(mask.sum()) * grid.part_mm2
    if area < _SMALLEST_MM2 or np.median(outline.peak) < _DIMMEST * bone_hu:
        return None
    if area < _DOUBTED_MM2 and outline.clear.mean() < 0.65:  # a pocket between a deposit and bone or border
        return None
    return _Traced(mask, outline, rays, points)


def _assembled(
    traced: list[_Traced], shape: tuple[int, ...], margin: int, tissue: BoolArray, grid: FineGrid
) -> Bones:
    labels = np.zeros(shape, np.int32)
    inner = tuple(slice(margin, margin + n) for n in shape)
    points, peaks = [np.zeros((0, 2))], [np.zeros(0)]
    bones: list[Bone] = []
    offset = margin * np.asarray(grid.step)
    for one in sorted(traced, key=lambda t: -int(t.mask.sum())):
        mine = one.mask[inner] & (labels == 0)
        if mine.sum() * grid.part_mm2 < _SMALLEST_MM2 / 3:
            continue
        labels[mine] = len(bones) + 1
        cut = bool(mine[[0, -1]].any() or mine[:, [0, -1]].any())
        line = one.rays.start[: len(one.rays.start) // 2] - offset
        shaft = len(line) - 35  # the fan at the end stands at one point
        across = one.outline.edge[:shaft] + one.outline.edge[shaft + 35 : 2 * shaft + 35][::-1]
        inside = one.points - offset
        at = np.rint(inside / grid.step).astype(int)
        visible = ((at >= 0) & (at < np.asarray(shape))).all(1)
        seen = float(one.outline.clear[visible].mean()) if visible.any() else 0.0
        bones.append(
            Bone(
                1,
                0,
                float(mine.sum()) * grid.part_mm2,
                cut,
                seen,
                False,
                line[0],
                line[shaft - 1],
                float(np.median(across)),
            )
        )
        points.append(inside)
        peaks.append(one.outline.peak)
    distance = signed_distance(labels > 0, grid)
    near = np.zeros(shape, np.float32)
    if bones:
        near = spread_from(np.concatenate(points), np.concatenate(peaks), distance, grid)
    blurs = [t.outline.blur_mm for t in traced if np.isfinite(t.outline.blur_mm)]
    numbers = numbered(bones, labels, tissue, grid)
    named = tuple(
        replace(b, finger=f, phalanx=p, sure=s) for b, (f, p, s) in zip(bones, numbers, strict=True)
    )
    return Bones(labels, named, near, distance, float(np.median(blurs)) if blurs else float("nan"))


def signed_distance(mask: BoolArray, grid: FineGrid) -> npt.NDArray[np.float32]:
    """Distance to the rim of `mask` in mm, negative inside; infinite everywhere if it is empty."""
    if not mask.any():
        return np.full(mask.shape, np.inf, np.float32)
    outside = ndi.distance_transform_edt(~mask, sampling=grid.step)
    inside = ndi.distance_transform_edt(mask, sampling=grid.step)
    half = grid.mean_step / 2
    return np.asarray(np.where(mask, half - inside, outside - half), np.float32)


def spread_from(
    points: FloatArray, values: FloatArray, distance: npt.NDArray[np.float32], grid: FineGrid
) -> npt.NDArray[np.float32]:
    """Values at outline points carried to the neighbourhood, by the nearest point."""
    from scipy.spatial import cKDTree

    out = np.zeros(distance.shape, np.float32)
    near = np.abs(distance) < 2.5
    _, index = cKDTree(points).query(np.argwhere(near) * np.asarray(grid.step))
    out[near] = values[index]
    return out
