"""The tables of a batch, replaced whole so that a reader never sees half of one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ssc_core.errors import OutputError

__all__ = ["FAILURES", "RESULTS", "write_tables"]

RESULTS = "results.csv"
FAILURES = "failures.csv"


def write_tables(folder: Path, rows: Sequence[dict[str, Any]], failures: Sequence[dict[str, str]]) -> None:
    """Write ``results.csv``, ``results.parquet`` and ``failures.csv`` (header only when nothing failed).

    Raises
    ------
    OutputError
        If the disk is full or the folder cannot be written.
    """
    results = pd.DataFrame(rows).pipe(_id_first) if rows else pd.DataFrame({"case_id": pd.Series(dtype=str)})
    failed = pd.DataFrame(failures, columns=["case_id", "error", "reason"])
    try:
        _replace(
            folder / RESULTS,
            lambda p: results.to_csv(p, index=False, lineterminator="\n", float_format="%.6g"),
        )
        _replace(folder / "results.parquet", lambda p: results.to_parquet(p, index=False))
        _replace(folder / FAILURES, lambda p: failed.to_csv(p, index=False, lineterminator="\n"))
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise OutputError(
            f"the tables cannot be written ({reason}); make room and run again", source=folder
        ) from error


def _id_first(table: pd.DataFrame) -> pd.DataFrame:
    return table[["case_id", *[c for c in table.columns if c != "case_id"]]]


def _replace(path: Path, write: Any) -> None:
    partial = path.with_name(f".{path.name}.partial")
    write(partial)
    partial.replace(path)
