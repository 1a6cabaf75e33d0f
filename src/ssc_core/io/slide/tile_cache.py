"""Tiles that were read last, for viewers that ask for the same place again."""

from __future__ import annotations

import threading
from collections import OrderedDict

from ssc_core.io.slide.source import Rgb, Source

__all__ = ["TileCache"]

_BYTES = 48_000_000


class TileCache:
    """The tiles read last, up to a fixed number of bytes."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._tiles: OrderedDict[tuple[int, int, int], Rgb] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, level: int, row: int, col: int) -> Rgb:
        """One tile, decoded or remembered."""
        key = (level, row, col)
        with self._lock:
            if key in self._tiles:
                self._tiles.move_to_end(key)
                return self._tiles[key]
        tile = self._source.tile(level, row, col)  # two threads may decode the same tile: harmless
        with self._lock:
            if key not in self._tiles:
                self._tiles[key] = tile
                self._bytes += tile.nbytes
            while self._bytes > _BYTES and len(self._tiles) > 1:
                self._bytes -= self._tiles.popitem(last=False)[1].nbytes
        return tile
