"""What a pathologist would measure on a biopsy, kept beside its features to say what a score sees."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from ssc_core.io.tables import read_table, write_table
from ssc_core.skin.dermal_thickness import dermal_thickness
from ssc_core.skin.drawing import Drawn, patch_mpp
from ssc_core.skin.morphometry import FEATURES, measure_field
from ssc_core.skin.stain import Rgb

__all__ = ["MEASURED", "Tissue", "read_tissue"]

MEASURED = (
    "collagen_fraction", "collagen_amount", "bundle_thickness_um", "alignment", "coherence", "dispersion_deg",
    "texture_contrast", "nuclei_per_mm2",
)  # fmt: skip
"""Means over patches; ``dermal_thickness_mm`` and ``dermis_area_mm2`` of the biopsy come beside them."""

TABLE = "tissue"


class Tissue:
    """Measures of one biopsy, gathered as its patches come by.

    Parameters
    ----------
    drawn : Drawn
        The slide looked at.
    most : int
        Patches that are measured, the first drawn; they are a random sample as all are.
    """

    def __init__(self, drawn: Drawn, most: int) -> None:
        self._drawn, self._most = drawn, most
        self._mpp = patch_mpp(drawn.fields)
        self._rows: dict[int, dict[str, float]] = {}

    def add(self, index: int, patch: Rgb) -> None:
        """Measure patch number `index`, from 0."""
        if index < self._most:
            found = measure_field(patch, self._drawn.stain, self._mpp)
            self._rows[index] = {name: found[name] for name in MEASURED}

    def write(self, folder: Path) -> None:
        """Write ``tissue.csv/.parquet``: one row, each measure with its unit."""
        drawn = self._drawn
        thickness = dermal_thickness(drawn.mask, drawn.overview, drawn.frame, drawn.stain)
        patches = pd.DataFrame([self._rows[k] for k in sorted(self._rows)], columns=list(MEASURED))
        row = {
            **patches.mean().to_dict(),
            "dermal_thickness_mm": thickness.value,
            "dermis_area_mm2": float(drawn.mask.sum()) * drawn.frame.pixel_size / 1e6,
            "n_measured": len(patches),
            "thickness_note": thickness.note,
        }
        units = {name: FEATURES[name][0] for name in MEASURED}
        units |= {"dermal_thickness_mm": "mm", "dermis_area_mm2": "mm2"}
        write_table(folder, TABLE, pd.DataFrame([row]), units)


def read_tissue(folder: Path) -> dict[str, float]:
    """The measures in a case's folder by name; empty where there are none."""
    path = folder / f"{TABLE}.parquet"
    if not path.is_file():
        return {}
    row = read_table(path).iloc[0]
    names = (*MEASURED, "dermal_thickness_mm", "dermis_area_mm2")
    return {name: float(row[name]) for name in names if not np.isnan(row[name])}
