"""Seeds that a person put down in a table."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ssc_core.errors import EmptyError, FormatError, InputError
from ssc_core.io.tables import read_table

__all__ = ["read_seeds", "toggled"]


def read_seeds(path: str | Path, ndim: int, case_id: str | None = None) -> list[tuple[float, ...]]:
    """Seeds of one image or volume from a CSV.

    Parameters
    ----------
    path : path-like
        Columns ``row`` and ``column`` (for volumes ``plane`` too), pixels counted from 0 at the centre of the
        first. A column ``case_id`` lets one file serve a whole batch.
    ndim : int
        2 for an image, 3 for a volume.
    case_id : str, optional
        The case whose seeds are wanted, where the file has that column.

    Returns
    -------
    list of tuple
        (row, column) or (plane, row, column).

    Raises
    ------
    FormatError
        If it is no table.
    InputError
        If a column is absent or a position is no number.
    EmptyError
        If it holds no seed for this case.
    """
    path = Path(path)
    if path.suffix.lower() != ".csv":
        raise FormatError("seeds are read from a .csv file", source=path)
    table = read_table(path)
    table.columns = [str(c).strip().lower() for c in table.columns]
    needed = ["plane", "row", "column"][-ndim:]
    absent = [c for c in needed if c not in table.columns]
    if absent:
        raise InputError(f"the seeds have no column {', '.join(absent)}", source=path)
    if "case_id" in table.columns and case_id is not None:
        table = table[table["case_id"].astype(str) == case_id]
    if not len(table):
        raise EmptyError("there is no seed for this case", source=path)
    try:
        values = table[needed].to_numpy(float)
    except ValueError as error:
        raise InputError("a seed's position is not a number", source=path) from error
    if not np.isfinite(values).all():
        raise InputError("a seed has no position; fill or remove the row", source=path)
    return [tuple(float(v) for v in row) for row in values]


def toggled(text: str | None) -> tuple[int, ...]:
    """Labels in a text such as "2 5" or "2;5".

    Raises
    ------
    InputError
        If it holds something else than whole numbers.
    """
    words = (text or "").replace(";", " ").replace(",", " ").split()
    wrong = [w for w in words if not w.isdigit()]
    if wrong:
        raise InputError(f"toggles are labels, as '2 5'; {' '.join(wrong)} is none")
    return tuple(int(w) for w in words)
