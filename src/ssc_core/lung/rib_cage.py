"""Dense disease at the pleura: filled out from the lung to the inner surface of the ribs."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.spatial import ConvexHull

from ssc_core.lung.dome import lowest_lung
from ssc_core.lung.grid import Bool, WorkGrid
from ssc_core.lung.sides import LEFT, RIGHT, Labels

__all__ = ["rib_cage_fill"]

_BONE_HU = 180
_STEP_DEGREES = 1.5
_REACH_MM = 260.0
_WINDOW_MM = 14.0  # a rib and the space below it
_WINDOW_DEGREES = 9.0
_PERCENTILE = 25
_PLEURA_MM = 1.0
_LEAST_MM = 6.0  # thinner is chest wall, not disease
_MOST_MM = 60.0
_CENTRAL_MM = 30.0  # lung this near the middle between the lungs does not face the ribs
_SEARCH_BACK_MM = 10.0
_LATERAL = 0.35  # |cos|: rays to the spine say nothing about ribs
_ANTERIOR = -0.6  # sin: rays forward pass heart and sternum

Polar = npt.NDArray[np.float64]


def rib_cage_fill(labels: Labels, grid: WorkGrid, room: Bool, carina: int | None) -> Labels:
    """Add tissue between lung and ribs that is too thick for a chest wall.

    From the middle between the lungs, rays go out in each axial slice. The inner surface of the ribs is a low
    percentile of where rays meet bone in the neighbourhood, because between ribs they meet none. A chest is
    convex, so that the wall is not sought outside the convex hull of both lungs: in the shoulders the first
    bone is not a rib. What lies between the outermost lung and that wall is lung, on rays to the side and
    back, where lung lies further down as well or the slice is above that side's diaphragm.

    Parameters
    ----------
    labels : ndarray of uint8, (z, y, x)
        0, 1 right lung, 2 left lung.
    grid : WorkGrid
        The CT.
    room : ndarray of bool, (z, y, x)
        Where lung may be: inside the body, outside the airway.
    carina : int or None
        Slice of the carina; above it the shoulders begin.
    """
    rows = np.flatnonzero(labels.any(axis=(1, 2)))
    if len(rows) < 3:
        return labels
    z0, z1 = int(rows[0]), int(rows[-1]) + 1
    centre = _centres(labels[z0:z1], grid)
    lung = _outermost(labels[z0:z1] > 0, centre, grid)
    wall = np.fmin(
        _rib_surface(grid.hu[z0:z1], lung, centre, grid),
        _hull_surface(lung, centre, grid, (carina or 0) - z0),
    )
    angles = np.arange(lung.shape[1]) * np.deg2rad(_STEP_DEGREES)
    usable = (np.abs(np.cos(angles)) > _LATERAL) & (np.sin(angles) > _ANTERIOR)
    gap = wall - _PLEURA_MM - lung
    smooth = _smooth(np.where(np.isfinite(gap), np.clip(gap, 0, _MOST_MM), 0), grid)
    fill = np.isfinite(gap) & usable & (smooth > _LEAST_MM) & (gap > 0) & (gap <= _MOST_MM)
    fill &= lung > _CENTRAL_MM
    out = labels.copy()
    allowed = _above_diaphragm(labels, grid) & room & (labels == 0)
    for i in np.flatnonzero(fill.any(axis=1)):
        _paint(out[z0 + i], fill[i], lung[i], lung[i] + gap[i], centre[i], allowed[z0 + i], grid)
    return out


def _centres(labels: Labels, grid: WorkGrid) -> Polar:
    """(slices, 2) middle (y, x) in mm of the lungs' bounding box, smoothed along z."""
    centre = np.empty((len(labels), 2))
    for i, plane in enumerate(labels):
        y, x = np.nonzero(plane)
        if len(y):
            centre[i] = (y.min() + y.max()) / 2 * grid.spacing[1], (x.min() + x.max()) / 2 * grid.spacing[2]
        elif i:
            centre[i] = centre[i - 1]
    return np.asarray(ndimage.gaussian_filter1d(centre, 20.0 / grid.spacing[0], axis=0, mode="nearest"))


def _unrolled(plane: npt.NDArray[np.uint8], centre: Polar, grid: WorkGrid) -> npt.NDArray[np.uint8]:
    """A slice as (angle, radius); one radius step is a pixel."""
    angles = np.arange(0, 360, _STEP_DEGREES)[:, None] * np.pi / 180
    radius = np.arange(0, _REACH_MM, grid.spacing[1])[None, :]
    x = ((centre[1] + radius * np.cos(angles)) / grid.spacing[2]).astype(np.float32)
    y = ((centre[0] + radius * np.sin(angles)) / grid.spacing[1]).astype(np.float32)
    return np.asarray(cv2.remap(plane, x, y, cv2.INTER_NEAREST), np.uint8)


def _outermost(lung: Bool, centre: Polar, grid: WorkGrid) -> Polar:
    """(slices, angles) radius in mm of the outermost lung; NaN on rays without lung."""
    out = []
    for plane, c in zip(lung, centre, strict=True):
        polar = _unrolled(plane.astype(np.uint8), c, grid) > 0
        last = polar.shape[1] - 1 - polar[:, ::-1].argmax(axis=1)
        out.append(np.where(polar.any(axis=1), (last + 0.5) * grid.spacing[1], np.nan))
    return np.asarray(out)


