"""File > Save: labels as OME-Zarr or NIfTI, maps as OME-Zarr, regions as GeoJSON for QuPath."""

from __future__ import annotations

from typing import Any

import numpy as np

from napari_ssc._layers import ON, UNIT
from napari_ssc._view import open_slide_here
from ssc_core.errors import GeometryError, OutputError
from ssc_core.geometry import Frame

__all__ = ["frame_of", "write_labels", "write_map", "write_shapes"]


def write_labels(path: str, data: Any, meta: dict[str, Any]) -> list[str]:
    """Labels where they lie.

    Raises
    ------
    OutputError
        If the file name has another ending or exists.
    GeometryError
        If the layer has no unit, or NIfTI is asked for and the layer lies on no CT.
    """
    from ssc_core.io.store import write_mask, write_nifti
    from ssc_core.io.volume import Volume

    layer = _layer(data, meta, "labels")
    volume = layer.metadata.get(ON)
    if path.lower().endswith((".nii", ".nii.gz")):
        if not isinstance(volume, Volume):
            raise GeometryError(
                "this layer was not made on a CT, its place in NIfTI is unknown; save it as .ome.zarr"
            )
        write_nifti(path, np.asarray(layer.data), volume)
    elif path.lower().endswith(".zarr"):
        names = _names(layer)
        write_mask(path, np.asarray(layer.data), frame_of(layer), names)
    else:
        raise OutputError("a mask is saved as .ome.zarr, .nii or .nii.gz", source=path)
    return [path]


def write_map(path: str, data: Any, meta: dict[str, Any]) -> list[str]:
    """A map of a result where it lies, with the unit of its values.

    Raises
    ------
    OutputError
        If the file name has another ending or exists, or the layer is no map of a result.
    GeometryError
        If the layer has no unit of length.
    """
    from ssc_core.io import store

    unit = (meta.get("metadata") or {}).get(UNIT)
    if unit is None:
        raise OutputError("only a map of a result is saved so; a slide or CT stays in its own file")
    if not path.lower().endswith(".zarr"):
        raise OutputError("a map is saved as .ome.zarr", source=path)
    store.write_map(path, np.asarray(data), frame_of(_layer(data, meta, "image")), unit)
    return [path]


def write_shapes(path: str, data: Any, meta: dict[str, Any]) -> list[str]:
    """Shapes as regions in pixels of the slide they were made on, else of the open one, else their own."""
    from napari_ssc._regions import regions_of
    from ssc_core.io.roi import write_rois
    from ssc_core.io.slide import Slide

    layer = _layer(data, meta, "shapes")
    slide = layer.metadata.get(ON) or open_slide_here()
    if isinstance(slide, Slide):
        write_rois(path, regions_of(layer, slide.frame), offset=slide.qupath_offset)
    else:
        write_rois(path, regions_of(layer, _grid_of(layer)))
    return [path]


def frame_of(layer: Any) -> Frame:
    """Physical frame of a layer's pixels.

    Raises
    ------
    GeometryError
        If the layer has no unit of length, or its axes are sheared.
    """
    unit = {"millimeter": "mm", "micrometer": "um"}.get(str(layer.units[-1]))
    if unit is None:
        raise GeometryError(
            f"the layer '{layer.name}' has no physical unit; make it on an image that has one",
            private=[layer.name],
        )
    grid = _grid_of(layer)
    direction = np.asarray(grid.direction)
    if not np.allclose(direction.T @ direction, np.eye(grid.ndim), atol=1e-3):
        raise GeometryError(f"the axes of the layer '{layer.name}' are sheared", private=[layer.name])
    return Frame(grid.spacing, grid.origin, grid.direction, "mm" if unit == "mm" else "um")


def _grid_of(layer: Any) -> Frame:
    origin = np.asarray(layer.data_to_world(np.zeros(layer.ndim)))
    steps = np.array([layer.data_to_world(e) for e in np.eye(layer.ndim)]) - origin
    spacing = np.linalg.norm(steps, axis=1)
    direction = (steps / spacing[:, None]).T
    return Frame(tuple(spacing), tuple(origin), tuple(map(tuple, direction.tolist())))


def _layer(data: Any, meta: dict[str, Any], kind: str) -> Any:
    from napari.layers import Layer

    return Layer.create(data, meta, kind)


def _names(layer: Any) -> dict[int, str]:
    if not {"index", "name"} <= set(layer.features.columns):
        return {}
    pairs = zip(layer.features["index"], layer.features["name"], strict=True)
    return {int(value): str(name) for value, name in pairs if value and name}
