"""Procedural ground glass and reticulation: how much tissue a pattern adds to the air of each pixel.

A texture is an image of the *added tissue fraction* g in [0, 1] (see
:mod:`ssc_core.lung.synthesis.compositing`). It has a physical scale (mm) and the thickness of the slice it
will be put into, over which walls are averaged as a scanner does. Nothing here is cut from an image of a
patient: with these two generators synthesis needs no diseased scan at all.
"""

from __future__ import annotations

import math
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree

from ssc_core.errors import InputError

__all__ = ["Kind", "ground_glass", "reticulation"]

Field = npt.NDArray[np.float32]
Kind = Literal["mesh", "ridges", "honeycomb"]

_SUBSLICE_MM = 1.5  # walls are averaged over planes this far apart
_MOST_PLANES = 5


def ground_glass(
    shape: tuple[int, int],
    spacing_mm: tuple[float, float],
    rng: np.random.Generator,
    *,
    density: float = 0.22,
    grain_mm: float = 8.0,
    unevenness: float = 0.2,
) -> Field:
    """Hazy opacity: a mean density that changes slowly over the lesion and a little from pixel to pixel.

    Parameters
    ----------
    shape : tuple of int
        (y, x).
    spacing_mm : tuple of float
        (y, x), mm.
    rng : numpy.random.Generator
        Draws the pattern; the same state gives the same texture.
    density : float
        Mean added tissue fraction: 0.09 is faint (about 90 HU in lung), 0.38 heavy.
    grain_mm : float
        Distance over which the density changes.
    unevenness : float
        Standard deviation of the slow change, relative to `density`; half of it acts at a quarter of
        `grain_mm`.

    Returns
    -------
    numpy.ndarray
        float32 (y, x) in [0, 1]: added tissue fraction.

    Raises
    ------
    InputError
        If a size or density makes no sense.
    """
    _check(shape, spacing_mm, density=density, grain_mm=grain_mm)
    slow = _noise(shape, spacing_mm, grain_mm, rng)
    fine = _noise(shape, spacing_mm, grain_mm / 4, rng)
    out = density * (1 + unevenness * (slow + 0.5 * fine))
    return np.asarray(np.clip(out, 0.35 * density, min(1.0, 1.8 * density)), np.float32)


def reticulation(
    shape: tuple[int, int],
    spacing_mm: tuple[float, float],
    rng: np.random.Generator,
    *,
    mesh_mm: float = 6.0,
    wall_mm: float = 1.4,
    strength: float = 0.5,
    kind: Kind = "mesh",
    thickness_mm: float = 0.0,
) -> Field:
    """Network of lines.

    Parameters
    ----------
    shape : tuple of int
        (y, x).
    spacing_mm : tuple of float
        (y, x), mm.
    rng : numpy.random.Generator
        Draws the pattern; the same state gives the same texture.
    mesh_mm : float
        Mean distance between walls.
    wall_mm : float
        Thickness of a wall; walls thinner than a pixel are drawn fainter, as partial volume.
    strength : float
        Added tissue fraction within a wall.
    kind : {"mesh", "ridges", "honeycomb"}
        Septa between random cells (a cut through a 3-D Voronoi diagram), wavy and branching lines (the zero
        lines of band-limited noise), or round clustered cells between thick walls.
    thickness_mm : float
        Thickness of the slice, over which the pattern is averaged.

    Returns
    -------
    numpy.ndarray
        float32 (y, x) in [0, 1]: added tissue fraction.

    Raises
    ------
    InputError
        If a size or strength makes no sense, or there is no such `kind`.
    """
    _check(shape, spacing_mm, mesh_mm=mesh_mm, wall_mm=wall_mm, strength=strength)
    if kind not in get_args(Kind):
        raise InputError(f"there is no reticulation of kind {kind!r}; choose {', '.join(get_args(Kind))}")
    if not (math.isfinite(thickness_mm) and thickness_mm >= 0):
        raise InputError(f"the slice thickness {thickness_mm} mm must not be negative")
    planes = min(_MOST_PLANES, 1 + int(thickness_mm / _SUBSLICE_MM))
    heights = ((np.arange(planes) + 0.5) / planes - 0.5) * thickness_mm
    draw = _ridges if kind == "ridges" else _cells
    half = wall_mm / 2 * (1.3 if kind == "honeycomb" else 1.0)
    pixel = math.sqrt(spacing_mm[0] * spacing_mm[1])
    walls = np.zeros(shape, np.float32)
    for distance in draw(shape, spacing_mm, rng, mesh_mm, heights, kind == "honeycomb"):
        walls += _covered(distance, half, pixel)
    uneven = np.clip(1 + 0.2 * _noise(shape, spacing_mm, 3 * mesh_mm, rng), 0.4, 1.6)
    return np.asarray(np.clip(strength * uneven * walls / planes, 0, 1), np.float32)


def _covered(distance: Field, half: float, pixel: float) -> Field:
    """Share of a pixel that a wall of half thickness `half` covers, its middle `distance` away."""
    low, high = np.maximum(distance - pixel / 2, -half), np.minimum(distance + pixel / 2, half)
    return np.asarray(np.clip((high - low) / pixel, 0, 1), np.float32)


