"""A score all over the dermis: fields on a dense grid, each painted at its own centre.

The grid is read band by band from top to bottom, so that memory does not grow with the slide. The centre of a
pixel of the map is exactly the centre of the field whose number it holds; nothing is interpolated.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import shapely

from ssc_core.errors import EmptyError, InputError
from ssc_core.geometry import Frame
from ssc_core.io.roi import Roi
from ssc_core.io.slide import Slide
from ssc_core.progress import Tick, share, silent
from ssc_core.skin.drawing import Drawn, draw
from ssc_core.skin.feature_case import opened
from ssc_core.skin.features import Backbone, extract
from ssc_core.skin.scores.map_params import MapParams
from ssc_core.skin.scores.mapped import Mapped
from ssc_core.tiles import Fields

__all__ = ["ScoreMap", "score_map"]

Floats = npt.NDArray[np.float32]

_BAND = 400
"""Fields of a band, roughly: enough to decode most tiles once, few enough to stay small."""


@dataclass(frozen=True, eq=False)
class ScoreMap:
    """A number all over the dermis.

    Parameters
    ----------
    values : (y, x) float32 array
        NaN outside the dermis, and where a field could not be measured.
    inside : (y, x) float32 array
        Share of each field that lies in the dermis; NaN where `values` was not wanted.
    frame : Frame
        Of both, um, in the slide's own coordinates.
    what : Mapped
        What was mapped.
    drawn : Drawn
        Dermis, overview, stain, and the random fields that the biopsy's score is made of.
    flags : tuple of str
        What must be known.
    """

    values: Floats
    inside: Floats
    frame: Frame
    what: Mapped
    drawn: Drawn
    flags: tuple[str, ...]

    def like_patches(self) -> npt.NDArray[np.float64]:
        """Values of the fields that a random draw could have given, (n,): as far inside as those."""
        wanted = (self.inside >= self.what.params.min_inside) & ~np.isnan(self.values)
        return self.values[wanted].astype(np.float64)

    def __repr__(self) -> str:
        rows, cols = self.values.shape
        return (
            f"<ScoreMap of {self.what.name}: {cols} x {rows} fields, {len(self.like_patches())} well inside>"
        )


def score_map(
    slide: Slide,
    what: Mapped,
    params: MapParams | None = None,
    *,
    mask: Sequence[Roi] | npt.ArrayLike | None = None,
    seed: int | None = None,
    spool: Path | None = None,
    tick: Tick = silent,
) -> ScoreMap:
    """Map a score over the whole dermis of a slide.

    Parameters
    ----------
    slide : Slide
        The slide.
    what : Mapped
        From :mod:`ssc_core.skin.scores.mapped`.
    params : MapParams, optional
        The defaults if None.
    mask, seed
        Dermis and effective seed, as in :func:`ssc_core.skin.pipeline.analyse`. The seed matters for the
        stain alone, which is measured on the random fields; the grid depends on the slide and the step.
    spool : Path, optional
        File that holds the map while it is made, for maps larger than memory; kept in memory if None.
    tick : Tick
        Told after every batch of fields; may raise ``Cancelled``.

    Returns
    -------
    ScoreMap

    Raises
    ------
    EmptyError
        If no field of the grid lies in the dermis.
    InputError, GeometryError, FormatError
        As :func:`ssc_core.skin.pipeline.analyse`, and if the weights are others than the model's.
    """
    params = params or MapParams()
    backbone = opened(what.params)
    drawn = draw(slide, what.params, mask=mask, seed=seed, tick=share(tick, 0.0, 0.1))
    grid = _Grid.over(slide, drawn.fields, params.step_um)
    if not 0 < np.prod(grid.count) <= 50_000_000:
        raise InputError(
            f"a grid of {grid.count[1]} x {grid.count[0]} fields is no map; choose another --step-um"
        )
    values = _array(spool, grid.count)
    inside = np.full(grid.count, np.nan, np.float32)
    for rows, share_inside in grid.bands(drawn.fields, params.map_inside):
        part = share(tick, 0.1 + 0.9 * rows.start / grid.count[0], 0.1 + 0.9 * rows.stop / grid.count[0])
        inside[rows] = share_inside
        wanted = np.argwhere(~np.isnan(share_inside)) + np.array([rows.start, 0])
        if len(wanted):
            values[wanted[:, 0], wanted[:, 1]] = _values(
                slide, drawn, backbone, what, grid.starts(wanted), part
            )
    if np.isnan(inside).all():
        raise EmptyError("no field of the grid lies in the dermis; choose a smaller --step-um",
                         source=slide.path)  # fmt: skip
    flags = drawn.flags
    lost = int((np.isnan(values) & ~np.isnan(inside)).sum())
    if lost:
        flags += (f"{lost} fields of the map could not be measured and are left empty",)
    if what.meta is not None and what.meta.trichrome and not drawn.trichrome.likely:
        flags += ("the slide does not look like a Masson's trichrome, the training slides did",)
    return ScoreMap(values, inside, grid.frame(slide, drawn.fields), what, drawn, flags)


@dataclass(frozen=True)
class _Grid:
    """Places on the level that is read: `first` + `step` * (row, column)."""

    first: tuple[int, int]
    step: tuple[int, int]
    count: tuple[int, int]

    @classmethod
    def over(cls, slide: Slide, fields: Fields, step_um: float) -> _Grid:
        """The part of the slide's grid in which fields have their centre in the region."""
        plan = fields.plan
        factor, side = np.asarray(plan.factor), np.asarray(plan.side)
        size = np.asarray(slide.mpp) * factor
        step = np.maximum(np.round(step_um / size), 1).astype(int)
        left, top, right, bottom = fields.region.bounds
        low = np.array([top, left]) / factor - side / 2
        high = np.array([bottom, right]) / factor - side / 2
        last = np.floor(np.asarray(slide.levels[plan.level].shape) - side + 1e-9)
        start = np.ceil(np.maximum(low, 0) / step).astype(int)
        stop = np.floor(np.minimum(high, last) / step).astype(int) + 1
        first, count = start * step, np.maximum(stop - start, 0)
        return cls(
            (int(first[0]), int(first[1])), (int(step[0]), int(step[1])), (int(count[0]), int(count[1]))
        )

    def starts(self, places: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """(n, 2) top left pixels of the fields at (row, column)."""
        return np.asarray(np.asarray(self.first) + places * np.asarray(self.step), np.int64)

    def frame(self, slide: Slide, fields: Fields) -> Frame:
        """Frame of the map: its pixel centres are the fields' centres."""
        factor = np.asarray(fields.plan.factor)
        middle = (np.asarray(self.first) + np.asarray(fields.plan.side) / 2) * factor - 0.5
        spacing = np.asarray(slide.mpp) * factor * self.step
        origin = slide.frame.to_physical(middle)
        return Frame(tuple(spacing.tolist()), tuple(origin.tolist()), unit="um")

    def bands(self, fields: Fields, least: float) -> Iterator[tuple[slice, Floats]]:
        """Rows of the grid with the share of each field in the region; NaN where a field is not wanted."""
        rows, cols = self.count
        high = max(_BAND // max(cols, 1), 1)
        for top in range(0, rows, high):
            span = slice(top, min(top + high, rows))
            shape = (span.stop - span.start, cols)
            places = np.argwhere(np.ones(shape, bool)) + np.array([top, 0])
            some = replace(fields, starts=self.starts(places))
            y, x = (some.centres + 0.5).T
            shares = np.full(len(places), np.nan, np.float32)
            middle = shapely.contains_xy(fields.region, x, y)
            boxes = some.boxes()[middle]
            found = shapely.area(shapely.intersection(boxes, fields.region)) / shapely.area(boxes)
            shares[middle] = np.where(found >= least, found, np.nan)
            yield span, shares.reshape(shape)


def _values(
    slide: Slide, drawn: Drawn, backbone: Backbone, what: Mapped, starts: npt.NDArray[np.int64], tick: Tick
) -> npt.NDArray[np.float64]:
    fields = replace(drawn.fields, starts=starts)
    return what.value(extract(slide, fields, backbone, tick, batch=what.params.batch, stain=drawn.stain))


def _array(spool: Path | None, shape: tuple[int, int]) -> Floats:
    if spool is None:
        return np.full(shape, np.nan, np.float32)
    held = np.lib.format.open_memmap(spool, mode="w+", dtype=np.float32, shape=shape)
    held[...] = np.nan
    return held
