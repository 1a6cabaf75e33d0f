"""Which items an epoch draws, and in which order."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from ssc_core.errors import EmptyError

__all__ = ["Draws", "balanced", "balanced_weights", "shuffled"]

Draws: TypeAlias = Callable[[np.random.Generator], npt.NDArray[np.intp]]
"""From the generator of an epoch to the indices of the items that it sees."""


def shuffled(count: int) -> Draws:
    """Every item once per epoch, in random order."""
    return lambda rng: rng.permutation(count)


def balanced(labels: Sequence[Hashable], count: int | None = None) -> Draws:
    """Items drawn with a probability inverse to how often their label occurs.

    The balanced sampling of Jia et al. 2024 (Techniques to overcome label imbalance).

    Parameters
    ----------
    labels : sequence
        One per item: a class, or a score brought to its bin.
    count : int, optional
        Draws per epoch, with replacement; as many as there are items by default.

    Raises
    ------
    EmptyError
        If there is no item.
    """
    weights = balanced_weights(labels)
    size = len(labels) if count is None else count
    return lambda rng: rng.choice(len(weights), size=size, p=weights)


def balanced_weights(labels: Sequence[Hashable]) -> npt.NDArray[np.float64]:
    """Probability of each item, so that every label that occurs is drawn equally often.

    Raises
    ------
    EmptyError
        If there is no item.
    """
    if not len(labels):
        raise EmptyError("there is no item to draw from")
    kinds: dict[Hashable, int] = {}
    index = np.array([kinds.setdefault(label, len(kinds)) for label in labels])
    counts = np.bincount(index)
    return np.asarray(1.0 / (counts[index] * len(counts)))
