"""What a file format has to offer so that a slide can be built on it: grids of tiles, and facts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from ssc_core.geometry import Box

__all__ = ["WHITE", "Grid", "Rgb", "Source", "over_white", "paste", "size_factors"]

Rgb: TypeAlias = npt.NDArray[np.uint8]
"""(y, x, 3) red, green, blue."""

WHITE = 255


@dataclass(frozen=True, slots=True)
class Grid:
    """One pyramid level, cut into tiles as the file stores it.

    Parameters
    ----------
    shape : (int, int)
        Height and width in pixels.
    tile : (int, int)
        Height and width of a stored tile; those at the end of a row or column may be smaller.
    """

    shape: tuple[int, int]
    tile: tuple[int, int]

    @property
    def across(self) -> int:
        """Tiles in a row."""
        return -(-self.shape[1] // self.tile[1])

    @property
    def count(self) -> int:
        """Tiles in all."""
        return self.across * -(-self.shape[0] // self.tile[0])

    def box(self, row: int, col: int) -> Box:
        """The pixels that tile (row, col) covers."""
        th, tw = self.tile
        return Box((row * th, col * tw), ((row + 1) * th, (col + 1) * tw)).clipped(self.shape)

    def tiles(self, box: Box) -> list[tuple[int, int]]:
        """(row, col) of every tile that `box` touches, row by row."""
        inside = box.clipped(self.shape)
        if 0 in inside.shape:
            return []
        rows = range(inside.start[0] // self.tile[0], (inside.stop[0] - 1) // self.tile[0] + 1)
        cols = range(inside.start[1] // self.tile[1], (inside.stop[1] - 1) // self.tile[1] + 1)
        return [(r, c) for r in rows for c in cols]


@dataclass(frozen=True, slots=True)
class Source:
    """One image of a file.

    Parameters
    ----------
    kind : str
        Format, for people: "Aperio", "OME-TIFF".
    grids : tuple of Grid
        Pyramid levels, the finest first.
    factors : tuple of (float, float)
        Level-0 pixels per pixel of each level, (y, x); never rounded.
    tile : callable
        ``tile(level, row, col)`` decodes one tile: RGB, the size of ``grids[level].box(row, col)``,
        white where transparent. Safe to call from several threads.
    mpp : (float, float) or None
        Micrometres per level-0 pixel (y, x) as the file states it, however odd; None where it states none.
    bounds : Box or None
        Scanned part in level-0 pixels, where the file names one.
    facts : mapping
        Further properties that identify nobody.
    warnings : tuple of str
        What the user should know.
    """

    kind: str
    grids: tuple[Grid, ...]
    factors: tuple[tuple[float, float], ...]
    tile: Callable[[int, int, int], Rgb]
    mpp: tuple[float, float] | None = None
    bounds: Box | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def over_white(rgba: Rgb, *, premultiplied: bool = False) -> Rgb:
    """Lay (y, x, 4) pixels over a white ground.

    Parameters
    ----------
    rgba : (y, x, 4) uint8
        Colour and opacity.
    premultiplied : bool
        Whether colour was already multiplied by opacity.
    """
    alpha = rgba[..., 3:]
    if alpha.min(initial=WHITE) == WHITE:
        opaque: Rgb = np.ascontiguousarray(rgba[..., :3])
        return opaque
    a = alpha.astype(np.uint16)
    colour = rgba[..., :3].astype(np.uint16) if premultiplied else (rgba[..., :3] * a + 127) // WHITE
    laid: Rgb = np.minimum(colour + (WHITE - a), WHITE).astype(np.uint8)
    return laid


def paste(out: Rgb, box: Box, tile: Rgb, at: Box) -> None:
    """Copy into `out`, which shows `box`, what `tile`, which shows `at`, has of it."""
    y0, x0 = (max(a, b) for a, b in zip(box.start, at.start, strict=True))
    y1, x1 = (min(a, b) for a, b in zip(box.stop, at.stop, strict=True))
    by, bx = box.start
    ty, tx = at.start
    out[y0 - by : y1 - by, x0 - bx : x1 - bx] = tile[y0 - ty : y1 - ty, x0 - tx : x1 - tx]


def size_factors(grids: tuple[Grid, ...]) -> tuple[tuple[float, float], ...]:
    """Factors as the ratio of the sizes: levels cover the same ground."""
    h, w = grids[0].shape
    return tuple((h / g.shape[0], w / g.shape[1]) for g in grids)
