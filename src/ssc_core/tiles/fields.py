"""The fields that were drawn on a slide, and what they cover."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import shapely

from ssc_core.io.raster import Region
from ssc_core.tiles.spec import Plan, TileSpec

__all__ = ["Fields"]


@dataclass(frozen=True, eq=False)
class Fields:
    """Fields of one slide, in the order they were drawn.

    Parameters
    ----------
    spec : TileSpec
        What was asked for.
    plan : Plan
        How they are read.
    starts : (n, 2) int64
        Top left pixel (y, x) of each field at the pyramid level that is read. Fields lie on that level's
        pixels, so that nothing is interpolated.
    region : Polygon or MultiPolygon
        Where they were drawn, in level-0 pixel edge coordinates (x, y).
    asked : int
        How many were wanted; there may be fewer, and they are never padded.
    seed : int
        The effective seed.
    """

    spec: TileSpec
    plan: Plan
    starts: npt.NDArray[np.int64]
    region: Region
    asked: int
    seed: int

    def __len__(self) -> int:
        return len(self.starts)

    @cached_property
    def mean_overlap(self) -> float:
        """Mean share of a field's area that other fields show too, 0 to 1."""
        boxes = self.boxes()
        one, other = shapely.STRtree(boxes).query(boxes)
        apart = one != other
        one, other = one[apart], other[apart]
        shares = np.zeros(len(boxes))
        for k in np.unique(one):
            beside = shapely.union_all(boxes[other[one == k]])
            shares[k] = beside.intersection(boxes[k]).area / boxes[k].area
        return float(shares.mean())

    @cached_property
    def covered(self) -> float:
        """Share of the region's area that at least one field shows, 0 to 1."""
        whole = shapely.union_all(self.boxes())
        return float(whole.intersection(self.region).area / self.region.area)

    @property
    def room(self) -> float:
        """Area of the region in fields: without overlap, there can never be more."""
        return float(self.region.area / np.prod(np.multiply(self.plan.side, self.plan.factor)))

    @property
    def centres(self) -> npt.NDArray[np.float64]:
        """(n, 2) centres (y, x) as level-0 indices (a pixel's centre is an integer)."""
        half = np.asarray(self.plan.side, float) / 2
        middle: npt.NDArray[np.float64] = np.asarray((self.starts + half) * self.plan.factor - 0.5, float)
        return middle

    def boxes(self) -> npt.NDArray[np.object_]:
        """(n,) rectangles in level-0 pixel edge coordinates, as regions are."""
        top, left = (self.starts * self.plan.factor).T
        bottom, right = ((self.starts + self.plan.side) * self.plan.factor).T
        found: npt.NDArray[np.object_] = shapely.box(left, top, right, bottom)
        return found

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should know about the draw."""
        if len(self) == self.asked:
            return ()
        return (
            f"only {len(self)} of {self.asked} fields were found (the region's area is worth {self.room:.1f}"
            " fields); the others were not made up",
        )

    def __repr__(self) -> str:
        return (
            f"<{len(self)} fields of {self.plan.size_px} px: mean overlap {100 * self.mean_overlap:.0f} %,"
            f" {100 * self.covered:.0f} % of the region covered, room for {self.room:.1f}>"
        )
