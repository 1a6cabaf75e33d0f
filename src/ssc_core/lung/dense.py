"""Lung without air at the ribs, told from organs, fat and chest wall by place and density."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from ssc_core.lung.chest_wall import ChestWall, Polar
from ssc_core.lung.closing import closed
from ssc_core.lung.dome import lowest_lung
from ssc_core.lung.grid import Bool, WorkGrid
from ssc_core.lung.pieces import pieces_of
from ssc_core.lung.pleura import behind_healthy_lung
from ssc_core.lung.sides import LEFT, RIGHT, Labels
from ssc_core.progress import Tick, share, silent

__all__ = ["airless_lung"]

Depth = npt.NDArray[np.float32]

_FAT_HU, _ORGAN_HU = (-130.0, -70.0), 30.0  # lung with little air is darker than fat, without air brighter
_BELOW_ORGANS_HU = 25.0  # at least this much darker than the organs of this person
_ORGANS_HU = (-40.0, 250.0)  # what is looked at for them: no fat, bone or gas
_ORGANS_PERCENTILE = 60.0  # a diseased base may hold half of what is looked at
_LOW_HU, _STEP_HU = -255.0, 2.0  # the median works on 8 bits
_MEDIAN_MM = 10.0
_DEEP_MM, _ORGANS_MM = 90.0, 60.0  # from the pleura
_OUTWARDS_MM = 1.0  # half a pixel, so that no rim is left before the ribs
_BELOW_LUNG_MM = 2.0
_LATERAL = 0.35  # |cos|: in the shoulders only rays to the side meet ribs
_GAP_MM = 8.0  # pleura, and what the median blurs
_OPENING_MM = 2.0
_BORDER_HU_PER_MM, _BORDER_ABOVE_HU = 3.5, -60.0  # steeper, with air and fat levelled, two organs meet
_REGROWN_MM = 4.0
_LEAST_ML = 3.0
_CLOSING_MM = 7.0  # bright spots of its texture
_SOFTER_HU, _GROW_MM = 12.0, 8.0  # brighter spots between what was found
_BIN_MM = 1.0
_TOUCH_MM = 4.0
_BLURRED_MM = 6.0  # upwards: between a base and the air above it lie slices that hold both
_ON_LUNG = 0.7  # of the face of a cube as large as a piece: with a corner only touch muscle and stomach
_WHAT = "filling out to the ribs"
_ANTERIOR = -0.6  # sin: rays forward pass heart and sternum


def airless_lung(
    labels: Labels,
    grid: WorkGrid,
    room: Bool,
    wall: ChestWall,
    carina: int | None,
    tick: Tick = silent,
) -> Labels:
    """Consolidated lung at the ribs and in the recesses below the last air.

    Airless lung has the density of water and tissue mixed with a little air. Fat is darker and organs are
    brighter, so that what lies between them in a median-filtered image, reaches inwards from the ribs without
    a gap and hangs together with the lung is taken for lung. Where fat and organs meet, voxels hold both and
    have that density too; there it changes steeply from place to place, so that only what lies around even
    tissue counts. Where the organs further inside are hardly brighter (a fatty liver), nothing is.

    Pleural fluid looks the same and is taken as well.

    Parameters
    ----------
    labels : ndarray of uint8, (z, y, x)
        0, 1 right lung, 2 left lung.
    grid : WorkGrid
        The CT.
    room : ndarray of bool, (z, y, x)
        Where lung may be.
    wall : ChestWall
        Of these labels.
    carina : int or None
        Above it the shoulders begin, where the lungs' hull bounds the search; without it nothing is added.
    tick : Tick
        Progress.
    """
    out = labels.copy()
    if carina is None:
        return out
    top = int(np.flatnonzero(labels.any(axis=(1, 2)))[-1]) + 1
    room = room[:top] & ~behind_healthy_lung(labels[:top], grid)
    tick(0.1, 1.0, _WHAT)
    tissue = _steady(np.stack([_median(plane, grid) for plane in grid.hu[:top]]))
    surface = wall.pleura[:top] + np.where(np.isfinite(wall.lung[:top]), _OUTWARDS_MM, -_BELOW_LUNG_MM)
    surface[carina + 1 :] = np.fmin(surface[carina + 1 :], wall.hull[carina + 1 : top])
    tick(0.2, 1.0, _WHAT)
    depth, right, behind = _places(surface, wall, grid, carina)
    tick(0.4, 1.0, _WHAT)
    within = (depth >= 0) & (depth <= _DEEP_MM) & behind & room
    no_fat = (tissue > _FAT_HU[1]) | (tissue < _FAT_HU[0])
    below = _below_both(labels[:top])
    for k, (side, half) in enumerate(((RIGHT, right), (LEFT, ~right))):
        part = share(tick, 0.4 + 0.3 * k, 0.7 + 0.3 * k)
        lung = labels[:top] == side
        limit = min(
            _ORGAN_HU, _organs_hu(tissue[:below], ((depth > _ORGANS_MM) & half)[:below]) - _BELOW_ORGANS_HU
        )
        free = within & half & (labels[:top] == 0)
        dark = free & no_fat & (tissue < limit)
        part(0.2, 1.0, _WHAT)
        dark = _cleaned(_even(dark, tissue, grid), grid) & no_fat
        part(0.4, 1.0, _WHAT)
        dark = _from_the_wall(dark, surface, wall, grid)
        part(0.6, 1.0, _WHAT)
        new = _hanging(dark, lung, grid)
        part(0.8, 1.0, _WHAT)
        soft = free & (tissue < limit + _SOFTER_HU)
        whole = closed(lung | new, grid, _GROW_MM, within=soft) if new.any() else new
        out[:top][whole & (out[:top] == 0)] = side
    return out


def _places(surface: Polar, wall: ChestWall, grid: WorkGrid, carina: int) -> tuple[Depth, Bool, Bool]:
    """Depth in mm below `surface`, whether it is the right side, whether it is looked at: (z, y, x)."""
    depth = np.full((len(surface), *grid.hu.shape[1:]), -np.inf, np.float32)
    right, behind = np.zeros(depth.shape, bool), np.zeros(depth.shape, bool)
    cosine, sine = np.cos(wall.angles), np.sin(wall.angles)
    for z, ends in enumerate(surface):
        radius, ray = wall.polar(z, grid)
        looked_at = (sine > _ANTERIOR) & ((z <= carina) | (np.abs(cosine) > _LATERAL))
        right[z], behind[z] = (cosine < 0)[ray], looked_at[ray]
        if np.isfinite(ends).all():
            depth[z] = ends[ray] - radius
    return depth, right, behind


def _steady(tissue: Depth) -> Depth:
    """Median over three slices."""
    below, above = tissue[np.r_[0, : len(tissue) - 1]], tissue[np.r_[1 : len(tissue), len(tissue) - 1]]
    low, high = np.minimum(below, above), np.maximum(below, above)
    return np.asarray(np.clip(tissue, low, high))


def _median(plane: npt.NDArray[np.int16], grid: WorkGrid) -> npt.NDArray[np.float32]:
    """Median over about 10 mm: it takes noise and texture away and leaves edges where they are."""
    size = min(9, max(3, 2 * round(_MEDIAN_MM / 2 / grid.spacing[1]) + 1))
    grey = np.clip((plane.astype(np.float32) - _LOW_HU) / _STEP_HU, 0, 255).astype(np.uint8)
    return np.asarray(cv2.medianBlur(grey, size).astype(np.float32) * _STEP_HU + _LOW_HU)


def _below_both(labels: Labels) -> int:
    """Slices below most of the air of both lungs, or of the one that has any: a base may be all disease."""
    lowest = [under[under >= 0] for under in (lowest_lung(labels == side) for side in (RIGHT, LEFT))]
    return min((int(np.percentile(seen, 75)) + 1 for seen in lowest if len(seen)), default=0)


def _organs_hu(tissue: npt.NDArray[np.float32], deep: Bool) -> float:
    """Density of the organs among `deep`; infinite where none is seen."""
    values = tissue[deep]
    values = values[(values > _ORGANS_HU[0]) & (values < _ORGANS_HU[1])]
    return float(np.percentile(values, _ORGANS_PERCENTILE)) if len(values) else np.inf


def _even(dark: Bool, tissue: Depth, grid: WorkGrid) -> Bool:
    """`dark` within 4 mm of where the density hardly changes; edges to air and fat do not count."""
    out = np.empty_like(dark)
    opening, regrow = grid.kernel(_OPENING_MM), grid.kernel(_REGROWN_MM)
    for z, plane in enumerate(dark):
        smooth = cv2.GaussianBlur(np.maximum(tissue[z], _BORDER_ABOVE_HU), (0, 0), 1.0)
        down, right = (
            cv2.Sobel(smooth, cv2.CV_32F, *axis, ksize=3, scale=1 / 8) for axis in ((0, 1), (1, 0))
        )
        slope = np.hypot(down / grid.spacing[1], right / grid.spacing[2])
        core = (plane & (slope < _BORDER_HU_PER_MM)).astype(np.uint8)
        core = cv2.morphologyEx(core, cv2.MORPH_OPEN, opening)
        out[z] = plane & (cv2.dilate(core, regrow) > 0)
    return out


def _cleaned(dark: Bool, grid: WorkGrid) -> Bool:
    """Without thin rims, and with its bright spots."""
    open_, close = grid.kernel(_OPENING_MM), grid.kernel(_CLOSING_MM)
    out = np.empty_like(dark)
    for z, plane in enumerate(dark):
        clean = cv2.morphologyEx(plane.astype(np.uint8), cv2.MORPH_OPEN, open_)
        out[z] = cv2.morphologyEx(clean, cv2.MORPH_CLOSE, close).astype(bool)
    return out


def _from_the_wall(dark: Bool, surface: Polar, wall: ChestWall, grid: WorkGrid) -> Bool:
    """What each ray meets from the pleura inwards before the first gap: behind one lie the organs."""
    out = np.zeros_like(dark)
    for z in np.flatnonzero(dark.any(axis=(1, 2))):
        if not np.isfinite(surface[z]).all():
            continue
        bins = np.arange(0, _DEEP_MM + 2 * _BIN_MM, _BIN_MM)
        radius, ray = wall.polar(int(z), grid)
        reach = wall.sampled(dark[z], int(z), surface[z][:, None] - bins, grid)
        n = round(_GAP_MM / _BIN_MM)
        gap = np.pad(~reach, ((0, 0), (0, n - 1)))
        ends = np.all([gap[:, i : i + len(bins)] for i in range(n)], axis=0)
        stop = np.where(ends.any(axis=1), ends.argmax(axis=1), len(bins)) * _BIN_MM
        inside = surface[z][ray] - radius <= stop[ray]
        out[z] = dark[z] & inside
    return out


def _hanging(dark: Bool, lung: Bool, grid: WorkGrid) -> Bool:
    """The pieces of `dark` that hang together with the lung."""
    touch = grid.kernel(_TOUCH_MM)
    near = np.stack([cv2.dilate(plane.astype(np.uint8), touch).astype(bool) for plane in lung])
    for up in range(1, grid.slices(_BLURRED_MM) + 1):
        near[:-up] |= lung[up:]
    pieces = pieces_of(dark)
    sizes = np.bincount(pieces.ravel())
    on_lung = np.bincount(pieces[near & dark], minlength=len(sizes))
    ml = sizes * grid.voxel_ml
    contact_mm2 = on_lung * grid.voxel_ml * 1000 / _TOUCH_MM
    keep = (ml >= _LEAST_ML) & (contact_mm2 > _ON_LUNG * (1000 * ml) ** (2 / 3))
    keep[0] = False
    return np.asarray(keep[pieces])
