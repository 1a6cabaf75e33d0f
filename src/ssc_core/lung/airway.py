"""Trachea, main carina and main bronchi, walked from the neck down."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ssc_core.lung.grid import Bool, WorkGrid
from ssc_core.lung.trachea import THRESHOLDS_HU, Spot, spots_in, trachea_chain

__all__ = ["Airway", "find_airway"]

_LEAK = 2.6  # a piece this many times the trachea's area has run into the lung
_LEAST_SHARE = 0.15  # of the parent's area, for each main bronchus
_LEAST_APART_MM = 7.5  # between the centres of the main bronchi
_MOST_OBLIQUE = 0.7  # the bronchi part to the sides, not one behind the other
_PERSISTS_MM = 12.0
_SEPTUM_HU = (-820, -860, -900, -930)
_SEPTUM_MM = 6.0


@dataclass(frozen=True)
class Airway:
    """The central airway on the working grid.

    Parameters
    ----------
    mask : ndarray of bool, (z, y, x)
        Trachea and main bronchi with their wall.
    trachea : tuple of Spot
        Sections from head to carina.
    carina : int or None
        Highest slice in which the two main bronchi are apart; None when no lasting split was found.
    """

    mask: Bool
    trachea: tuple[Spot, ...]
    carina: int | None

    def x_mm(self) -> float | None:
        """Where the trachea's lower end lies from right to left; None without a trachea."""
        return float(np.median([s.x for s in self.trachea[-5:]])) if self.trachea else None


def find_airway(grid: WorkGrid, body: Bool, below_carina_mm: float) -> Airway:
    """Follow the trachea to its division and each main bronchus `below_carina_mm` further."""
    mask = np.zeros(grid.hu.shape, bool)
    chain = trachea_chain(grid, body)
    if not chain:
        return Airway(mask, (), None)
    # the lower half of the chain may already be a main bronchus: start where it is certainly the trachea
    start = len(chain) // 3
    walk = _Walk(grid, body, float(np.median([s.area for s in chain[: max(1, len(chain) // 2)]])))
    trachea, children = walk.to_split(chain[start])
    trachea = [walk.whole(spot) for spot in chain[:start]] + trachea
    for spot in trachea:
        mask[spot.z] |= spot.mask
    if not children:
        return Airway(_with_wall(mask, grid), tuple(trachea), None)
    for child in children:
        for spot in walk.down(child, below_carina_mm):
            mask[spot.z] |= spot.mask
    carina = _septum(grid, trachea, children[0].z)
    return Airway(_with_wall(mask, grid), tuple(trachea), carina)


class _Walk:
    """Steps from one section of the airway to the sections below it."""

    def __init__(self, grid: WorkGrid, body: Bool, area: float) -> None:
        self.grid, self.body, self.area = grid, body, area
        self.reach = grid.kernel(2.0 + 0.5 * grid.spacing[0])

    def below(self, parent: Spot) -> list[Spot]:
        """Pieces in the next slice that touch `parent`, at the mildest threshold that does not leak."""
        z = parent.z - 1
        if z < 0:
            return []
        least = 0.1 * self.area
        near = cv2.dilate(parent.mask.astype(np.uint8), self.reach).astype(bool)
        for threshold in THRESHOLDS_HU:
            spots = spots_in(self.grid.hu[z], self.body[z], threshold, z, self.grid, np.inf, least)
            spots = [s for s in spots if (s.mask & near).any()]
            if spots and all(s.area <= _LEAK * self.area for s in spots):
                return spots
        return []

    def whole(self, spot: Spot) -> Spot:
        """The full lumen around a spot that may have been found at a strict threshold."""
        for threshold in THRESHOLDS_HU:
            wider = spots_in(
                self.grid.hu[spot.z], self.body[spot.z], threshold, spot.z, self.grid, _LEAK * self.area
            )
            wider = [s for s in wider if (s.mask & spot.mask).any()]
            if wider:
                return max(wider, key=lambda s: s.area)
        return spot

    def to_split(self, spot: Spot) -> tuple[list[Spot], list[Spot]]:
        """Sections of the trachea from `spot` down, and the first sections of the two main bronchi."""
        path = [spot]
        while True:
            spots = self.below(spot)
            if not spots:
                return path, []
            pair = _pair(spots, spot.area)
            if pair and self._lasting(*pair):
                return path, list(pair)
            spot = max(spots, key=lambda s: s.area)
            path.append(spot)

    def down(self, spot: Spot, mm: float) -> list[Spot]:
        """Sections of one bronchus for `mm` downwards, or until it is lost or leaks."""
        path = [spot]
        for _ in range(self.grid.slices(mm) - 1):
            spots = self.below(path[-1])
            if not spots:
                break
            # the other bronchus may be near, but it is not under this one
            path.append(max(spots, key=lambda s: (int((s.mask & path[-1].mask).sum()), s.area)))
        return path

    def _lasting(self, right: Spot, left: Spot) -> bool:
        """Whether both bronchi go on and move apart."""
        paths = [self.down(s, _PERSISTS_MM) for s in (right, left)]
        if min(len(p) for p in paths) < min(2, self.grid.slices(_PERSISTS_MM)):
            return False
        depth = min(len(p) for p in paths)
        long_enough = depth * self.grid.spacing[0] >= 0.6 * _PERSISTS_MM
        ends = [p[depth - 1] for p in paths]
        apart = ends[1].x - ends[0].x
        return long_enough and apart >= (left.x - right.x) and apart > _LEAST_APART_MM


def _pair(spots: list[Spot], area: float) -> tuple[Spot, Spot] | None:
    """The two largest pieces as (right, left), if they can be the two main bronchi."""
    if len(spots) < 2:
        return None
    spots = sorted(spots, key=lambda s: -s.area)[:2]
    right, left = sorted(spots, key=lambda s: s.x)
    if min(right.area, left.area) < _LEAST_SHARE * area:
        return None
    apart, oblique = left.x - right.x, abs(left.y - right.y)
    return (right, left) if apart >= _LEAST_APART_MM and oblique <= _MOST_OBLIQUE * apart else None


def _septum(grid: WorkGrid, trachea: list[Spot], split: int) -> int:
    """The highest slice, up to 6 mm above `split`, in which a thin septum already shows."""
    carina = split
    for spot in reversed(trachea):
        if (spot.z - split) * grid.spacing[0] > _SEPTUM_MM:
            break
        pairs = [
            _pair(spots_in(grid.hu[spot.z], spot.mask, hu, spot.z, grid, np.inf), spot.area)
            for hu in _SEPTUM_HU
        ]
        if not any(pairs):
            break
        carina = spot.z
    return carina


def _with_wall(lumen: Bool, grid: WorkGrid) -> Bool:
    kernel = grid.kernel(max(1.5, 0.55 * grid.spacing[1]))
    return np.stack([cv2.dilate(plane.astype(np.uint8), kernel).astype(bool) for plane in lumen])
