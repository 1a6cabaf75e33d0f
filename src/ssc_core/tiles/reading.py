"""Planned reading: every stored tile is decoded once, by several threads, and averaged over exact areas."""

from __future__ import annotations

import os
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import cv2
import numpy as np
import numpy.typing as npt

from ssc_core.geometry import Box
from ssc_core.io.slide import Slide
from ssc_core.io.slide.source import WHITE, Rgb, paste
from ssc_core.progress import Tick, silent
from ssc_core.tiles.fields import Fields
from ssc_core.tiles.spec import Plan

__all__ = ["iter_fields", "read_fields"]

_MOST_WORKERS = 8
_Key = tuple[int, int]  # row, column of a tile
_Tiles = dict[_Key, Rgb]


def read_fields(slide: Slide, fields: Fields, *, workers: int | None = None, tick: Tick = silent) -> Rgb:
    """All patches at once.

    Parameters
    ----------
    slide : Slide
        Where the fields were drawn.
    fields : Fields
        Which.
    workers : int, optional
        Threads; the pixels do not depend on it.
    tick : Tick
        Told after each patch.

    Returns
    -------
    (n, size_px, size_px, 3) uint8
        In the order of `fields`.

    Raises
    ------
    FormatError
        If a tile is damaged.
    """
    size = fields.plan.size_px
    out = np.empty((len(fields), size, size, 3), np.uint8)
    for done, (index, patch) in enumerate(iter_fields(slide, fields, workers=workers)):
        tick(done, len(fields), "reading patches")
        out[index] = patch
    tick(len(fields), len(fields), "reading patches")
    return out


def iter_fields(slide: Slide, fields: Fields, *, workers: int | None = None) -> Iterator[tuple[int, Rgb]]:
    """Patches one by one while the next are being decoded.

    Parameters
    ----------
    slide, fields, workers
        As in :func:`read_fields`.

    Yields
    ------
    int
        Index in `fields`. Neighbours on the slide come after one another, so that tiles can be let go early.
    (size_px, size_px, 3) uint8
        The patch.
    """
    workers = workers or min(_MOST_WORKERS, os.cpu_count() or 1)
    boxes = [_box(start, fields.plan) for start in fields.starts]
    grid = slide.grid(fields.plan.level)
    needs = [grid.tiles(box) for box in boxes]
    left = Counter(key for need in needs for key in need)
    order = sorted(range(len(boxes)), key=lambda i: (needs[i][:1], boxes[i].start))
    tiles: dict[_Key, Future[_Tiles]] = {}
    waiting: deque[tuple[int, Future[Rgb]]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for index in order:
                new = [key for key in needs[index] if key not in tiles]
                tiles.update(dict.fromkeys(new, pool.submit(_decoded, slide, fields.plan.level, new)))
                parts = {key: tiles[key] for key in needs[index]}
                # queued after its tiles, so it never waits for a task that no thread has begun
                waiting.append((index, pool.submit(_patch, slide, boxes[index], parts, fields.plan)))
                left.subtract(needs[index])
                for key in needs[index]:
                    if not left[key]:
                        del tiles[key]
                if len(waiting) > 2 * workers:
                    yield _next(waiting)
            while waiting:
                yield _next(waiting)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _next(waiting: deque[tuple[int, Future[Rgb]]]) -> tuple[int, Rgb]:
    index, patch = waiting.popleft()
    return index, patch.result()


def _box(start: npt.NDArray[np.int64], plan: Plan) -> Box:
    """Whole pixels of the level that a field touches."""
    y, x = (int(v) for v in start)
    h, w = (int(np.ceil(s - 1e-9)) for s in plan.side)
    return Box((y, x), (y + h, x + w))


def _decoded(slide: Slide, level: int, keys: list[_Key]) -> _Tiles:
    return {key: slide.tile(level, *key) for key in keys}


def _patch(slide: Slide, box: Box, parts: dict[_Key, Future[_Tiles]], plan: Plan) -> Rgb:
    grid = slide.grid(plan.level)
    pixels = np.full((*box.shape, 3), WHITE, np.uint8)
    for key, tiles in parts.items():
        paste(pixels, box, tiles.result()[key], grid.box(*key))
    return shrunk(pixels, plan.side, plan.size_px)


def shrunk(pixels: Rgb, side: tuple[float, float], size_px: int) -> Rgb:
    """Average areas: `side` pixels, counted from the first one and not rounded, become `size_px`.

    Parameters
    ----------
    pixels : (h, w, 3) uint8
        At least `side` pixels.
    side : (float, float)
        Height and width in pixels that the patch shows.
    size_px : int
        Height and width of the patch.
    """
    if all(abs(s - size_px) < 1e-9 for s in side):
        return pixels
    # the factors, not a target size, are given: OpenCV then weighs fractions of pixels exactly
    fy, fx = (size_px / s for s in side)
    small = cv2.resize(pixels, None, fx=fx, fy=fy, interpolation=cv2.INTER_AREA)
    return np.asarray(small[:size_px, :size_px], np.uint8)
