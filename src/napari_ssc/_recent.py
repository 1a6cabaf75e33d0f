"""A lazy volume whose blocks are kept only as long as they were looked at last."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any

import numpy as np

__all__ = ["KEPT_BYTES", "kept_recent"]

KEPT_BYTES = 64 << 20
"""Of the blocks that were looked at last; the block that is shown is kept even if it is larger."""


def kept_recent(volume: Any) -> Any:
    """The same dask array, which reads each block once while it is looked at and then lets it go.

    napari's own cache keeps what was looked at up to a quarter of the memory, so that a CT of which every
    slice was seen would lie in memory whole.

    Parameters
    ----------
    volume : dask array, (z, y, x)
        Cut along z only.
    """
    import dask.array as da

    name = f"recent-{volume.name}"
    return da.from_array(_Recent(volume), chunks=volume.chunks, name=name, inline_array=True)


class _Recent:
    """Slices of a lazy volume by way of its blocks."""

    ndim = 3

    def __init__(self, volume: Any) -> None:
        self.shape, self.dtype = volume.shape, volume.dtype
        self._volume = volume
        self._stops = np.cumsum(volume.chunks[0])
        self._blocks: OrderedDict[int, Any] = OrderedDict()
        self._lock = threading.Lock()

    def __getitem__(self, index: Any) -> Any:
        rows, *inside = index if isinstance(index, tuple) else (index,)
        wanted: int | range = range(self.shape[0])[rows]
        if isinstance(wanted, int):
            return self._plane(wanted)[tuple(inside)]
        return np.stack([self._plane(z) for z in wanted])[(slice(None), *inside)]

    def _plane(self, z: int) -> Any:
        number = int(np.searchsorted(self._stops, z, side="right"))
        first = int(self._stops[number - 1]) if number else 0
        with self._lock:  # two threads that want one block read it once
            if number not in self._blocks:
                self._blocks[number] = self._volume.blocks[number].compute(scheduler="synchronous")
            self._blocks.move_to_end(number)
            while len(self._blocks) > 1 and sum(b.nbytes for b in self._blocks.values()) > KEPT_BYTES:
                self._blocks.popitem(last=False)
            return self._blocks[number][z - first]
