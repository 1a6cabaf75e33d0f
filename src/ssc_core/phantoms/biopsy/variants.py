"""Slides that must not pass for a good trichrome: another stain, out of focus, nothing on them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from ssc_core.phantoms.biopsy.biopsy import Biopsy
from ssc_core.phantoms.biopsy.optics import glass
from ssc_core.phantoms.biopsy.stain import HAEMATOXYLIN_EOSIN, ScannerSpec

__all__ = ["Flat", "as_blurred", "as_he"]


def as_he(biopsy: Biopsy) -> Biopsy:
    """The same tissue stained with haematoxylin and eosin."""
    return replace(biopsy, stain=HAEMATOXYLIN_EOSIN)


def as_blurred(biopsy: Biopsy, blur_um: float = 12.0) -> Biopsy:
    """The same slide scanned out of focus."""
    assert biopsy.scanner is not None
    return replace(biopsy, scanner=biopsy.scanner.blurred(blur_um))


@dataclass(frozen=True)
class Flat:
    """A slide of one colour: blank glass by default.

    Parameters
    ----------
    size_mm : (height, width)
        Of the canvas.
    scanner : ScannerSpec
        Its `white` is the colour.
    """

    size_mm: tuple[float, float] = (2.0, 4.0)
    scanner: ScannerSpec | None = field(default_factory=ScannerSpec)

    def shape(self, mpp: float) -> tuple[int, int]:
        """Pixels of the whole canvas."""
        return math.ceil(self.size_mm[0] * 1000.0 / mpp), math.ceil(self.size_mm[1] * 1000.0 / mpp)

    def render(self, y: int, x: int, height: int, width: int, mpp: float) -> npt.NDArray[np.uint8]:
        """RGB (height, width, 3) uint8 of a window."""
        return glass((height, width), self.scanner or ScannerSpec(), y, x)
