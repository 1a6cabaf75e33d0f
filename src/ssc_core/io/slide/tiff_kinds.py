"""Which pages of a TIFF are the slide: plain pyramids, OME-TIFF, Leica SCN, Aperio."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from ssc_core.errors import FormatError
from ssc_core.io.slide.scale import micrometres
from ssc_core.io.slide.source import Source
from ssc_core.io.slide.tiff import page_mpp, tiff_source
from ssc_core.io.slide.tiff_file import NotDirect, inspected

__all__ = ["aperio_source", "tiff_sources"]

_LARGE_PIECE = 16_000_000  # pixels
_NOT_TISSUE = ("label", "macro", "thumbnail", "overview")


def tiff_sources(path: Path) -> list[Source]:
    """Every scene of a TIFF file that no scanner's own reader is needed for.

    Raises
    ------
    FormatError
        If the file is damaged or its pixels are of another type.
    """
    try:
        with inspected(path) as file:
            if file.is_ome:
                return _ome(path, file)
            if file.is_scn:
                return _leica(path, file)
            return [_plain(path, file)]
    except NotDirect as error:
        raise FormatError(str(error), source=path) from error


def aperio_source(path: Path, sizes: list[tuple[int, int]], **about: Any) -> Source | None:
    """An Aperio pyramid with the `sizes` (h, w) that OpenSlide found; None where only it can read."""
    try:
        with inspected(path) as file:
            pages: dict[tuple[int, int], Any] = {}
            for page in file.pages:  # of several focal planes the first counts, as for OpenSlide
                if page.is_tiled:
                    pages.setdefault((page.imagelength, page.imagewidth), page)
            if any(size not in pages for size in sizes):
                return None
            levels = [[pages[size]] for size in sizes]
            return tiff_source(path, "Aperio", levels, missing_is_white=False, **about)
    except NotDirect:
        return None


def _plain(path: Path, file: Any) -> Source:
    first = file.pages.first
    reduced = list(first.pages or ()) if first.subifds else [p for p in file.pages[1:] if p.is_tiled]
    kind = ("tiled TIFF" if first.is_tiled else "TIFF") if not reduced else "pyramidal TIFF"
    levels = [[first], *_pyramid(first, reduced)]
    return tiff_source(path, kind, levels, mpp=page_mpp(first), warnings=_slow(first))


def _slow(page: Any) -> tuple[str, ...]:
    pieces = len(page.dataoffsets)
    if page.is_tiled or page.imagelength * page.imagewidth / max(pieces, 1) < _LARGE_PIECE:
        return ()
    return ("the TIFF is not tiled, so large parts are read at a time; a tiled, pyramidal TIFF is faster",)


def _pyramid(first: Any, others: list[Any]) -> list[list[Any]]:
    """Those of `others` that show the same ground at a smaller size, the largest first."""
    h, w = first.imagelength, first.imagewidth
    found: list[list[Any]] = []
    for page in sorted(others, key=lambda p: -p.imagelength * p.imagewidth):
        fy, fx = h / page.imagelength, w / page.imagewidth
        slack = fy / page.imagelength + fx / page.imagewidth  # sizes are whole pixels
        above = found[-1][0] if found else first
        smaller = page.imagewidth < above.imagewidth and page.imagelength < above.imagelength
        if smaller and abs(fy - fx) <= slack and page.samplesperpixel == first.samplesperpixel:
            found.append([page])
    return found


def _ome(path: Path, file: Any) -> list[Source]:
    root = ElementTree.fromstring(file.ome_metadata)  # noqa: S314 - no external entities in ElementTree
    images = [e for e in root.iter() if e.tag.endswith("}Image")]
    if len(images) != len(file.series):
        raise FormatError(
            "the OME description and the pages do not match; export the slide again", source=path
        )
    sources = []
    refused: NotDirect | None = None
    for image, series in zip(images, file.series, strict=True):
        if any(word in image.get("Name", "").lower() for word in _NOT_TISSUE):
            continue
        try:
            levels = [_rgb_pages(level) for level in series.levels]
            apart = ("the three channels are read as red, green and blue",) if len(levels[0]) == 3 else ()
            sources.append(tiff_source(path, "OME-TIFF", levels, mpp=_ome_mpp(image), warnings=apart))
        except NotDirect as error:
            refused = error
    if not sources:
        raise refused or NotDirect("the file holds no image of tissue")
    return sources


def _rgb_pages(series: Any) -> list[Any]:
    sizes = dict(zip(series.axes, series.shape, strict=True))
    extra = {a: n for a, n in sizes.items() if a not in "YXSC" and n > 1}
    if extra:
        raise NotDirect("the image has several planes or time points; export one of them as 8-bit RGB")
    return [page.aspage() for page in series.pages]


def _ome_mpp(image: ElementTree.Element) -> tuple[float, float] | None:
    pixels = next(e for e in image if e.tag.endswith("}Pixels"))
    sizes = []
    for axis in "YX":
        text = pixels.get(f"PhysicalSize{axis}")
        size = None if text is None else micrometres(float(text), pixels.get(f"PhysicalSize{axis}Unit", "um"))
        if size is None:
            return None
        sizes.append(size)
    return sizes[0], sizes[1]


def _leica(path: Path, file: Any) -> list[Source]:
    """Scanned areas of a Leica SCN file; the overview covers the whole slide and is left out."""
    root = ElementTree.fromstring(file.pages.first.description)  # noqa: S314
    space = root.tag[: root.tag.index("}") + 1]
    sources = []
    for collection in root.iter(f"{space}collection"):
        whole = (collection.get("sizeX"), collection.get("sizeY"))
        for image in collection.iter(f"{space}image"):
            view = image.find(f"{space}view")
            if view is None or (view.get("sizeX"), view.get("sizeY")) == whole:
                continue
            sources.append(_leica_area(path, file, image, view, space))
    if not sources:
        raise NotDirect("the file holds no scanned area")
    return sources


def _leica_area(path: Path, file: Any, image: Any, view: Any, space: str) -> Source:
    found: dict[int, list[Any]] = {}
    for d in image.iter(f"{space}dimension"):
        if int(d.get("z", 0)) == 0:
            found.setdefault(int(d.get("r", 0)), []).append(file.pages[int(d.get("ifd"))])
    levels = [found[r] for r in sorted(found)]
    first = levels[0][0]
    nm = (float(view.get("sizeY", 0)), float(view.get("sizeX", 0)))
    mpp = (nm[0] / 1000 / first.imagelength, nm[1] / 1000 / first.imagewidth)
    lens = next((e.text or "" for e in image.iter(f"{space}objective")), "").strip()
    return tiff_source(
        path,
        "Leica SCN",
        levels,
        mpp=mpp if all(mpp) else None,
        facts={"objective": lens} if lens.replace(".", "", 1).isdigit() else {},
    )
