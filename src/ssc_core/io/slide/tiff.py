"""TIFF decoded tile by tile: Aperio, Leica SCN, OME-TIFF and plain TIFF, tiled or in strips.

tifffile reads the structure once; a tile is then one locked read of its bytes and one call of the codec,
which several threads can do at the same time.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tifffile

from ssc_core.errors import FormatError
from ssc_core.io.slide.scale import micrometres
from ssc_core.io.slide.source import WHITE, Grid, Rgb, Source, over_white, size_factors
from ssc_core.io.slide.tiff_file import BROKEN, NotDirect

__all__ = ["page_mpp", "tiff_source"]

_RGB, _YCBCR, _GREY = 2, 6, 1  # photometric
_JPEG, _SEPARATE = 7, 2  # compression, planar configuration


def tiff_source(
    path: Path, kind: str, levels: Sequence[Sequence[Any]], *, missing_is_white: bool = True, **about: Any
) -> Source:
    """A source whose tiles are decoded directly.

    Parameters
    ----------
    path : Path
        The file.
    kind : str
        Format, for people.
    levels : sequence of sequences of tifffile.TiffPage
        For each level its one RGB page, or three pages that hold red, green and blue.
    missing_is_white : bool
        Whether tiles without data are glass; otherwise they make the pages unreadable here.
    **about
        Further fields of :class:`Source`.

    Raises
    ------
    NotDirect
        If the pages are not 8-bit RGB or grey, or of a colour space that the codec would not convert.
    FormatError
        If the file ends before its tiles do.
    """
    planes = [_planes(pages) for pages in levels]
    grids = tuple(_grid(pages[0]) for pages in levels)
    size = path.stat().st_size
    for grid, plane in ((g, p) for g, level in zip(grids, planes, strict=True) for p in level):
        if plane.first + grid.count > len(plane.counts) or len(plane.counts) != len(plane.offsets):
            raise FormatError("the table of tiles is damaged; fetch or export the file again", source=path)
        if int((plane.offsets + plane.counts).max()) > size:
            raise FormatError("the file is truncated; fetch or export it again", source=path)
        if not missing_is_white and not plane.counts.all():
            raise NotDirect("some tiles are left out")
    reader = _Tiles(path, planes, grids)
    about.setdefault("factors", size_factors(grids))
    return Source(kind, grids, tile=reader.read, **about)


@dataclass(frozen=True, slots=True)
class _Plane:
    """One separately stored part of the pixels of a level: where its tiles lie and how they are decoded."""

    decode: Callable[..., Any]
    tables: bytes | None
    offsets: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]
    first: int
    alpha: int  # 0 none, 1 colour premultiplied, 2 not


class _Tiles:
    """Decodes tiles of one open file."""

    def __init__(self, path: Path, planes: list[list[_Plane]], grids: tuple[Grid, ...]) -> None:
        self._path = path
        self._planes = planes
        self._grids = grids
        self._file = path.open("rb")
        self._lock = threading.Lock()
        weakref.finalize(self, self._file.close)

    def read(self, level: int, row: int, col: int) -> Rgb:
        grid = self._grids[level]
        planes = self._planes[level]
        parts = [self._segment(p, p.first + row * grid.across + col) for p in planes]
        h, w = grid.box(row, col).shape
        if any(p is None for p in parts):
            return np.full((h, w, 3), WHITE, np.uint8)
        cut = [p[:h, :w] for p in parts if p is not None]
        whole = cut[0] if len(cut) == 1 else np.concatenate(cut, axis=-1)  # one plane is not copied
        return _rgb(whole, planes[0].alpha)

    def _segment(self, plane: _Plane, index: int) -> Rgb | None:
        """(y, x, samples) of one stored tile or strip, None where it was left out."""
        count = int(plane.counts[index])
        if count == 0:
            return None
        with self._lock:
            self._file.seek(int(plane.offsets[index]))
            data = self._file.read(count)
        try:
            decoded: Rgb | None = plane.decode(data, index, jpegtables=plane.tables)[0]
        except BROKEN as error:
            raise FormatError(
                "a tile of the slide is damaged; fetch or export the file again", source=self._path
            ) from error
        return None if decoded is None else decoded[0]


def _planes(pages: Sequence[Any]) -> list[_Plane]:
    """The parts that a pixel is stored in: one, or one per colour."""
    first = pages[0]
    if first.dtype != np.uint8:
        raise NotDirect(f"pixels are {first.dtype}; only 8-bit RGB can be read, so export the slide as that")
    samples = first.samplesperpixel * len(pages)
    apart = len(pages) > 1
    if samples not in (1, 3, 4) or (apart and (samples != 3 or first.samplesperpixel != 1)):
        raise NotDirect(f"pixels have {samples} channels; export the slide as 8-bit RGB")
    converted = first.photometric == _YCBCR and first.compression == _JPEG
    if first.photometric not in (_RGB, _GREY) and not converted:
        raise NotDirect("the colours are stored in a way that cannot be read; export the slide as 8-bit RGB")
    extra = int(first.extrasamples[0]) if samples == 4 and first.extrasamples else 0
    if not apart and samples > 1 and first.planarconfig == _SEPARATE:
        per = len(first.dataoffsets) // samples
        return [_plane(first, k * per, extra) for k in range(samples)]
    return [_plane(page, 0, extra) for page in pages]


def _plane(page: Any, first: int, extra: int) -> _Plane:
    offsets, counts = (np.asarray(v, np.int64) for v in (page.dataoffsets, page.databytecounts))
    return _Plane(page.decode, page.jpegtables, offsets, counts, first, extra if extra in (1, 2) else 0)


def _rgb(pixels: Rgb, alpha: int) -> Rgb:
    if pixels.shape[-1] == 1:
        return np.repeat(pixels, 3, axis=-1)
    if alpha:
        return over_white(pixels, premultiplied=alpha == 1)
    return pixels[..., :3]


def _grid(page: Any) -> Grid:
    shape = int(page.imagelength), int(page.imagewidth)
    if page.is_tiled:
        return Grid(shape, (int(page.tilelength), int(page.tilewidth)))
    return Grid(shape, (min(int(page.rowsperstrip), shape[0]), shape[1]))


def page_mpp(page: Any) -> tuple[float, float] | None:
    """(y, x) um per pixel from the resolution tags (unit cm or inch, or ImageJ's own), None where absent."""
    tags = page.tags
    unit = {2: "inch", 3: "cm"}.get(int(tags.valueof("ResolutionUnit", 2)))
    if unit is None and page.is_imagej:
        about = tifffile.tifffile.imagej_description_metadata(page.description)
        unit = str(about.get("unit", ""))
    sizes = []
    for name in ("YResolution", "XResolution"):
        over, under = tags.valueof(name, (0, 0))
        size = micrometres(under / over, unit) if over and under else None
        if size is None:
            return None
        sizes.append(size)
    return sizes[0], sizes[1]
