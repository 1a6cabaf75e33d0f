"""A microscopy slide as a pyramid of lazy RGB images with a physical frame."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ssc_core.errors import InputError
from ssc_core.geometry import Box, Frame
from ssc_core.io.slide.source import WHITE, Grid, Rgb, Source, paste
from ssc_core.io.slide.tile_cache import TileCache

__all__ = ["Slide", "SlideLevel"]


@dataclass(frozen=True, slots=True)
class SlideLevel:
    """One level of the pyramid.

    Parameters
    ----------
    shape : (int, int)
        Height and width in pixels.
    downsample : (float, float)
        Level-0 pixels per pixel of this level, (y, x); never rounded.
    """

    shape: tuple[int, int]
    downsample: tuple[float, float]


class Slide:
    """An open slide. Made by :func:`ssc_core.io.slide.open_slide`; pickles by its path.

    Boxes are half-open index boxes (y, x) of the level they are read from. Reading is thread-safe.

    Attributes
    ----------
    path : Path
        Where it was opened. Never store it: names of files may name patients.
    mpp : (float, float)
        Micrometres per level-0 pixel, (y, x).
    mpp_stated : (float, float) or None
        The same as the file states it (the user's value is in `mpp`).
    frame : Frame
        Level 0 in um; the centre of the top left pixel is the origin.
    levels : tuple of SlideLevel
        The finest first.
    bounds : Box or None
        Scanned part in level-0 pixels, where the file names one.
    warnings : tuple of str
        Plain sentences for the user, without names.
    """

    def __init__(
        self,
        path: Path,
        source: Source,
        mpp: tuple[float, float],
        *,
        warnings: tuple[str, ...] = (),
        reopen: tuple[Any, ...],
    ) -> None:
        self.path = path
        self.mpp = mpp
        self.mpp_stated = source.mpp
        self.frame = Frame(mpp, (0.0, 0.0), unit="um")
        self.levels = tuple(SlideLevel(g.shape, f) for g, f in zip(source.grids, source.factors, strict=True))
        self.bounds = source.bounds
        self.warnings = (*source.warnings, *warnings)
        self._source = source
        self._reopen = reopen
        self._cache = TileCache(source)

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of level 0 in pixels."""
        return self.levels[0].shape

    @property
    def kind(self) -> str:
        """Format of the file, for people."""
        return self._source.kind

    @property
    def identifier_free(self) -> Mapping[str, str]:
        """Properties of the scan that identify nobody: the only ones that may be stored."""
        size = f"{self.shape[1]} x {self.shape[0]}"
        return {
            **self._source.facts,
            "format": self.kind,
            "level 0 size (x, y) px": size,
            "pixel size (x, y) um": f"{self.mpp[1]:.6g} x {self.mpp[0]:.6g}",
            "levels": ", ".join(f"{v.downsample[1]:.6g}" for v in self.levels),
        }

    @property
    def qupath_offset(self) -> tuple[float, float]:
        """(x, y) to add to QuPath's coordinates: QuPath shows the scanned part only, from its own corner."""
        return (
            (0.0, 0.0) if self.bounds is None else (float(self.bounds.start[1]), float(self.bounds.start[0]))
        )

    def grid(self, level: int = 0) -> Grid:
        """How the file cuts `level` into tiles."""
        return self._source.grids[self._known(level)]

    def level_frame(self, level: int) -> Frame:
        """Frame of `level`: spacing mpp times the factor f, origin shifted by (f - 1) / 2 level-0 pixels."""
        f = self.levels[self._known(level)].downsample
        return self.frame.resampled((self.mpp[0] * f[0], self.mpp[1] * f[1]))

    def level(self, level: int) -> Any:
        """`level` as a lazy dask array (y, x, 3) uint8; nothing is read before it is computed."""
        from ssc_core.io.slide.lazy import lazy_level

        return lazy_level(self, self._known(level), (str(self.path), *self._reopen[1:]))

    def read(self, box: Box, level: int = 0) -> Rgb:
        """Pixels of `box` at `level`.

        Parameters
        ----------
        box : Box
            (y, x) pixels of `level`; it may reach beyond the slide.
        level : int
            Level of the pyramid.

        Returns
        -------
        (y, x, 3) uint8
            Red, green, blue; white outside of the slide and where it is transparent.

        Raises
        ------
        FormatError
            If a tile is damaged.
        """
        grid = self.grid(level)
        out = np.full((*box.shape, 3), WHITE, np.uint8)
        for row, col in grid.tiles(box):
            paste(out, box, self._cache.get(level, row, col), grid.box(row, col))
        return out

    def tile(self, level: int, row: int, col: int) -> Rgb:
        """One tile as the file stores it, decoded afresh (planned readers decode each tile once)."""
        return self._source.tile(level, row, col)

    def recoloured(self, change: Callable[[Rgb], Rgb]) -> Slide:
        """The slide with every tile passed through `change`; for reading here, it pickles without it."""
        old = self._source.tile
        source = replace(self._source, tile=lambda level, row, col: change(old(level, row, col)))
        return Slide(self.path, source, self.mpp, reopen=self._reopen)

    def _known(self, level: int) -> int:
        if not 0 <= level < len(self.levels):
            raise InputError(
                f"level {level} does not exist; the slide has levels 0 to {len(self.levels) - 1}"
            )
        return level

    def __reduce__(self) -> tuple[Any, ...]:
        from ssc_core.io.slide.opening import open_slide

        path, mpp, scene = self._reopen
        return _opened, (open_slide, path, mpp, scene)

    def __repr__(self) -> str:
        h, w = self.shape
        size = f"{w} x {h} px = {w * self.mpp[1] / 1000:.3g} x {h * self.mpp[0] / 1000:.3g} mm"
        y, x = self.mpp
        scale = f"{x:.4g} um/px" if abs(x / y - 1) < 1e-3 else f"{x:.4g} x {y:.4g} um/px"
        factors = ", ".join(f"{v.downsample[1]:.4g}" for v in self.levels)
        return f"<Slide {self.kind}: {size} at {scale}, {len(self.levels)} level(s), factors {factors}>"


def _opened(opener: Any, path: str, mpp: Any, scene: int | None) -> Slide:
    slide: Slide = opener(path, mpp=mpp, scene=scene)
    return slide
