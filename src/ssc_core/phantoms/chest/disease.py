"""Interstitial lung disease planted in healthy lungs, with a known place for every voxel of it.

Densities follow the tissue fraction f = (HU + 1000) / 1050: a pattern of gain g and strength a gives
f' = 1 - (1 - f)(1 - g a), which adds tissue to what is air and leaves vessels visible. The strength rises
from a half at the border of a lesion to 1 inside it and is 0 outside: nothing is inserted that is not
labelled, and no label stands where nothing was inserted.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from ssc_core.errors import InputError
from ssc_core.phantoms.chest.scene import Scene
from ssc_core.phantoms.chest.shapes import Field
from ssc_core.phantoms.chest.texture import Mesh, grain, mesh_walls
from ssc_core.seeds import seed_of

__all__ = ["DENSE", "GROUND_GLASS", "RETICULATION", "Disease", "Lesions", "Spread"]

GROUND_GLASS, RETICULATION, DENSE = 1, 2, 4
"""Bits of the disease label of a voxel. Dense fibrosis counts as reticulation too: it carries both bits."""

Spread = Literal["subpleural", "blobs", "part", "mixed"]
_RIM_MM = 1.5


@dataclass(frozen=True, slots=True)
class Disease:
    """What to plant, as shares (0-1) of the volume of the lungs.

    Parameters
    ----------
    ground_glass, reticulation, dense : float
        Share of the lungs that each pattern takes. Patterns may overlap. Dense fibrosis (-100..+50 HU, at the
        pleura) is part of the reticular extent.
    spread : {"subpleural", "blobs", "part", "mixed"}
        A ragged basal and posterior band below the pleura, separate foci, whole parts of the lungs, or one
        of these drawn for each pattern.
    mesh : {"voronoi", "ridges", "honeycomb"}
        What the reticulation looks like.
    mesh_mm, wall_mm : float
        Size of its meshes and half thickness of its walls.
    gain : float
        Density of the ground glass, 0.09 (faint) to 0.38 (heavy).
    strength : float
        Density of the reticular walls, 0.25 to 1.
    seed : int, optional
        Of the lesions; that of the person by default.

    Raises
    ------
    InputError
        If a share is not between 0 and 0.95, or a size is not positive.
    """

    ground_glass: float = 0.0
    reticulation: float = 0.0
    dense: float = 0.0
    spread: Spread = "subpleural"
    mesh: Mesh = "voronoi"
    mesh_mm: float = 6.0
    wall_mm: float = 0.9
    gain: float = 0.25
    strength: float = 0.6
    seed: int | None = None

    def __post_init__(self) -> None:
        for name in ("ground_glass", "reticulation", "dense"):
            if not 0 <= getattr(self, name) <= 0.95:
                raise InputError(f"the share of {name} is {getattr(self, name)}; give a value from 0 to 0.95")
        for name in ("mesh_mm", "wall_mm", "gain", "strength"):
            if not getattr(self, name) > 0:
                raise InputError(f"{name} of the disease is {getattr(self, name)}; give a positive value")


@dataclass(frozen=True)
class Lesions:
    """A disease in a scene: which positions it takes, and what density they get."""

    scene: Scene
    disease: Disease

    @cached_property
    def _seed(self) -> int:
        own = self.disease.seed
        return seed_of(self.scene.build.seed if own is None else own, "chest", "disease")

    @cached_property
    def _thresholds(self) -> dict[int, float]:
        """Preference above which a pattern is present, so that it takes its share of the lungs."""
        points = self.scene.lung_points.astype(np.float32)
        x, y, z = points.T
        depth = -self.scene.pleura(x, y, z)
        d = self.disease
        shares = {GROUND_GLASS: d.ground_glass, RETICULATION: d.reticulation, DENSE: d.dense}
        return {
            bit: float(np.quantile(self._preference(bit, x, y, z, depth), 1 - share))
            for bit, share in shares.items()
            if share > 0
        }

    def _preference(self, bit: int, x: Field, y: Field, z: Field, depth: Field) -> Field:
        """Where a pattern goes first, on a scale of millimetres."""
        rng = np.random.default_rng(seed_of(self._seed, bit, "spread"))
        spread: Spread = self.disease.spread
        if spread == "mixed":
            spread = ("subpleural", "blobs", "part")[int(rng.integers(3))]
        if bit == DENSE:
            spread = "subpleural"
        ragged = grain(x, y, z, 22.0, self._seed, bit, "ragged")
        if spread == "subpleural":
            low, back = rng.uniform(0.05, 0.2), rng.uniform(0.05, 0.2)
            if bit == DENSE:
                ragged = ragged + grain(x, y, z, 60.0, self._seed, "patches")
            return np.asarray(-depth - low * z + back * y + 6 * ragged, np.float32)
        if spread == "part":
            toward = rng.normal([0, 0.5, -0.8], [0.2, 0.5, 0.4])
            side = rng.choice([-1.0, 0.0, 1.0]) * 60
            toward = toward / np.linalg.norm(toward)
            out = toward[0] * x + toward[1] * y + toward[2] * z + np.where(x < 0, -side, side) + 5 * ragged
            return np.asarray(out, np.float32)
        count = int(rng.integers(5, 12))
        chosen = rng.choice(len(self.scene.lung_points), count, replace=False)
        best: Field = np.full(np.shape(x), -1e6, np.float32)
        for cx, cy, cz in self.scene.lung_points[chosen].tolist():
            size, stretch = float(rng.uniform(0, 14)), float(rng.uniform(0.7, 1.5))
            away = np.sqrt((x - cx) ** 2 + (y - cy) ** 2 + (stretch * (z - cz)) ** 2)
            best = np.maximum(best, size - away)
        return np.asarray(best + 4 * ragged, np.float32)

    def apply(self, hu: Field, x: Field, y: Field, z: Field, depth: Field) -> tuple[Field, np.ndarray]:
        """Density and labels of lung at flat body positions.

        Parameters
        ----------
        hu : numpy.ndarray
            Healthy density, flat.
        x, y, z : numpy.ndarray
            Positions, mm.
        depth : numpy.ndarray
            Distance to the pleura inside, mm.

        Returns
        -------
        hu, labels : numpy.ndarray
            float32, and uint8 with the bits of this module.
        """
        f = (hu + np.float32(1000)) * np.float32(1 / 1050)
        labels = np.zeros(hu.shape, np.uint8)
        for bit, threshold in self._thresholds.items():
            above = self._preference(bit, x, y, z, depth) - np.float32(threshold)
            here = np.flatnonzero(above > 0)
            share = np.clip(np.float32(0.5) + above[here] * np.float32(0.5 / _RIM_MM), 0, 1)
            f[here] = self._fraction(bit, f[here], share, x[here], y[here], z[here])
            labels[here] |= bit
        labels[(labels & DENSE) > 0] |= RETICULATION
        return f * np.float32(1050) - np.float32(1000), labels

    def _fraction(self, bit: int, f: Field, share: Field, x: Field, y: Field, z: Field) -> Field:
        d = self.disease
        if bit == GROUND_GLASS:
            uneven = 1 + np.float32(0.18) * grain(x, y, z, 14.0, self._seed, "uneven")
            return np.asarray(1 - (1 - f) * (1 - d.gain * share * np.clip(uneven, 0.4, 1.6)), np.float32)
        if bit == RETICULATION:
            walls, cells = mesh_walls(x, y, z, d.mesh, d.mesh_mm, d.wall_mm, seed_of(self._seed, "mesh"))
            added = 1 - (1 - f) * (1 - (d.strength * walls + np.float32(0.05)) * share)
            return np.asarray(added * (1 - np.float32(0.6) * cells * share), np.float32)
        target = 0.94 + 0.04 * grain(x, y, z, 9.0, self._seed, "dense")
        return np.asarray(f + share * (np.clip(target, 0.86, 1.0) - f), np.float32)
