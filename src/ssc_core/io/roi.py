"""Regions drawn by people or found by us, as GeoJSON that QuPath writes and reads.

Coordinates are (x, y) in level-0 pixels counted from pixel EDGES, as in QuPath: pixel (row, col) has its
centre at (col + 0.5, row + 0.5). A viewer that counts from centres shows a vertex at (y - 0.5, x - 0.5).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.geometry import mapping
from shapely.geometry.polygon import orient

from ssc_core.errors import EmptyError, FormatError, InputError, OutputError
from ssc_core.geometry import Box, Frame
from ssc_core.io.raster import Mask, Region, outline_of, rasterise
from ssc_core.io.slide import Slide

__all__ = ["Roi", "check_inside", "outline", "rasterise", "read_rois", "write_rois"]

_WAY_OUT = "export the annotations from QuPath as GeoJSON"


@dataclass(frozen=True, slots=True)
class Roi:
    """A region of a slide.

    Parameters
    ----------
    geometry : Polygon or MultiPolygon
        Level-0 pixel edge coordinates (x, y).
    name : str
        What the user called it. It may name a patient: never store it elsewhere.
    classification : str
        Its class, as "dermis".
    colour : (int, int, int), optional
        Red, green, blue of the class.
    """

    geometry: Region
    name: str = ""
    classification: str = ""
    colour: tuple[int, int, int] | None = None


def read_rois(path: str | Path, *, offset: tuple[float, float] = (0.0, 0.0)) -> tuple[Roi, ...]:
    """Regions of a GeoJSON file.

    Parameters
    ----------
    path : path-like
        A FeatureCollection, one Feature, a list of Features, or bare geometries.
    offset : (float, float)
        (x, y) added to all coordinates: ``slide.qupath_offset`` where QuPath shows the scanned part only.

    Returns
    -------
    tuple of Roi
        In the file's order.

    Raises
    ------
    FormatError
        If the file is not GeoJSON in UTF-8.
    InputError
        If it does not exist, or a region crosses itself, is empty, is no area or has coordinates that are no
        numbers; regions are counted from 1.
    EmptyError
        If it holds no region.
    """
    path = Path(path)
    features = list(_features(_json(path), path))
    if not features:
        raise EmptyError(f"the file holds no region; {_WAY_OUT}", source=path)
    return tuple(_roi(f, number, path, offset) for number, f in enumerate(features, 1))


def write_rois(path: str | Path, rois: Iterable[Roi], *, offset: tuple[float, float] = (0.0, 0.0)) -> None:
    """Write regions as a GeoJSON FeatureCollection of annotations.

    Parameters
    ----------
    path : path-like
        The file to write.
    rois : iterable of Roi
        Regions.
    offset : (float, float)
        (x, y) taken off all coordinates, the inverse of what :func:`read_rois` adds.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    lines = ",\n".join(json.dumps(_feature(roi, offset), ensure_ascii=False) for roi in rois)
    text = f'{{"type": "FeatureCollection", "features": [\n{lines}\n]}}'
    try:
        Path(path).write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise OutputError(
            f"the regions cannot be written ({reason}); name another file", source=path
        ) from error


def check_inside(rois: Sequence[Roi], slide: Slide) -> tuple[str, ...]:
    """Refuse regions outside of a slide; warn of those that reach beyond it.

    Returns
    -------
    tuple of str
        A sentence for each region that lies partly outside.

    Raises
    ------
    InputError
        If a region has no part on the slide.
    """
    height, width = slide.shape
    ground = shapely.box(0, 0, width, height)
    warnings = []
    for number, roi in enumerate(rois, 1):
        share = roi.geometry.intersection(ground).area / roi.geometry.area
        if share == 0:
            raise InputError(
                f"region {number} lies outside of the slide ({width} x {height} px); it was drawn on another"
                " slide or on another resolution of this one",
                source=slide.path,
            )
        if share < 0.999:
            warnings.append(f"{100 * (1 - share):.1f} % of region {number} lie outside of the slide")
    return tuple(warnings)


def outline(
    mask: Mask, where: Box | Frame, *, base: Frame | None = None, name: str = "", classification: str = ""
) -> Roi:
    """The region of a mask's pixels, with holes; see :func:`ssc_core.io.raster.outline_of`.

    Raises
    ------
    EmptyError
        If the mask is empty.
    """
    return Roi(outline_of(mask, where, base=base), name, classification)


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError as error:
        raise InputError("there is no such file; check the path", source=path) from error
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise InputError(f"the file cannot be read ({reason})", source=path) from error
    except UnicodeDecodeError as error:
        raise FormatError("the text is not UTF-8; save the GeoJSON file as UTF-8", source=path) from error
    except (ValueError, RecursionError) as error:
        raise FormatError(f"the file is empty, truncated or no GeoJSON; {_WAY_OUT}", source=path) from error


