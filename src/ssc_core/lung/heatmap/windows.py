"""Where the squares lie, which of them touch lung, and how a replaced square looks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import distance_transform_edt

from ssc_core.errors import EmptyError, InputError

__all__ = ["Batch", "Windows"]

Field = npt.NDArray[np.float32]
Bool = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

CELL = 16
"""Only the part of a square that holds lung is handed to the network, in steps of so many pixels."""


@dataclass(frozen=True)
class Batch:
    """Squares that are computed together.

    Parameters
    ----------
    items : int array (n,)
        Numbers of the squares.
    starts : int array (n, 2)
        First row and column of the pixels that may change.
    patches : float32 array (n, h, w)
        Those pixels after the replacement.
    """

    items: Ints
    starts: Ints
    patches: Field


class Windows:
    """All squares of a slice that touch lung.

    Parameters
    ----------
    image, texture : float32 array (y, x)
        The slice, and what replaces it.
    lung : bool array (y, x)
        Replacements are cropped by it.
    window, stride : int
        Side and step, pixels.
    fade : int
        Within so many pixels of the edge of the cropped square the replacement fades linearly into the image.

    Attributes
    ----------
    starts : int array (n, 2)
        First row and column of each square, row by row.
    levels : int array (n,)
        0 for the squares of the coarsest grid, which already cover the lung, then those that each finer grid
        adds.
    """

    def __init__(
        self, image: Field, texture: Field, lung: Bool, *, window: int, stride: int, fade: int
    ) -> None:
        if not 0 < stride <= window <= min(image.shape):
            raise InputError(
                f"squares of {window} pixels every {stride} do not cover a slice of {image.shape[0]} x "
                f"{image.shape[1]} pixels without gaps; choose another window or stride"
            )
        if not lung.any():
            raise EmptyError("the slice holds no lung; choose another slice, or check the lung mask")
        self.window, self.stride, self.lung = window, stride, lung
        self._image, self._texture = image, texture
        self._opacity = _Opacity(lung, window, fade)
        rows, columns = (_grid(n, window, stride) for n in image.shape)
        coarse = 1
        while 2 * coarse * stride <= window:
            coarse *= 2
        starts, levels = [], []
        for i, y in enumerate(rows):
            for j, x in enumerate(columns):
                if lung[y : y + window, x : x + window].any():
                    starts.append((y, x))
                    levels.append(max(_level(i, len(rows), coarse), _level(j, len(columns), coarse)))
        self.starts: Ints = np.asarray(starts, np.int64)
        self.levels: Ints = np.asarray(levels, np.int64)
        self.total = len(rows) * len(columns)

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def depth(self) -> int:
        """Number of refinements, the coarsest grid included."""
        return int(self.levels.max()) + 1

    def of_level(self, level: int) -> Ints:
        """Numbers of the squares that a refinement adds."""
        return np.flatnonzero(self.levels == level)

    def batches(self, items: Ints, size: int) -> Iterator[Batch]:
        """The squares `items`, at most `size` together, those with boxes of one size beside each other."""
        boxes = np.array([self._box(*self.starts[k]) for k in items], np.int64).reshape(-1, 4)
        shapes = boxes[:, 2:] - boxes[:, :2]
        for shape in np.unique(shapes, axis=0)[::-1]:
            same = np.flatnonzero((shapes == shape).all(axis=1))
            for first in range(0, len(same), size):
                part = same[first : first + size]
                patches = np.stack([self._patch(items[k], boxes[k]) for k in part])
                yield Batch(items[part], boxes[part, :2], patches)

    def _box(self, y: int, x: int) -> tuple[int, int, int, int]:
        """First and last-but-one row and column of the lung in a square, in steps of `CELL`."""
        part = self.lung[y : y + self.window, x : x + self.window]
        out = []
        for axis, (start, limit) in enumerate(zip((y, x), self.lung.shape, strict=True)):
            inside = np.flatnonzero(part.any(axis=1 - axis))
            first = (start + int(inside[0])) // CELL * CELL
            stop = min(-((start + int(inside[-1]) + 1) // -CELL) * CELL, limit)
            out.append((first, stop))
        return out[0][0], out[1][0], out[0][1], out[1][1]

    def _patch(self, item: int, box: Ints) -> Field:
        where = np.s_[box[0] : box[2], box[1] : box[3]]
        opacity = self._opacity(self.starts[item], box)
        image = self._image[where]
        return np.asarray(image + opacity * (self._texture[where] - image), np.float32)

    def spread(self, changes: Field, done: Bool) -> Field:
        """Mean over squares of the change at each pixel of the lung: maps (k, y, x), NaN where there is none.

        Parameters
        ----------
        changes : float32 array (n, k)
            Of every square.
        done : bool array (n,)
            Which of them count.
        """
        total = np.zeros((changes.shape[1], *self.lung.shape))
        count = np.zeros(self.lung.shape)
        for (y, x), change in zip(self.starts[done], changes[done], strict=True):
            where = np.s_[y : y + self.window, x : x + self.window]
            total[:, where[0], where[1]] += change[:, None, None]
            count[where] += 1
        seen = self.lung & (count > 0)
        maps = np.full(total.shape, np.nan, np.float32)
        maps[:, seen] = total[:, seen] / count[seen]
        return maps


class _Opacity:
    """How much of the texture shows: 0 outside the cropped square, rising linearly to 1 inside it.

    The distance to the outside of two regions' common part is the smaller of the distances to the outside of
    each, so the lung's is computed once.
    """

    def __init__(self, lung: Bool, window: int, fade: int) -> None:
        self._fade = fade
        self._window = window
        self._depth = np.asarray(distance_transform_edt(np.pad(lung, 1))[1:-1, 1:-1], np.float32)

    def __call__(self, starts: Ints, box: Ints) -> Field:
        ramps = []
        for start, first, stop in zip(starts, box[:2], box[2:], strict=True):
            at = np.arange(first, stop)
            ramps.append(np.minimum(at - start + 1, start + self._window - at).astype(np.float32))
        square = np.minimum(ramps[0][:, None], ramps[1][None, :])
        depth = np.minimum(square, self._depth[box[0] : box[2], box[1] : box[3]])
        return np.asarray(np.clip(depth / np.float32(self._fade + 1), 0, 1), np.float32)


def _grid(n: int, window: int, stride: int) -> list[int]:
    """Starts that cover all `n` pixels: every `stride`, and one that ends at the border."""
    starts = list(range(0, n - window + 1, stride))
    return starts if starts[-1] == n - window else [*starts, n - window]


def _level(index: int, count: int, coarse: int) -> int:
    """In which refinement a row or column of the grid first appears."""
    if index == count - 1:
        return 0
    level, step = 0, coarse
    while index % step:
        level, step = level + 1, step // 2
    return level
