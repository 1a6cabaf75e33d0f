"""Where a volume's values come from: array-likes in the file's own order that decode what is asked for.

Each is a plain picklable value (paths and numbers, never pixels) that dask slices chunk by chunk.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ssc_core.errors import FormatError, InputError

__all__ = ["CHUNK_BYTES", "DecodedOnce", "InMemory", "Pixels", "as_hu", "hu_dtype", "require_finite"]

CHUNK_BYTES = 1 << 24
"""Aim for the size of one lazily read block of slices."""

Array = npt.NDArray[Any]


class Pixels(Protocol):
    """HU in the file's axis order; slicing decodes."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of voxels along each axis of the file's array."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """int16 or float32."""

    @property
    def token(self) -> str:
        """Changes when the files change."""

    def __getitem__(self, index: Any) -> Array:
        """HU of a block."""


def hu_dtype(stored: np.dtype[Any], slope: float = 1.0, intercept: float = 0.0) -> np.dtype[Any]:
    """int16 for whole numbers rescaled by whole numbers, else float32."""
    whole = stored.kind in "iub" and float(slope).is_integer() and float(intercept).is_integer()
    return np.dtype(np.int16 if whole else np.float32)


def as_hu(
    stored: Array, dtype: np.dtype[Any], slope: float = 1.0, intercept: float = 0.0, source: Any = None
) -> Array:
    """Rescale and convert.

    Whole numbers outside int16 (padding such as 65535, never a tissue or a metal) are held at its ends.
    """
    if dtype == np.int16:
        wide = stored
        if slope != 1 or intercept != 0:
            wide = stored.astype(np.int64 if stored.dtype.itemsize > 2 else np.int32)
            wide = wide * int(slope) + int(intercept)
        if wide.dtype in (np.int16, np.int8, np.uint8, np.bool_):
            return wide.astype(np.int16, copy=False)
        return np.clip(wide, max(-32768, np.iinfo(wide.dtype).min), 32767).astype(np.int16)
    require_finite(stored, source)
    if slope == 1 and intercept == 0:
        return stored.astype(np.float32)
    return (stored.astype(np.float64) * slope + intercept).astype(np.float32)


def require_finite(values: Array, source: Any = None) -> None:
    """Refuse NaN and infinity: they have no meaning in HU and spread through every mean.

    Raises
    ------
    InputError
        Telling how many there are.
    """
    if values.dtype.kind != "f":
        return
    bad = values.size - int(np.count_nonzero(np.isfinite(values)))
    if bad:
        raise InputError(
            f"{bad} voxels hold no number (NaN or infinity); export the CT again in HU, with air as padding",
            source=source,
        )


@dataclass(frozen=True)
class DecodedOnce:
    """A file that can only be decoded whole: done at first use and kept while the volume lives.

    Parameters
    ----------
    file : Path
        What is read.
    shape : tuple of int
        (k, j, i) of the file's array.
    dtype : dtype
        int16 or float32.
    token : str
        Changes when the file changes.
    decode : callable
        A module-level function that returns the HU of `file` as an array of `shape` and `dtype`.
    arguments : tuple
        What `decode` takes after the file.
    """

    file: Path
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    token: str
    decode: Callable[..., Array]
    arguments: tuple[Any, ...] = ()
    _kept: dict[str, Array] = field(default_factory=dict, repr=False, compare=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)
    ndim = 3

    def __getitem__(self, index: Any) -> Array:
        with self._lock:
            if "array" not in self._kept:
                array = self.decode(self.file, *self.arguments)
                if array.shape != self.shape:
                    raise FormatError("the header and the pixels disagree in size", source=self.file)
                self._kept["array"] = array
        block: Array = self._kept["array"][index]
        return block

    def __reduce__(self) -> tuple[Any, ...]:
        return DecodedOnce, (self.file, self.shape, self.dtype, self.token, self.decode, self.arguments)


@dataclass(frozen=True)
class InMemory:
    """HU that are in memory already (a phantom, a crop)."""

    array: Any
    token: str
    ndim = 3

    @property
    def shape(self) -> tuple[int, ...]:
        """(k, j, i)."""
        return tuple(self.array.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """As given."""
        kind: np.dtype[Any] = self.array.dtype
        return kind

    def __getitem__(self, index: Any) -> Array:
        return np.asarray(self.array[index])


def slices_per_chunk(shape: tuple[int, ...], dtype: np.dtype[Any]) -> int:
    """How many slices of axis 0 make a block of about :data:`CHUNK_BYTES`."""
    one = max(1, int(np.prod(shape[1:], dtype=np.int64)) * dtype.itemsize)
    return max(1, min(shape[0], CHUNK_BYTES // one))


def file_token(*files: Path) -> str:
    """Names, sizes and times of `files` as one short string."""
    import hashlib

    text = "\n".join(f"{f.resolve()}|{f.stat().st_size}|{f.stat().st_mtime_ns}" for f in files)
    return hashlib.sha256(text.encode()).hexdigest()[:24]
