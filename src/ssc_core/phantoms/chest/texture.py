"""Periodic random fields: tissue grain, ragged outlines, and the meshes of reticulation."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates
from scipy.spatial import cKDTree

from ssc_core.phantoms.chest.shapes import Field
from ssc_core.seeds import seed_of

__all__ = ["Mesh", "grain", "mesh_walls"]

Mesh = Literal["voronoi", "ridges", "honeycomb"]
_TILE = 64


def grain(x: Field, y: Field, z: Field, scale_mm: float, *seed: int | str) -> Field:
    """Smooth noise of unit variance that changes over about `scale_mm`; x, y, z are flat and alike."""
    tile = _noise_tile(seed_of(*seed))
    index = np.stack([z, y, x]) * np.float32(2.0 / scale_mm)
    out: Field = map_coordinates(tile, index, order=1, mode="grid-wrap", prefilter=False, output=np.float32)
    return out


@lru_cache(maxsize=24)
def _noise_tile(seed: int) -> Field:
    raw = np.random.default_rng(seed).standard_normal((_TILE,) * 3).astype(np.float32)
    smooth = gaussian_filter(raw, 1.0, mode="wrap")
    return np.asarray(smooth / smooth.std(), np.float32)


def mesh_walls(
    x: Field, y: Field, z: Field, kind: Mesh, cell_mm: float, wall_mm: float, seed: int
) -> tuple[Field, Field]:
    """Walls of a mesh (0..1) and the inside of its cells (0..1) at flat positions.

    Parameters
    ----------
    x, y, z : numpy.ndarray
        Positions in mm, flat.
    kind : {"voronoi", "ridges", "honeycomb"}
        Septa between random cells, wavy lines, or thick walls around air-filled cysts.
    cell_mm, wall_mm : float
        Mesh size and half thickness of the walls.
    seed : int
        Of the pattern.

    Returns
    -------
    walls, cells : numpy.ndarray
        float32.
    """
    tile, step = _mesh_tile(kind, round(wall_mm / cell_mm, 3), seed), cell_mm * _CELLS / _FINE
    index = np.stack([z, y, x]) * np.float32(1 / step)
    walls: Field = map_coordinates(tile, index, order=1, mode="grid-wrap", prefilter=False, output=np.float32)
    cells = np.maximum(1 - 1.6 * walls, 0).astype(np.float32)
    return walls, cells if kind == "honeycomb" else np.zeros_like(cells)


_FINE = 72
_CELLS = 6


@lru_cache(maxsize=12)
def _mesh_tile(kind: Mesh, wall: float, seed: int) -> Field:
    """One period of the mesh, `_CELLS` cells wide."""
    rng = np.random.default_rng(seed)
    axis = (np.arange(_FINE, dtype=np.float32) + 0.5) * (_CELLS / _FINE)
    if kind == "ridges":
        coarse = gaussian_filter(rng.standard_normal((_FINE,) * 3), _FINE / _CELLS * 0.42, mode="wrap")
        fine = gaussian_filter(rng.standard_normal((_FINE,) * 3), _FINE / _CELLS * 0.25, mode="wrap")
        field = np.abs(coarse / coarse.std() + 0.4 * fine / fine.std()) / 2.2
    else:
        jitter = 0.32 if kind == "honeycomb" else 0.48
        lattice = np.stack(np.meshgrid(*[np.arange(_CELLS) + 0.5] * 3, indexing="ij"), -1).reshape(-1, 3)
        tree = cKDTree((lattice + rng.uniform(-jitter, jitter, lattice.shape)) % _CELLS, boxsize=_CELLS)
        where = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), -1).reshape(-1, 3) % _CELLS
        near, _ = tree.query(where, k=2)
        field = ((near[:, 1] - near[:, 0]) / 2).reshape((_FINE,) * 3)
    half = 1.5 * wall if kind == "honeycomb" else wall
    return np.asarray(np.clip(1.2 - field / max(half, 0.04), 0, 1), np.float32)
