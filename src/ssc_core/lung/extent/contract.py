"""On what kind of CT the starter and the baseline learned, and what they say of one that is not such."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from ssc_core.geometry import Frame
from ssc_core.lung.extent.grid import AIR_HU, Window, resized, window_of
from ssc_core.lung.snet.inputs import deviations, refuse_matrix

__all__ = ["ExtentContract", "boxed"]


class ExtentContract(BaseModel):
    """Pixel sizes, thicknesses and contrast of the training set; everything is resampled to `grid_mm`.

    Kernels are unknown: training varied sharpness and noise instead of taking images of named kernels.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    grid_mm: float = 1.0
    spacing_mm: tuple[float, float] = (0.5, 1.0)
    thickness_mm: tuple[float, float] = (1.0, 8.0)

    def outside(self, frame: Frame, meta: Mapping[str, Any]) -> tuple[str, ...]:
        """See :meth:`ssc_core.lung.goh.scorer.SliceScorer.outside`."""
        refuse_matrix(frame, meta)
        told = deviations(
            frame,
            meta,
            spacing_mm=self.spacing_mm,
            thickness_mm=self.thickness_mm,
            contrast="both",
        )
        return (*told, "learned on synthetic lesions: nobody's readings stand behind this score")


def boxed(
    hu: npt.NDArray[np.float32], lung: npt.NDArray[np.bool_], spacing_mm: tuple[float, float]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_], Window] | None:
    """A slice (y, x) on the grid, cut to the box of its lungs; None where no lung is left on the grid."""
    image, mask = resized(hu, lung, spacing_mm)
    if not mask.any():
        return None
    window = window_of(mask)
    cut = np.asarray(window.cut(image, AIR_HU), np.float32)
    return cut, np.asarray(window.cut(mask, False), bool), window
