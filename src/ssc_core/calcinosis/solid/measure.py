"""One row of numbers per body, each volume with what is not known about it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage as ndi

from ssc_core.calcinosis.bones import Bones
from ssc_core.calcinosis.extent import extent_of
from ssc_core.calcinosis.params import CalcinosisParams
from ssc_core.calcinosis.solid.axes import axes_3d, ellipsoid_mm3
from ssc_core.calcinosis.solid.finer import finer
from ssc_core.calcinosis.solid.grid import Block
from ssc_core.calcinosis.solid.growing import GrownBody
from ssc_core.calcinosis.solid.kinds import is_hollow
from ssc_core.calcinosis.solid.layers import reaching_bone, without_layers_3d
from ssc_core.calcinosis.surroundings import finger_at, flags_of_row

__all__ = ["UNITS_3D", "Body", "measure_body"]

FloatArray = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]

UNITS_3D = {
    "label": "", "kind": "", "finger": "", "volume_mm3": "mm3", "low": "mm3", "high": "mm3",
    "voxels": "voxels",
    "long_mm": "mm", "middle_mm": "mm", "short_mm": "mm", "ellipsoid_mm3": "mm3", "mean_hu": "HU",
    "max_hu": "HU", "mass_mg": "mg", "bone_mm": "mm", "on_bone_mm2": "mm2", "plane": "px", "row": "px",
    "column": "px", "seed_plane": "px", "seed_row": "px", "seed_column": "px", "lower_hu": "HU",
    "contour": "", "touches_bone": "", "touches_border": "", "tiny": "", "flags": "",
}  # fmt: skip
"""Columns of a volume's ``lesions.csv`` and their units."""

TINY_VOXELS = 200
"""Below this the blur decides what is seen, and the interval says more than the volume."""

_FREE_EDGE_VOXEL, _FREE_EDGE_BLUR = 0.06, 0.10  # error of a free surface, in voxels and in blurs
_BONE_EDGE_MM = 0.3
_FINEST_MM, _MOST_PARTS = 0.15, 1_500_000


@dataclass(frozen=True, eq=False)
class Body:
    """One measured body.

    Parameters
    ----------
    row : dict
        Columns of :data:`UNITS_3D`.
    box, mask : tuple of slice, ndarray
        Where it lies, in parts of the block.
    centre : ndarray
        (3,) its centre in the block, mm.
    hollow : bool
        It is darker in its middle.
    bone_hu : float
        HU of the bone beside it; NaN where there is none.
    """

    row: dict[str, Any]
    box: tuple[slice, ...]
    mask: BoolArray
    centre: npt.NDArray[np.float64]
    hollow: bool
    bone_hu: float

    @property
    def volume(self) -> float:
        """Volume, mm3."""
        return float(self.row["volume_mm3"])


def measure_body(
    grown: GrownBody,
    block: Block,
    rest: FloatArray,
    bones: Bones,
    voxel_mm3: float,
    params: CalcinosisParams,
    soft_hu: float,
    blur: tuple[float, ...],
) -> Body | None:
    """Extent, size, density and surroundings of one grown body; None if nothing stands out.

    Partly filled voxels are counted by the surface that, once blurred, gives the image back (``extent``).

    Parameters
    ----------
    grown : GrownBody
        The region.
    block : Block
        HU and geometry.
    rest : ndarray
        (z, y, x) float32, HU above soft tissue without bone.
    bones : Bones
        The bones.
    voxel_mm3 : float
        Volume of a voxel of the scan, mm3.
    params : CalcinosisParams
        Density calibration and limits.
    soft_hu : float
        Soft tissue's HU.
    blur : tuple of float
        Standard deviation of the blur along each axis, mm.
    """
    blur_mm = float(np.mean(blur))
    margin = [int(4 * b / s) + 3 for b, s in zip(blur, block.step, strict=True)]
    box = tuple(
        slice(max(s.start - m, 0), min(s.stop + m, n))
        for s, m, n in zip(grown.box, margin, block.hu.shape, strict=True)
    )
    region = np.zeros([s.stop - s.start for s in box], bool)
    region[tuple(slice(g.start - b.start, g.stop - b.start) for g, b in zip(grown.box, box, strict=True))] = (
        grown.mask
    )
    distance = bones.distance[box]
    fine = _fine_step(region.shape, block.step)
    zoom = [max(1, round(s / fine)) for s in block.step]
    step = [s / z for s, z in zip(block.step, zoom, strict=True)]
    part = math.prod(step)
    size = part ** (1 / 3)
    crop = finer(rest[box], zoom)
    free = _linear(np.clip(distance, -5, 5), zoom) > 0
    parts = [b / s for b, s in zip(blur, step, strict=True)]
    extent = extent_of(crop, np.kron(region, np.ones(zoom, bool)), free, parts, part)
    if not extent.mask.any():
        return None
    near = _linear(np.clip(distance, -5, 20), zoom)
    mask = reaching_bone(without_layers_3d(extent.mask, near, step), near, step, blur_mm)
    volume = float(mask.sum()) * part
    surface, contact = _surfaces(mask, near, step, size)
    low, high = _interval(volume, surface - contact, contact, voxel_mm3, blur_mm, extent.mass, params)
    points = np.argwhere(mask) * np.asarray(step)
    rim = mask & ~ndi.binary_erosion(mask, border_value=0)
    axes = axes_3d(np.argwhere(rim) * np.asarray(step), size)
    centre = points.mean(0) / step
    middle = (centre + 0.5) / zoom - 0.5 + [s.start for s in box]
    at = block.index_of(middle)
    seed = block.index_of(grown.seed)
    coarse = _shrunk(mask, zoom)
    hu = block.hu[box]
    inside = coarse & ndi.binary_erosion(coarse) if ndi.binary_erosion(coarse).sum() >= 8 else coarse
    counted = inside if inside.any() else region
    gap = float(near[mask].min())
    touches = contact > 0 and gap < max(blur_mm, size)
    voxels = volume / voxel_mm3
    row: dict[str, Any] = {
        "finger": finger_at(bones, middle * block.step),
        "volume_mm3": volume,
        "low": low,
        "high": high,
        "voxels": voxels,
        "long_mm": axes.lengths[0],
        "middle_mm": axes.lengths[1],
        "short_mm": axes.lengths[2],
        "ellipsoid_mm3": ellipsoid_mm3(axes.lengths),
        "mean_hu": float(hu[counted].mean()),
        "max_hu": float(hu[counted].max()),
        "mass_mg": _mass(extent.mass, volume, soft_hu, params),
        "bone_mm": max(float(near[mask].min()), 0.0) if bones.found else math.nan,
        "on_bone_mm2": contact if touches else 0.0,
        "plane": float(at[0]),
        "row": float(at[1]),
        "column": float(at[2]),
        "seed_plane": float(seed[0]),
        "seed_row": float(seed[1]),
        "seed_column": float(seed[2]),
        "lower_hu": grown.lower_hu,
        "contour": extent.share,
        "touches_bone": bool(touches),
        "touches_border": _at_border(coarse, box, block),
        "tiny": voxels < TINY_VOXELS,
    }  # fmt: skip
    row["flags"] = "; ".join(flags_of_row(row, "volume", "volume", f"{TINY_VOXELS} voxels"))
    beside = bones.near_hu[box][ndi.binary_dilation(coarse, iterations=3) & (distance < 0)]
    bone_hu = float(np.median(beside)) if beside.size else math.nan
    return Body(row, box, coarse, middle * block.step, is_hollow(crop, mask, tuple(step)), bone_hu)


