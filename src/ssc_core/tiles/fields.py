"""The fields that were drawn on a slide, and what they cover."""

from __future__ import annotations

from dataclasses import dataclass, field

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
    mean_overlap: float = field(init=False)
    """Mean share of a field's area that other fields show too, 0 to 1."""
    covered: float = field(init=False)
    """Share of the region's area that at least one field shows, 0 to 1."""
    room: float = field(init=False)
    """Area of the region in fields: the number that could never be exceeded without overlap."""

    def __post_init__(self) -> None:
        boxes = self.boxes()
        one = float(np.prod(np.multiply(self.plan.side, self.plan.factor)))
        whole = shapely.union_all(boxes)
        object.__setattr__(self, "mean_overlap", _mean_overlap(boxes))
        object.__setattr__(self, "covered", float(whole.intersection(self.region).area / self.region.area))
        object.__setattr__(self, "room", float(self.region.area / one))

    def __len__(self) -> int:
        return len(self.starts)

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


def _mean_overlap(boxes: npt.NDArray[np.object_]) -> float:
    if len(boxes) < 2:
        return 0.0
    one, other = shapely.STRtree(boxes).query(boxes)
    shares = []
    for k, box in enumerate(boxes):
        beside = boxes[[j for j in other[one == k] if j != k]]
        shares.append(shapely.union_all(beside).intersection(box).area / box.area if len(beside) else 0.0)
    return float(np.mean(shares))
