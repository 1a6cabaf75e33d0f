"""What is odd about a scan and its lungs, in plain sentences, and which levels that forbids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ssc_core.lung.dome import lowest_lung
from ssc_core.lung.grid import WorkGrid
from ssc_core.lung.mask import CoarseMask
from ssc_core.lung.sides import LEFT, RIGHT

__all__ = ["AIRLESS_SHARE", "Finding", "Grade", "findings_of", "grade_of"]

Grade = Literal["good", "check", "poor"]

_END_SHARE = 0.03
_BORDER_SHARE = 0.02
_SMALL_ML = 300.0
_ASYMMETRY = 0.45
_DOMES_MM = 30.0
_CARINA_DOME_MM = (45.0, 160.0)
_CLEAR_MM = 20.0
AIRLESS_SHARE = 0.02
_RECESS_MM = 25.0  # lungs reach 45 to 100 mm below their domes
_ALL = frozenset({1, 2, 3, 4, 5})


@dataclass(frozen=True)
class Finding:
    """A plain sentence and the levels that must not be given because of it."""

    text: str
    withholds: frozenset[int] = frozenset()


def grade_of(findings: Sequence[Finding]) -> Grade:
    """How far a mask can be trusted unseen.

    Returns
    -------
    {"good", "check", "poor"}
        "poor" when something forbids every level, "check" when anything else was found, else "good".
    """
    if any(f.withholds == _ALL for f in findings):
        return "poor"
    return "check" if findings else "good"


def findings_of(
    grid: WorkGrid, coarse: CoarseMask, dome: float | None, left_dome: float | None
) -> tuple[Finding, ...]:
    """Check the mask and the landmarks against what a whole adult chest looks like."""
    lungs = (coarse.labels == RIGHT) | (coarse.labels == LEFT)
    out = [*_extent(lungs, grid, dome), *_volumes(coarse, grid), *_airless(coarse, grid)]
    out += [
        *_recess(coarse.labels == RIGHT, dome, "right", grid),
        *_recess(coarse.labels == LEFT, left_dome, "left", grid),
    ]
    dz, carina = grid.spacing[0], coarse.airway.carina
    if carina is None:
        text = (
            "the division of the trachea was not found, so no level is given (is the chest complete, "
            "and does the slice order run from feet to head?)"
        )
        out.append(Finding(text, _ALL))
    elif dome is not None and not _CARINA_DOME_MM[0] <= (carina - dome) * dz <= _CARINA_DOME_MM[1]:
        text = f"carina and right diaphragm lie {(carina - dome) * dz:.0f} mm apart, which is not believable"
        out.append(Finding(text, _ALL))
    if dome is None:
        out.append(Finding("the dome of the right diaphragm was not seen", frozenset({3, 4, 5})))
    elif coarse.parted and left_dome is not None and abs(dome - left_dome) * dz > _DOMES_MM:
        side = "right" if dome > left_dome else "left"
        text = (
            f"the {side} diaphragm stands {abs(dome - left_dome) * dz:.0f} mm higher than the other; "
            "confirm level 5"
        )
        out.append(Finding(text))
    return tuple(out)


def _extent(lungs: np.ndarray, grid: WorkGrid, dome: float | None) -> list[Finding]:
    out = []
    areas = lungs.sum(axis=(1, 2))
    most = max(1, int(areas.max()))
    if areas[-1] > _END_SHARE * most:
        out.append(Finding("the scan begins below the top of the lungs", frozenset({1})))
    if areas[0] > _END_SHARE * most:
        clear = dome is not None and dome * grid.spacing[0] >= _CLEAR_MM
        levels = frozenset() if clear else frozenset({3, 4, 5})
        out.append(Finding("the scan ends above the bottom of the lungs", levels))
    border = lungs[:, 0].sum() + lungs[:, -1].sum() + lungs[:, :, 0].sum() + lungs[:, :, -1].sum()
    shell = sum(int(np.ptp(np.flatnonzero(p.any(axis=1)))) for p in lungs if p.any())
    if border > _BORDER_SHARE * max(1, 2 * shell):
        out.append(
            Finding("the field of view cuts the lungs at the side, so areas and volumes are too small")
        )
    return out


def _airless(coarse: CoarseMask, grid: WorkGrid) -> list[Finding]:
    out = []
    for side, name in ((RIGHT, "right"), (LEFT, "left")):
        ml = coarse.airless.get(side, 0.0)
        share = ml / max(1.0, float((coarse.labels == side).sum() * grid.voxel_ml))
        if share > AIRLESS_SHARE:
            text = (
                f"{ml:.0f} ml of tissue without air ({100 * share:.0f} %) were counted as {name} lung "
                "(consolidation or pleural fluid); look at the mask, and at level 5 if it lies at the base"
            )
            out.append(Finding(text))
    return out


def _recess(lung: np.ndarray, dome: float | None, name: str, grid: WorkGrid) -> list[Finding]:
    """A lung that ends at its own dome has lost its base, unless the scan does."""
    lowest = lowest_lung(lung)
    if dome is None or not (lowest >= 0).any():
        return []
    deep = (dome - int(lowest[lowest >= 0].min())) * grid.spacing[0]
    if deep >= _RECESS_MM or lung[0].any():
        return []
    text = (
        f"the {name} lung ends {max(deep, 0):.0f} mm below its dome instead of 45 mm or more: dense disease "
        "or fluid may be missing from the mask there, and the dome stand too high"
    )
    return [Finding(text)]


def _volumes(coarse: CoarseMask, grid: WorkGrid) -> list[Finding]:
    right, left = ((coarse.labels == side).sum() * grid.voxel_ml for side in (RIGHT, LEFT))
    out = []
    if not coarse.parted:
        text = "right and left lung could not be told apart and were parted in the middle"
        out.append(Finding(text, _ALL))
    if right + left < _SMALL_ML:
        text = f"both lungs together have only {right + left:.0f} ml"
        out.append(Finding(text, _ALL))
    elif min(right, left) < _ASYMMETRY * max(right, left):
        side = "right" if right < left else "left"
        text = (
            f"the {side} lung has only {100 * min(right, left) / max(right, left):.0f} % of the other's "
            "volume (collapse, effusion, removed lung, or disease lost from the mask)"
        )
        out.append(Finding(text, frozenset({3, 4, 5}) if side == "right" else frozenset()))
    return out
