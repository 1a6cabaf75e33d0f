"""The inner surface of the rib cage, as distances along rays from the middle between the lungs."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.spatial import ConvexHull

from ssc_core.lung.grid import Bool, WorkGrid
from ssc_core.lung.pleura import healthy_rays, pleura
from ssc_core.lung.sides import LEFT, RIGHT, Labels

__all__ = ["PLEURA_MM", "ChestWall", "Polar", "chest_wall"]

PLEURA_MM = 1.0

_BONE_HU = 180
_STEP_DEGREES = 1.5
_REACH_MM = 260.0
_WINDOW_MM = 14.0  # a rib and the space below it
_WINDOW_DEGREES = 4.5
_PERCENTILE = 40
_SEARCH_BACK_MM = 10.0
_SIDE_SHARE = 0.1  # of its largest section: with less, a lung says nothing about the middle

Polar = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ChestWall:
    """Ribs and lungs seen along rays in each axial slice.

    Parameters
    ----------
    centre : ndarray (slices, 2)
        Where the rays start, (y, x) in mm from the first pixel's centre.
    lung : ndarray (slices, angles)
        Distance in mm to the outermost lung; NaN on rays without lung.
    ribs : ndarray (slices, angles)
        Distance in mm to the inner surface of the ribs; NaN where there are none around.
    hull : ndarray (slices, angles)
        Distance in mm at which the ray leaves the convex hull of both lungs.
    pleura : ndarray (slices, angles)
        Distance in mm to where healthy lung would end; NaN in slices with too few ribs.
    """

    centre: Polar
    lung: Polar
    ribs: Polar
    hull: Polar
    pleura: Polar

    @property
    def angles(self) -> Polar:
        """Direction of each ray, in radians; 0 to the patient's left, growing to the back."""
        return np.asarray(np.arange(self.lung.shape[1]) * np.deg2rad(_STEP_DEGREES))

    def polar(self, z: int, grid: WorkGrid) -> tuple[Polar, npt.NDArray[np.intp]]:
        """Distance from the middle and number of the ray of every pixel of slice `z`."""
        y = np.arange(grid.hu.shape[1])[:, None] * grid.spacing[1] - self.centre[z, 0]
        x = np.arange(grid.hu.shape[2])[None, :] * grid.spacing[2] - self.centre[z, 1]
        ray = np.rint(np.rad2deg(np.arctan2(y, x)) / _STEP_DEGREES).astype(np.intp) % self.lung.shape[1]
        return np.hypot(y, x), ray

    def sampled(self, plane: Bool, z: int, radius: Polar, grid: WorkGrid) -> Bool:
        """`plane`, a mask in slice `z`, at distances `radius` (angles, n) in mm along the rays."""
        x = (self.centre[z, 1] + radius * np.cos(self.angles)[:, None]) / grid.spacing[2]
        y = (self.centre[z, 0] + radius * np.sin(self.angles)[:, None]) / grid.spacing[1]
        at = cv2.remap(plane.astype(np.uint8), x.astype(np.float32), y.astype(np.float32), cv2.INTER_NEAREST)
        return np.asarray(at > 0)

    def smooth(self, values: Polar, grid: WorkGrid) -> Polar:
        """`values` (slices, angles) averaged over neighbouring rays: 5 mm and 3 degrees."""
        sigma = (5.0 / grid.spacing[0], 3.0 / _STEP_DEGREES)
        return np.asarray(ndimage.gaussian_filter(values, sigma, mode=("nearest", "wrap")))


def chest_wall(labels: Labels, grid: WorkGrid, carina: int | None) -> ChestWall:
    """Find the ribs' inner surface around the lungs.

    The first bone on a ray beyond its outermost lung is sought, and a low percentile of that is taken over
    the neighbourhood, because between ribs rays meet no bone. Below the last lung of a ray the search begins
    where lung was last seen further up: a chest hardly narrows downwards. On rays whose lung does not reach
    the ribs it begins at the hull instead, for what lies inside it is no rib.

    Parameters
    ----------
    labels : ndarray of uint8, (z, y, x)
        0, 1 right lung, 2 left lung.
    grid : WorkGrid
        The CT.
    carina : int or None
        Slice of the carina: below it the hull also holds the lungs' mirror images, since a diseased side is
        bounded by the healthy one's.
    """
    centre = _centres(labels, grid)
    lung = np.full((len(labels), round(360 / _STEP_DEGREES)), np.nan)
    for z in np.flatnonzero(labels.any(axis=(1, 2))):
        polar = _unrolled((labels[z] > 0).astype(np.uint8), centre[z], grid) > 0
        last = polar.shape[1] - 1 - polar[:, ::-1].argmax(axis=1)
        lung[z] = np.where(polar.any(axis=1), (last + 0.5) * grid.spacing[1], np.nan)
    hull = _hull(lung, centre, grid, carina or 0)
    ribs = _ribs(grid, lung, centre)
    angles = np.arange(lung.shape[1]) * np.deg2rad(_STEP_DEGREES)
    healthy = healthy_rays(lung, ribs, np.cos(angles))
    alike = healthy.copy()
    for below in range(len(lung) - 2, -1, -1):  # below the last lung of a ray: as there
        alike[below] = np.where(np.isfinite(lung[below]), healthy[below], alike[below + 1])
    start = np.where((np.arange(len(lung)) <= (carina or 0))[:, None] & np.isfinite(hull), hull, 0.0)
    ribs = np.where(alike, ribs, _ribs(grid, lung, centre, start))
    return ChestWall(centre, lung, ribs, hull, pleura(lung, ribs, healthy, grid))


