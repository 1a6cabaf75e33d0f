"""Shapes of the viewer as regions of a slide, and back.

A region counts from pixel edges, (x, y); a vertex of the viewer from pixel centres, (y, x). What a shape
means stands in the feature ``class`` of its layer: shapes of an excluded class are cut out of the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import shapely

from napari_ssc._layers import LayerData, index_of, placed
from ssc_core.errors import EmptyError, InputError
from ssc_core.geometry import Frame
from ssc_core.io.roi import Roi

__all__ = ["CLASS", "EXCLUDED", "colour_of", "regions_of", "shapes_layer", "shapes_style"]

CLASS = "class"
EXCLUDED = ("hole", "hair", "gland", "fold", "tear")
"""Classes that are cut out of the dermis."""

_COLOURS = {"dermis": "#ffd500", **dict.fromkeys(EXCLUDED, "#ff3b30")}


def shapes_layer(rois: Sequence[Roi], frame: Frame, name: str) -> LayerData:
    """Regions as an editable Shapes layer; each hole is a shape of its own, of class "hole"."""
    rings, classes = [], []
    for roi in rois:
        for part in shapely.get_parts(roi.geometry):
            rings += [part.exterior, *part.interiors]
            classes += [roi.classification or "region", *["hole"] * len(part.interiors)]
    vertices = [np.asarray(r.coords)[:-1, ::-1] - 0.5 for r in rings]
    return vertices, {**shapes_style(name, classes), **placed(frame)}, "shapes"


def shapes_style(name: str, classes: Sequence[str]) -> dict[str, Any]:
    """Arguments of a layer whose shapes are outlined in the colour of their class."""
    return {
        "name": name,
        "shape_type": "polygon",
        "features": pd.DataFrame({CLASS: pd.Series(list(classes), dtype=object)}),
        "feature_defaults": {CLASS: "dermis"},
        "edge_color": [colour_of(c) for c in classes] or colour_of("dermis"),
        "face_color": "transparent",
        "edge_width": 8,
    }


def colour_of(label: str) -> str:
    """Colour of a class."""
    return _COLOURS.get(label, "#ffffff")


def regions_of(layer: Any, frame: Frame) -> tuple[Roi, ...]:
    """What is drawn on a Shapes layer, one region per class, with what is excluded cut out.

    Parameters
    ----------
    layer : Shapes
        Polygons, rectangles and ellipses count; lines and paths do not.
    frame : Frame
        Level 0 of the slide.

    Raises
    ------
    EmptyError
        If no area is drawn, or nothing is left of it.
    InputError
        If a shape crosses itself.
    """
    classes = layer.features[CLASS] if CLASS in layer.features else ["dermis"] * layer.nshapes
    kept: dict[str, list[Any]] = {}
    cut = []
    for number, (shape, kind, label) in enumerate(zip(layer.data, layer.shape_type, classes, strict=True), 1):
        if kind in ("line", "path"):
            continue
        area = _polygon(_outline(shape) if kind == "ellipse" else shape, layer, frame, number)
        if label in EXCLUDED:
            cut.append(area)
        else:
            kept.setdefault(str(label), []).append(area)
    if not kept:
        raise EmptyError(
            f"nothing is drawn on the layer '{layer.name}'; draw a polygon", private=[layer.name]
        )
    hole = shapely.union_all(cut)
    left = {label: shapely.difference(shapely.union_all(some), hole) for label, some in kept.items()}
    areas = {label: a for label, a in left.items() if isinstance(a, shapely.Polygon | shapely.MultiPolygon)}
    rois = tuple(Roi(area, classification=label) for label, area in areas.items() if not area.is_empty)
    if not rois:
        raise EmptyError("nothing is left of the region once holes are cut out; change their class or size")
    return rois


def _polygon(vertices: Any, layer: Any, frame: Frame, number: int) -> shapely.Polygon:
    area = shapely.Polygon(index_of(layer, frame, vertices)[:, ::-1] + 0.5)
    if not area.is_valid:
        raise InputError(f"shape {number} crosses itself; draw it again or move its vertices")
    return area


def _outline(box: Any, points: int = 128) -> Any:
    """Points on the ellipse that fills a box of four corners."""
    a, b, _, d = np.asarray(box, float)
    angle = np.linspace(0, 2 * np.pi, points, endpoint=False)[:, None]
    return (b + d) / 2 + (b - a) / 2 * np.cos(angle) + (d - a) / 2 * np.sin(angle)
