"""The five Goh levels from anatomy: found, estimated with an uncertainty, or missing with a reason."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass

from ssc_core.lung.arch import arch_fall
from ssc_core.lung.checks import AIRLESS_SHARE, Finding
from ssc_core.lung.grid import WorkGrid
from ssc_core.lung.hilum import hilar_depth
from ssc_core.lung.mask import CoarseMask

__all__ = ["LEVEL_NAMES", "Height", "Level", "find_heights"]

LEVEL_NAMES: Mapping[int, str] = {
    1: "origin of the great vessels",
    2: "main carina",
    3: "pulmonary venous confluence",
    4: "halfway between 3 and 5",
    5: "above the right hemidiaphragm",
}

# Level 1 follows the fall of the arch with a slope below one, because the fall blurs with thick slices.
_ARCH_SLOPE, _ARCH_OFFSET_MM = 0.6, 14.5
_ARCH_WITHOUT_FALL_MM = 40.0
# The veins join in the lower part of the hilum. Where none is seen, level 3 lies on average this far down.
_VEINS_BELOW_MM, _USUAL_FRACTION = 7.0, 0.48
_UNCERTAINTY_MM = {1: 11.0, 2: 5.0, 3: 14.0, 4: 9.0, 5: 7.0}  # 19 of 20 errors on phantoms (docs/lung.md)
_BLIND_ARCH_MM = 25.0
_HIDDEN_DOME_MM = 25.0


@dataclass(frozen=True)
class Height:
    """A level on the working grid.

    Parameters
    ----------
    z : float
        Slice of the working grid, fractions allowed; NaN when missing.
    method : str
        "found", "estimated from ..." or "missing".
    uncertainty_mm : float
        Half the width of the band in which it lies; NaN when missing.
    note : str
        Why it is missing, or what was seen.
    """

    z: float
    method: str
    uncertainty_mm: float
    note: str = ""


@dataclass(frozen=True)
class Level:
    """One Goh level of a CT.

    Parameters
    ----------
    number : int
        1 (top) to 5.
    name : str
        Its anatomy.
    z_mm : float
        Height in the patient's coordinates (LPS, growing to the head) in the image's middle; NaN if missing.
    slice : int or None
        Nearest slice, 0 nearest to the feet.
    source_slice : int or None
        The same slice counted as in the file; None when the file's slices are not axial.
    method : str
        "found", "estimated from ..." or "missing".
    uncertainty_mm : float
        Half the width of the band in which it lies.
    note : str
        Why it is missing, or what was seen.
    """

    number: int
    name: str
    z_mm: float
    slice: int | None
    source_slice: int | None
    method: str
    uncertainty_mm: float
    note: str = ""

    @property
    def missing(self) -> bool:
        """Whether there is no position."""
        return self.slice is None


def find_heights(
    grid: WorkGrid, coarse: CoarseMask, dome: float | None, offset_mm: float, findings: tuple[Finding, ...]
) -> dict[int, Height]:
    """Heights of the five levels on the working grid.

    Parameters
    ----------
    grid, coarse
        The CT and its coarse mask.
    dome : float or None
        Slice of the top of the right hemidiaphragm.
    offset_mm : float
        Height of level 5 above the dome.
    findings : tuple of Finding
        What speaks against a level; it is then missing with that reason.
    """
    heights: dict[int, Height] = {}
    dz, carina = grid.spacing[0], coarse.airway.carina
    withheld = {n: f.text for f in reversed(findings) for n in f.withholds}

    def put(n: int, z: float, method: str, note: str = "", least: float = 0.0) -> None:
        spread = max(_UNCERTAINTY_MM[n], dz if n in (2, 5) else dz / 2, least)
        heights[n] = Height(z, method, spread, note)

    lungs = (coarse.labels == 1) | (coarse.labels == 2)
    airless = coarse.airless.get(1, 0.0) / max(1.0, float((coarse.labels == 1).sum() * grid.voxel_ml))
    unsure = _HIDDEN_DOME_MM if airless > AIRLESS_SHARE else 0.0
    if carina is not None:
        put(2, carina, "found")
        fall = arch_fall(coarse.airway, lungs, grid)
        if fall is None:
            note = "no fall of the arch was seen; the carina alone says little"
            put(1, carina + _ARCH_WITHOUT_FALL_MM / dz, "estimated from the carina", note, _BLIND_ARCH_MM)
        else:
            up = _ARCH_SLOPE * fall + _ARCH_OFFSET_MM
            put(
                1,
                carina + up / dz,
                "estimated from the aortic arch",
                f"the arch ends {fall:.0f} mm above the carina",
            )
        if dome is not None:
            depth = hilar_depth(coarse, grid, carina, dome)
            if depth is None:
                put(3, carina - _USUAL_FRACTION * (carina - dome), "estimated from carina and dome")
            else:
                put(3, carina - (depth + _VEINS_BELOW_MM) / dz, "estimated from the hilar vessels")
    if dome is not None:
        note = f"{offset_mm:g} mm above the dome"
        if unsure:
            note += ", which airless lung may hide"
        method = "estimated from the underside of the lung with air and without" if unsure else "found"
        put(5, dome + offset_mm / dz, method, note, unsure)
    if 3 in heights and 5 in heights:
        put(4, (heights[3].z + heights[5].z) / 2, "estimated from levels 3 and 5", least=unsure / 2)
    _order(heights)
    for n in LEVEL_NAMES:
        if n in withheld or n not in heights:
            reason = withheld.get(n, "its anatomy was not seen in this scan")
            heights[n] = Height(math.nan, "missing", math.nan, reason)
        elif not -0.5 <= heights[n].z <= len(grid.hu) - 0.5:
            heights[n] = Height(math.nan, "missing", math.nan, "it lies outside the scan")
    return dict(sorted(heights.items()))


def _order(heights: dict[int, Height]) -> None:
    """Drop the estimated levels where the five do not follow one another downwards."""
    present = sorted(heights)
    tops = [heights[n].z for n in present]
    if all(a > b for a, b in itertools.pairwise(tops)):
        return
    for n in (1, 3, 4):
        if n in heights:
            heights[n] = Height(
                math.nan, "missing", math.nan, "the levels found do not follow one another from head to feet"
            )
