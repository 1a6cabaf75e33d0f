"""The trachea: the longest chain of dark round spots down the middle of the body."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ssc_core.lung.grid import Bool, Int16, WorkGrid

__all__ = ["Spot", "spots_in", "trachea_chain"]

THRESHOLDS_HU = (-500, -600, -700, -800, -860, -900, -940)
_AREA_MM2 = (60.0, 900.0)  # adult tracheas have 100-400 mm2; partial volume and disease need room
_LONGEST_AXIS_RATIO = 2.4
_LEAST_SOLIDITY = 0.85
_MIDLINE_MM = 70.0
_LEAST_LENGTH_MM = 30.0


@dataclass(frozen=True)
class Spot:
    """A connected piece of air in one slice.

    Parameters
    ----------
    z : int
        Slice of the working grid.
    mask : ndarray of bool, (y, x)
        The piece.
    area : float
        mm2.
    y, x : float
        Centre in mm from the first pixel's centre.
    hu : float
        Median HU.
    """

    z: int
    mask: Bool
    area: float
    y: float
    x: float
    hu: float


def spots_in(
    plane: Int16,
    where: Bool,
    threshold: float,
    z: int,
    grid: WorkGrid,
    most: float,
    least: float = 0.0,
) -> list[Spot]:
    """Connected pieces below `threshold` inside `where` with an area from `least` to `most` mm2."""
    dark = ((plane < threshold) & where).astype(np.uint8)
    count, labels, stats, centres = cv2.connectedComponentsWithStats(dark, connectivity=4)
    spots = []
    for i in range(1, count):
        area = stats[i, cv2.CC_STAT_AREA] * grid.pixel_mm2
        if least <= area <= most:
            mask = labels == i
            x, y = centres[i]
            hu = float(np.median(plane[mask]))
            spots.append(Spot(z, mask, area, y * grid.spacing[1], x * grid.spacing[2], hu))
    return spots


def _roundness(spot: Spot, grid: WorkGrid) -> float:
    """0 for what cannot be a trachea's section, else up to 1 for a dark disc."""
    contours, _ = cv2.findContours(spot.mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    outline = contours[0].astype(np.float32)[:, 0, :]
    hull = cv2.convexHull(outline)
    # contours run through pixel centres: half a pixel more on every side is the area that pixels cover
    hull_pixels = cv2.contourArea(hull) + cv2.arcLength(hull, True) / 2 + 1
    solidity = spot.area / grid.pixel_mm2 / hull_pixels
    rows, columns = np.nonzero(spot.mask)
    points = np.stack([rows * grid.spacing[1], columns * grid.spacing[2]])
    spread = np.linalg.eigvalsh(np.cov(points) + np.eye(2) * grid.pixel_mm2 / 12)
    ratio = float(np.sqrt(spread[1] / spread[0]))
    if solidity < _LEAST_SOLIDITY or ratio > _LONGEST_AXIS_RATIO:
        return 0.0
    return float(solidity / np.sqrt(ratio) * np.clip((-650.0 - spot.hu) / 250.0, 0.1, 1.0))


def trachea_chain(grid: WorkGrid, body: Bool) -> list[Spot]:
    """Sections of the trachea from head to feet; empty where no chain of 30 mm is found.

    Several thresholds are tried in each slice and the chain with the greatest length, weighted by roundness
    and darkness, is taken by dynamic programming. It may end in a main bronchus.
    """
    layers: list[list[tuple[Spot, float]]] = []
    for z in range(grid.hu.shape[0] - 1, -1, -1):
        layers.append(_candidates(grid, body[z], z))
    best: list[list[float]] = []
    origin: list[list[tuple[int, int] | None]] = []
    for i, layer in enumerate(layers):
        best.append([quality for _, quality in layer])
        origin.append([None] * len(layer))
        for back in (1, 2):  # one slice may be missing
            if i < back:
                continue
            for j, (spot, quality) in enumerate(layer):
                for k, (above, _) in enumerate(layers[i - back]):
                    score = best[i - back][k] + quality - 0.3 * (back - 1)
                    if score > best[i][j] and _follows(spot, above, grid):
                        best[i][j], origin[i][j] = score, (i - back, k)
    ends = [(score, i, j) for i, scores in enumerate(best) for j, score in enumerate(scores)]
    if not ends:
        return []
    _, i, j = max(ends)
    chain = []
    at: tuple[int, int] | None = (i, j)
    while at is not None:
        chain.append(layers[at[0]][at[1]][0])
        at = origin[at[0]][at[1]]
    chain.reverse()
    length = (chain[0].z - chain[-1].z + 1) * grid.spacing[0]
    return chain if length >= _LEAST_LENGTH_MM else []


def _candidates(grid: WorkGrid, inside: Bool, z: int) -> list[tuple[Spot, float]]:
    columns = np.flatnonzero(inside.any(axis=0))
    if not len(columns):
        return []
    middle = (columns[0] + columns[-1]) / 2 * grid.spacing[2]
    found: list[tuple[Spot, float]] = []
    for threshold in THRESHOLDS_HU:
        for spot in spots_in(grid.hu[z], inside, threshold, z, grid, _AREA_MM2[1], _AREA_MM2[0]):
            if abs(spot.x - middle) <= _MIDLINE_MM:
                quality = _roundness(spot, grid)
                if quality:
                    found.append((spot, quality))
    return found


def _follows(spot: Spot, above: Spot, grid: WorkGrid) -> bool:
    dz = (above.z - spot.z) * grid.spacing[0]
    return np.hypot(spot.y - above.y, spot.x - above.x) <= 3.0 + 0.8 * dz and max(
        spot.area, above.area
    ) <= 2.2 * min(spot.area, above.area)
