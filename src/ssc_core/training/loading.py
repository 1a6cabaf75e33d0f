"""Batches in a fixed order, prepared ahead by threads."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Any

import numpy as np

from ssc_core.training.task import Array, Batch, Items

__all__ = ["batches"]

_AHEAD = 2  # batches that wait for the network, per worker


def batches(
    items: Items,
    draws: Sequence[int],
    size: int,
    seed: Callable[[int], int] | None,
    *,
    workers: int = 0,
    device: Any = "cpu",
) -> Iterator[Batch]:
    """Stack items into batches on a device.

    Parameters
    ----------
    items : Items
        Where they come from.
    draws : sequence of int
        Indices in the order in which they are wanted; an item may come several times.
    size : int
        Items per batch; the last may be smaller.
    seed : callable or None
        From the number of the draw to its seed, so that neither order nor workers change an item. None for
        validation.
    workers : int
        Threads; 0 prepares each batch when it is asked for.
    device : torch.device
        Where the tensors go.

    Yields
    ------
    tuple of torch.Tensor
        One tensor for each array of an item.
    """
    import torch

    def prepare(first: int) -> list[Array]:
        stop = min(first + size, len(draws))
        parts = [
            items.item(int(draws[i]), None if seed is None else np.random.default_rng(seed(i)))
            for i in range(first, stop)
        ]
        return [np.stack(arrays) for arrays in zip(*parts, strict=True)]

    def moved(arrays: list[Array]) -> Batch:
        return tuple(torch.from_numpy(np.ascontiguousarray(a)).to(device) for a in arrays)

    firsts = iter(range(0, len(draws), size))
    if workers == 0:
        for first in firsts:
            yield moved(prepare(first))
        return
    pool = ThreadPoolExecutor(workers, thread_name_prefix="items")
    try:
        waiting: deque[Future[list[Array]]] = deque(
            pool.submit(prepare, first) for first in islice(firsts, workers * _AHEAD)
        )
        while waiting:
            ready = waiting.popleft().result()
            waiting.extend(pool.submit(prepare, first) for first in islice(firsts, 1))
            yield moved(ready)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
