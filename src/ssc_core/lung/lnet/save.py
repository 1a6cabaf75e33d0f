"""The files of predicted levels: the same table as that of the anatomy finder, and the record."""

from __future__ import annotations

from pathlib import Path

from ssc_core.lung.export import level_files
from ssc_core.lung.lnet.predict import LevelPrediction
from ssc_core.training.state import replace_file

__all__ = ["write_prediction"]


def write_prediction(found: LevelPrediction, path: str | Path) -> tuple[Path, Path]:
    """Write ``LEVELS.csv`` and ``LEVELS-run.json``.

    Columns: those of ``ssc lung levels`` and spread_mm.

    Returns
    -------
    tuple of Path
        Table and record.

    Raises
    ------
    OutputError
        If one of the files exists or cannot be written, or the name ends otherwise.
    """
    table, _, _, record = level_files(path)
    replace_file(record, found.record.to_json().encode())
    rows = found.table().to_csv(index=False, float_format="%.10g", lineterminator="\n")
    replace_file(table, rows.encode())
    return table, record
