"""Any scorer of slices as networks that a heat map can be made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from ssc_core.lung.goh.scorer import SliceScorer

__all__ = ["Fed", "ScorerNetwork", "network_of"]

Field = npt.NDArray[np.float32]
Bool = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Fed:
    """A slice as networks take it.

    Parameters
    ----------
    networks : tuple of torch.nn.Module
        (n, 1, y, x) -> (n, 3) in percent; the score is their mean.
    image : float32 array (y, x)
        In the networks' units.
    units : callable
        HU to these units, for textures.
    """

    networks: tuple[Any, ...]
    image: Field
    units: Callable[[Field], Field]


class ScorerNetwork(nn.Module):  # type: ignore[misc]
    """A scorer bound to one lung mask: HU (n, 1, y, x) to scores (n, 3).

    So the extent head, whose map is bound to the lung, and the fitted baseline get replacement maps too.
    """

    def __init__(self, scorer: SliceScorer, lung: Bool, spacing_mm: tuple[float, float]) -> None:
        super().__init__()
        self._scorer, self._lung, self._spacing = scorer, lung, spacing_mm
        self.eval()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Scores of slices that all have this lung."""
        hu = x[:, 0].cpu().numpy()
        lung = np.broadcast_to(self._lung, hu.shape)
        return torch.from_numpy(self._scorer.score(hu, lung, self._spacing)).float()


def network_of(scorer: SliceScorer, hu: Field, lung: Bool, spacing_mm: tuple[float, float]) -> Fed:
    """What a replacement map of this slice is made of.

    The networks of the regression head themselves, where the slice goes into them pixel by pixel (right
    matrix, fixed range of values): they can be recomputed locally. In every other case the whole scorer.
    """
    from ssc_core.lung.snet.predict import RegressionScorer

    if isinstance(scorer, RegressionScorer):
        contract = scorer.contract
        if contract.scaling == "unit" and hu.shape == (contract.matrix, contract.matrix):
            plain = contract.model_copy(update={"masked": False})
            image = contract.fed(hu[None], lung[None])[0, 0]
            return Fed(scorer.networks, image, lambda texture: plain.fed(texture[None])[0, 0])
    return Fed(
        (ScorerNetwork(scorer, lung, spacing_mm),), np.asarray(hu, np.float32), lambda texture: texture
    )