def _fine_step(shape: tuple[int, ...], step: tuple[float, ...]) -> float:
    parts = math.prod(n * s / _FINEST_MM for n, s in zip(shape, step, strict=True))
    return float(_FINEST_MM * max(1.0, (parts / _MOST_PARTS) ** (1 / 3)))


def _linear(a: FloatArray, zoom: list[int]) -> FloatArray:
    if max(zoom) == 1:
        return a
    return np.asarray(ndi.zoom(a, zoom, order=1, mode="nearest", grid_mode=True), np.float32)


def _shrunk(mask: BoolArray, zoom: list[int]) -> BoolArray:
    sub = [v for n, z in zip(mask.shape, zoom, strict=True) for v in (n // z, z)]
    out: BoolArray = mask.reshape(sub).mean(axis=(1, 3, 5)) >= 0.5
    return out


def _surfaces(mask: BoolArray, near: FloatArray, step: list[float], size: float) -> tuple[float, float]:
    """Whole surface and the part of it that lies on bone, mm2, from the gradient of the smoothed mask."""
    soft = ndi.gaussian_filter(np.pad(mask, 4).astype(np.float32), 1.5)
    steep = np.sqrt(sum(np.gradient(soft, s, axis=a) ** 2 for a, s in enumerate(step)))
    here = np.pad(near, 4, mode="edge") < 1.6 * size
    part = math.prod(step)
    return float(steep.sum()) * part, float(steep[here].sum()) * part


def _interval(
    volume: float,
    free: float,
    contact: float,
    voxel_mm3: float,
    blur_mm: float,
    mass: float,
    params: CalcinosisParams,
) -> tuple[float, float]:
    rim = _FREE_EDGE_VOXEL * voxel_mm3 ** (1 / 3) + _FREE_EDGE_BLUR * blur_mm
    error = math.hypot(rim * max(free, 0.0), _BONE_EDGE_MM * contact)
    small = 4.0 / 3.0 * math.pi * (2 * blur_mm) ** 3 / max(volume, 1e-6)
    error = math.hypot(error, volume * min(0.3 * small, 0.8))
    low = volume - error
    if small > 0.3:
        low = max(low, min(mass / params.densest_hu, volume), 0.2 * volume)
    return max(min(low, volume), 0.0), volume + error


def _mass(mass_hu: float, volume: float, soft_hu: float, params: CalcinosisParams) -> float:
    """Mass in mg by the user's line from HU to mg/cm3; what blur carried across the rim is counted."""
    if params.calibration_slope is None or params.calibration_intercept is None:
        return math.nan
    base = params.calibration_slope * soft_hu + params.calibration_intercept
    return (params.calibration_slope * mass_hu + base * volume) / 1000.0


def _at_border(mask: BoolArray, box: tuple[slice, ...], block: Block) -> bool:
    for axis, (s, n) in enumerate(zip(box, block.hu.shape, strict=True)):
        if (s.start == 0 and mask.take(0, axis).any()) or (s.stop == n and mask.take(-1, axis).any()):
            return True
    return False
