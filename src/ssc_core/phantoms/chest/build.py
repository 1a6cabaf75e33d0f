"""Who the person is: sizes, landmarks and variants, each drawn independently of the others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ssc_core.seeds import seed_of

__all__ = ["Build", "draw_build"]


@dataclass(frozen=True, slots=True)
class Build:
    """Sizes in mm; z is 0 at the carina and grows to the head, x to the left, y to the back.

    The heights `arch_top`, `apex`, `dome` and the share `confluence` are drawn independently: none can be
    inferred from another, nor from the height of the lungs.
    """

    seed: int
    half_width: float
    half_depth: float
    apex: float
    arch_top: float
    dome: float
    left_dome: float
    recess: float
    confluence: float
    cap: float
    fat: float
    blood_hu: float
    lung_hu: float
    gravity_hu_mm: float
    trachea_radius: float
    right_angle: float
    left_angle: float
    aorta_radius: float
    heart: tuple[float, float, float]
    anterior_gap: float
    core_width: float
    kyphosis: float
    scoliosis: float
    rib_phase: float
    rib_drop: float
    arms: bool
    fissures: bool
    bowel_gas: bool
    stomach: tuple[float, float, float]

    @property
    def venous(self) -> float:
        """Height of the pulmonary venous confluence."""
        return self.confluence * self.dome

    def bend(self, z: float | np.ndarray) -> tuple[float | np.ndarray, float | np.ndarray]:
        """Sideways and backward shift (x, y) of the trunk at height `z`."""
        t = (np.asarray(z, np.float32) + np.float32(40)) * np.float32(0.01)
        return self.scoliosis * t * t, -self.kyphosis * t * t


def draw_build(seed: int) -> Build:
    """The person of a seed.

    Parameters
    ----------
    seed : int
        Any integer; the same seed gives the same person.

    Returns
    -------
    Build
    """
    rng = np.random.default_rng(seed_of(seed, "chest", "build"))
    u = rng.uniform
    arch_top = u(24, 58)
    dome = -u(58, 125)
    contrast = rng.random() < 0.5
    return Build(
        seed=seed,
        half_width=u(116, 146),
        half_depth=u(80, 100),
        apex=arch_top + u(16, 72),
        arch_top=arch_top,
        dome=dome,
        left_dome=dome - u(4, 20),
        recess=u(45, 95),
        confluence=min(max(u(0.24, 0.64), -22 / dome), 1 + 24 / dome),
        cap=u(78, 105),
        fat=float(np.exp(u(np.log(6), np.log(30)))),
        blood_hu=u(110, 230) if contrast else u(34, 48),
        lung_hu=u(-885, -820),
        gravity_hu_mm=u(0.2, 0.7),
        trachea_radius=u(7.5, 10),
        right_angle=u(22, 34),
        left_angle=u(36, 48),
        aorta_radius=u(11.5, 15.5),
        heart=(u(16, 30), u(50, 64), u(42, 52)),
        anterior_gap=u(0.1, 0.4),
        core_width=u(24, 31),
        kyphosis=u(2, 9),
        scoliosis=u(-3, 3),
        rib_phase=u(0, 1),
        rib_drop=u(70, 105),
        arms=bool(rng.random() < 0.3),
        fissures=bool(rng.random() < 0.7),
        bowel_gas=bool(rng.random() < 0.6),
        stomach=(u(0.42, 0.55), u(26, 40), u(0.2, 0.8)),
    )
