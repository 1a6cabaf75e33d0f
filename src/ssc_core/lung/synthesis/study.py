"""A set of synthetic slices: which healthy slice each item starts from, and what it is asked to show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ssc_core.errors import EmptyError
from ssc_core.lung.synthesis.insertion import Synthetic, synthesise
from ssc_core.lung.synthesis.params import StudyParams
from ssc_core.lung.synthesis.seeds import SeedBank
from ssc_core.lung.synthesis.slices import LungSlice
from ssc_core.progress import Tick, silent
from ssc_core.seeds import seed_of

__all__ = ["Item", "synthetic_items"]


@dataclass(frozen=True, eq=False)
class Item:
    """A synthetic slice and the healthy one it was made from."""

    name: str
    healthy: LungSlice
    made: Synthetic


def synthetic_items(
    healthy: Sequence[LungSlice], seeds: SeedBank, params: StudyParams, tick: Tick = silent
) -> Iterator[Item]:
    """Make ``params.count`` synthetic slices; each depends on its number, the seed and its host alone.

    Parameters
    ----------
    healthy : sequence of LungSlice
        Taken in turn, so that each serves about equally often.
    seeds : SeedBank
        Patterns.
    params : StudyParams
        How many and how.
    tick : Tick
        Called before each.

    Raises
    ------
    EmptyError
        If there is no healthy slice.
    """
    if not healthy:
        raise EmptyError("there is no healthy slice to start from; give a CT, or --phantoms 4")
    for i in range(params.count):
        tick(i, params.count, "synthetic slices")
        rng = np.random.default_rng(seed_of(params.seed, "synthetic", i))
        start = healthy[i % len(healthy)]
        stays = rng.random() < params.healthy / 100
        wanted = float(rng.uniform(0, 100)) if params.spread == "flat" else None
        name = f"synthetic-{i + 1:05d}"
        if stays:
            none = np.zeros(start.lung.shape, bool)
            yield Item(name, start, Synthetic(start.hu.astype(np.float32), (0.0, 0.0, 0.0), none, none, 0))
        else:
            yield Item(name, start, synthesise(start, seeds, params, rng, wanted=wanted))
