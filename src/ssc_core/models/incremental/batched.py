"""Scores of an image with a changed window, by running whole images in batches: any network."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Batched"]

Tensor = Any


class Batched:
    """One image in any network.

    Parameters
    ----------
    network : torch module
        (n, 1, y, x) -> (n, k).
    image : tensor (y, x)
        The unchanged image.
    """

    def __init__(self, network: Any, image: Tensor) -> None:
        import torch

        self._network, self._image = network, image
        with torch.inference_mode():
            self.scores: Tensor = network(image[None, None])[0].float()

    def exact(self, patches: Tensor, starts: npt.NDArray[np.int64]) -> Tensor:
        """Changes of the scores (n, k) when each window (h, w) of `patches` (n, h, w) is put at its start."""
        import torch

        h, w = patches.shape[1:]
        with torch.inference_mode():
            images = self._image.repeat(len(patches), 1, 1, 1)
            for k, (y, x) in enumerate(starts.tolist()):
                images[k, 0, y : y + h, x : x + w] = patches[k]
            return self._network(images).float() - self.scores
