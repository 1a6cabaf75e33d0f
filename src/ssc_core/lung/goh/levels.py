"""Which five slices are scored: by the anatomy, by an L-Net, or as a reader set them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ssc_core.io.volume import Volume
from ssc_core.lung.levels import LEVEL_NAMES, Level
from ssc_core.lung.lnet.case import KnownLevels
from ssc_core.lung.results import LungResult
from ssc_core.progress import Tick, silent

__all__ = ["ChosenLevels", "chosen_levels"]

ChosenLevels = tuple[tuple[Level, ...], tuple[str, ...], dict[str, str]]
"""Levels, what must be said about them, and the weights that found them."""


def chosen_levels(
    lung: LungResult,
    *,
    given: KnownLevels | None = None,
    network: str | Path | None = None,
    device: str = "auto",
    tick: Tick = silent,
) -> ChosenLevels:
    """The five levels that are scored; heights become the nearest slices (Jia et al. 2024, Network design).

    Parameters
    ----------
    lung : LungResult
        Of the CT; its own levels are taken where nothing else is given.
    given : KnownLevels, optional
        Heights that a reader set.
    network : path-like, optional
        Trained L-Nets.
    device : str
        For the networks.
    tick : Tick
        Progress.
    """
    if given is not None:
        return tuple(_given(n, z, lung.image) for n, z in enumerate(given.z_mm, 1)), (), {}
    if network:
        from ssc_core.lung.lnet.params import LevelNetParams
        from ssc_core.lung.lnet.predict import predict_levels

        found = predict_levels(lung.image, network, LevelNetParams(device=device), tick=tick)
        return found.levels, found.flags, dict(found.record.weights)
    return lung.levels, _told(lung.levels), {}


def _given(number: int, z_mm: float, image: Volume) -> Level:
    name = LEVEL_NAMES[number]
    if math.isnan(z_mm):
        return Level(number, name, z_mm, None, None, "missing", math.nan, "not in the given level table")
    middle = [(n - 1) / 2 for n in image.shape[1:]]
    low, next_ = image.frame.to_physical([[0, *middle], [1, *middle]])[:, 0]
    z = (z_mm - low) / (next_ - low)
    if not -0.5 <= z <= image.shape[0] - 0.5:
        note = "the given height lies outside the scan"
        return Level(number, name, math.nan, None, None, "missing", math.nan, note)
    nearest = int(np.clip(round(z), 0, image.shape[0] - 1))
    source = image.source_slice(nearest) if image.orientation.order[0] == 0 else None
    return Level(number, name, z_mm, nearest, source, "given", math.nan, "")


def _told(levels: Sequence[Level]) -> tuple[str, ...]:
    return tuple(
        f"level {level.number} ({level.name}) was {level.method}, within {level.uncertainty_mm:.0f} mm"
        for level in levels
        if level.method.startswith("estimated")
    )
