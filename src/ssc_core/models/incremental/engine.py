"""Scores of an image with a changed window, from what the unchanged image left in every layer.

Layer by layer only the boxes that the window reaches are computed: in full precision from their new inputs
(`exact`), or as a change, whose products with weights may be rounded without harm (`fast`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ssc_core.models.incremental.crops import crop, embed, padded, zeros_around
from ssc_core.models.incremental.reach import Region, reached
from ssc_core.models.incremental.steps import Head, Kept, Step

__all__ = ["Incremental"]

Tensor = Any
Starts = npt.NDArray[np.int64]


class Incremental:
    """One image in one network, ready for local changes.

    Parameters
    ----------
    steps, head
        The network.
    image : tensor (y, x)
        The unchanged image. Both sides are multiples of the network's total stride.
    changes : bool
        Keep what :meth:`fast` needs (for ConvNeXt-Tiny and 512 x 512 pixels about 0.3 GB).
    """

    def __init__(self, steps: list[Step], head: Head, image: Tensor, *, changes: bool = True) -> None:
        import torch

        self._steps, self._head, self._image = steps, head, image[:, :, None]
        with torch.inference_mode():
            x = image[None, :, :, None]
            self._inputs: list[Tensor] = []
            self._kept: list[Kept] = []
            for step in steps:
                self._inputs.append(padded(x[0], step.halo))
                if changes:
                    kept, x = step.keep(x)
                    self._kept.append(kept)
                else:
                    x = step.exact(x, step.halo).contiguous()
            self._last = x
            self._head_kept: Kept = head.keep(x) if changes else {}
            self.scores: Tensor = head.exact(x)[0]

    @property
    def _shapes(self) -> list[tuple[int, int]]:
        """(y, x) of every step's output."""
        inputs = [
            (x.shape[0] - 2 * s.halo, x.shape[1] - 2 * s.halo)
            for x, s in zip(self._inputs[1:], self._steps[1:], strict=True)
        ]
        return [*inputs, tuple(self._last.shape[1:3])]

    def exact(self, patches: Tensor, starts: Starts) -> Tensor:
        """Changes of the scores in full precision.

        Parameters
        ----------
        patches : tensor (n, h, w)
            New pixels, one window per item.
        starts : int array (n, 2)
            First row and column of each window.

        Returns
        -------
        tensor (n, k)
        """
        import torch

        with torch.inference_mode():
            x = patches[..., None]
            region = Region(starts, (x.shape[1], x.shape[2]))
            for step, whole, shape in zip(self._steps, self._inputs, self._shapes, strict=True):
                region, x, padding = self._filled(step, region, x, shape, whole)
                x = step.exact(x, padding)
            return self._head.exact(self._whole(x, region)) - self.scores

    def fast(self, patches: Tensor, starts: Starts) -> Tensor:
        """As :meth:`exact`, with products of weights and changes in bfloat16."""
        import torch

        with torch.inference_mode():
            region = Region(starts, (patches.shape[1], patches.shape[2]))
            dx = patches[..., None] - crop(self._image, region)
            for step, known, shape in zip(self._steps, self._kept, self._shapes, strict=True):
                region, dx, padding = self._filled(step, region, dx, shape, None)
                scales = {name: len(whole) // shape[0] for name, whole in known.items()}
                crops = {name: crop(known[name], _scaled(region, k)) for name, k in scales.items()}
                dx = step.change(dx, padding, crops)
            if not region.covers(self._shapes[-1]):
                dx = zeros_around(dx, region.starts, self._shapes[-1])
            return self._head.change(dx, self._head_kept)

    def _filled(
        self, step: Step, region: Region, x: Tensor, shape: tuple[int, int], whole: Tensor | None
    ) -> tuple[Region, Tensor, int]:
        """The outputs to compute, the inputs for them (unchanged around the boxes, or zero), the padding."""
        before = region
        after = reached(region, step.halo, step.stride, shape)
        size = (after.size[0] * step.stride, after.size[1] * step.stride)
        if size == before.size and after.covers(shape):
            return after, x, step.halo
        first = after.starts * step.stride  # the halo's width cancels: maps are stored with it
        size = (size[0] + 2 * step.halo, size[1] + 2 * step.halo)
        if size == before.size and not step.halo:
            return after, x, 0
        inside = before.starts - first + step.halo
        if whole is None:
            return after, zeros_around(x, inside, size), 0
        around = crop(whole, Region(first, size))
        if around.data_ptr() == whole.data_ptr():  # a view of what must stay as it is
            around = around.clone()
        return after, embed(around, x, inside), 0

    def _whole(self, x: Tensor, region: Region) -> Tensor:
        if region.covers(self._shapes[-1]):
            return x
        return embed(self._last.repeat(len(x), 1, 1, 1), x, region.starts)


def _scaled(region: Region, factor: int) -> Region:
    return Region(region.starts * factor, (region.size[0] * factor, region.size[1] * factor))
