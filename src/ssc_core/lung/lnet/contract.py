"""What the network is fed: the contract that travels in the header of its weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from ssc_core.lung.lnet.grid import TRUNCATION_HU

__all__ = ["Contract", "contract_of"]


class Contract(BaseModel):
    """Grid, crop and values of an L-Net.

    Every crop is shifted and scaled to mean 0 and standard deviation 1, as the published code does.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    grid: tuple[int, int, int]
    crop: int
    truncation_hu: int = TRUNCATION_HU
    normalisation: str = "mean and standard deviation of the crop"
    reach_mm: tuple[float, float] | None = None
    """Least and greatest height of the scans of the training set."""

    def fed(self, crop: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """(1, z, y, x) float32, ready for the network, from HU (z, y, x)."""
        values = np.clip(crop, -self.truncation_hu, self.truncation_hu).astype(np.float32)
        mean, spread = values.mean(dtype=np.float64), values.std(dtype=np.float64)
        return np.asarray((values - mean) / max(float(spread), 1e-6), np.float32)[None]


def contract_of(name: str, reach_mm: tuple[float, float] | None = None) -> Contract:
    """The contract of an L-Net by the name of its plan."""
    from ssc_core.models.lnet import PLANS

    plan = PLANS[name]
    return Contract(grid=plan.grid, crop=plan.crop, reach_mm=reach_mm)
