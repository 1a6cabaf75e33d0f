"""Seeded fields, uniform over all places where one may lie."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import numpy.typing as npt
import shapely
from scipy import ndimage

from ssc_core.errors import EmptyError, InputError
from ssc_core.geometry import Box
from ssc_core.io.raster import Mask, Region, outline_of, rasterise
from ssc_core.io.roi import Roi
from ssc_core.io.slide import Slide
from ssc_core.tiles.fields import Fields
from ssc_core.tiles.spec import Plan, TileSpec

__all__ = ["sample_fields"]

IntArray = npt.NDArray[np.int64]

_CELLS = 32  # cells per side of a field, for the map of where fields may lie
_DRAWS = 64  # drawn at a time; fixed, so that fewer fields are the first of more fields
_PATIENCE = 4096  # draws without success before a region counts as full


def sample_fields(
    region: Region | Roi | Mask,
    spec: TileSpec,
    slide: Slide,
    n: int = 100,
    *,
    seed: int,
    min_inside: float = 1.0,
    overlap: bool = True,
) -> Fields:
    """Draw fields at random in a region.

    Parameters
    ----------
    region : Polygon, MultiPolygon, Roi or (h, w) bool mask
        Where; a mask covers the whole slide at any resolution.
    spec : TileSpec
        Size of the fields.
    slide : Slide
        The slide; fields lie wholly on it.
    n : int
        How many.
    seed : int
        The draw depends on it and on the region, on nothing else; fewer fields are the first of more.
    min_inside : float
        Smallest share of a field's area that lies in the region, above 0 to 1; 1 keeps fields from crossing
        its edge.
    overlap : bool
        Whether fields may overlap. Without overlap they are placed one after the other at random and kept
        where they are free (random sequential placement), until none was found in 4096 draws.

    Returns
    -------
    Fields
        As many as were found; its `warnings` say when there are fewer than `n`.

    Raises
    ------
    EmptyError
        If no field fits.
    InputError
        If a number is out of bounds or the patch is finer than the slide.
    """
    if n < 1 or not 0 < min_inside <= 1:
        raise InputError("at least one patch is needed, and the share inside must lie above 0 and up to 1")
    plan = spec.plan(slide)
    ground = _on_slide(region, slide)
    places = _Places(ground, plan, slide, min_inside)
    starts = _drawn(places, np.random.default_rng(seed), n, overlap)
    if not len(starts):
        size = " x ".join(
            f"{s * f * m:.0f}" for s, f, m in zip(plan.side, plan.factor, slide.mpp, strict=True)
        )
        raise EmptyError(
            f"no field of {size} um fits into the region; draw a larger one, or choose smaller patches or a"
            " smaller share inside",
            source=slide.path,
        )
    return Fields(spec, plan, starts, ground, n, seed)


def _on_slide(region: Region | Roi | Mask, slide: Slide) -> Region:
    """The part of the region that lies on the slide."""
    whole = Box((0, 0), slide.shape)
    if isinstance(region, np.ndarray):
        return outline_of(region, whole)
    geometry = region.geometry if isinstance(region, Roi) else region
    part = geometry.intersection(shapely.box(0, 0, slide.shape[1], slide.shape[0]))
    areas = [p for p in shapely.get_parts(part) if isinstance(p, shapely.Polygon) and p.area > 0]
    if not areas:
        raise InputError(
            "the region lies outside of the slide; it was drawn on another one", source=slide.path
        )
    return areas[0] if len(areas) == 1 else shapely.MultiPolygon(areas)


class _Places:
    """Where a field may start, as cells that hold every such place, and the exact test."""

    def __init__(self, region: Region, plan: Plan, slide: Slide, min_inside: float) -> None:
        self.plan = plan
        self._region = region
        self._min_inside = min_inside
        self._side = np.asarray(plan.side)
        self._factor = np.asarray(plan.factor)
        self._last = np.floor(np.asarray(slide.levels[plan.level].shape) - self._side + 1e-9)
        self.step = np.maximum(1, np.round(self._side / _CELLS)).astype(np.int64)
        shapely.prepare(region)
        self.cells = self._cells()

    def _cells(self) -> IntArray:
        """(m, 2) first start of each cell in which a field may begin."""
        left, top, right, bottom = self._region.bounds
        low = np.floor(np.array([top, left]) / self._factor - self._side).astype(np.int64)
        high = np.ceil(np.array([bottom, right]) / self._factor).astype(np.int64)
        count = -(-(high - low) // self.step) + 1
        # cells that the region touches, then for each cell how much of it a field that begins there can see
        box = self._ground(low, low + count * self.step)
        touched = ndimage.binary_dilation(_raster(self._region, box, count), np.ones((3, 3), bool))
        seen = np.ceil(self._side / self.step).astype(int) + 1
        total = np.pad(touched, [(1, s) for s in seen]).astype(np.int64).cumsum(0).cumsum(1)
        a, b = seen
        inside = total[a:, b:] - total[:-a, b:] - total[a:, :-b] + total[:-a, :-b]
        enough = inside[: count[0], : count[1]] * np.prod(self.step) >= self._min_inside * np.prod(self._side)
        cells: IntArray = low + np.argwhere(enough) * self.step
        reachable = (cells <= self._last) & (cells + self.step > 0)
        within: IntArray = cells[reachable.all(axis=1)]
        return within

    def _ground(self, start: IntArray, stop: IntArray) -> tuple[float, float, float, float]:
        """(left, top, right, bottom) in level-0 edge coordinates of a block of the level."""
        (top, left), (bottom, right) = start * self._factor, stop * self._factor
        return float(left), float(top), float(right), float(bottom)

    def admits(self, starts: IntArray) -> npt.NDArray[np.bool_]:
        """Which of the (k, 2) starts begin a field that lies on the slide and inside the region."""
        ok: npt.NDArray[np.bool_] = ((starts >= 0) & (starts <= self._last)).all(axis=1)
        left, top, right, bottom = self._ground_of(starts[ok])
        boxes = shapely.box(left, top, right, bottom)
        if self._min_inside >= 1:
            ok[ok] = shapely.covers(self._region, boxes)
        else:
            share = shapely.area(shapely.intersection(self._region, boxes)) / shapely.area(boxes)
            ok[ok] = share >= self._min_inside
        return ok

    def _ground_of(self, starts: IntArray) -> tuple[npt.NDArray[np.float64], ...]:
        (top, left), (bottom, right) = (starts * self._factor).T, ((starts + self._side) * self._factor).T
        return left, top, right, bottom


def _raster(region: Region, ground: tuple[float, float, float, float], count: IntArray) -> Mask:
    """`region` on a grid of `count` cells over `ground`, by the centres of the cells."""
    left, top, right, bottom = ground
    scale = np.array([right - left, bottom - top])
    unit = shapely.transform(region, lambda xy: (xy - [left, top]) / scale * count[::-1])
    shape = (int(count[0]), int(count[1]))
    return rasterise(unit, Box((0, 0), shape), shape)


def _drawn(places: _Places, rng: np.random.Generator, n: int, overlap: bool) -> IntArray:
    found: dict[tuple[int, int], None] = {}  # keeps the order of the draw
    misses = 0
    while len(found) < n and misses < _PATIENCE and len(places.cells):
        cell = places.cells[rng.integers(len(places.cells), size=_DRAWS)]
        starts = cell + np.stack([rng.integers(s, size=_DRAWS) for s in places.step], axis=1)
        free = np.ones(_DRAWS, bool) if overlap else _free(starts, found, places.plan)
        free[free] = places.admits(starts[free])
        before = len(found)
        for start in starts[free]:
            if len(found) < n and (overlap or _free(start[None], found, places.plan)[0]):
                found[int(start[0]), int(start[1])] = None
        misses = 0 if len(found) > before else misses + _DRAWS
    return np.array(list(found), np.int64).reshape(-1, 2)


def _free(starts: IntArray, found: Collection[tuple[int, int]], plan: Plan) -> npt.NDArray[np.bool_]:
    """Which of the (k, 2) starts begin a field that overlaps none of those found."""
    if not found:
        return np.ones(len(starts), bool)
    apart = np.abs(starts[:, None] - np.array(list(found))[None]) >= plan.side
    return np.asarray(apart.any(axis=2).all(axis=1))
