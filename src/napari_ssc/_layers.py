"""Between images of the core and layers of the viewer: pure conversion, physical units, nothing computed.

A layer made here carries its image in ``metadata["ssc_source"]`` and the manifest row that opened it in
``metadata["ssc_case"]``, so that a panel can hand both back to the core. A layer of a result knows the image
under it by ``metadata["ssc_on"]``, a map the unit of its values by ``metadata["ssc_unit"]``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic import BaseModel

from napari_ssc._recent import kept_recent
from ssc_core.errors import GeometryError
from ssc_core.geometry import Frame

__all__ = [
    "CASE",
    "ON",
    "SOURCE",
    "UNIT",
    "LayerData",
    "finger_layer",
    "index_of",
    "on_grid",
    "placed",
    "slide_layer",
    "volume_layer",
]

LayerData = tuple[Any, dict[str, Any], str]

SOURCE, CASE, ON, UNIT = "ssc_source", "ssc_case", "ssc_on", "ssc_unit"
_LUNG_WINDOW = (-1350.0, 150.0)
_BONE_WINDOW = (-300.0, 1200.0)


def placed(frame: Frame) -> dict[str, Any]:
    """Layer arguments that put an array where its frame says."""
    axes = ("z", "y", "x")[-frame.ndim :]
    out: dict[str, Any] = {"units": (frame.unit,) * frame.ndim, "axis_labels": axes}
    if np.allclose(frame.direction, np.eye(frame.ndim), atol=1e-6):
        return {**out, "scale": frame.spacing, "translate": frame.origin}
    return {**out, "affine": frame.affine}


def index_of(layer: Any, frame: Frame, positions: Any) -> Any:
    """Positions in the data of `layer` as indices of `frame`, with fractions, through the shared world.

    Parameters
    ----------
    layer : napari layer
        Of as many axes as the frame.
    frame : Frame
        Whose indices are wanted.
    positions : array (n, axes)
        Data coordinates of the layer.

    Raises
    ------
    GeometryError
        If the layer has another number of axes.
    """
    if layer.ndim != frame.ndim:
        raise GeometryError(
            f"the layer '{layer.name}' has {layer.ndim} axes and the image {frame.ndim}; draw on a new layer",
            private=[layer.name],
        )
    world = np.array([layer.data_to_world(p) for p in np.asarray(positions, float)])
    return frame.to_index(world.reshape(-1, frame.ndim))


def slide_layer(slide: Any, name: str, case: BaseModel) -> LayerData:
    """A slide as a multiscale RGB image in micrometres; level 0 is never held."""
    levels = [slide.level(i) for i in range(len(slide.levels))]
    several = len(levels) > 1
    data: Any = levels if several else levels[0]
    arguments = {"name": name, "rgb": True, "multiscale": several, "metadata": {SOURCE: slide, CASE: case}}
    return data, {**arguments, **placed(slide.frame)}, "image"


def volume_layer(volume: Any, name: str, case: BaseModel) -> LayerData:
    """A CT as a lazy image in millimetres, in the lung window; of slow files the last blocks are kept."""
    arguments = {"name": name, "contrast_limits": _LUNG_WINDOW, "metadata": {SOURCE: volume, CASE: case}}
    data = volume.hu if getattr(volume.pixels, "mapped", False) else kept_recent(volume.hu)
    return data, {**arguments, "cache": False, **placed(volume.frame)}, "image"


def finger_layer(image: Any, name: str, case: BaseModel) -> LayerData:
    """A finger image in millimetres, in the bone window."""
    arguments = {"name": name, "contrast_limits": _BONE_WINDOW, "metadata": {SOURCE: image, CASE: case}}
    return image.hu, {**arguments, **placed(image.frame)}, "image"


def on_grid(layer: Any, frame: Frame, shape: tuple[int, ...]) -> Any:
    """The values of a Labels layer that lies pixel by pixel on an image.

    Raises
    ------
    GeometryError
        If it lies on another grid.
    """
    values = np.asarray(layer.data)
    corner = np.eye(frame.ndim + 1, frame.ndim, -1) * 100.0  # the first pixel, and one step along each axis
    same = values.shape == tuple(shape) and np.allclose(index_of(layer, frame, corner), corner, atol=0.05)
    if not same:
        raise GeometryError(
            f"the layer '{layer.name}' lies on other pixels than the image; draw on a layer that was made for"
            " this image",
            private=[layer.name],
        )
    return values
