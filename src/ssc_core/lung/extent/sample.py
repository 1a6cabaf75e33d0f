"""One training sample: a healthy slice, varied, with patterns inserted where the labels say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ssc_core.errors import EmptyError
from ssc_core.lung.extent.anatomy import varied, warped
from ssc_core.lung.extent.grid import AIR_HU, window_of
from ssc_core.lung.extent.healthy import HealthySlice
from ssc_core.lung.extent.lesions import Ground, fade
from ssc_core.lung.synthesis.compositing import INSERTED, blend
from ssc_core.lung.synthesis.textures import Kind, ground_glass, reticulation

__all__ = ["CROP", "GG", "LUNG", "RET", "Plan", "draw_plan", "sample", "targets_of"]

LUNG, GG, RET = 1, 2, 4
"""Bits of a sample's label."""

CROP = (224, 288)
Texture = Callable[[tuple[int, int], float, np.random.Generator], npt.NDArray[np.float32]]


@dataclass(frozen=True)
class Plan:
    """How much of each pattern is wanted, as shares (0-1) of the lung, and whether RET lies in GG."""

    gg: float
    ret: float
    nested: bool = False


def draw_plan(rng: np.random.Generator, healthy: float = 0.25) -> Plan:
    """Healthy, one pattern, both apart, or reticulation within ground glass; extents of every size."""

    def extent() -> float:
        if rng.random() < 0.35:
            return float(np.exp(rng.uniform(np.log(0.01), np.log(0.5))))
        return float(rng.uniform(0.03, 1.0))

    kind = rng.random()
    if kind < healthy:
        return Plan(0.0, 0.0)
    kind = (kind - healthy) / (1 - healthy)
    if kind < 0.27:
        return Plan(extent(), 0.0)
    if kind < 0.52:
        return Plan(0.0, extent())
    if kind < 0.72:
        return Plan(extent(), extent())
    gg = extent()
    return Plan(gg, gg * float(rng.uniform(0.1, 1.0)), nested=True)


def draw_ground_glass(
    shape: tuple[int, int], _thick: float, rng: np.random.Generator
) -> npt.NDArray[np.float32]:
    """Faint to heavy, now and then nearly solid; smooth over centimetres or grained like sand."""
    low, high = (0.07, 0.40) if rng.random() < 0.85 else (0.40, 0.90)
    density = float(np.exp(rng.uniform(np.log(low), np.log(high))))
    if rng.random() < 0.6:
        grain, uneven = float(rng.uniform(3, 16)), float(rng.uniform(0.05, 0.3))
    else:
        grain, uneven = float(np.exp(rng.uniform(np.log(0.8), np.log(4)))), float(rng.uniform(0.1, 0.6))
    return ground_glass(shape, (1.0, 1.0), rng, density=density, grain_mm=grain, unevenness=uneven)


def draw_reticulation(
    shape: tuple[int, int], thick: float, rng: np.random.Generator
) -> npt.NDArray[np.float32]:
    """Fine to coarse, thin walls or thick ones whatever the mesh, in clear lung or in faint haze.

    Thin walls are dense, and through thick slices the mesh is coarse: what nobody can see is not drawn.
    """
    kinds: tuple[Kind, ...] = ("mesh", "ridges", "honeycomb")
    kind = kinds[int(rng.choice(3, p=(0.4, 0.4, 0.2)))]
    mesh = float(np.exp(rng.uniform(np.log(3.0 if thick < 2.5 else 4.5), np.log(12.0))))
    wall = float(min(np.exp(rng.uniform(np.log(0.55), np.log(2.6))), 0.35 * mesh))
    strength = float(rng.uniform(min(0.7, max(0.25, 0.3 / wall)), 0.85))
    haze = float(rng.uniform(0, 0.05)) if rng.random() < 0.4 else 0.0
    lines = reticulation(
        shape,
        (1.0, 1.0),
        rng,
        mesh_mm=mesh,
        wall_mm=wall,
        strength=strength,
        kind=kind,
        thickness_mm=min(thick, 4.0),
    )
    return np.asarray(1 - (1 - lines) * (1 - np.float32(haze)), np.float32)


def sample(
    base: HealthySlice,
    rng: np.random.Generator,
    plan: Plan | None = None,
    *,
    crop: tuple[int, int] | None = CROP,
    textures: tuple[Texture, Texture] = (draw_ground_glass, draw_reticulation),
    shape: str | None = None,
) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.uint8]]:
    """A sample without noise.

    Parameters
    ----------
    base : HealthySlice
        Where patterns are put into.
    rng : numpy.random.Generator
        Draws everything.
    plan : Plan, optional
        How much; drawn by default.
    crop : tuple of int, optional
        Shape of the result, around the lungs; None for the whole slice.
    textures : tuple of callable
        Draw ground glass and reticulation: (shape, slice thickness in mm, generator) to added tissue.
    shape : str, optional
        Of the lesions (:data:`ssc_core.lung.extent.lesions.SHAPES`); drawn by default.

    Returns
    -------
    hu : ndarray of int16, (y, x)
    labels : ndarray of uint8, (y, x)
        Bits :data:`LUNG`, :data:`GG`, :data:`RET`.
    """
    plan = plan or draw_plan(rng)
    hu, lung = warped(base, rng)
    window = window_of(lung, crop or None, _shift(rng) if crop else (0, 0))
    if crop:
        hu, lung = _cut(window, hu, lung)
    ground = Ground.of(lung)
    hu = varied(hu, ground, rng)
    labels = lung.astype(np.uint8) * LUNG
    fades: dict[int, Any] = {}
    for bit, share in ((GG, plan.gg), (RET, plan.ret)):
        if share > 0:
            within = fades[GG] >= INSERTED if plan.nested and bit == RET else None
            fades[bit] = fade(ground, share, rng, within=within, shape=shape)
            labels[(fades[bit] >= INSERTED) & lung] |= bit
    for bit, draw in zip((GG, RET), textures, strict=True):
        if bit in fades:
            hu = blend(hu, draw(hu.shape, base.thickness_mm, rng), fades[bit])
    return np.rint(np.clip(hu, AIR_HU, 3071)).astype(np.int16), labels


def targets_of(
    labels: npt.NDArray[np.uint8], lung: npt.NDArray[np.bool_] | None = None
) -> tuple[float, float, float]:
    """TOT, GG and RET in percent of `lung`, by default of the true lung.

    Raises
    ------
    EmptyError
        If there is no lung.
    """
    here = (labels & LUNG > 0) if lung is None else lung
    area = np.count_nonzero(here)
    if area == 0:
        raise EmptyError("the slice holds no lung; choose another")
    tot, gg, ret = (
        100.0 * np.count_nonzero((labels & bits > 0) & here) / area for bits in (GG | RET, GG, RET)
    )
    return tot, gg, ret


def _shift(rng: np.random.Generator) -> tuple[int, int]:
    y, x = rng.integers(-8, 9, 2).tolist()
    return int(y), int(x)


def _cut(window: Any, hu: npt.NDArray[np.float32], lung: npt.NDArray[np.bool_]) -> tuple[Any, Any]:
    return window.cut(hu, AIR_HU), window.cut(lung, False)