def _centres(labels: Labels, grid: WorkGrid) -> Polar:
    """(slices, 2) middle (y, x) in mm of the lungs' bounding box, smoothed; where one is missing, as near."""
    areas = [(labels == side).sum(axis=(1, 2)) for side in (RIGHT, LEFT)]
    both = np.all([a >= max(1.0, _SIDE_SHARE * a.max()) for a in areas], axis=0)
    if not both.any():
        both = np.sum(areas, axis=0) > 0
    where = np.flatnonzero(both)
    seen = np.empty((len(where), 2))
    for i, z in enumerate(where):
        y, x = np.nonzero(labels[z])
        seen[i] = (y.min() + y.max()) / 2 * grid.spacing[1], (x.min() + x.max()) / 2 * grid.spacing[2]
    every = np.column_stack([np.interp(np.arange(len(labels)), where, seen[:, k]) for k in (0, 1)])
    return np.asarray(ndimage.gaussian_filter1d(every, 20.0 / grid.spacing[0], axis=0, mode="nearest"))


def _unrolled(plane: npt.NDArray[np.uint8], centre: Polar, grid: WorkGrid) -> npt.NDArray[np.uint8]:
    """A slice as (angle, radius); one radius step is a pixel."""
    angles = np.arange(0, 360, _STEP_DEGREES)[:, None] * np.pi / 180
    radius = np.arange(0, _REACH_MM, grid.spacing[1])[None, :]
    x = ((centre[1] + radius * np.cos(angles)) / grid.spacing[2]).astype(np.float32)
    y = ((centre[0] + radius * np.sin(angles)) / grid.spacing[1]).astype(np.float32)
    return np.asarray(cv2.remap(plane, x, y, cv2.INTER_NEAREST), np.uint8)


def _ribs(grid: WorkGrid, lung: Polar, centre: Polar, least: Polar | None = None) -> Polar:
    size = 2 * round(_WINDOW_MM / grid.spacing[0]) + 1, 2 * round(_WINDOW_DEGREES / _STEP_DEGREES) + 1
    nearby = ndimage.maximum_filter(np.nan_to_num(lung, nan=0.0), size=size, mode=("nearest", "wrap"))
    start = np.where(np.isfinite(lung), lung, nearby)
    if least is not None:
        start = np.fmax(start, least)
    for z in range(len(start) - 2, -1, -1):
        start[z] = np.where(start[z] > 0, start[z], start[z + 1])
    radius = np.arange(0, _REACH_MM, grid.spacing[1])
    first = np.full(lung.shape, np.nan)
    for z in range(int(np.flatnonzero(np.isfinite(lung).any(axis=1))[-1]) + 1):
        bone = _unrolled((grid.hu[z] > _BONE_HU).astype(np.uint8), centre[z], grid) > 0
        bone &= radius[None, : bone.shape[1]] >= start[z][:, None] - _SEARCH_BACK_MM
        first[z] = np.where(bone.any(axis=1), bone.argmax(axis=1) * grid.spacing[1], np.nan)
    return _low_percentile(first, size)


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


def _hull(lung: Polar, centre: Polar, grid: WorkGrid, carina: int) -> Polar:
    angles = np.arange(lung.shape[1]) * np.deg2rad(_STEP_DEGREES)
    rays = np.stack([np.sin(angles), np.cos(angles)])
    i, j = np.nonzero(np.isfinite(lung))
    offset = lung[i, j, None] * rays[:, j].T
    points = np.column_stack([i * grid.spacing[0], centre[i] + offset])
    low = i <= carina
    mirrored = np.column_stack([i[low] * grid.spacing[0], centre[i[low]] + offset[low] * (1, -1)])
    planes = ConvexHull(np.vstack([points, mirrored])).equations  # normal (z, y, x), offset; negative inside
    out = np.empty_like(lung)
    for k, c in enumerate(centre):
        depth = -(planes[:, 0] * k * grid.spacing[0] + planes[:, 1:3] @ c + planes[:, 3])
        speed = planes[:, 1:3] @ rays
        with np.errstate(divide="ignore", invalid="ignore"):
            out[k] = np.where(speed > 1e-9, depth[:, None] / speed, np.inf).min(axis=0)
    return out
