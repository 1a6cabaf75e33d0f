"""What a room tells the trainer: the items, the network, the loss, the judgement."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

__all__ = ["Array", "Batch", "Items", "Task"]

Array = np.ndarray[Any, Any]
Batch = tuple[Any, ...]
"""Tensors with the items along the first axis, one for each array of an item."""


class Items(Protocol):
    """A training or validation set."""

    def __len__(self) -> int:
        """Number of items."""

    def item(self, index: int, rng: np.random.Generator | None) -> tuple[Array, ...]:
        """One item: the network's input, then whatever loss and judgement need.

        Parameters
        ----------
        index : int
            Which.
        rng : numpy.random.Generator or None
            Its own generator for augmentation, the same whatever the order and number of workers; None for
            validation, where nothing may be random.

        Returns
        -------
        tuple of ndarray
            Of the same shapes and dtypes for all items, so that they can be stacked.
        """


class Task(Protocol):
    """What is learned."""

    @property
    def architecture(self) -> str:
        """Name under which ``ssc_core.models.nets.build`` makes the network again."""

    @property
    def monitor(self) -> str:
        """The metric of :meth:`judge` by which the best epoch is chosen."""

    @property
    def higher_is_better(self) -> bool:
        """Whether a higher value of that metric is better."""

    def network(self) -> Any:
        """A torch module with its initial weights; torch's generator is seeded around the call."""

    def loss(self, network: Any, batch: Batch) -> Any:
        """Mean loss of a batch, a scalar that can be derived."""

    def judge(self, network: Any, batch: Batch) -> dict[str, Any]:
        """Metrics of each item, tensors of shape (n,); NaN where an item has none."""
