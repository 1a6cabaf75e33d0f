"""One row of numbers per lesion, each area with what is not known about it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage as ndi
from skimage.measure import perimeter_crofton

from ssc_core.calcinosis.axes import axes_of, ellipse_mm2
from ssc_core.calcinosis.bones import Bones
from ssc_core.calcinosis.extent import Extent, extent_of
from ssc_core.calcinosis.grid import FineGrid
from ssc_core.calcinosis.layers import without_layers
from ssc_core.calcinosis.lesions import Grown
from ssc_core.calcinosis.params import CalcinosisParams
from ssc_core.calcinosis.surroundings import finger_at, flags_of_row

__all__ = ["UNITS", "Found", "measure"]

FloatArray = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]

UNITS = {
    "label": "", "kind": "", "finger": "", "area_mm2": "mm2", "low": "mm2", "high": "mm2", "pixels": "px",
    "perimeter_mm": "mm", "long_mm": "mm", "short_mm": "mm", "ellipse_mm2": "mm2", "mean_hu": "HU",
    "max_hu": "HU", "bone_mm": "mm", "on_bone_mm": "mm", "row": "px", "column": "px", "seed_row": "px",
    "seed_column": "px", "lower_hu": "HU", "contour": "",
    "touches_bone": "", "touches_border": "", "saturated": "", "tiny": "", "energy_ratio": "",
    "energy_grade": "", "flags": "",
}  # fmt: skip
"""Columns of ``lesions.csv`` and their units."""

TINY_PX = 25
"""Below this the blur decides what is seen, and the interval says more than the area."""

_FREE_EDGE_PX, _FREE_EDGE_BLUR = 0.13, 0.08  # error of a free rim, in pixels and in blurs
_BONE_EDGE_MM = 0.3  # error of a rim drawn between deposit and bone by shape
_CONTESTED = 0.1  # share of a lesion's area from which contested bone beside it is told


@dataclass(frozen=True)
class Found:
    """One measured lesion.

    Parameters
    ----------
    row : dict
        Values for the columns of :data:`UNITS`; ``label`` and ``kind`` come later (``findings``).
    box : tuple of slice
        Where its mask lies on the fine grid.
    mask : ndarray
        (y, x) bool inside `box`.
    """

    row: dict[str, Any]
    box: tuple[slice, slice]
    mask: BoolArray

    @property
    def area(self) -> float:
        """Area, mm2."""
        return float(self.row["area_mm2"])


def measure(
    grown: Grown,
    hu: FloatArray,
    rest: FloatArray,
    bones: Bones,
    saturated: BoolArray,
    grid: FineGrid,
    params: CalcinosisParams,
    blur_mm: float,
) -> Found | None:
    """Extent, size and surroundings of one grown region; None if nothing stands out there.

    Parameters
    ----------
    grown : Grown
        The region.
    hu, rest : ndarray
        (y, x) float32 on the fine grid: the image, and what is left above soft tissue without bone.
    bones : Bones
        The bones.
    saturated : ndarray
        (y, x) bool on the fine grid, where the image could not tell how bright it is.
    grid : FineGrid
        Geometry.
    params : CalcinosisParams
        ``densest_hu`` matters here.
    blur_mm : float
        Standard deviation of the image's blur, mm.
    """
    box = _box(grown.mask, grid, blur_mm)
    free = bones.distance[box] > 0
    extent = extent_of(rest[box], grown.mask[box], free, blur_mm / grid.mean_step, grid.part_mm2)
    if not extent.mask.any():
        return None
    extent = replace(extent, mask=without_layers(extent.mask, free, grid.mean_step))
    mask = extent.mask
    distance = float(bones.distance[box][mask].min())
    contact = float((mask & (bones.distance[box] < 1.6 * grid.mean_step)).sum()) * grid.mean_step
    axes = axes_of(mask, grid.step)
    perimeter = float(perimeter_crofton(np.pad(mask, 1), 4)) * grid.mean_step
    area, low, high = _area(extent, perimeter, contact, grid, params, blur_mm)
    doubted = _contested(mask, bones, box) * grid.part_mm2
    high += doubted
    touches = distance < max(blur_mm, 0.5 * float(np.mean(grid.step)) * float(np.mean(grid.factor)))
    pixels = area / (grid.part_mm2 * math.prod(grid.factor))
    centre = np.argwhere(mask).mean(0) + [s.start for s in box]
    where = [(c + 0.5) / f - 0.5 for c, f in zip(centre, grid.factor, strict=True)]
    seed = [(c + 0.5) / f - 0.5 for c, f in zip(grown.seed, grid.factor, strict=True)]
    row: dict[str, Any] = {
        "finger": finger_at(bones, centre * grid.step),
        "area_mm2": area,
        "low": low,
        "high": high,
        "pixels": pixels,
        "perimeter_mm": perimeter,
        "long_mm": axes.long_mm,
        "short_mm": axes.short_mm,
        "ellipse_mm2": ellipse_mm2(axes.long_mm, axes.short_mm),
        "mean_hu": float(hu[box][mask].mean()),
        "max_hu": float(hu[box][mask].max()),
        "bone_mm": max(distance, 0.0) if math.isfinite(distance) else math.nan,
        "on_bone_mm": contact if touches else 0.0,
        "row": where[0],
        "column": where[1],
        "seed_row": seed[0],
        "seed_column": seed[1],
        "lower_hu": grown.lower_hu,
        "contour": extent.share,
        "touches_bone": touches,
        "touches_border": _at_border(mask, box, grid),
        "saturated": bool(saturated[box][mask].any()),
        "tiny": pixels < TINY_PX,
        "energy_ratio": math.nan,
        "energy_grade": "",
    }
    flags = flags_of_row(row, "image", "area", f"{TINY_PX} pixels")
    if not row["tiny"] and area < 4 * math.pi * blur_mm**2:
        flags.append("no larger than the image's blur: read the interval, not the area")
    if doubted > 0:
        flags.append(
            f"{doubted:.1f} mm2 more may belong to it: the network takes them for bone, the outline does not"
        )
    row["flags"] = "; ".join(flags)
    return Found(row, box, mask)


def _box(mask: BoolArray, grid: FineGrid, blur_mm: float) -> tuple[slice, slice]:
    margin = int(4 * blur_mm / grid.mean_step) + 8
    rows, cols = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return (
        slice(max(int(rows[0]) - margin, 0), min(int(rows[-1]) + margin + 1, mask.shape[0])),
        slice(max(int(cols[0]) - margin, 0), min(int(cols[-1]) + margin + 1, mask.shape[1])),
    )


def _area(
    extent: Extent,
    perimeter: float,
    contact: float,
    grid: FineGrid,
    params: CalcinosisParams,
    blur_mm: float,
) -> tuple[float, float, float]:
    """Area and its interval, mm2.

    A rim is placed to within a fraction of a pixel and of the blur, a rim on bone less well. A lesion not
    larger than the blur has an area that only its density could tell; it is bounded below by what the
    densest deposit with the same sum of HU would cover.
    """
    area = float(extent.mask.sum()) * grid.part_mm2
    pixel = grid.mean_step * math.sqrt(math.prod(grid.factor))
    rim = _FREE_EDGE_PX * pixel + _FREE_EDGE_BLUR * blur_mm
    error = math.hypot(rim * max(perimeter - contact, 0.0), _BONE_EDGE_MM * contact)
    small = 4 * math.pi * blur_mm**2 / max(area, 1e-6)  # the blur's own footprint against the lesion's
    error = math.hypot(error, area * min(0.25 * small, 0.6))
    low, high = area - error, area + error
    densest = extent.mass / max(params.densest_hu, 1.0)
    # faint specks in noise came out up to five times too large, larger ones up to three times
    part, least = (0.2, 0.2) if small > 1 else (0.35, 0.3)
    low = max(min(low, max(densest, part * area)), least * area) if small > 0.3 else max(low, 0.0)
    return area, min(low, area), high


def _contested(mask: BoolArray, bones: Bones, box: tuple[slice, slice]) -> int:
    """Parts of contested bone that touch a lesion; 0 where they are too few to matter."""
    if bones.contested is None or not bones.contested[box].any():
        return 0
    pieces, _ = ndi.label(bones.contested[box] | mask)
    met = np.unique(pieces[mask])
    more = int((np.isin(pieces, met[met > 0]) & ~mask).sum())
    return more if more >= _CONTESTED * mask.sum() else 0


def _at_border(mask: BoolArray, box: tuple[slice, slice], grid: FineGrid) -> bool:
    rows, cols = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    size = [n * f for n, f in zip(grid.shape, grid.factor, strict=True)]
    first = rows[0] + box[0].start < grid.factor[0] or cols[0] + box[1].start < grid.factor[1]
    last = (
        rows[-1] + box[0].start >= size[0] - grid.factor[0]
        or cols[-1] + box[1].start >= size[1] - grid.factor[1]
    )
    return bool(first or last)
