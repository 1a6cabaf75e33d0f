"""Two readings matched by what they name."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ssc_core.agree.kinds import Kind
from ssc_core.agree.reading import Readings
from ssc_core.errors import EmptyError, InputError

__all__ = ["Pairing", "common_patients", "match"]


@dataclass(frozen=True)
class Pairing:
    """Readings of the same things by two raters.

    Parameters
    ----------
    first, second : str
        Labels of both; `first` is the reference where there is one.
    relation : str
        "pair", "inter-observer", "intra-observer" or "against the reference".
    table : DataFrame
        Key columns, and for each value column ``{value}_1`` and ``{value}_2``; sorted by key.
    values : tuple of str
        Value columns that both have.
    warnings : tuple of str
        Readings without a partner, values that one of them lacks.
    """

    first: str
    second: str
    relation: str
    table: pd.DataFrame
    values: tuple[str, ...]
    warnings: tuple[str, ...] = ()


def match(first: Readings, second: Readings, kind: Kind, relation: str = "pair") -> Pairing:
    """Pair the readings of two raters.

    Raises
    ------
    InputError
        If they are told apart by different columns, or share no value column.
    EmptyError
        If no reading of one has a partner in the other.
    """
    if first.keys != second.keys:
        raise InputError(
            f"{first.label} names readings by {', '.join(first.keys)} and {second.label} by "
            f"{', '.join(second.keys)}; give both the same columns"
        )
    values = tuple(v for v in kind.values if v in first.table and v in second.table)
    if not values:
        raise InputError(f"{first.label} and {second.label} share no column of values")
    keys = first.keys
    table = first.table[[*keys, *values]].merge(
        second.table[[*keys, *values]], on=keys, how="outer", suffixes=("_1", "_2"), indicator=True
    )
    both = table["_merge"] == "both"
    if not both.any():
        raise EmptyError(
            f"no reading of {first.label} has the same {', '.join(keys)} as one of {second.label};"
            " write the identifiers alike in both files"
        )
    said = []
    for side, label, other in (("left_only", first, second), ("right_only", second, first)):
        alone = int((table["_merge"] == side).sum())
        if alone:
            said.append(
                f"{alone} of {len(label.table)} readings of {label.label} have no partner in {other.label}"
            )
    lost = [v for v in kind.values if (v in first.table) != (v in second.table)]
    if lost:
        said.append(f"only one of {first.label} and {second.label} has {', '.join(lost)}: not compared")
    kept = table[both].drop(columns="_merge").sort_values(keys, key=_natural).reset_index(drop=True)
    return Pairing(first.label, second.label, relation, kept, values, tuple(said))


def common_patients(tables: list[pd.DataFrame]) -> np.ndarray:
    """Sorted names of all patients in several tables; their place is the number shown in outputs."""
    return np.unique(np.concatenate([t["patient"].to_numpy(str) for t in tables]))


def _natural(column: pd.Series[str]) -> pd.Series[str]:
    """Numbers in names count as numbers: 2 before 10."""
    return column.str.replace(r"\d+", lambda m: m[0].zfill(12), regex=True)
