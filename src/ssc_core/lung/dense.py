"""Lung without air at the ribs, told from organs, fat and chest wall by place and density."""

from __future__ import annotations

import cc3d
import cv2
import numpy as np
import numpy.typing as npt

from ssc_core.lung.chest_wall import PLEURA_MM, ChestWall, Polar
from ssc_core.lung.closing import closed
from ssc_core.lung.dome import lowest_lung
from ssc_core.lung.grid import Bool, WorkGrid
from ssc_core.lung.sides import LEFT, RIGHT, Labels

__all__ = ["airless_lung"]

_FAT_HU, _ORGAN_HU = -70.0, 30.0  # between them lies lung without air (and fluid), outside fat and organs
_BELOW_ORGANS_HU = 25.0  # at least this much darker than the organs of this person
_ORGANS_HU = (-40.0, 250.0)  # what is looked at for them: no fat, bone or gas
_LOW_HU, _STEP_HU = -255.0, 2.0  # the median works on 8 bits
_MEDIAN_MM = 10.0
_DEEP_MM = 60.0  # from the ribs
_GAP_MM = 8.0  # pleura, and what the median blurs
_OPENING_MM = 2.0
_LEAST_ML = 3.0
_CLOSING_MM = 7.0  # bright spots of its texture
_SOFTER_HU, _GROW_MM = 12.0, 8.0  # brighter spots between what was found
_BIN_MM = 1.0
_TOUCH_MM = 4.0
_ON_LUNG = 0.08  # of a piece: what touches the lung with a corner only is muscle or stomach
_RIBS_SEEN = 0.3  # of the rays
_ANTERIOR = -0.6  # sin: rays forward pass heart and sternum


def airless_lung(labels: Labels, grid: WorkGrid, room: Bool, wall: ChestWall, carina: int | None) -> Labels:
    """Consolidated lung at the ribs and in the recesses below the last air.

    Airless lung has the density of water and tissue mixed with a little air. Fat is darker and organs are
    brighter, so that what lies between them in a median-filtered image, reaches inwards from the ribs without
    a gap and hangs together with the lung is taken for lung. Where the organs further inside are hardly
    brighter (a fatty liver), nothing is.

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
        Above it the shoulders begin; without it nothing is added.
    """
    out = labels.copy()
    if carina is None:
        return out
    top = carina + 1
    tissue = np.stack([_median(plane, grid) for plane in grid.hu[:top]])
    depth = np.full(tissue.shape, -np.inf, np.float32)
    right = np.zeros(tissue.shape, bool)
    behind = np.zeros(tissue.shape, bool)
    for z in range(top):
        radius, ray = wall.polar(z, grid)
        right[z], behind[z] = np.cos(wall.angles)[ray] < 0, np.sin(wall.angles)[ray] > _ANTERIOR
        ribs = _gapless(wall.ribs[z])
        if ribs is not None:
            depth[z] = ribs[ray] - PLEURA_MM - radius
    near = (depth >= 0) & (depth <= _DEEP_MM) & behind & room[:top] & (tissue > _FAT_HU)
    for side, half in ((RIGHT, right), (LEFT, ~right)):
        lung = labels[:top] == side
        limit = min(_ORGAN_HU, _organs_hu(tissue, (depth > _DEEP_MM) & half, lung) - _BELOW_ORGANS_HU)
        dark = near & half & (tissue < limit) & (labels[:top] == 0)
        dark = _from_the_wall(_cleaned(dark, grid), wall, grid)
        new = _hanging(dark, lung, grid)
        soft = near & half & (tissue < limit + _SOFTER_HU) & (labels[:top] == 0)
        whole = closed(lung | new, grid, _GROW_MM, within=soft) if new.any() else new
        out[:top][whole & (out[:top] == 0)] = side
    return out


def _median(plane: npt.NDArray[np.int16], grid: WorkGrid) -> npt.NDArray[np.float32]:
    """Median over about 10 mm: it takes noise and texture away and leaves edges where they are."""
    size = min(9, max(3, 2 * round(_MEDIAN_MM / 2 / grid.spacing[1]) + 1))
    grey = np.clip((plane.astype(np.float32) - _LOW_HU) / _STEP_HU, 0, 255).astype(np.uint8)
    return np.asarray(cv2.medianBlur(grey, size).astype(np.float32) * _STEP_HU + _LOW_HU)


def _gapless(ribs: Polar) -> Polar | None:
    """One slice's rib distances with the gaps bridged; None where too few ribs are seen."""
    seen = np.isfinite(ribs)
    if seen.mean() < _RIBS_SEEN:
        return None
    angles = np.arange(len(ribs))
    return np.asarray(np.interp(angles, angles[seen], ribs[seen], period=len(ribs)))


def _organs_hu(tissue: npt.NDArray[np.float32], deep: Bool, lung: Bool) -> float:
    """Median density of the organs below most of one lung; infinite where none is seen."""
    lowest = lowest_lung(lung)
    seen = lowest[lowest >= 0]
    if not len(seen):
        return np.inf
    below = slice(0, int(np.percentile(seen, 75)) + 1)
    values = tissue[below][deep[below]]
    values = values[(values > _ORGANS_HU[0]) & (values < _ORGANS_HU[1])]
    return float(np.median(values)) if len(values) else np.inf


def _cleaned(dark: Bool, grid: WorkGrid) -> Bool:
    """Without thin rims, and with its bright spots."""
    open_, close = grid.kernel(_OPENING_MM), grid.kernel(_CLOSING_MM)
    out = np.empty_like(dark)
    for z, plane in enumerate(dark):
        clean = cv2.morphologyEx(plane.astype(np.uint8), cv2.MORPH_OPEN, open_)
        out[z] = cv2.morphologyEx(clean, cv2.MORPH_CLOSE, close).astype(bool)
    return out


def _from_the_wall(dark: Bool, wall: ChestWall, grid: WorkGrid) -> Bool:
    """What each ray meets from the ribs inwards before the first gap: behind one lie the organs."""
    out = np.zeros_like(dark)
    for z in np.flatnonzero(dark.any(axis=(1, 2))):
        ribs = _gapless(wall.ribs[z])
        if ribs is None:
            continue
        bins = np.arange(0, _DEEP_MM + 2 * _BIN_MM, _BIN_MM)
        radius, ray = wall.polar(int(z), grid)
        reach = wall.sampled(dark[z], int(z), ribs[:, None] - PLEURA_MM - bins, grid)
        n = round(_GAP_MM / _BIN_MM)
        gap = np.pad(~reach, ((0, 0), (0, n - 1)))
        ends = np.all([gap[:, i : i + len(bins)] for i in range(n)], axis=0)
        stop = np.where(ends.any(axis=1), ends.argmax(axis=1), len(bins)) * _BIN_MM
        inside = ribs[ray] - PLEURA_MM - radius <= stop[ray]
        out[z] = dark[z] & inside
    return out


def _hanging(dark: Bool, lung: Bool, grid: WorkGrid) -> Bool:
    """The pieces of `dark` that hang together with the lung."""
    touch = grid.kernel(_TOUCH_MM)
    near = np.stack([cv2.dilate(plane.astype(np.uint8), touch).astype(bool) for plane in lung])
    near[:-1] |= lung[1:]
    pieces = cc3d.connected_components(dark, connectivity=6)
    sizes = np.bincount(pieces.ravel())
    on_lung = np.bincount(pieces[near & dark], minlength=len(sizes))
    keep = (sizes * grid.voxel_ml >= _LEAST_ML) & (on_lung > _ON_LUNG * sizes)
    keep[0] = False
    return np.asarray(keep[pieces])
