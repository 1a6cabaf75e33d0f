"""A single field saved as PNG, JPEG or BMP."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from ssc_core.errors import FormatError
from ssc_core.io.slide.source import Grid, Rgb, Source, over_white

__all__ = ["PICTURES", "picture_source"]

PICTURES = {"PNG": (".png",), "JPEG": (".jpg", ".jpeg"), "BMP": (".bmp",)}
_TILE = 512
_EXIF_ORIENTATION = 0x0112


def picture_source(path: Path) -> Source | None:
    """The picture as a slide of one level, None if the file is no picture.

    Its pixel size is never taken from the file: dots per inch of a picture are about print.

    Raises
    ------
    FormatError
        If it is damaged, too large to be held in memory, not 8-bit colour, or its name claims another type.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(path, formats=tuple(PICTURES))
    except UnidentifiedImageError:
        return None
    except Image.DecompressionBombError as error:
        raise FormatError(
            "the picture is too large to be read at once; save it as a tiled, pyramidal TIFF", source=path
        ) from error
    except (OSError, ValueError, SyntaxError) as error:
        raise FormatError("the picture is damaged; export it again", source=path) from error
    with picture:
        kind = str(picture.format)
        if path.suffix.lower() not in PICTURES[kind]:
            raise FormatError(
                f"the file is a {kind} picture although its name says otherwise; rename it to"
                f" {PICTURES[kind][0]} and give --mpp",
                source=path,
            )
        pixels, notes = _pixels(picture, path)
    grid = Grid((pixels.shape[0], pixels.shape[1]), (_TILE, _TILE))

    def tile(level: int, row: int, col: int) -> Rgb:
        return pixels[grid.box(row, col).slices]

    return Source(f"{kind} picture", (grid,), ((1.0, 1.0),), tile, warnings=notes)


def _pixels(picture: Image.Image, path: Path) -> tuple[Rgb, tuple[str, ...]]:
    notes = []
    if picture.mode not in ("RGB", "RGBA", "L", "LA", "P", "1"):
        raise FormatError(
            f"the picture's colours ({picture.mode}) are not 8-bit RGB; export it as that", source=path
        )
    if picture.mode in ("L", "LA", "1"):
        notes.append("the picture is grey; stains cannot be told apart")
    try:
        if picture.getexif().get(_EXIF_ORIENTATION, 1) != 1:
            notes.append("the picture asks to be shown rotated; it is read as it is stored")
        if "A" in picture.getbands() or "transparency" in picture.info:
            rgb = over_white(np.asarray(picture.convert("RGBA")))
        else:
            rgb = np.asarray(picture.convert("RGB"))
    except (OSError, ValueError, SyntaxError) as error:
        raise FormatError("the picture is truncated or damaged; export it again", source=path) from error
    return rgb, tuple(notes)
