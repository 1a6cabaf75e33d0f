"""Between regions and masks, by one rule: a pixel belongs to a region if its centre does.

Regions are in level-0 pixel EDGE coordinates (x, y): pixel (row, col) covers col..col+1 and row..row+1, and
its centre is (col + 0.5, row + 0.5). A centre that lies exactly on an edge belongs to the region on its right
or below, so that neighbours never share a pixel and never lose one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import shapely

from ssc_core.errors import EmptyError, InputError
from ssc_core.geometry import Box, Frame

__all__ = ["Mask", "Region", "outline_of", "rasterise"]

Mask = npt.NDArray[np.bool_]
Region = shapely.Polygon | shapely.MultiPolygon
FloatArray = npt.NDArray[np.float64]


def rasterise(
    geometry: Region, where: Box | Frame, shape: Sequence[int], *, base: Frame | None = None
) -> Mask:
    """Mask of a region.

    Parameters
    ----------
    geometry : Polygon or MultiPolygon
        Level-0 pixel edge coordinates (x, y). Holes are holes.
    where : Box or Frame
        The ground that the mask covers: a block of level-0 pixels, or the mask's own frame (then `base` is
        needed).
    shape : (int, int)
        Height and width of the mask. With a box, its pixels need not be square nor whole level-0 pixels.
    base : Frame, optional
        Frame of level 0.

    Returns
    -------
    (h, w) bool

    Examples
    --------
    >>> square = shapely.box(1, 0, 3, 2)
    >>> rasterise(square, Box((0, 0), (4, 4)), (4, 4)).astype(int).tolist()
    [[0, 1, 1, 0], [0, 1, 1, 0], [0, 0, 0, 0], [0, 0, 0, 0]]
    """
    height, width = (int(n) for n in shape)
    scale, start = _grid(where, (height, width), base)
    toggles = np.zeros((height, width + 1), np.uint8)
    for ring in _rings(geometry):
        rows, crossings = _crossings((ring[:, ::-1] - start) / scale - 0.5, height)
        cols = np.clip(np.ceil(crossings), 0, width).astype(np.int64)
        np.bitwise_xor.at(toggles, (rows, cols), 1)
    np.bitwise_xor.accumulate(toggles, axis=1, out=toggles)
    return toggles[:, :width].astype(bool)


def outline_of(mask: Mask, where: Box | Frame, *, base: Frame | None = None) -> Region:
    """The region that covers exactly the pixels of a mask, with its holes.

    Parameters
    ----------
    mask : (h, w) bool
        Pixels.
    where, base
        As in :func:`rasterise`.

    Returns
    -------
    Polygon or MultiPolygon
        Level-0 pixel edge coordinates (x, y).

    Raises
    ------
    EmptyError
        If the mask is empty.
    """
    mask = np.asarray(mask, bool)
    if not mask.any():
        raise EmptyError("the mask is empty; there is no region to outline")
    (sy, sx), (y0, x0) = _grid(where, (mask.shape[0], mask.shape[1]), base)
    top, bottom, left, right = _rectangles(mask)
    boxes = shapely.box(x0 + left * sx, y0 + top * sy, x0 + right * sx, y0 + bottom * sy)
    region = shapely.union_all(boxes)
    assert isinstance(region, shapely.Polygon | shapely.MultiPolygon)
    return region


def _grid(where: Box | Frame, shape: tuple[int, int], base: Frame | None) -> tuple[FloatArray, FloatArray]:
    """Size of a mask pixel, and position of the mask's corner, in level-0 edge coordinates (y, x)."""
    if isinstance(where, Box):
        return np.asarray(where.shape) / np.asarray(shape), np.asarray(where.start, float)
    if base is None:
        raise InputError("a mask with a frame needs the frame of level 0 too")
    if where.direction != base.direction or where.unit != base.unit:
        raise InputError("the mask and the slide have axes or units that differ")
    scale = np.asarray(where.spacing) / np.asarray(base.spacing)
    return scale, base.to_index(where.origin) + 0.5 - scale / 2


def _rings(geometry: Region) -> list[FloatArray]:
    """(n, 2) closed rings of all parts, outer and inner: what is inside an odd number of them is inside."""
    parts = shapely.get_parts(geometry)
    rings = (ring for part in parts for ring in (part.exterior, *part.interiors))
    return [np.asarray(shapely.get_coordinates(ring)) for ring in rings]


def _crossings(ring: FloatArray, height: int) -> tuple[npt.NDArray[np.int64], FloatArray]:
    """Rows whose line of centres a ring crosses, and where; index coordinates (y, x), centres at integers."""
    a, b = ring[:-1], ring[1:]
    low, high = (np.where((a[:, :1] <= b[:, :1]) == first, a, b) for first in (True, False))
    # rows with low.y <= row < high.y: each crossing is counted once, also at a vertex
    begin = np.clip(np.ceil(low[:, 0]), 0, height).astype(np.int64)
    count = np.clip(np.ceil(high[:, 0]), 0, height).astype(np.int64) - begin
    edge = np.repeat(np.arange(len(a)), count)
    rows = np.arange(len(edge)) - np.repeat(np.cumsum(count) - count, count) + begin[edge]
    (y0, x0), (y1, x1) = low[edge].T, high[edge].T
    return rows, x0 + (rows - y0) * (x1 - x0) / (y1 - y0)


def _rectangles(mask: Mask) -> tuple[npt.NDArray[np.int64], ...]:
    """Rectangles (top, bottom, left, right): runs of pixels, equal ones of successive rows joined."""
    padded = np.pad(mask, ((0, 0), (1, 1))).astype(np.int8)
    steps = np.diff(padded, axis=1)
    rows, left = np.nonzero(steps == 1)
    right = np.nonzero(steps == -1)[1]
    order = np.lexsort((rows, right, left))
    rows, left, right = rows[order], left[order], right[order]
    new = np.ones(len(rows), bool)
    new[1:] = (np.diff(left) != 0) | (np.diff(right) != 0) | (np.diff(rows) != 1)
    first = np.flatnonzero(new)
    last = np.append(first[1:], len(rows)) - 1
    return rows[first], rows[last] + 1, left[first], right[first]
