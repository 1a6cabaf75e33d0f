"""What a skin analysis returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ssc_core.geometry import Frame
from ssc_core.io.roi import Roi
from ssc_core.results import Measurement, RunRecord
from ssc_core.skin.stain import Rgb, StainModel
from ssc_core.skin.trichrome import TrichromeCheck
from ssc_core.tiles import Fields

__all__ = ["SkinResult"]


@dataclass(frozen=True, eq=False)
class SkinResult:
    """Dermis, fields and morphometry of one biopsy.

    Parameters
    ----------
    patches : DataFrame
        One row per field in the order drawn: position, features (:data:`ssc_core.skin.morphometry.FEATURES`),
        quality figures and ``flags``.
    measurements : mapping of str to Measurement
        Means over the fields, and what is true of the biopsy as a whole.
    dermis : Roi
        Where the fields were drawn; level-0 pixel edge coordinates (x, y).
    mask : (y, x) bool array
        The dermis on the overview's grid.
    overview : (y, x, 3) uint8 array
        The slide at a coarse pixel size.
    frame : Frame
        Of `mask` and `overview`, um.
    fields : Fields
        The fields, with their boxes, overlap and coverage.
    thumbnails : (m, k, k, 3) uint8 array
        The first fields (at most 100), reduced, for looking at.
    stain : StainModel
        Stain of the slide.
    trichrome : TrichromeCheck
        Whether the colours fit a trichrome.
    flags : tuple of str
        What the user should know before trusting the numbers, in plain sentences.
    record : RunRecord
        How it was made.
    """

    patches: pd.DataFrame
    measurements: Mapping[str, Measurement]
    dermis: Roi
    mask: npt.NDArray[np.bool_]
    overview: Rgb
    frame: Frame
    fields: Fields
    thumbnails: Rgb
    stain: StainModel
    trichrome: TrichromeCheck
    flags: tuple[str, ...]
    record: RunRecord

    def summary_frame(self) -> pd.DataFrame:
        """The measurements as a table: measure, value, unit, note."""
        rows = [(name, m.value, m.unit, m.note) for name, m in self.measurements.items()]
        return pd.DataFrame(rows, columns=["measure", "value", "unit", "note"])

    def __repr__(self) -> str:
        flags = f", {len(self.flags)} flag{'s' * (len(self.flags) > 1)}" if self.flags else ""
        return (
            f"<SkinResult {len(self.patches)} fields, collagen {self.measurements['collagen_fraction']},"
            f" bundles {self.measurements['bundle_thickness_um']}{flags}>"
        )
