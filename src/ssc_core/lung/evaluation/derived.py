"""Scores derived from heat maps against the network's own: whether the map explains the score."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ssc_core import stats
from ssc_core.errors import InputError
from ssc_core.io.tables import read_table
from ssc_core.lung.goh.scores import PATTERNS
from ssc_core.stats.regression import Line

__all__ = ["Derived", "read_derived"]


@dataclass(frozen=True)
class Derived:
    """Derived and network scores of the same slices.

    Parameters
    ----------
    table : DataFrame
        case_id, and per pattern the network's score (``tot``) and the derived one (``tot_derived``), percent.
    """

    table: pd.DataFrame

    def lines(self) -> dict[str, Line]:
        """Least squares of the derived on the network's score, by pattern."""
        return {
            p: stats.least_squares(
                self.table[p].to_numpy(float), self.table[f"{p}_derived"].to_numpy(float),
                subject=self.table["case_id"].to_numpy(),
            )
            for p in PATTERNS
        }  # fmt: skip

    def summary(self) -> pd.DataFrame:
        """pattern, n, r2 (share of the network's variation that the map explains), slope, intercept, mae."""
        rows = []
        for pattern, line in self.lines().items():
            error = (self.table[f"{pattern}_derived"] - self.table[pattern]).abs()
            rows.append({"pattern": pattern, "n": line.n, "r2": line.r2, "slope": line.slope,
                         "intercept": line.intercept, "mae": error.mean()})  # fmt: skip
        return pd.DataFrame(rows)


def read_derived(path: str | Path) -> Derived:
    """Read derived scores, as ``derived.csv`` of 'ssc lung heatmap-threshold' holds them.

    Raises
    ------
    InputError
        If a column is missing.
    """
    table = read_table(path)
    if "case_id" not in table and "ct" in table:  # as 'ssc lung heatmap-threshold' numbers its CTs
        table = table.rename(columns={"ct": "case_id"})
    needed = ["case_id", *PATTERNS, *(f"{p}_derived" for p in PATTERNS)]
    absent = [c for c in needed if c not in table]
    if absent:
        raise InputError(f"the table has no column {', '.join(absent)}", source=path)
    return Derived(table[needed].astype({"case_id": str}))
