"""Measures of one lesion as a reader drew it, on the pixels of the image."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage as ndi
from skimage.measure import perimeter_crofton

from ssc_core.calcinosis.axes import axes_of, ellipse_mm2
from ssc_core.calcinosis.kinds import DEPOSIT
from ssc_core.calcinosis.measure import TINY_PX
from ssc_core.calcinosis.results import CalcinosisResult
from ssc_core.calcinosis.solid.axes import axes_3d, ellipsoid_mm3
from ssc_core.calcinosis.solid.measure import TINY_VOXELS
from ssc_core.calcinosis.solid.results import SolidResult

__all__ = ["DRAWN", "row_of_area", "row_of_volume"]

BoolArray = npt.NDArray[np.bool_]

DRAWN = "drawn by the reader: measured pixel by pixel"
_EDGE_PX = 0.5  # a drawn rim lies somewhere within its pixels


def row_of_area(
    mask: BoolArray, hu: npt.NDArray[np.float32], result: CalcinosisResult, saturated: bool
) -> dict[str, Any]:
    """One row of ``lesions.csv`` of an image; the interval is half a pixel along the drawn rim.

    Parameters
    ----------
    mask, hu : ndarray
        (y, x) of the image.
    result : CalcinosisResult
        Its frame and bones.
    saturated : bool
        Whether a pixel of it is.
    """
    step = (result.frame.spacing[0], result.frame.spacing[1])
    mean_step = math.sqrt(step[0] * step[1])
    pixels = int(mask.sum())
    area = pixels * result.frame.pixel_size
    perimeter = float(perimeter_crofton(np.pad(mask, 1), 4)) * mean_step
    axes = axes_of(mask, step)
    error = _EDGE_PX * mean_step * perimeter
    row, column = np.argwhere(mask).mean(0)
    return {
        **_shared(mask, hu, result.bone_labels, result.frame.spacing),
        "finger": _finger_of_code(_nearest_bone(mask, result.bone_labels, result.frame.spacing)),
        "area_mm2": area,
        "low": max(area - error, 0.0),
        "high": area + error,
        "pixels": float(pixels),
        "perimeter_mm": perimeter,
        "long_mm": axes.long_mm,
        "short_mm": axes.short_mm,
        "ellipse_mm2": ellipse_mm2(axes.long_mm, axes.short_mm),
        "on_bone_mm": float(_on_bone(mask, result.bone_labels).sum()) * mean_step,
        "row": float(row),
        "column": float(column),
        "seed_row": math.nan,
        "seed_column": math.nan,
        "saturated": saturated,
        "tiny": pixels < TINY_PX,
        "energy_ratio": math.nan,
        "energy_grade": "",
    }


def row_of_volume(mask: BoolArray, hu: npt.NDArray[np.float32], result: SolidResult) -> dict[str, Any]:
    """One row of ``lesions.csv`` of a volume; the interval is half a voxel over the drawn surface.

    Parameters
    ----------
    mask, hu : ndarray
        (z, y, x) of the volume.
    result : SolidResult
        Its frame and bones.
    """
    spacing = np.asarray(result.frame.spacing)
    voxels = int(mask.sum())
    volume = voxels * result.frame.pixel_size
    size = float(result.frame.pixel_size ** (1 / 3))
    rim = mask & ~ndi.binary_erosion(mask)
    axes = axes_3d(np.argwhere(rim) * spacing, size)
    error = _EDGE_PX * float(rim.sum()) * result.frame.pixel_size
    plane, row, column = np.argwhere(mask).mean(0)
    fingers = dict(zip(result.bones["label"], result.bones["finger"], strict=True))
    return {
        **_shared(mask, hu, result.bone_labels, result.frame.spacing),
        "finger": int(fingers.get(_nearest_bone(mask, result.bone_labels, result.frame.spacing), 0)),
        "volume_mm3": volume,
        "low": max(volume - error, 0.0),
        "high": volume + error,
        "voxels": float(voxels),
        "long_mm": axes.lengths[0],
        "middle_mm": axes.lengths[1],
        "short_mm": axes.lengths[2],
        "ellipsoid_mm3": ellipsoid_mm3(axes.lengths),
        "mass_mg": math.nan,
        "on_bone_mm2": float(_on_bone(mask, result.bone_labels).sum()) * size**2,
        "plane": float(plane),
        "row": float(row),
        "column": float(column),
        "seed_plane": math.nan,
        "seed_row": math.nan,
        "seed_column": math.nan,
        "tiny": voxels < TINY_VOXELS,
    }


def _shared(
    mask: BoolArray, hu: npt.NDArray[np.float32], bones: npt.NDArray[np.int32], spacing: tuple[float, ...]
) -> dict[str, Any]:
    touches = bool(_on_bone(mask, bones).any())
    return {
        "kind": DEPOSIT,
        "mean_hu": float(hu[mask].mean()),
        "max_hu": float(hu[mask].max()),
        "bone_mm": _bone_mm(mask, bones, spacing),
        "lower_hu": math.nan,
        "contour": math.nan,
        "touches_bone": touches,
        "touches_border": any(
            bool(mask.take(end, axis).any()) for axis in range(mask.ndim) for end in (0, -1)
        ),
        "flags": DRAWN,
    }


def _on_bone(mask: BoolArray, bones: npt.NDArray[np.int32]) -> BoolArray:
    """Its pixels that have bone beside them or under them."""
    box = _around(mask, 2)
    near = ndi.binary_dilation(bones[box] > 0)
    out = np.zeros_like(mask)
    out[box] = mask[box] & near
    return out


def _bone_mm(mask: BoolArray, bones: npt.NDArray[np.int32], spacing: tuple[float, ...]) -> float:
    """Gap between it and the nearest bone, from pixel edge to pixel edge; NaN without bone."""
    if not bones.any():
        return math.nan
    away = ndi.distance_transform_edt(bones == 0, sampling=spacing)[mask].min()
    return max(float(away) - float(np.mean(spacing)), 0.0)


def _nearest_bone(mask: BoolArray, bones: npt.NDArray[np.int32], spacing: tuple[float, ...]) -> int:
    """Label of the bone nearest to its middle; 0 without bone."""
    at = np.argwhere(bones > 0)
    if not len(at):
        return 0
    away = ((at - np.argwhere(mask).mean(0)) * np.asarray(spacing)) ** 2
    return int(bones[tuple(at[int(away.sum(1).argmin())])])


def _finger_of_code(code: int) -> int:
    return code // 10 + 1 if code else 0


def _around(mask: BoolArray, margin: int) -> tuple[slice, ...]:
    at = np.argwhere(mask)
    return tuple(
        slice(max(int(a) - margin, 0), int(b) + margin + 1) for a, b in zip(at.min(0), at.max(0), strict=True)
    )