def _cells(
    shape: tuple[int, int],
    spacing_mm: tuple[float, float],
    rng: np.random.Generator,
    mesh_mm: float,
    heights: npt.NDArray[np.float64],
    rounded: bool,
) -> list[Field]:
    """Distance (mm) to the nearest wall of a 3-D Voronoi diagram, per plane."""
    middle = np.array([n * s / 2 for n, s in zip(shape, spacing_mm, strict=True)])
    reach = np.array([np.ptp(heights) / 2, *[float(np.hypot(*middle))] * 2]) + 1.5 * mesh_mm
    counts = np.ceil(2 * reach / mesh_mm).astype(int)
    axes = [(np.arange(n) + 0.5) * mesh_mm - r for n, r in zip(counts, reach, strict=True)]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 3)
    jitter = 0.36 if rounded else 0.5
    points += rng.uniform(-jitter, jitter, points.shape) * mesh_mm
    turn = rng.uniform(0, math.pi / 2)  # so that the rows of the lattice follow no axis of the image
    points[:, 1:] = points[:, 1:] @ [[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]]
    points[:, 1:] += middle
    tree = cKDTree(points)
    rows, columns = ((np.arange(n) + 0.5) * s for n, s in zip(shape, spacing_mm, strict=True))
    y, x = np.meshgrid(rows, columns, indexing="ij")
    return [
        _to_wall(tree, points, np.stack([np.full_like(y, z), y, x], -1), rounded, mesh_mm) for z in heights
    ]


def _to_wall(
    tree: cKDTree, points: npt.NDArray[np.float64], at: npt.NDArray[np.float64], rounded: bool, mesh_mm: float
) -> Field:
    near, which = tree.query(at, k=3 if rounded else 2)
    walls = []
    for k in range(1, near.shape[-1]):
        between = np.linalg.norm(points[which[..., k]] - points[which[..., 0]], axis=-1)
        walls.append((near[..., k] ** 2 - near[..., 0] ** 2) / (2 * between))
    if rounded:  # a smooth minimum rounds the corners of the cells
        soft = 0.12 * mesh_mm
        return np.asarray(-soft * np.logaddexp(-walls[0] / soft, -walls[1] / soft) + 0.3 * soft, np.float32)
    return np.asarray(walls[0], np.float32)


def _ridges(
    shape: tuple[int, int],
    spacing_mm: tuple[float, float],
    rng: np.random.Generator,
    mesh_mm: float,
    heights: npt.NDArray[np.float64],
    _rounded: bool,
) -> list[Field]:
    """Distance (mm) to the nearest zero line of noise that turns over slowly from plane to plane."""
    pair = [_band(shape, spacing_mm, mesh_mm, rng) for _ in range(2)]
    out = []
    for z in heights:
        turn = z / mesh_mm * math.pi / 2
        field = math.cos(turn) * pair[0] + math.sin(turn) * pair[1]
        dy, dx = np.gradient(field, *spacing_mm)
        slope = np.hypot(dy, dx)
        out.append(np.asarray(np.abs(field) / np.maximum(slope, 0.25 * slope.mean()), np.float32))
    return out


def _band(
    shape: tuple[int, int], spacing_mm: tuple[float, float], mesh_mm: float, rng: np.random.Generator
) -> Field:
    """Noise whose zero lines lie about `mesh_mm` apart."""
    return np.asarray(
        _noise(shape, spacing_mm, 0.6 * mesh_mm, rng) - _noise(shape, spacing_mm, 2.5 * mesh_mm, rng)
    )


def _noise(
    shape: tuple[int, int], spacing_mm: tuple[float, float], scale_mm: float, rng: np.random.Generator
) -> Field:
    """Smooth noise of mean 0 and variance 1 that changes over about `scale_mm`."""
    sigma = [0.42 * scale_mm / s for s in spacing_mm]
    raw = rng.standard_normal(shape, dtype=np.float32)
    smooth = gaussian_filter(raw, sigma, mode="wrap", truncate=3.0)
    # what the filter does to the variance of white noise is known: small images keep their own mean
    kept = math.prod(1 / math.sqrt(2 * math.sqrt(math.pi) * s) if s > 0.3 else 1.0 for s in sigma)
    return np.asarray(smooth / min(1.0, kept), np.float32)


def _check(shape: tuple[int, int], spacing_mm: tuple[float, float], **values: float) -> None:
    if min(shape) < 1 or not all(math.isfinite(s) and s > 0 for s in spacing_mm):
        raise InputError(f"a texture needs a shape (y, x) and a spacing in mm, not {shape} and {spacing_mm}")
    for name, value in values.items():
        if not (math.isfinite(value) and value > 0):
            raise InputError(f"{name} of a texture is {value}; give a positive value")
        if name in ("density", "strength") and value > 1:
            raise InputError(f"{name} of a texture is {value}; a tissue fraction lies between 0 and 1")
