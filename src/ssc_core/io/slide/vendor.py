"""Scanner formats through OpenSlide: the facts always, the pixels where no direct way exists."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import openslide

from ssc_core.errors import FormatError
from ssc_core.geometry import Box
from ssc_core.io.slide.source import Grid, Rgb, Source, over_white, size_factors
from ssc_core.io.slide.tiff_kinds import aperio_source

__all__ = ["vendor_of", "vendor_source"]

_TILE = 512


def vendor_of(path: Path) -> str | None:
    """OpenSlide's name of the scanner format, None where it knows none."""
    vendor: str | None = openslide.OpenSlide.detect_format(path)
    return vendor


def vendor_source(path: Path, vendor: str) -> Source:
    """A scanner's slide.

    Raises
    ------
    FormatError
        If OpenSlide cannot open it.
    """
    try:
        slide = openslide.OpenSlide(path)
    except openslide.OpenSlideError as error:
        raise FormatError(
            f"the {vendor} slide cannot be opened: a part is missing or damaged; copy it with all its files",
            source=path,
        ) from error
    properties = slide.properties
    sizes = [(h, w) for w, h in slide.level_dimensions]
    about: dict[str, Any] = {
        "mpp": _mpp(properties),
        "bounds": _bounds(properties),
        "facts": _facts(properties, vendor),
    }
    if vendor == "aperio":
        direct = aperio_source(path, sizes, **about)
        if direct is not None:
            slide.close()
            return direct
    grids = tuple(Grid(size, _tile(properties, k)) for k, size in enumerate(sizes))
    reader = _Regions(path, slide, grids)
    return Source(vendor, grids, size_factors(grids), reader.read, **about)


class _Regions:
    """Tiles cut out by OpenSlide, which is thread-safe by itself."""

    def __init__(self, path: Path, slide: Any, grids: tuple[Grid, ...]) -> None:
        self._path = path
        self._slide = slide
        self._grids = grids

    def read(self, level: int, row: int, col: int) -> Rgb:
        box = self._grids[level].box(row, col)
        factor = self._slide.level_downsamples[level]
        y, x = (round(v * factor) for v in box.start)
        try:
            pixels = self._slide.read_region((x, y), level, box.shape[::-1])
        except openslide.OpenSlideError as error:
            raise FormatError(
                "a part of the slide is damaged; fetch or export the file again", source=self._path
            ) from error
        return over_white(np.asarray(pixels))


def _number(properties: Any, name: str) -> float | None:
    try:
        return float(properties[name])
    except (KeyError, ValueError):
        return None


def _mpp(properties: Any) -> tuple[float, float] | None:
    y, x = (_number(properties, f"openslide.mpp-{a}") for a in "yx")
    return None if y is None or x is None else (y, x)


def _bounds(properties: Any) -> Box | None:
    x, y, w, h = (_number(properties, f"openslide.bounds-{a}") for a in ("x", "y", "width", "height"))
    if x is None or y is None or w is None or h is None:
        return None
    return Box((int(y), int(x)), (int(y + h), int(x + w)))


def _facts(properties: Any, vendor: str) -> dict[str, str]:
    power = _number(properties, "openslide.objective-power")
    return {"scanner format": vendor} | ({} if power is None else {"objective": f"{power:g}"})


def _tile(properties: Any, level: int) -> tuple[int, int]:
    h, w = (_number(properties, f"openslide.level[{level}].tile-{a}") for a in ("height", "width"))
    return (int(h) if h else _TILE, int(w) if w else _TILE)
