"""What the network takes and what its outputs mean; this travels in the header of the weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ssc_core.errors import FormatError

__all__ = ["CLASSES", "Contract", "contract_of"]

CLASSES = ("background", "distal phalanx", "middle phalanx", "proximal phalanx", "other bone")
"""Meaning of the output channels."""


@dataclass(frozen=True)
class Contract:
    """Grid, window and fill of a network's input.

    Parameters
    ----------
    grid_mm : float
        Pixel size.
    window, level : float
        Width and centre in HU; the window becomes 0 to 1, what lies beyond is cut off.
    outside : float
        Value where there is no image.
    """

    grid_mm: float
    window: float = 1500.0
    level: float = 450.0
    outside: float = -0.5

    def scaled(self, hu: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """HU as the network takes them."""
        low = self.level - self.window / 2
        return np.asarray(np.clip((hu - low) / self.window, 0, 1), np.float32)

    def facts(self) -> dict[str, Any]:
        """For the header of the weights."""
        return {"input": asdict(self), "classes": list(CLASSES)}


def contract_of(facts: Mapping[str, Any], source: object) -> Contract:
    """The contract in a header.

    Raises
    ------
    FormatError
        If the weights are no phalanx U-Net.
    """
    try:
        contract = Contract(**{k: float(v) for k, v in facts["input"].items()})
        known = tuple(facts["classes"]) == CLASSES
    except (KeyError, TypeError, ValueError, AttributeError):
        known = False
    if not known:
        raise FormatError(
            "these weights do not tell what they take; name weights that 'ssc calcinosis train' wrote",
            source=str(source),
        )
    return contract