def _features(found: Any, path: Path) -> Iterator[dict[str, Any]]:
    """Every feature, with bare geometries dressed as features."""
    if isinstance(found, list):
        for item in found:
            yield from _features(item, path)
        return
    kind = found.get("type") if isinstance(found, dict) else None
    parts = {"FeatureCollection": "features", "GeometryCollection": "geometries"}.get(str(kind))
    if kind == "Feature":
        inner = found.get("geometry")
        if isinstance(inner, dict) and inner.get("type") == "GeometryCollection":
            yield from ({**found, "geometry": g} for g in inner.get("geometries", ()))
        else:
            yield found
    elif parts is not None and isinstance(found.get(parts), list):
        yield from _features(found[parts], path)
    elif isinstance(kind, str) and "coordinates" in found:
        yield {"geometry": found}
    else:
        raise FormatError(f"the file is no GeoJSON of regions; {_WAY_OUT}", source=path)


def _roi(feature: dict[str, Any], number: int, path: Path, offset: tuple[float, float]) -> Roi:
    geometry = _area(feature.get("geometry"), number, path)
    properties = feature.get("properties")
    properties = properties if isinstance(properties, dict) else {}
    name, colour = _class(properties.get("classification"))
    moved = shapely.transform(geometry, lambda xy: xy + np.asarray(offset, float))
    return Roi(moved, str(properties.get("name") or ""), name, colour)


def _area(found: Any, number: int, path: Path) -> Region:
    kind = found.get("type") if isinstance(found, dict) else None
    if kind not in ("Polygon", "MultiPolygon"):
        said = kind if isinstance(kind, str) else "nothing"
        raise InputError(
            f"region {number} is {said} and not an area; remove it or draw it as a closed region", source=path
        )
    parts = found.get("coordinates") or []
    try:
        polygons = [_polygon(p) for p in ([parts] if kind == "Polygon" else parts) if p]
    except (TypeError, ValueError, IndexError) as error:
        raise InputError(
            f"region {number} has too few points or coordinates that are no numbers; draw it again",
            source=path,
        ) from error
    region: Region = polygons[0] if len(polygons) == 1 else shapely.MultiPolygon(polygons)
    if region.is_empty or region.convex_hull.area == 0:
        raise InputError(f"region {number} is empty; remove it or draw it again", source=path)
    return region if region.is_valid else _untouched(region, number, path)


def _polygon(rings: Any) -> shapely.Polygon:
    arrays = [np.asarray([p[:2] for p in ring], float) for ring in rings]
    if not all(np.isfinite(a).all() for a in arrays):
        raise ValueError("coordinates must be finite")
    return shapely.Polygon(arrays[0], arrays[1:])


def _untouched(region: Region, number: int, path: Path) -> Region:
    """`region` in valid form if it only touches itself (its area is unambiguous), else an error."""
    reason = shapely.is_valid_reason(region)
    if reason.startswith("Ring Self-intersection"):
        valid = shapely.make_valid(region, method="structure", keep_collapsed=False)
        same = abs(valid.area - region.area) <= 1e-9 * region.area
        if same and isinstance(valid, shapely.Polygon | shapely.MultiPolygon):
            return valid
    place = reason[reason.find("[") + 1 : -1].split() if "[" in reason else []
    near = f" near x {float(place[0]):.0f}, y {float(place[1]):.0f}" if len(place) == 2 else ""
    raise InputError(
        f"region {number} crosses itself or its parts overlap{near}; draw it again, or use Objects >"
        " Annotations > Simplify shape in QuPath",
        source=path,
    )


def _class(found: Any) -> tuple[str, tuple[int, int, int] | None]:
    """Name and colour of a class, as the versions of QuPath write them."""
    if isinstance(found, str):
        return found, None
    if not isinstance(found, dict):
        return "", None
    names = found.get("names")
    name = ": ".join(map(str, names)) if isinstance(names, list) else str(found.get("name") or "")
    colour = found.get("color")
    if isinstance(colour, list) and len(colour) == 3 and all(isinstance(v, int) for v in colour):
        return name, (colour[0], colour[1], colour[2])
    packed = found.get("colorRGB")
    if isinstance(packed, int):
        return name, ((packed >> 16) & 255, (packed >> 8) & 255, packed & 255)
    return name, None


def _feature(roi: Roi, offset: tuple[float, float]) -> dict[str, Any]:
    properties: dict[str, Any] = {"objectType": "annotation"}
    if roi.name:
        properties["name"] = roi.name
    if roi.classification:
        properties["classification"] = {"name": roi.classification}
        if roi.colour is not None:
            properties["classification"]["color"] = list(roi.colour)
    moved = shapely.transform(roi.geometry, lambda xy: xy - np.asarray(offset, float))
    parts = [orient(part) for part in shapely.get_parts(moved)]
    geometry = parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)
    return {"type": "Feature", "geometry": mapping(geometry), "properties": properties}
