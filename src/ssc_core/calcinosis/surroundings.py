"""What is said of a finding beside its size, in images and volumes alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ssc_core.calcinosis.bones import Bones

__all__ = ["SoftTissue", "finger_at", "flags_of_row", "noise_flags", "soft_tissue"]

_ABOVE_NOISE = 4.5
_SOFT_HU = (-200.0, 150.0)  # below it is air's edge, which a picture's window cuts off and JPEG frays


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


@dataclass(frozen=True)
class SoftTissue:
    """Median and spread of what is neither air nor calcium, HU.

    Parameters
    ----------
    hu : float
        The median.
    noise : float
        Standard deviation by the median absolute deviation: the image's noise and the tissue's own texture.
    """

    hu: float
    noise: float

    def seed_hu(self, wanted: float) -> float:
        """Where lesions may be seeded: as wanted, but not where noise alone may lead."""
        return max(wanted, self.hu + _ABOVE_NOISE * self.noise)


def soft_tissue(hu: npt.NDArray[np.float32], tissue: npt.NDArray[np.bool_]) -> SoftTissue:
    """Soft tissue of an image or volume; 50 HU without noise where there is none."""
    soft = hu[tissue & (hu > _SOFT_HU[0]) & (hu < _SOFT_HU[1])]
    if not soft.size:
        return SoftTissue(50.0, 0.0)
    middle = float(np.median(soft))
    return SoftTissue(middle, 1.4826 * float(np.median(np.abs(soft - middle))))


def noise_flags(soft: SoftTissue, wanted: float) -> tuple[str, ...]:
    """Whether noise raised the threshold for seeds."""
    used = soft.seed_hu(wanted)
    if used <= wanted:
        return ()
    return (
        f"noise of {soft.noise:.0f} HU: lesions were seeded above {used:.0f} HU only; small faint ones may be"
        " missed",
    )
