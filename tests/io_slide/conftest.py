"""Small slides of every kind, written once, from one picture with known pixels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import tifffile
import zarr
from PIL import Image

MPP = 0.4
SECRET = "ZZNAME"
# level sizes (h, w) whose factors are no whole numbers: 2.02 x 2.01 and 5.05 x 5.03
SIZES = ((707, 931), (350, 463), (140, 185))


@pytest.fixture(scope="session")
def levels() -> list[np.ndarray]:
    """A pyramid of a smooth coloured picture; each level is an area average of the first."""
    rng = np.random.default_rng(11)
    coarse = rng.uniform(60, 240, (40, 52, 3)).astype(np.float32)
    first = cv2.resize(coarse, SIZES[0][::-1], interpolation=cv2.INTER_CUBIC).clip(0, 255).astype(np.uint8)
    return [first, *(cv2.resize(first, size[::-1], interpolation=cv2.INTER_AREA) for size in SIZES[1:])]


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("slides")


def _per_cm(mpp: float) -> tuple[float, float]:
    return (1e4 / mpp, 1e4 / mpp)


def write_aperio(path: Path, levels: list[np.ndarray], mpp: str | None = str(MPP), tile: int = 64) -> Path:
    """An Aperio pyramid with thumbnail, label and macro, as OpenSlide takes it."""
    h, w = levels[0].shape[:2]
    about = (
        f"Aperio Image Library v12.0.15\n{w}x{h} ({tile}x{tile}) JPEG/RGB Q=90|User = {SECRET}|AppMag = 40"
    )
    about += "" if mpp is None else f"|MPP = {mpp}"
    jpeg: dict[str, Any] = {"compression": "jpeg", "compressionargs": {"level": 90}, "metadata": None}
    with tifffile.TiffWriter(path) as file:
        for k, level in enumerate(levels):
            file.write(level, description=about, tile=(tile, tile), photometric="rgb", **jpeg)
            if k == 0:
                file.write(levels[-1], description=about, photometric="rgb", **jpeg)
        for name, kind in (("label", 1), ("macro", 9)):
            small = np.zeros((40, 60, 3), np.uint8)
            file.write(small, description=f"Aperio\n{name} 60x40 {SECRET}", subfiletype=kind, **jpeg)
    return path


def write_plain(path: Path, levels: list[np.ndarray], order: str = "<", **how: Any) -> Path:
    """A lossless TIFF pyramid with its pixel size in centimetres."""
    how = {"tile": (64, 64), "compression": "deflate", "resolution": _per_cm(MPP), "resolutionunit": 3} | how
    with tifffile.TiffWriter(path, byteorder=order) as file:
        for k, level in enumerate(levels):
            file.write(level, photometric="rgb", metadata=None, subfiletype=int(k > 0), **how)
    return path


def write_ome(path: Path, images: list[list[np.ndarray]], names: list[str], **size: Any) -> Path:
    """An OME-TIFF whose pyramids lie in SubIFDs."""
    size = size or {"PhysicalSizeX": MPP, "PhysicalSizeXUnit": "µm", "PhysicalSizeY": MPP}
    with tifffile.TiffWriter(path, ome=True) as file:
        for levels, name in zip(images, names, strict=True):
            about = {"axes": "YXS", "Name": name, **size}
            how = {"tile": (64, 64), "compression": "deflate", "photometric": "rgb"}
            file.write(levels[0], subifds=len(levels) - 1, metadata=about, **how)
            for level in levels[1:]:
                file.write(level, subfiletype=1, metadata=None, **how)
    return path


def write_zarr(path: Path, levels: list[np.ndarray], unit: str | None = "micrometer", **more: Any) -> Path:
    """An OME-Zarr 0.4 image, channels first."""
    root = zarr.open_group(path, mode="w", zarr_format=2)
    datasets = []
    for k, level in enumerate(levels):
        array = np.moveaxis(level, -1, 0)
        root.create_array(str(k), data=array, chunks=(3, 100, 120), **more)
        ratio = [a / b for a, b in zip(levels[0].shape[:2], level.shape[:2], strict=True)]
        scale = [1.0, *(MPP * f for f in ratio)]
        datasets.append({"path": str(k), "coordinateTransformations": [{"type": "scale", "scale": scale}]})
    length = {} if unit is None else {"unit": unit}
    axes = [{"name": "c", "type": "channel"}, *({"name": a, "type": "space", **length} for a in "yx")]
    root.attrs["multiscales"] = [{"version": "0.4", "axes": axes, "datasets": datasets}]
    return path


def write_scn(path: Path, areas: list[list[np.ndarray]], mpp: float = MPP) -> Path:
    """A Leica SCN file: an overview of the whole slide and scanned areas."""
    macro = np.full((200, 80, 3), 230, np.uint8)
    whole = (26_000_000, 65_000_000)  # nm
    ifd = 0
    xml = []
    for k, levels in enumerate([[macro], *areas]):
        h, w = levels[0].shape[:2]
        nm = whole if k == 0 else (round(w * mpp * 1000), round(h * mpp * 1000))
        offset = 0 if k == 0 else 1_000_000 * k
        dimensions = "".join(
            f'<dimension sizeX="{v.shape[1]}" sizeY="{v.shape[0]}" r="{r}" ifd="{ifd + r}"/>'
            for r, v in enumerate(levels)
        )
        ifd += len(levels)
        xml.append(
            f'<image name="{SECRET}" uuid="{k}"><creationDate>2020-01-01T00:00:00Z</creationDate>'
            f'<device model="Leica SCN400" version="1"/><pixels sizeX="{w}" sizeY="{h}">{dimensions}</pixels>'
            f'<view sizeX="{nm[0]}" sizeY="{nm[1]}" offsetX="{offset}" offsetY="{offset}" spacingZ="0"/>'
            f"<scanSettings><objectiveSettings><objective>{20 if k else 0.6}</objective></objectiveSettings>"
            "<illuminationSettings><illuminationSource>brightfield</illuminationSource></illuminationSettings>"
            "</scanSettings></image>"
        )
    about = (
        '<?xml version="1.0"?><scn xmlns="http://www.leica-microsystems.com/scn/2010/10/01" uuid="u">'
        f'<collection name="{SECRET}" uuid="c" sizeX="{whole[0]}" sizeY="{whole[1]}">{"".join(xml)}'
        "</collection></scn>"
    )
    with tifffile.TiffWriter(path) as file:
        for k, level in enumerate(v for levels in [[macro], *areas] for v in levels):
            file.write(
                level, tile=(64, 64), compression="jpeg", photometric="rgb", metadata=None,
                description=about if k == 0 else None, resolution=_per_cm(mpp), resolutionunit=3,
            )  # fmt: skip
    return path


def write_picture(path: Path, pixels: np.ndarray) -> Path:
    Image.fromarray(pixels).save(path)
    return path


@pytest.fixture(scope="session")
def aperio(folder: Path, levels: list[np.ndarray]) -> Path:
    return write_aperio(folder / f"{SECRET}.svs", levels)


@pytest.fixture(scope="session")
def plain(folder: Path, levels: list[np.ndarray]) -> Path:
    return write_plain(folder / "plain.tif", levels)


@pytest.fixture(scope="session")
def lossless(folder: Path, levels: list[np.ndarray], plain: Path) -> dict[str, tuple[Path, int]]:
    """Files that hold `levels` exactly: kind to (path, number of levels)."""
    one = levels[:1]
    apart = folder / "apart.tif"
    tifffile.imwrite(
        apart, np.moveaxis(levels[0], -1, 0), planarconfig="separate", photometric="rgb", tile=(64, 64),
        resolution=_per_cm(MPP), resolutionunit=3, metadata=None,
    )  # fmt: skip
    channels = folder / "channels.ome.tif"
    size = {"PhysicalSizeX": MPP, "PhysicalSizeY": MPP}
    tifffile.imwrite(channels, np.moveaxis(levels[0], -1, 0), photometric="minisblack", ome=True, metadata={
        "axes": "CYX", **size})  # fmt: skip
    strips = {"tile": None, "rowsperstrip": 37}
    nested = folder / "several.zarr"
    zarr.open_group(nested, mode="w", zarr_format=2).attrs["bioformats2raw.layout"] = 3
    write_zarr(nested / "0", levels)
    return {
        "pyramidal TIFF": (plain, 3),
        "strips": (write_plain(folder / "strips.tif", one, **strips), 1),
        "big-endian": (write_plain(folder / "bigendian.tif", levels, ">", compression=None), 3),
        "planes apart": (apart, 1),
        "OME-TIFF": (write_ome(folder / "pyramid.ome.tif", [levels], ["tissue"]), 3),
        "OME-TIFF channels": (channels, 1),
        "OME-Zarr": (write_zarr(folder / "image.ome.zarr", levels), 3),
        "bioformats2raw": (nested, 3),
    }


@pytest.fixture(scope="session")
def write() -> dict[str, Callable[..., Path]]:
    """The writers, by name."""
    return {
        "aperio": write_aperio, "plain": write_plain, "ome": write_ome, "zarr": write_zarr, "scn": write_scn,
        "picture": write_picture,
    }  # fmt: skip
