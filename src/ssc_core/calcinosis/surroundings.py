"""What is said of a finding beside its size, in images and volumes alike."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ssc_core.calcinosis.bones import Bones

__all__ = ["finger_at", "flags_of_row", "soft_tissue_hu"]


def finger_at(bones: Bones, point: npt.NDArray[np.float64]) -> int:
    """The finger whose bone's core line is nearest to a point (mm); 0 without bones."""
    if not bones.found:
        return 0
    away = []
    for bone in bones.found:
        along = bone.end - bone.start
        share = np.clip((point - bone.start) @ along / max(float(along @ along), 1e-9), 0, 1)
        away.append(float(np.linalg.norm(point - bone.start - share * along)))
    return bones.found[int(np.argmin(away))].finger


def flags_of_row(row: dict[str, Any], what: str, size: str, smallest: str) -> list[str]:
    """What must be known before a size is used.

    Parameters
    ----------
    row : dict
        ``touches_bone``, ``touches_border``, ``tiny`` and, in images, ``saturated``.
    what, size, smallest : str
        "image" or "volume"; "area" or "volume"; what it has fewer of when it is tiny, as "25 pixels".
    """
    flags = []
    if row["touches_bone"]:
        flags.append("touches bone: split from it by shape")
    if row["touches_border"]:
        flags.append(f"touches the {what}'s border: part of it may be outside")
    if row.get("saturated", False):
        flags.append("saturated: brighter than the image can show")
    if row["tiny"]:
        flags.append(f"under {smallest}: read the interval, not the {size}")
    return flags


def soft_tissue_hu(hu: npt.NDArray[np.float32], tissue: npt.NDArray[np.bool_]) -> float:
    """Median HU of what is neither air nor calcium."""
    soft = hu[tissue & (hu < 150)]
    return float(np.median(soft)) if soft.size else 50.0
