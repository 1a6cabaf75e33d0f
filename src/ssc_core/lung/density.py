"""Areas, volumes and how dense the lung is: plain counts of voxels, no pattern recognition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from ssc_core.lung.grid import AIR_HU, TOP_HU, Int16
from ssc_core.lung.levels import Level
from ssc_core.lung.sides import LEFT, RIGHT, Labels

__all__ = ["Histograms", "density_columns", "level_table", "volume_table"]

_BINS = TOP_HU - AIR_HU + 1

Counts = npt.NDArray[np.int64]


@dataclass
class Histograms:
    """HU counts of each lung, gathered slab by slab, for the whole CT and for chosen slices."""

    slices: frozenset[int]
    whole: dict[int, Counts] = field(
        default_factory=lambda: {s: np.zeros(_BINS, np.int64) for s in (RIGHT, LEFT)}
    )
    at: dict[int, dict[int, Counts]] = field(default_factory=dict)

    def add(self, first: int, hu: Int16, labels: Labels) -> None:
        """Count one slab that begins at slice `first`."""
        for side in (RIGHT, LEFT):
            self.whole[side] += _counts(hu[labels == side])
        for z in sorted(self.slices & set(range(first, first + len(hu)))):
            plane, mask = hu[z - first], labels[z - first]
            self.at[z] = {side: _counts(plane[mask == side]) for side in (RIGHT, LEFT)}


def _counts(values: Int16) -> Counts:
    return np.bincount(values.astype(np.int64) - AIR_HU, minlength=_BINS)


def density_columns(thresholds: Sequence[float]) -> dict[float, str]:
    """Column of each threshold, as ``lung_area_above_-700_HU_percent``."""
    return {t: f"above_{t:g}_HU_percent" for t in thresholds}


def level_table(
    levels: Sequence[Level], counts: Histograms, pixel_mm2: float, thresholds: Sequence[float]
) -> pd.DataFrame:
    """One row per level: areas in mm2, mean HU and the share of the lung's area above each threshold.

    These shares are densitometry. They hold vessels as well as disease, depend on breath and dose, and are
    not the TOT, GG or RET of a Goh score.
    """
    rows = []
    for level in levels:
        row: dict[str, object] = {"level": level.number, "slice": level.slice}
        if level.slice is None or level.slice not in counts.at:
            empty = np.zeros(_BINS, np.int64)
            row |= {
                "right_mm2": np.nan,
                "left_mm2": np.nan,
                "lung_mm2": np.nan,
                **_density(empty, thresholds),
            }
        else:
            right, left = counts.at[level.slice][RIGHT], counts.at[level.slice][LEFT]
            areas = {"right_mm2": right.sum() * pixel_mm2, "left_mm2": left.sum() * pixel_mm2}
            row |= {
                **areas,
                "lung_mm2": (right + left).sum() * pixel_mm2,
                **_density(right + left, thresholds),
            }
        rows.append(row)
    table = pd.DataFrame(rows)
    table["slice"] = table["slice"].astype("Int64")
    return table


def volume_table(counts: Histograms, voxel_ml: float, thresholds: Sequence[float]) -> pd.DataFrame:
    """One row each for right lung, left lung and both: volume in ml, mean HU, shares above thresholds."""
    right, left = counts.whole[RIGHT], counts.whole[LEFT]
    parts = {"right": right, "left": left, "both": right + left}
    return pd.DataFrame(
        [{"lung": k, "volume_ml": c.sum() * voxel_ml, **_density(c, thresholds)} for k, c in parts.items()]
    )


def _density(counts: Counts, thresholds: Sequence[float]) -> dict[str, float]:
    hu = np.arange(_BINS) + AIR_HU
    total = counts.sum()
    out = {"mean_HU": float((counts * hu).sum() / total) if total else float("nan")}
    for t, column in density_columns(thresholds).items():
        out[column] = float(100.0 * counts[hu > t].sum() / total) if total else float("nan")
    return out