def _rib_surface(hu: npt.NDArray[np.int16], lung: Polar, centre: Polar, grid: WorkGrid) -> Polar:
    """(slices, angles) radius in mm of the ribs' inner surface; NaN where there are none around."""
    size = _window(grid)
    nearby = ndimage.maximum_filter(np.nan_to_num(lung, nan=0.0), size=size, mode=("nearest", "wrap"))
    radius = np.arange(0, _REACH_MM, grid.spacing[1])
    first = []
    for plane, c, start in zip(hu, centre, nearby, strict=True):
        bone = _unrolled((plane > _BONE_HU).astype(np.uint8), c, grid) > 0
        bone &= radius[None, : bone.shape[1]] >= start[:, None] - _SEARCH_BACK_MM
        first.append(np.where(bone.any(axis=1), bone.argmax(axis=1) * grid.spacing[1], np.nan))
    return _low_percentile(np.asarray(first), size)


def _hull_surface(lung: Polar, centre: Polar, grid: WorkGrid, carina: int) -> Polar:
    """(slices, angles) radius in mm at which rays leave the convex hull of both lungs."""
    angles = np.arange(lung.shape[1]) * np.deg2rad(_STEP_DEGREES)
    rays = np.stack([np.sin(angles), np.cos(angles)])
    i, j = np.nonzero(np.isfinite(lung))
    offset = lung[i, j, None] * rays[:, j].T
    points = np.column_stack([i * grid.spacing[0], centre[i] + offset])
    # below the shoulders a diseased side is bounded by the other side's mirror image
    low = i <= carina
    mirrored = np.column_stack([i[low] * grid.spacing[0], centre[i[low]] + offset[low] * (1, -1)])
    points = np.vstack([points, mirrored])
    planes = ConvexHull(points).equations  # normal (z, y, x) and offset; negative inside
    out = np.empty_like(lung)
    for k, c in enumerate(centre):
        depth = -(planes[:, 0] * k * grid.spacing[0] + planes[:, 1:3] @ c + planes[:, 3])
        speed = planes[:, 1:3] @ rays
        with np.errstate(divide="ignore", invalid="ignore"):
            out[k] = np.where(speed > 1e-9, depth[:, None] / speed, np.inf).min(axis=0)
    return out


def _low_percentile(values: Polar, size: tuple[int, int]) -> Polar:
    dz, da = size[0] // 2, size[1] // 2
    padded = np.pad(np.pad(values, ((0, 0), (da, da)), mode="wrap"), ((dz, dz), (0, 0)), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, size).reshape(*values.shape, -1)
    hits = np.isfinite(windows).sum(axis=-1)
    ordered = np.sort(windows, axis=-1)  # NaN goes to the end
    index = np.clip(np.ceil(hits * _PERCENTILE / 100).astype(int) - 1, 0, None)
    surface = np.take_along_axis(ordered, index[..., None], axis=-1)[..., 0]
    enough = hits >= 0.1 * windows.shape[-1]
    return np.where(enough, surface, np.nan)


def _window(grid: WorkGrid) -> tuple[int, int]:
    return 2 * round(_WINDOW_MM / grid.spacing[0]) + 1, 2 * round(_WINDOW_DEGREES / _STEP_DEGREES) + 1


def _smooth(gap: Polar, grid: WorkGrid) -> Polar:
    sigma = (5.0 / grid.spacing[0], 3.0 / _STEP_DEGREES)
    return np.asarray(ndimage.gaussian_filter(gap, sigma, mode=("nearest", "wrap")))


def _above_diaphragm(labels: Labels, grid: WorkGrid) -> Bool:
    """Voxels with lung of their side further down, or above that side's diaphragm."""
    allowed = np.maximum.accumulate(labels > 0, axis=0)
    for side in (RIGHT, LEFT):
        lowest = lowest_lung(labels == side)
        seen = lowest[lowest >= 0]
        if len(seen):
            x = np.flatnonzero((labels == side).any(axis=(0, 1)))
            allowed[int(np.percentile(seen, 95)) :, :, x[0] : x[-1] + 1] = True
    return np.asarray(allowed)


def _paint(
    out: npt.NDArray[np.uint8],
    rays: Bool,
    start: Polar,
    stop: Polar,
    centre: Polar,
    allowed: Bool,
    grid: WorkGrid,
) -> None:
    y = np.arange(out.shape[0])[:, None] * grid.spacing[1] - centre[0]
    x = np.arange(out.shape[1])[None, :] * grid.spacing[2] - centre[1]
    radius = np.hypot(y, x)
    ray = np.rint(np.rad2deg(np.arctan2(y, x)) / _STEP_DEGREES).astype(int) % len(rays)
    new = rays[ray] & (radius > start[ray] - grid.spacing[1]) & (radius <= stop[ray]) & allowed
    out[new] = np.where(np.broadcast_to(x, out.shape)[new] < 0, RIGHT, LEFT)
