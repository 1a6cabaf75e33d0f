"""Between images of the core and layers of the viewer: pure conversion, physical units, nothing computed.

A layer made here carries its image in ``metadata["ssc_source"]``, so that a panel can
hand it back to the core.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ssc_core.geometry import Frame

__all__ = ["SOURCE", "LayerData", "finger_layer", "placed", "slide_layer", "volume_layer"]

LayerData = tuple[Any, dict[str, Any], str]

SOURCE = "ssc_source"
_LUNG_WINDOW = (-1350.0, 150.0)
_BONE_WINDOW = (-300.0, 1200.0)


def placed(frame: Frame) -> dict[str, Any]:
    """Layer arguments that put an array where its frame says."""
    axes = ("z", "y", "x")[-frame.ndim :]
    out: dict[str, Any] = {"units": (frame.unit,) * frame.ndim, "axis_labels": axes}
    if np.allclose(frame.direction, np.eye(frame.ndim), atol=1e-6):
        return {**out, "scale": frame.spacing, "translate": frame.origin}
    return {**out, "affine": frame.affine}


def slide_layer(slide: Any, name: str) -> LayerData:
    """A slide as a multiscale RGB image in micrometres; level 0 is never held."""
    levels = [slide.level(i) for i in range(len(slide.levels))]
    data: Any = levels if len(levels) > 1 else levels[0]
    arguments = {"name": name, "rgb": True, "multiscale": len(levels) > 1, "metadata": {SOURCE: slide}}
    return data, {**arguments, **placed(slide.frame)}, "image"


def volume_layer(volume: Any, name: str) -> LayerData:
    """A CT as a lazy image in millimetres, in the lung window."""
    arguments = {"name": name, "contrast_limits": _LUNG_WINDOW, "metadata": {SOURCE: volume}}
    return volume.hu, {**arguments, **placed(volume.frame)}, "image"


def finger_layer(image: Any, name: str) -> LayerData:
    """A finger image in millimetres, in the bone window."""
    arguments = {"name": name, "contrast_limits": _BONE_WINDOW, "metadata": {SOURCE: image}}
    return image.hu, {**arguments, **placed(image.frame)}, "image"
