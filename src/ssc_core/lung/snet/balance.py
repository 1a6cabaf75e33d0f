"""Which slices an epoch draws: balanced over the scores, and half of them synthetic."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ssc_core.errors import EmptyError
from ssc_core.stats.kappa import nearest_class
from ssc_core.training.sampling import Draws, balanced, shuffled

__all__ = ["mixed"]


def mixed(tot: Sequence[float], hosts: int, *, is_balanced: bool, share: float) -> Draws:
    """Draws of an epoch that is as long as there are scored slices.

    Two decisions, one after the other. First whether an item is real or synthetic: the share of synthetic
    items is exactly `share`, whatever the scores. Then which real one: each once at most, or with a
    probability inverse to how often its TOT (in 5 % classes) occurs, so that each class that occurs is drawn
    equally often (Jia et al. 2024, Techniques to overcome label imbalance). Which host: all alike.

    The published code adds the weight of the synthetic items to those of single slices; with the published
    counts 98.6 % of its draws then have TOT 0.

    Parameters
    ----------
    tot : sequence of float
        TOT of each scored slice, percent; these are items 0 to n - 1.
    hosts : int
        Number of synthetic items, which follow.
    is_balanced : bool
        Whether real items are balanced.
    share : float
        Of synthetic items, 0 to 1; 0 where there is no host.

    Raises
    ------
    EmptyError
        If there is no scored slice, or synthetic ones are wanted and there is no host.
    """
    n = len(tot)
    if n == 0:
        raise EmptyError("there is no scored slice to train on")
    if share > 0 and hosts == 0:
        raise EmptyError("there is no healthy slice to make synthetic ones from")
    made = round(share * n)
    real = balanced([float(v) for v in nearest_class(tot)], n - made) if is_balanced else _some(n, n - made)

    def draw(rng: np.random.Generator) -> npt.NDArray[np.intp]:
        chosen = [real(rng)]
        if made:
            chosen.append(n + rng.integers(0, hosts, made))
        return np.asarray(rng.permutation(np.concatenate(chosen)), np.intp)

    return draw


def _some(n: int, count: int) -> Draws:
    every = shuffled(n)
    return lambda rng: every(rng)[:count]
