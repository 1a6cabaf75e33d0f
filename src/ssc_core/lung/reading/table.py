"""The one table of human scores that training and agreement read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ssc_core.errors import InputError
from ssc_core.io.tables import FLOATS, read_table

__all__ = ["COLUMNS", "CONSENSUS", "gather", "read_scores", "write_scores"]

COLUMNS = (
    "case_id", "patient", "level", "slice", "z_mm", "reader", "session",
    "tot", "gg", "ret", "seconds", "day", "note",
)  # fmt: skip
"""tot, gg, ret in percent; seconds that the slice was on screen; day as YYYY-MM-DD, for the wash-out."""

CONSENSUS = "consensus"
"""Name of the reader whose scores are what the others agreed upon."""

_TEXT = ("case_id", "patient", "reader", "session", "day", "note")


def read_scores(path: str | Path) -> pd.DataFrame:
    """Read a table of human scores.

    Parameters
    ----------
    path : path-like
        ``scores.csv`` of a study, or one reader's file.

    Returns
    -------
    DataFrame
        Columns :data:`COLUMNS`; NaN where nothing was scored.

    Raises
    ------
    FormatError
        If it is no table.
    InputError
        If a column is missing.
    """
    table = read_table(path)
    needed = ("case_id", "level", "reader", "tot", "gg", "ret")
    absent = [c for c in needed if c not in table]
    if absent:
        raise InputError(f"the table of scores has no column {', '.join(absent)}", source=path)
    table = table.reindex(columns=list(COLUMNS))
    table = table.astype(dict.fromkeys(_TEXT, object))
    for column in _TEXT:
        table[column] = table[column].where(table[column].notna(), "").astype(str)
    return table.astype({"level": "Int64", "slice": "Int64"})


def write_scores(rows: Sequence[dict[str, Any]] | pd.DataFrame, path: Path) -> None:
    """Write a table of scores so that a kill leaves the earlier one whole."""
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    partial = path.with_name(f".{path.name}.partial")
    table.to_csv(partial, index=False, float_format=FLOATS, lineterminator="\n", encoding="utf-8")
    partial.replace(path)


def gather(folder: Path) -> pd.DataFrame:
    """All readers' files of a study in one table, sorted by reader, session, case and level."""
    parts = [read_scores(p) for p in sorted((folder / "readings").glob("*.csv"))]
    parts = [p for p in parts if len(p)]
    if not parts:
        return pd.DataFrame(columns=list(COLUMNS))
    table = pd.concat(parts, ignore_index=True)
    return table.sort_values(["reader", "session", "case_id", "level"], ignore_index=True)
