"""Whether the values can be Hounsfield units of a chest at all, before anything is measured in them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from ssc_core.errors import EmptyError, InputError
from ssc_core.io.volume.volume import NEVER_TISSUE_HU, Volume

__all__ = ["check_hu"]

_MOST_HU = 33000  # scanners with an extended scale stop at 30710
LOOKED_AT = 48
"""Slices that are looked at, evenly spread: enough for what is absurd everywhere."""


def check_hu(volume: Volume) -> tuple[str, ...]:
    """Refuse values that are no HU of a body; say what is odd about the others.

    Air reads -1000 HU and soft tissue 0 to 100 HU by definition, and both are in every chest CT.

    Parameters
    ----------
    volume : Volume
        Up to 48 evenly spread slices of it are decoded.

    Returns
    -------
    tuple of str
        Warnings, to be added to the volume's own.

    Raises
    ------
    EmptyError
        If every voxel has the same value, or there is nothing but air or padding.
    InputError
        If there is no air: an 8-bit picture, stored values without their intercept, another modality. If
        many voxels have varied values far below air or any exceeds 16 bits: HU times some factor.
    """
    step = max(1, -(-volume.pixels.shape[0] // LOOKED_AT))
    # straight from the decoder, since dask would decode whole blocks for one slice of each
    hu = np.stack([volume.pixels[k] for k in range(0, volume.pixels.shape[0], step)])
    source = volume.files[0].parent if len(volume.files) > 1 else (volume.files or (None,))[0]
    if _on_another_scale(hu):
        raise InputError(
            f"values from {float(hu.min()):g} to {float(hu.max()):g} are on another scale than Hounsfield"
            " units (air -1000, water 0); export the series again in HU",
            source=source,
        )
    inside = hu[hu > NEVER_TISSUE_HU]
    declared = np.unique([p for p in volume.padding if math.isfinite(p)])
    if declared.size:
        inside = inside[~np.isin(inside, declared)]
    if inside.size == 0:
        raise EmptyError("there is nothing but padding in this CT; open another series", source=source)
    low, high = float(inside.min()), float(inside.max())
    if low == high:
        raise EmptyError(f"every voxel has the same value ({low:g}); open another series", source=source)
    if low > -200:
        guess = "an 8-bit picture" if low >= 0 and high <= 255 else "stored values without their intercept"
        raise InputError(
            f"there is no air in this CT (values from {low:g} to {high:g}), so these are not Hounsfield units"
            f" ({guess}?); export the series again in HU",
            source=source,
        )
    tissue = float(np.mean((inside > -200) & (inside < 200)))
    if tissue < 1e-4:
        raise EmptyError(
            f"there is nothing but air in this CT (values from {low:g} to {high:g}, no soft tissue); open"
            " another series",
            source=source,
        )
    warnings = []
    air = float(np.percentile(inside, 0.5))
    if air > -800:
        warnings.append(
            f"the darkest voxels read {air:.0f} HU, where air is -1000; the values may be clipped or shifted"
        )
    if high > 5000:
        warnings.append(f"values reach {high:.0f} HU: metal, which darkens and brightens what lies around it")
    return tuple(warnings)


def _on_another_scale(hu: npt.NDArray[Any]) -> bool:
    """Padding is a single value (or a few); a body that goes on below it was multiplied by something."""
    if float(hu.max()) > _MOST_HU:
        return True
    below = hu[hu <= NEVER_TISSUE_HU]
    if below.size < 0.01 * hu.size:
        return False
    low, high = np.percentile(below, [10, 90])
    return bool(high - low > 1000 and np.unique(below[:: max(1, below.size // 5000)]).size > 100)
