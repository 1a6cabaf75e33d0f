"""What a finger phantom shall show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ssc_core.errors import InputError
from ssc_core.seeds import seed_of

__all__ = ["Cut", "FingerSpec", "drawn_spec"]

Cut = Literal["none", "distal", "proximal", "both"]


@dataclass(frozen=True)
class FingerSpec:
    """One phantom.

    Parameters
    ----------
    seed : int
        Everything that varies follows from it.
    spacing_mm : tuple of float
        Pixel size (y, x), mm.
    areas_mm2 : tuple of float
        Wanted sagittal areas of the deposits, mm2; dealt out to the fingers in turn.
    touching : tuple of bool
        For each deposit, whether it lies on bone.
    cut : {"none", "distal", "proximal", "both"}
        Which end of the finger lies outside the image, so that a phalanx is cut.
    fingers : int
        1 or 2.
    angle_deg : float
        How the finger is turned in the image.
    mirrored : bool
        Tip to the right instead of to the left.
    psf_mm, noise_hu, slab_mm : float
        Standard deviation of the blur, of the noise (mixed image), and thickness of the sagittal slab.
    deposit_hu : tuple of float
        Range of the deposits' mean HU.
    shape_spread : float
        Relative spread of the bones' proportions.
    osteophytes : int
        Joints (0-2, from the tip) with a dorsal spur.
    sesamoid : bool
        A small separate bone before the metacarpal joint.

    Raises
    ------
    InputError
        If a number is out of its bounds.
    """

    seed: int = 0
    spacing_mm: tuple[float, float] = (0.3, 0.3)
    areas_mm2: tuple[float, ...] = (12.0, 4.0, 1.5)
    touching: tuple[bool, ...] = (True, False, False)
    cut: Cut = "none"
    fingers: int = 1
    angle_deg: float = 0.0
    mirrored: bool = False
    psf_mm: float = 0.28
    noise_hu: float = 18.0
    slab_mm: float = 0.5
    deposit_hu: tuple[float, float] = (320.0, 1450.0)
    shape_spread: float = 0.06
    osteophytes: int = 0
    sesamoid: bool = False

    def __post_init__(self) -> None:
        if len(self.areas_mm2) != len(self.touching):
            raise InputError("give one `touching` for each of `areas_mm2`")
        if any(not 0.1 <= a <= 200 for a in self.areas_mm2):
            raise InputError("deposit areas must lie between 0.1 and 200 mm2")
        if not all(0.05 <= s <= 1.0 for s in self.spacing_mm):
            raise InputError("the pixel size of a finger phantom must lie between 0.05 and 1 mm")
        if self.fingers not in (1, 2) or self.osteophytes not in (0, 1, 2):
            raise InputError("a finger phantom has 1 or 2 fingers and 0 to 2 osteophytes")
        if not (0.05 <= self.psf_mm <= 1 and 0 <= self.noise_hu <= 300 and 0.1 <= self.slab_mm <= 5):
            raise InputError("blur must be 0.05-1 mm, noise 0-300 HU and the slab 0.1-5 mm")


def drawn_spec(seed: int, **fixed: object) -> FingerSpec:
    """A phantom whose settings are drawn at random; those given by name are kept."""
    rng = np.random.default_rng(seed_of(seed, "finger spec"))
    n = int(rng.integers(1, 5))
    pixel = float(rng.choice([0.2, 0.25, 0.3, 0.35, 0.4, 0.5]))
    values: dict[str, object] = {
        "seed": seed,
        "spacing_mm": (pixel, pixel),
        "areas_mm2": tuple(float(a) for a in np.exp(rng.uniform(np.log(0.4), np.log(50), n))),
        "touching": tuple(bool(t) for t in rng.random(n) < 0.45),
        "cut": str(rng.choice(["none", "distal", "proximal", "both"], p=[0.55, 0.15, 0.15, 0.15])),
        "angle_deg": float(rng.uniform(-25, 25)),
        "mirrored": bool(rng.random() < 0.3),
        "psf_mm": float(rng.uniform(0.22, 0.36)),
        "noise_hu": float(rng.uniform(8, 28)),
        "slab_mm": float(rng.uniform(0.4, 0.8)),
    }
    if "areas_mm2" in fixed and "touching" not in fixed:
        areas = fixed["areas_mm2"]
        assert isinstance(areas, tuple)
        values["touching"] = tuple(bool(t) for t in rng.random(len(areas)) < 0.45)
    values.update(fixed)
    return FingerSpec(**values)  # type: ignore[arg-type]
