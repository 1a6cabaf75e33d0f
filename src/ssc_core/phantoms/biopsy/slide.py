"""Writes a phantom as a pyramidal slide, tile by tile; level 0 never exists in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2
import imagecodecs
import numpy as np
import numpy.typing as npt
import tifffile

from ssc_core.errors import InputError, OutputError
from ssc_core.phantoms.biopsy.stain import ScannerSpec
from ssc_core.progress import Tick, silent

__all__ = ["Placed", "Scene", "write_slide"]

Rgb = npt.NDArray[np.uint8]
TILE = 256
STRIP = 1024  # rows rendered at a time: whole tiles on level 0 and on level 1
FACTOR = 4
_SMALLEST = 400  # no further level once the longer side is below this


class Scene(Protocol):
    """What can be written as a slide."""

    @property
    def scanner(self) -> ScannerSpec | None:
        """Gives the JPEG quality."""

    def shape(self, mpp: float) -> tuple[int, int]:
        """Pixels of the whole canvas."""

    def render(self, y: int, x: int, height: int, width: int, mpp: float) -> Rgb:
        """RGB of a window; glass outside the canvas."""


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a scene lies on its slide.

    Attributes
    ----------
    mpp : float
        Pixel size of level 0 in um.
    shape : (height, width)
        Of level 0.
    offset : (y, x)
        Level-0 pixel at which the scene's canvas begins; for ``Biopsy.dermis_px``.
    """

    mpp: float
    shape: tuple[int, int]
    offset: tuple[int, int]


