"""OME-Zarr images (0.4 and 0.5), one or several."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import zarr

from ssc_core.errors import FormatError
from ssc_core.io.slide.scale import micrometres
from ssc_core.io.slide.source import Grid, Rgb, Source

__all__ = ["ngff_sources"]

_BROKEN = (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError, RuntimeError)


def ngff_sources(path: Path) -> list[Source]:
    """Every image of an OME-Zarr folder.

    Raises
    ------
    FormatError
        If the folder is not OME-Zarr, or its images are not 8-bit RGB.
    """
    try:
        root = zarr.open_group(path, mode="r")
        groups = [root] if "multiscales" in _attributes(root) else _series(root)
        if groups:
            return [_image(path, group) for group in groups]
    except FormatError:
        raise
    except _BROKEN as error:
        raise FormatError(
            "the folder is no readable OME-Zarr image; name a slide file or a whole .ome.zarr folder",
            source=path,
        ) from error
    raise FormatError("the folder holds no OME-Zarr image; name a slide file", source=path)


def _attributes(group: Any) -> dict[str, Any]:
    attributes = dict(group.attrs)
    inner: dict[str, Any] = attributes.get("ome", attributes)  # 0.5 puts everything under "ome"
    return inner


def _series(root: Any) -> list[Any]:
    """Images of the layout that bioformats2raw writes: groups 0, 1, 2 ..."""
    names = sorted((n for n, _ in root.groups() if n.isdigit()), key=int)
    return [root[n] for n in names if "multiscales" in _attributes(root[n])]


def _image(path: Path, group: Any) -> Source:
    about = _attributes(group)["multiscales"][0]
    axes = [str(a["name"] if isinstance(a, dict) else a) for a in about["axes"]]
    units = [str(a.get("unit", "")) if isinstance(a, dict) else "" for a in about["axes"]]
    arrays = [group[d["path"]] for d in about["datasets"]]
    scales = [_scale(d, len(axes)) for d in about["datasets"]]
    y, x = axes.index("y"), axes.index("x")
    _must_be_rgb(path, arrays[0], axes)
    grids = tuple(Grid((a.shape[y], a.shape[x]), (a.chunks[y], a.chunks[x])) for a in arrays)
    factors = tuple((s[y] / scales[0][y], s[x] / scales[0][x]) for s in scales)
    sizes = [micrometres(scales[0][k], units[k]) for k in (y, x)]
    mpp = None if sizes[0] is None or sizes[1] is None else (sizes[0], sizes[1])

    def tile(level: int, row: int, col: int) -> Rgb:
        box = grids[level].box(row, col)
        place = {"y": box.slices[0], "x": box.slices[1], "c": slice(None)}
        try:
            pixels = np.asarray(arrays[level][tuple(place.get(a, 0) for a in axes)])
        except _BROKEN as error:
            raise FormatError("a chunk of the image is damaged; export it again", source=path) from error
        kept = [a for a in axes if a in place]
        return np.ascontiguousarray(pixels.transpose([kept.index(a) for a in "yxc"]))

    return Source("OME-Zarr", grids, factors, tile, mpp=mpp)


def _scale(dataset: dict[str, Any], n: int) -> list[float]:
    for transform in dataset.get("coordinateTransformations", ()):
        if transform["type"] == "scale":
            return [float(v) for v in transform["scale"]]
    return [1.0] * n


def _must_be_rgb(path: Path, array: Any, axes: list[str]) -> None:
    sizes = dict(zip(axes, array.shape, strict=True))
    others = [n for a, n in sizes.items() if a not in "yxc"]
    if array.dtype != np.uint8 or sizes.get("c") != 3 or any(n != 1 for n in others):
        raise FormatError(
            "the image is not 8-bit RGB (three channels, one plane); export it as that", source=path
        )
