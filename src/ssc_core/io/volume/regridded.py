"""Slices on a grid that the files do not have: straightened after a gantry tilt, or with gaps filled.

Both decode on demand like the pixels that they stand before, and both know the exact way back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from ssc_core.errors import GeometryError
from ssc_core.io.volume.pixels import Pixels

__all__ = ["OUTSIDE_HU", "Filled", "Regridded", "Straightened"]

OUTSIDE_HU = -2048
"""Written where nothing was measured; lies below every value that a CT measures."""

_NEVER_TISSUE_HU = -1500

Array = npt.NDArray[Any]


@runtime_checkable
class Regridded(Protocol):
    """Pixels made of other pixels."""

    @property
    def inner(self) -> Pixels:
        """What they are made of."""

    def undo(self, array: Array) -> Array:
        """An array on this grid, taken back to the grid of `inner`."""


@dataclass(frozen=True)
class Straightened:
    """Each slice moved by whole pixels within a larger matrix; around it lies :data:`OUTSIDE_HU`.

    Parameters
    ----------
    inner : Pixels
        (slice, row, column) as decoded.
    shifts : tuple of (int, int)
        Row and column of the grid where each slice begins, not negative.
    """

    inner: Pixels
    shifts: tuple[tuple[int, int], ...]
    ndim = 3

    @property
    def shape(self) -> tuple[int, ...]:
        """(slices, rows, columns) of the straight grid."""
        n, rows, columns = self.inner.shape
        down, aside = np.max(self.shifts, axis=0).tolist()
        return n, rows + down, columns + aside

    @property
    def dtype(self) -> np.dtype[Any]:
        """As decoded."""
        return self.inner.dtype

    @property
    def token(self) -> str:
        """Changes when the files change."""
        return f"{self.inner.token}-straightened"

    def __getitem__(self, index: Any) -> Array:
        rows, *inside = index if isinstance(index, tuple) else (index,)
        wanted: int | range = range(self.shape[0])[rows]
        if isinstance(wanted, int):
            one: Array = self[wanted : wanted + 1][(0, *inside)]
            return one
        out = np.full((len(wanted), *self.shape[1:]), OUTSIDE_HU, self.dtype)
        height, width = self.inner.shape[1:]
        for i, k in enumerate(wanted):
            j0, i0 = self.shifts[k]
            out[i, j0 : j0 + height, i0 : i0 + width] = self.inner[k]
        block: Array = out[(slice(None), *inside)]
        return block

    def undo(self, array: Array) -> Array:
        """The slices as they were decoded, without what was laid around them."""
        height, width = self.inner.shape[1:]
        cut = [a[j : j + height, i : i + width] for a, (j, i) in zip(array, self.shifts, strict=True)]
        return np.stack(cut)


@dataclass(frozen=True)
class Filled:
    """Missing slices interpolated linearly between the nearest ones on either side.

    Where either neighbour was never measured (at or below -1500 HU, or its declared padding) the filled voxel
    is :data:`OUTSIDE_HU`.

    Parameters
    ----------
    inner : Pixels
        (slice, row, column) of the slices that exist.
    places : tuple of int
        Where each of them lies on the even grid; ascending from 0.
    padding : tuple of float
        HU declared as padding in each of them, NaN for none.
    """

    inner: Pixels
    places: tuple[int, ...]
    padding: tuple[float, ...]
    ndim = 3

    def __post_init__(self) -> None:
        if len(self.places) != self.inner.shape[0] or self.places[0] != 0:
            raise GeometryError("every slice needs its place on the grid, the first at 0")

    @property
    def shape(self) -> tuple[int, ...]:
        """(slices, rows, columns) of the even grid."""
        return self.places[-1] + 1, *self.inner.shape[1:]

    @property
    def dtype(self) -> np.dtype[Any]:
        """As decoded."""
        return self.inner.dtype

    @property
    def token(self) -> str:
        """Changes when the files change."""
        return f"{self.inner.token}-filled"

    def __getitem__(self, index: Any) -> Array:
        rows, *inside = index if isinstance(index, tuple) else (index,)
        wanted: int | range = range(self.shape[0])[rows]
        if isinstance(wanted, int):
            one: Array = self[wanted : wanted + 1][(0, *inside)]
            return one
        out = np.empty((len(wanted), *self.shape[1:]), self.dtype)
        decoded: dict[int, Array] = {}
        for i, k in enumerate(wanted):
            out[i] = self._slice(k, decoded)
        block: Array = out[(slice(None), *inside)]
        return block

    def undo(self, array: Array) -> Array:
        """Only the slices that exist."""
        kept: Array = np.asarray(array)[list(self.places)]
        return kept

    def _slice(self, k: int, decoded: dict[int, Array]) -> Array:
        above = int(np.searchsorted(self.places, k))
        if self.places[above] == k:
            return self._decoded(above, decoded)
        pair = above - 1, above
        low, high = (self._decoded(p, decoded) for p in pair)
        weight = (k - self.places[pair[0]]) / (self.places[pair[1]] - self.places[pair[0]])
        mixed = low * np.float32(1 - weight) + high * np.float32(weight)
        filled = (np.rint(mixed) if self.dtype == np.int16 else mixed).astype(self.dtype)
        for p, values in zip(pair, (low, high), strict=True):
            filled[(values <= _NEVER_TISSUE_HU) | (np.abs(values - self.padding[p]) < 0.5)] = OUTSIDE_HU
        return filled

    def _decoded(self, p: int, decoded: dict[int, Array]) -> Array:
        if p not in decoded:
            for old in [q for q in decoded if abs(q - p) > 1]:  # two are needed at a time
                del decoded[old]
            decoded[p] = np.asarray(self.inner[p])
        return decoded[p]