def write_slide(
    scene: Scene,
    path: str | Path,
    *,
    mpp: float = 0.25,
    size_px: tuple[int, int] | None = None,
    tick: Tick = silent,
) -> Placed:
    """Write `scene` as a JPEG-tiled pyramidal TIFF in the manner of an Aperio scan (levels 1, 4, 16 ...).

    Memory does not grow with the slide's area: one strip of 1024 rows is rendered at a time, and smaller
    levels are kept as compressed tiles until level 0 is complete.

    Parameters
    ----------
    scene : Scene
        A :class:`~ssc_core.phantoms.biopsy.Biopsy` or a variant.
    path : path-like
        ``.svs`` or ``.tif``; replaced only when the slide is complete.
    mpp : float
        Pixel size of level 0 in um.
    size_px : (height, width), optional
        Of level 0; the scene is centred (to a tile). Its own canvas by default.
    tick : Tick
        Told after every strip.

    Returns
    -------
    Placed
        Where the scene lies on the slide.

    Raises
    ------
    InputError
        If the slide is smaller than one tile.
    OutputError
        If it cannot be written.
    """
    own = scene.shape(mpp)
    shape = own if size_px is None else (int(size_px[0]), int(size_px[1]))
    if min(shape) < TILE:
        raise InputError(f"a slide must be at least {TILE} x {TILE} pixels, not {shape[1]} x {shape[0]}")
    # rows are centred to a tile, so that the strips can follow the scene's own blocks
    placed = Placed(mpp, shape, (round((shape[0] - own[0]) / 2 / TILE) * TILE, (shape[1] - own[1]) // 2))
    path = Path(path)
    work = path.with_name(f".{path.name}.partial")
    try:
        _write(scene, work, placed, tick)
        work.replace(path)
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise OutputError(f"the slide cannot be written here ({reason}); make room", source=path) from error
    finally:
        work.unlink(missing_ok=True)
    return placed


def _write(scene: Scene, path: Path, placed: Placed, tick: Tick) -> None:
    height, width = placed.shape
    quality = scene.scanner.jpeg_quality if scene.scanner else 85
    pyramid = [_Level(h, w, quality) for h, w in _shapes(height, width)]
    with tifffile.TiffWriter(path, bigtiff=height * width > 400_000_000) as writer:
        for k, level in enumerate(pyramid):
            tiles = _streamed(scene, placed, pyramid, tick) if k == 0 else iter(level.tiles)
            writer.write(
                tiles, shape=(level.height, level.width, 3), dtype=np.uint8, tile=(TILE, TILE),
                compression="jpeg", photometric="ycbcr", subsampling=(2, 2), metadata=None, software=False,
                subfiletype=0 if k == 0 else 1, description=_description(placed, level, quality),
                resolution=(1e4 / (placed.mpp * width / level.width),) * 2, resolutionunit="CENTIMETER",
            )  # fmt: skip


def _shapes(height: int, width: int) -> Iterator[tuple[int, int]]:
    yield height, width
    while max(height, width) > _SMALLEST and min(height, width) >= 2 * FACTOR:
        height, width = height // FACTOR, width // FACTOR
        yield height, width


def _description(placed: Placed, level: _Level, quality: int) -> str:
    height, width = placed.shape
    scaled = "" if level.height == height else f" -> {level.width}x{level.height}"
    return (
        f"Aperio Image Library phantom\r\n{width}x{height} [0,0 {width}x{height}] ({TILE}x{TILE}){scaled} "
        f"JPEG/RGB Q={quality}|MPP = {placed.mpp:.6g}"
    )


class _Level:
    """One level of the pyramid: rows come in, compressed tiles go out in reading order."""

    def __init__(self, height: int, width: int, quality: int) -> None:
        self.height, self.width, self.quality = height, width, quality
        self.tiles: list[bytes] = []
        self._waiting: list[Rgb] = []
        self._rows = 0
        self._seen = 0

    def add(self, rows: Rgb) -> list[bytes]:
        """Take the next rows; return the tiles that they complete."""
        self._waiting.append(rows)
        self._rows += len(rows)
        self._seen += len(rows)
        last = self._seen == self.height
        if self._rows < TILE and not last:
            return []
        block = self._waiting[0] if len(self._waiting) == 1 else np.concatenate(self._waiting)
        whole = len(block) if last else len(block) // TILE * TILE
        self._waiting = [block[whole:].copy()] if whole < len(block) else []
        self._rows = len(block) - whole
        return [t for y in range(0, whole, TILE) for t in self._row(block[y : min(y + TILE, whole)])]

    def _row(self, rows: Rgb) -> Iterator[bytes]:
        for x in range(0, self.width, TILE):
            tile = rows[:, x : x + TILE]
            missing = ((0, TILE - tile.shape[0]), (0, TILE - tile.shape[1]), (0, 0))
            if any(m[1] for m in missing):
                tile = np.pad(tile, missing, mode="edge")
            yield bytes(imagecodecs.jpeg8_encode(
                np.ascontiguousarray(tile), level=self.quality, colorspace="RGB", outcolorspace="YCBCR",
                subsampling="420",
            ))  # fmt: skip


def _streamed(scene: Scene, placed: Placed, pyramid: list[_Level], tick: Tick) -> Iterator[bytes]:
    """Tiles of level 0; on the way the smaller levels are filled."""
    height, width = placed.shape
    first = placed.offset[0] % STRIP
    starts = [*([0] if first else []), *range(first, height, STRIP)]
    for y, end in zip(starts, [*starts[1:], height], strict=True):
        tick(y, height, "rendering the slide")
        n = end - y
        rows = scene.render(y - placed.offset[0], -placed.offset[1], n, width, placed.mpp)
        tiles = pyramid[0].add(rows)
        for level in pyramid[1:]:
            rows = rows[: len(rows) // FACTOR * FACTOR, : level.width * FACTOR]
            if not len(rows):
                break
            rows = cv2.resize(rows, (level.width, len(rows) // FACTOR), interpolation=cv2.INTER_AREA)
            level.tiles.extend(level.add(rows))
        if end == height:
            tick(height, height, "rendering the slide")
        yield from tiles  # last of all: nobody asks again after the last tile
