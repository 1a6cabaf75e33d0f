"""A level of a slide as a dask array that reads what is computed, and nothing else."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

import dask.array as da
import numpy as np
from dask.base import tokenize

from ssc_core.errors import InputError
from ssc_core.geometry import Box
from ssc_core.io.slide.source import Rgb

if TYPE_CHECKING:
    from ssc_core.io.slide.slide import Slide

__all__ = ["lazy_level"]

_CHUNK = 1024  # chunks hold whole tiles and come close to this


def lazy_level(slide: Slide, level: int, identity: tuple[Hashable, ...]) -> Any:
    """`level` as dask array (y, x, 3) uint8.

    Parameters
    ----------
    slide : Slide
        Open slide.
    level : int
        A level that exists.
    identity : tuple
        What tells this slide from others; equal slides share their dask keys.
    """
    chunks = tuple(t * max(1, round(_CHUNK / t)) for t in slide.grid(level).tile)
    stat = slide.path.stat()
    name = f"slide-{tokenize(identity, stat.st_mtime_ns, stat.st_size, level)}"
    empty = np.empty((0, 0, 0), np.uint8)
    return da.from_array(_Level(slide, level), chunks=(*chunks, 3), name=name, asarray=False, meta=empty)


class _Level:
    """What dask slices: pixels are read when they are asked for."""

    dtype = np.dtype(np.uint8)
    ndim = 3

    def __init__(self, slide: Slide, level: int) -> None:
        self._slide = slide
        self._level = level
        self.shape = (*slide.levels[level].shape, 3)

    def __getitem__(self, key: Any) -> Rgb:
        key = key if isinstance(key, tuple) else (key,)
        key = key + (slice(None),) * (3 - len(key))
        y, x = (_range(k, n) for k, n in zip(key[:2], self.shape[:2], strict=True))
        box = Box((y.start, x.start), (max(y.start, y.stop), max(x.start, x.stop)))
        pixels = self._slide.read(box, self._level)[:: y.step, :: x.step]
        first = tuple(slice(None) if isinstance(k, slice) else 0 for k in key[:2])
        return pixels[(*first, key[2])]


def _range(key: Any, length: int) -> range:
    if not isinstance(key, slice):
        return range(int(key), int(key) + 1)
    found = range(*key.indices(length))
    if found.step < 1:
        raise InputError("a slide is sliced with positive steps only")
    return found
