"""What a body in a volume is: a deposit, or something that belongs to bone and is no lesion."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage as ndi

from ssc_core.calcinosis.kinds import DEPOSIT, Shafts, beyond_tip, place_on
from ssc_core.calcinosis.solid.grid import COARSE_MM

__all__ = ["is_hollow", "kind_of_body", "sesamoid_like"]

FloatArray = npt.NDArray[np.float64]

_SPUR_END_MM = 1.5  # this near to a bone's end
_IN_LINE = 0.45  # of the bone's height: nearer to its axis than this is no deposit but bone
_SPUR_MM3, _TUFT_MM3 = 12.0, 10.0
_RIM_THICK_MM, _SPUR_THICK_MM = 0.6, 1.2  # volume over contact; half a ball of 1.5 mm has 1.0 mm
# across coarse slices, bone that fills one in part looks like a layer: no thicker than so many slices, and
_SLICES_THICK, _DIM = 1.2, 0.5  # dimmer than this share of the bone beside it
_SESAMOID_MM3, _AWAY_MM = (3.0, 60.0), 4.0
_ROUND, _SMOOTH = 0.55, 0.7  # shortest over longest axis; volume over the ellipsoid with these axes
_DARKER = 0.88  # HU in the middle over HU half-way out; blur makes a solid body brightest in its middle


def kind_of_body(
    row: dict[str, Any],
    centre: FloatArray,
    shafts: Shafts,
    *,
    hollow: bool,
    bone_hu: float,
    slice_mm: float,
) -> str:
    """The kind of one body, from its size, its contact with bone and its place.

    Parameters
    ----------
    row : dict
        Measures, as ``solid.measure.UNITS_3D``.
    centre : ndarray
        (3,) its centre, mm.
    shafts : Shafts
        The bones' axes.
    hollow : bool
        It has a darker inside, as bone has.
    bone_hu : float
        HU of the bone beside it; NaN where there is none.
    slice_mm : float
        Distance between slices.

    Returns
    -------
    str
        One of ``calcinosis.kinds.KINDS``.
    """
    volume, contact = float(row["volume_mm3"]), float(row["on_bone_mm2"])
    if not row["touches_bone"] or contact <= 0:
        return "sesamoid" if hollow and sesamoid_like(row, centre, shafts) else DEPOSIT
    thick = volume / contact
    if thick < _RIM_THICK_MM:
        return "rim"
    dim = math.isfinite(bone_hu) and row["mean_hu"] < _DIM * bone_hu
    if slice_mm > COARSE_MM and dim and thick < _SLICES_THICK * slice_mm:
        return "rim"
    if not len(shafts.origin):
        return DEPOSIT
    nearest, end_mm, offset = place_on(centre, shafts)
    if end_mm < _SPUR_END_MM and offset < _IN_LINE * shafts.height[nearest] and volume < _SPUR_MM3:
        return "bone end"
    if shafts.phalanx[nearest] == 1 and beyond_tip(centre, shafts, nearest) and volume < _TUFT_MM3:
        return "tuft"
    if end_mm < _SPUR_END_MM and volume < _SPUR_MM3 and thick < _SPUR_THICK_MM:
        return "spur"
    return DEPOSIT


def sesamoid_like(row: dict[str, Any], centre: FloatArray, shafts: Shafts) -> bool:
    """Whether size, form and place are those of a sesamoid; a deposit may have them too."""
    if not len(shafts.origin) or row["touches_bone"] or row["bone_mm"] > _AWAY_MM:
        return False
    low, high = _SESAMOID_MM3
    if not low <= row["volume_mm3"] <= high:
        return False
    round_ = row["short_mm"] >= _ROUND * row["long_mm"]
    smooth = row["volume_mm3"] >= _SMOOTH * row["ellipsoid_mm3"]
    nearest, end_mm, _ = place_on(centre, shafts)
    base = shafts.phalanx[nearest] == 4 or (shafts.phalanx[nearest] == 3 and end_mm < _AWAY_MM)
    return bool(round_ and smooth and base)


def is_hollow(hu: npt.NDArray[np.float32], mask: npt.NDArray[np.bool_], step: tuple[float, ...]) -> bool:
    """Whether a body is darker in its middle than half-way to its rim, as a small bone is.

    Parameters
    ----------
    hu : ndarray
        (z, y, x) float32 crop, HU above soft tissue.
    mask : ndarray
        (z, y, x) bool, the body.
    step : tuple of float
        Voxel size, mm.
    """
    filled = np.pad(ndi.binary_fill_holes(mask), 1)  # where the middle is so dark that it was left out
    deep = ndi.distance_transform_edt(filled, sampling=step)[1:-1, 1:-1, 1:-1]
    share = deep / max(float(deep.max()), 1e-6)
    middle, around = share > 0.8, (share > 0.3) & (share <= 0.6)
    if not middle.any() or not around.any():
        return False
    return bool(hu[middle].mean() < _DARKER * hu[around].mean())
