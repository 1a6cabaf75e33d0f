"""One synthetic slice: regions, patterns, fade, and the exact scores of what was inserted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ssc_core.errors import EmptyError
from ssc_core.lung.synthesis.canvas import filled
from ssc_core.lung.synthesis.compositing import INSERTED, blend, extents
from ssc_core.lung.synthesis.ellipses import covered, draw_ellipses
from ssc_core.lung.synthesis.fade import faded
from ssc_core.lung.synthesis.params import SynthesisParams
from ssc_core.lung.synthesis.prior import basal_factor, centre_weights
from ssc_core.lung.synthesis.seeds import Pattern, SeedBank
from ssc_core.lung.synthesis.slices import LungSlice

__all__ = ["DEFINITION", "Synthetic", "synthesise"]

DEFINITION = (
    "inserted = lung pixels where the opacity of a pattern is at least one half, which is the area of its "
    "ellipses inside the lung; where both patterns lie a pixel counts for GG and for RET, and once for TOT"
)

Bool = npt.NDArray[np.bool_]
_CHOICES: tuple[tuple[Pattern, ...], ...] = (("gg",), ("ret",), ("gg", "ret"))


@dataclass(frozen=True, eq=False)
class Synthetic:
    """A synthetic slice.

    Parameters
    ----------
    hu : ndarray of float32, (y, x)
        HU.
    scores : tuple of float
        TOT, GG, RET in percent of the lung's area: exact, by :data:`DEFINITION`.
    gg, ret : ndarray of bool, (y, x)
        What was inserted.
    drawn : int
        Arrangements that were drawn to come near the wanted extent.
    """

    hu: npt.NDArray[np.float32]
    scores: tuple[float, float, float]
    gg: Bool
    ret: Bool
    drawn: int


def synthesise(
    healthy: LungSlice,
    seeds: SeedBank,
    params: SynthesisParams,
    rng: np.random.Generator,
    *,
    wanted: float | None = None,
) -> Synthetic:
    """Insert ground glass, reticulation or both into a healthy slice (Jia et al. 2024, Fig. 4).

    Parameters
    ----------
    healthy : LungSlice
        A slice without disease.
    seeds : SeedBank
        Patterns.
    params : SynthesisParams
        How.
    rng : numpy.random.Generator
        Draws everything: the same state gives the same slice.
    wanted : float, optional
        Extent (TOT, percent) to come near to: of ``params.candidates`` arrangements the nearest is taken,
        whatever it reaches. Never more are drawn.

    Returns
    -------
    Synthetic

    Raises
    ------
    EmptyError
        If the slice holds no lung.

    Notes
    -----
    Both patterns add tissue, f' = 1 - (1 - f)(1 - g a): vessels, where there is no air to fill, stay on top,
    and the order in which the patterns are inserted does not matter.
    """
    if not healthy.lung.any():
        raise EmptyError("the slice holds no lung; choose another")
    shape = healthy.lung.shape
    pixel = float(np.sqrt(np.prod(healthy.spacing_mm)))
    unit = params.pixel_mm / pixel if params.pixel_mm > 0 else 1.0  # pixels of the slice per counted pixel
    anatomical = params.prior == "anatomical"
    weights = centre_weights(healthy.lung, healthy.spacing_mm, anatomical=anatomical)
    factor = unit * (basal_factor(healthy.height) if anatomical else 1.0)
    axes = params.axis_px[0] * factor, params.axis_px[1] * factor
    tries = 1 if wanted is None else params.candidates
    regions: dict[Pattern, Bool] = {}
    best = np.inf
    for _ in range(tries):
        candidate = _regions(weights, params.ellipses, axes, rng)
        miss = 0.0 if wanted is None else abs(_extent(candidate, healthy.lung) - wanted)
        if miss < best:
            regions, best = candidate, miss
    hu = healthy.hu.astype(np.float32)
    normal = float(np.median(hu[healthy.lung]))
    fades: dict[Pattern, npt.NDArray[np.float32]] = {}
    for pattern, region in regions.items():
        seed = seeds.draw(pattern, rng)
        canvas = filled(seed.values, seed.spacing_mm, shape, healthy.spacing_mm, params, rng)
        fades[pattern] = faded(region, params.fade_px * unit) * healthy.lung
        hu = blend(hu, seed.added(canvas, normal), fades[pattern])
    scores = extents(fades["gg"], fades["ret"], healthy.lung)
    return Synthetic(hu, scores, fades["gg"] >= INSERTED, fades["ret"] >= INSERTED, tries)


def _regions(
    weights: npt.NDArray[np.float32], most: int, axes: tuple[float, float], rng: np.random.Generator
) -> dict[Pattern, Bool]:
    """Ellipses of one pattern or of both; a pattern that was not chosen has an empty region."""
    shape = (weights.shape[0], weights.shape[1])
    out: dict[Pattern, Bool] = {"ret": np.zeros(shape, bool), "gg": np.zeros(shape, bool)}
    for pattern in _CHOICES[int(rng.integers(len(_CHOICES)))]:
        count = int(rng.integers(1, most + 1))
        out[pattern] = covered(shape, draw_ellipses(weights, count, axes, rng))
    return out


def _extent(regions: dict[Pattern, Bool], lung: Bool) -> float:
    return 100.0 * float((regions["gg"] | regions["ret"])[lung].mean())
