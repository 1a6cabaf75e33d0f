"""How much scores move when something that should not matter is changed: stain, field, seed, scanner."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ssc_core.errors import InputError
from ssc_core.stats import BlandAltman, Icc, bland_altman, icc

__all__ = ["Stability", "compare_scores"]


@dataclass(frozen=True, eq=False)
class Stability:
    """Scores of the same biopsies under two conditions.

    Parameters
    ----------
    table : DataFrame
        ``biopsy_id``, ``before``, ``after``, ``change``.
    agreement : BlandAltman
        Mean change and limits of agreement (after minus before).
    reliability : Icc
        ICC(A,1).
    relative : float
        SD of the changes over the SD of the scores before: 0 nothing moved, 1 nothing is left.
    """

    table: pd.DataFrame
    agreement: BlandAltman
    reliability: Icc
    relative: float


def compare_scores(before: pd.DataFrame, after: pd.DataFrame, score: str) -> Stability:
    """Compare one score between two tables of the same biopsies.

    Parameters
    ----------
    before, after : DataFrame
        With ``biopsy_id``, the score and, if known, ``patient_id``.
    score : str
        Column.

    Raises
    ------
    InputError
        If no biopsy is in both.
    """
    both = before[["biopsy_id", score]].merge(
        after[["biopsy_id", score]], on="biopsy_id", suffixes=("_before", "_after")
    )
    if both.empty:
        raise InputError("the two tables have no biopsy in common")
    both.columns = pd.Index(["biopsy_id", "before", "after"])
    both["change"] = both["after"] - both["before"]
    people = None
    if "patient_id" in before:
        people = both["biopsy_id"].map(before.set_index("biopsy_id")["patient_id"])
    spread = float(np.std(both["before"], ddof=1)) if len(both) > 1 else float("nan")
    moved = float(np.std(both["change"], ddof=1)) if len(both) > 1 else float("nan")
    return Stability(
        both,
        bland_altman(both["before"], both["after"], subject=people),
        icc(both[["before", "after"]].to_numpy(float), "A,1", subject=people),
        moved / spread if spread > 0 else float("nan"),
    )
