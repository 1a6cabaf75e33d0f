"""A CT laid out so that every plane can be read at once: decoded once, to a scratch file, not to memory."""

from __future__ import annotations

import tempfile
from typing import Any

import numpy as np

from ssc_core.progress import Tick, track

__all__ = ["is_laid_out", "laid_out"]


def is_laid_out(layer: Any) -> bool:
    """Whether planes other than the file's own are read at once."""
    return isinstance(layer.data, np.ndarray)


def laid_out(volume: Any, tick: Tick) -> Any:
    """The HU of a volume (z, y, x) as an array over a file without a name, which ends with the array.

    A coronal slice of a lazy CT needs every file of it; of this array it needs one line of every slice, read
    by the operating system, which may drop them again.

    Parameters
    ----------
    volume : Volume
        The CT.
    tick : Tick
        Told per block of slices.
    """
    with tempfile.TemporaryFile() as file:
        out = np.memmap(file, volume.dtype, "w+", shape=volume.shape)
    chunks = volume.hu.chunks[0]
    ends = np.cumsum(chunks)
    for start, stop in track(list(zip(ends - chunks, ends, strict=True)), tick, "reading the CT"):
        out[start:stop] = volume.hu[start:stop].compute(scheduler="synchronous")
    return out
