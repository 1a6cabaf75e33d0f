"""What an S-Net is fed, and on what kind of CT it learned: the contract that travels with its weights."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

__all__ = ["SNetContract", "Scaling"]

Scaling = Literal["unit", "zscore"]


class SNetContract(BaseModel):
    """Values, matrix and kind of CT of an S-Net.

    The papers feed whole slices of 512 x 512 pixels at native spacing, truncated at +-1500 HU (Jia et al.
    2024, Dataset); the published code scales them to [0, 1] and keeps the z-score of earlier runs as an
    alternative. What was never said of the training set stays empty and is then not checked.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    backbone: str
    """Name in :data:`ssc_core.models.snet.BACKBONES`."""
    stem: Literal["sum", "random"] = "sum"
    hu_range: tuple[float, float] = (-1500.0, 1500.0)
    scaling: Scaling = "unit"
    """"unit": the range becomes [0, 1]; "zscore": each slice to mean 0 and standard deviation 1."""
    matrix: Annotated[int, Field(ge=32, le=2048)] = 512
    masked: bool = False
    """Whether what lies outside the lung is set to the lower end of the range."""
    spacing_mm: tuple[float, float] | None = None
    """Least and greatest pixel size of the training set."""
    thickness_mm: tuple[float, float] | None = None
    """Least and greatest slice thickness of the training set."""
    kernels: tuple[str, ...] = ()
    """Reconstruction kernels of the training set."""
    contrast: Literal["", "yes", "no", "both"] = ""
    """Whether contrast agent was given in the training set."""

    def fed(self, hu: npt.NDArray[Any], lung: npt.NDArray[np.bool_] | None = None) -> npt.NDArray[np.float32]:
        """(n, 1, y, x) float32 for the network, from HU (n, y, x) that already have the right matrix.

        Parameters
        ----------
        hu : ndarray, (n, y, x)
            HU.
        lung : ndarray of bool, (n, y, x), optional
            Needed where the contract says `masked`.
        """
        low, high = self.hu_range
        values = np.clip(np.asarray(hu, np.float32), low, high)
        if self.masked:
            if lung is None:
                raise TypeError("a masked contract needs the lung")
            values = np.where(lung, values, np.float32(low))
        if self.scaling == "unit":
            values = (values - np.float32(low)) / np.float32(high - low)
        else:
            mean = values.mean(axis=(1, 2), keepdims=True, dtype=np.float64)
            spread = values.std(axis=(1, 2), keepdims=True, dtype=np.float64)
            values = (values - mean) / np.maximum(spread, 1e-6)
        return np.asarray(values, np.float32)[:, None]
