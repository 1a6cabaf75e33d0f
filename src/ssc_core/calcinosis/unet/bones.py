"""Bones from a phalanx U-Net, in the form that the rest of the analysis takes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage as ndi

from ssc_core.calcinosis.bones import Bone, Bones, find_bones, signed_distance, spread_from
from ssc_core.calcinosis.grid import FineGrid
from ssc_core.calcinosis.outline import Outline, Rays, cast_rays, follow
from ssc_core.calcinosis.params import CalcinosisParams
from ssc_core.calcinosis.surroundings import SoftTissue
from ssc_core.calcinosis.unet.arms import without_arms
from ssc_core.calcinosis.unet.cortex import with_cortex
from ssc_core.calcinosis.unet.order import ordered
from ssc_core.calcinosis.unet.pieces import grown_piece, pieces_of
from ssc_core.calcinosis.unet.predict import Segmenter
from ssc_core.calcinosis.unet.second_look import agreed, contested, missed_parts
from ssc_core.calcinosis.unet.surface import to_the_surface
from ssc_core.progress import Tick, share, silent, track

__all__ = ["network_bones"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

_RIND_MM = 1.0  # rays for blur and cortex start this deep inside the bone
_MARGIN_MM = 6.0


def network_bones(
    hu_pixels: npt.NDArray[np.float32],
    spacing: tuple[float, float],
    hu: npt.NDArray[np.float32],
    grid: FineGrid,
    tissue: BoolArray,
    segmenter: Segmenter,
    around: SoftTissue,
    params: CalcinosisParams,
    tick: Tick = silent,
) -> Bones:
    """Find and number bones with a network.

    Parameters
    ----------
    hu_pixels : ndarray
        (y, x) float32, the image.
    spacing : tuple of float
        Its pixel size (y, x), mm.
    hu : ndarray
        (y, x) float32, the same on the fine grid.
    grid : FineGrid
        Geometry of the fine grid.
    tissue : ndarray
        (y, x) bool, what is not air, on the fine grid.
    segmenter : Segmenter
        The network.
    around : SoftTissue
        HU and noise of soft tissue in this image.
    params : CalcinosisParams
        Of the classical engine, which looks for parts that the network left out.
    tick : Tick
        Told after each tile and bone.

    Returns
    -------
    Bones
        Possibly none. ``seen`` and ``blur_mm`` come from the edges that the classical engine would see.
    """
    soft_hu = around.hu
    shares = segmenter.shares(hu_pixels, spacing, grid.factor, share(tick, 0.0, 0.4))
    second = find_bones(hu, tissue, grid, params, soft_hu, share(tick, 0.4, 0.6))
    tick(0.6, 1.0, "parting bones")
    labels, pieces = pieces_of(shares, grid, second.labels)
    labels, pieces, open_ones = with_cortex(labels, pieces, hu, soft_hu, grid)
    labels, pieces, arms = without_arms(labels, pieces, second, grid)
    tick(0.7, 1.0, "parting bones")
    parts, added = missed_parts(labels, second, hu, grid)
    for number in np.unique(parts[parts > 0]):
        labels[parts == number] = number
        pieces[number - 1] = grown_piece(pieces[number - 1], labels == number, grid)
    cover = labels > 0
    numbers = ordered(pieces, labels, tissue, grid)
    margin = round(_MARGIN_MM / grid.mean_step)
    padded = np.pad(hu, margin, mode="edge")
    found, points, peaks, blurs = [], [np.zeros((0, 2))], [np.zeros(0)], []
    for k, (piece, (finger, phalanx, sure)) in enumerate(
        track(list(zip(pieces, numbers, strict=True)), share(tick, 0.7, 1.0), "looking at edges"), 1
    ):
        seen = 1.0
        edges = _edges(padded, np.pad(labels == k, margin, mode="edge"), grid, soft_hu)
        if edges is not None:
            rays, outline = edges
            at = rays.start + outline.edge[:, None] * rays.direction - margin * np.asarray(grid.step)
            pixel = np.rint(at / grid.step).astype(int)
            visible = ((pixel >= 0) & (pixel < np.asarray(hu.shape))).all(1)
            seen = float(outline.clear[visible].mean()) if visible.any() else 0.0
            same = agreed(labels, k, second, hu, around, grid)
            if same:
                cover = np.where(labels == k, False, cover) | (second.labels == same)
            else:
                more, less = to_the_surface(labels, k, rays, outline, margin, soft_hu, grid)
                cover = (cover | more) & ~less
            points.append(at)
            peaks.append(outline.peak)
            blurs.append(outline.blur_mm)
        found.append(
            Bone(
                finger,
                phalanx,
                piece.area_mm2,
                piece.cut,
                seen,
                sure,
                piece.start,
                piece.end,
                piece.height_mm,
            )
        )
    distance = signed_distance(cover, grid)
    near = np.zeros(hu.shape, np.float32)
    if len(points) > 1:
        near = spread_from(np.concatenate(points), np.concatenate(peaks), distance, grid)
    known = [b for b in blurs if np.isfinite(b)]
    blur = float(np.median(known)) if known else float("nan")
    doubted = contested(labels, cover, second, grid)
    return Bones(labels, tuple(found), near, distance, blur, (*open_ones, *arms, *added), doubted, shares[-1])


def _edges(
    hu: npt.NDArray[np.float32], mask: BoolArray, grid: FineGrid, soft_hu: float
) -> tuple[Rays, Outline] | None:
    """The bone's edges as rays from its inside see them; None if it is too small."""
    depth = ndi.distance_transform_edt(mask, sampling=grid.step)
    core = depth > min(_RIND_MM, 0.5 * float(depth.max()))
    parts, n = ndi.label(core)
    if n > 1:
        core = parts == 1 + int(np.bincount(parts.ravel())[1:].argmax())
    rays = cast_rays(hu, core, grid.step)
    return None if rays is None else (rays, follow(rays, soft_hu))
