"""The door: which reader a path needs, which scene is meant, how large its pixels are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import openslide

from ssc_core.errors import ChoiceNeeded, FormatError, InputError
from ssc_core.io.slide.scale import settle
from ssc_core.io.slide.slide import Slide
from ssc_core.io.slide.source import Source

__all__ = ["Scene", "list_scenes", "open_slide"]

_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


@dataclass(frozen=True, slots=True)
class Scene:
    """One of the images that a file holds.

    Parameters
    ----------
    index : int
        What ``--scene`` takes.
    shape : (int, int)
        Height and width in level-0 pixels.
    mpp : (float, float) or None
        Micrometres per pixel (y, x) as the file states them.
    """

    index: int
    shape: tuple[int, int]
    mpp: tuple[float, float] | None

    def __str__(self) -> str:
        scale = "" if self.mpp is None else f" at {self.mpp[1]:.4g} um/px"
        return f"scene {self.index}: {self.shape[1]} x {self.shape[0]} px{scale}"


def open_slide(
    path: str | Path, *, mpp: float | tuple[float, float] | None = None, scene: int | None = None
) -> Slide:
    """Open a slide or a single field; nothing but its structure is read.

    Parameters
    ----------
    path : path-like
        Any format of OpenSlide, OME-TIFF, tiled or plain TIFF, an OME-Zarr folder, or a PNG or JPEG field.
    mpp : float or (float, float), optional
        Micrometres per level-0 pixel, or (y, x); wins over what the file states, with a warning where they
        differ by more than 1 %.
    scene : int, optional
        Which of several scenes (see :func:`list_scenes`).

    Returns
    -------
    Slide

    Raises
    ------
    ScaleUnknown
        If neither the file nor `mpp` tells the pixel size, or the file's is implausible.
    ChoiceNeeded
        If the file holds several scenes and none is named.
    FormatError
        If the file is empty, truncated, damaged or of another type.
    InputError
        If it does not exist, or `mpp` or `scene` cannot be.
    """
    path = Path(path)
    sources = _sources(path)
    if scene is None and len(sources) > 1:
        found = "; ".join(str(s) for s in _scenes(sources))
        raise ChoiceNeeded(f"the file holds several scenes, choose one with --scene ({found})", source=path)
    if scene is not None and not 0 <= scene < len(sources):
        raise InputError(
            f"--scene {scene} does not exist; the file holds {len(sources)} scene(s), counted from 0",
            source=path,
        )
    source = sources[scene or 0]
    size, notes = settle(source.mpp, mpp, path)
    return Slide(path, source, size, warnings=notes, reopen=(str(path), mpp, scene))


def list_scenes(path: str | Path) -> tuple[Scene, ...]:
    """The images of tissue that a file holds (labels and overviews are left out).

    Raises
    ------
    FormatError, InputError
        As :func:`open_slide`.
    """
    return _scenes(_sources(Path(path)))


def _scenes(sources: list[Source]) -> tuple[Scene, ...]:
    return tuple(Scene(k, s.grids[0].shape, s.mpp) for k, s in enumerate(sources))


def _sources(path: Path) -> list[Source]:
    try:
        if path.is_dir():
            from ssc_core.io.slide.ngff import ngff_sources

            return ngff_sources(path)
        with path.open("rb") as file:
            head = file.read(16)
    except FileNotFoundError as error:
        raise InputError("there is no such file; check the path", source=path) from error
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise InputError(
            f"the file cannot be opened ({reason}); check its permissions", source=path
        ) from error
    if not head:
        raise FormatError("the file is empty; copy or export it again", source=path)
    return _from_file(path, head)


def _from_file(path: Path, head: bytes) -> list[Source]:
    from ssc_core.io.slide.picture import picture_source
    from ssc_core.io.slide.tiff_kinds import tiff_sources
    from ssc_core.io.slide.vendor import vendor_of, vendor_source

    try:
        vendor = vendor_of(path)
    except openslide.OpenSlideError as error:
        raise FormatError("the file is damaged; copy or export it again", source=path) from error
    if vendor not in (None, "generic-tiff", "leica"):
        return [vendor_source(path, vendor)]
    if head.startswith(_TIFF):
        return tiff_sources(path)
    picture = picture_source(path)
    if picture is not None:
        return [picture]
    raise FormatError(
        "the file is not an image of a known format (a slide, a TIFF, PNG or JPEG); name the slide itself",
        source=path,
    )
