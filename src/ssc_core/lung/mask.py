"""The lung mask: right lung 1, left lung 2, trachea and main bronchi 3."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ssc_core.errors import EmptyError
from ssc_core.lung.airway import Airway, find_airway
from ssc_core.lung.body import body_mask
from ssc_core.lung.chest_wall import chest_wall
from ssc_core.lung.closing import closed, holes_filled, touching
from ssc_core.lung.dense import airless_lung
from ssc_core.lung.gas import abdominal_gas, fluid_below
from ssc_core.lung.grid import Bool, WorkGrid
from ssc_core.lung.params import LungParams
from ssc_core.lung.rib_cage import rib_cage_fill
from ssc_core.lung.sides import LEFT, RIGHT, Labels, lungs_in
from ssc_core.lung.soft_edge import ILL_HU, dense_around, to_soft_edge
from ssc_core.progress import Tick, share, silent

__all__ = ["AIRWAY", "CoarseMask", "coarse_mask", "midline_of"]

AIRWAY = 3


@dataclass(frozen=True)
class CoarseMask:
    """The lungs on the working grid, before their edge is read from the full resolution.

    Parameters
    ----------
    labels : ndarray of uint8, (z, y, x)
        0, 1 right lung, 2 left lung, 3 trachea and main bronchi.
    dense : ndarray of bool
        Lung that the air threshold alone would leave out: vessels, recesses, disease, and lung amid such.
    airway : Airway
        Trachea and carina.
    body : ndarray of bool
        The body and what it encloses.
    parted : bool
        False when the lungs touch so broadly that the midline had to part them.
    midline_mm : float
        Where right and left meet: at the trachea, or in the body's middle when there is none.
    airless : mapping of int to float
        Per side, ml of tissue without air at the ribs and in the recesses that was counted as lung.
    """

    labels: Labels
    dense: Bool
    airway: Airway
    body: Bool
    parted: bool
    midline_mm: float
    airless: Mapping[int, float] = field(default_factory=dict)


def coarse_mask(grid: WorkGrid, params: LungParams, tick: Tick = silent) -> CoarseMask:
    """Find both lungs and the central airway on the working grid.

    Raises
    ------
    EmptyError
        If there is no body or no lung in the CT.
    """
    tick(0, 6, "finding the body")
    body = body_mask(grid)
    tick(1, 6, "following the trachea")
    airway = find_airway(grid, body, params.bronchi_mm)
    tick(2, 6, "finding the lungs")
    air = (grid.hu < params.lung_hu) & body & ~airway.mask
    tick(2.3, 6, "finding the lungs")
    gas = abdominal_gas(grid, air, airway.carina)
    air &= ~gas
    midline = midline_of(airway, body, grid)
    tick(3, 6, "parting right and left")
    labels, parted = lungs_in(grid, air, midline)
    if (labels > 0).sum() * grid.voxel_ml < params.least_lung_ml:
        raise EmptyError(
            f"no lung of {params.least_lung_ml:g} ml is found in this CT; check that it shows a chest in HU"
        )
    tick(4, 6, "closing vessels and disease")
    room = body & ~airway.mask & ~gas & ~(fluid_below(gas, grid) & ~air)
    whole, ill = _closed_sides(labels, grid, room, params)
    added: dict[int, float] = {}
    if params.rib_fill:
        tick(5, 6, "filling out to the ribs")
        part = share(tick, 5 / 6, 1.0)
        before, whole = whole, _filled_out(whole, grid, room, airway.carina, part)
        added = {s: float(((whole == s) & (before != s)).sum() * grid.voxel_ml) for s in (RIGHT, LEFT)}
    whole[airway.mask] = AIRWAY
    tick(6, 6, "lungs found")
    dense = ((whole == RIGHT) | (whole == LEFT)) & (~air | ill)
    return CoarseMask(whole, dense, airway, body, parted, midline, added)


def _closed_sides(labels: Labels, grid: WorkGrid, room: Bool, params: LungParams) -> tuple[Labels, Bool]:
    """Both lungs with vessels, recesses and disease, and where the lung around a voxel is dense."""
    out, ill = np.zeros_like(labels), np.zeros(labels.shape, bool)
    dense = room & (grid.hu < params.dense_hu) & (labels == 0)
    for side in (RIGHT, LEFT):
        lung = labels == side
        lung = closed(
            lung | touching(dense, lung, grid, params.dense_reach_mm), grid, params.closing_mm, within=room
        )
        lung = holes_filled(lung, grid, params.largest_hole_mm2)
        around = dense_around(lung, grid)
        lung = to_soft_edge(lung, around, grid, room & ((labels == 0) | (labels == side)))
        lung = holes_filled(lung, grid, params.largest_hole_mm2)
        out[lung & (out == 0) & ((labels == 0) | (labels == side))] = side
        ill |= around > ILL_HU
    return out, ill


def _filled_out(labels: Labels, grid: WorkGrid, room: Bool, carina: int | None, tick: Tick) -> Labels:
    """Lung that holds no air: towards the ribs, and in the recesses below the last air."""
    if np.count_nonzero(labels.any(axis=(1, 2))) < 3:
        return labels
    wall = chest_wall(labels, grid, carina)
    tick(0.2, 1.0, "filling out to the ribs")
    dense = airless_lung(labels, grid, room, wall, carina, share(tick, 0.2, 0.7))
    if not np.array_equal(dense, labels):
        wall = chest_wall(dense, grid, carina)
    tick(0.9, 1.0, "filling out to the ribs")
    return rib_cage_fill(dense, grid, room, wall)


def midline_of(airway: Airway, body: Bool, grid: WorkGrid) -> float:
    """Where right and left meet, in mm from the first pixel's centre."""
    x = airway.x_mm()
    if x is not None:
        return x
    profile = body.sum(axis=(0, 1))
    return float((profile * np.arange(len(profile))).sum() / max(1, profile.sum())) * grid.spacing[2]
