"""Results on disk as layers: masks and maps, regions, and a whole result folder by its ``run.json``."""

from __future__ import annotations

import json
from pathlib import Path

from napari_ssc._layers import UNIT, LayerData, placed
from napari_ssc._view import open_slide_here
from ssc_core.errors import FormatError
from ssc_core.geometry import Frame

__all__ = ["is_result", "read_folder", "read_regions", "read_store"]


def is_result(path: Path) -> bool:
    """Whether an OME-Zarr folder is a mask or map of ours; a slide is not."""
    try:
        return "ssc" in json.loads((path / ".zattrs").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False


def read_store(path: Path) -> list[LayerData]:
    """A mask as labels with their names, a map as an image."""
    from ssc_core.io.store import read_array

    array, frame, told = read_array(path)
    name = path.name.removesuffix(".zarr").removesuffix(".ome")
    if told.get("kind") == "map":
        metadata = {UNIT: str(told.get("unit", ""))}
        return [(array, {"name": name, "colormap": "magma", "metadata": metadata, **placed(frame)}, "image")]
    names = told.get("labels") or {}
    features = {"index": [0, *names], "name": ["", *names.values()]}
    values = array.compute()  # labels are painted on, which a lazy array does not allow
    return [(values, {"name": name, "opacity": 0.5, "features": features, **placed(frame)}, "labels")]


def read_regions(path: Path) -> list[LayerData]:
    """Regions over the one slide that is open, or in pixels when there is none."""
    from napari_ssc._regions import shapes_layer
    from ssc_core.io.roi import read_rois

    slide = open_slide_here()
    if slide is None:
        data, arguments, kind = shapes_layer(read_rois(path), Frame((1.0, 1.0), (0.0, 0.0)), path.stem)
        return [(data, {**arguments, "units": ("pixel", "pixel")}, kind)]
    return [shapes_layer(read_rois(path, offset=slide.qupath_offset), slide.frame, path.stem)]


def read_folder(record: Path) -> list[LayerData]:
    """Every mask and region of the result that a run record belongs to."""
    layers: list[LayerData] = []
    for path in sorted(record.parent.glob("*.ome.zarr")):
        layers += read_store(path)
    for path in sorted(record.parent.glob("*.geojson")):
        layers += read_regions(path)
    if not layers:
        raise FormatError("no mask and no region lies beside this record", source=record)
    return layers
