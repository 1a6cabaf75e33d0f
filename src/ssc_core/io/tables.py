"""Tables as CSV for people and as parquet for programs: the same rows, the same bytes every time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from ssc_core.errors import FormatError, InputError

__all__ = ["read_table", "write_table"]

FLOATS = "%.9g"
"""Nine digits in CSV: more than any measurement here has. Parquet keeps the full number."""


def write_table(
    folder: str | Path, name: str, table: pd.DataFrame, units: Mapping[str, str] | None = None
) -> None:
    """Write ``name.csv`` and ``name.parquet``, and ``name.units.json`` where units are given.

    Parameters
    ----------
    folder : path-like
        Where; by habit the one that ``io.output.staged`` yields.
    name : str
        Without ending.
    table : DataFrame
        Its index is not written. Missing values become empty fields.
    units : mapping, optional
        Column to unit ("" for a pure number); also kept in the parquet's fields.

    Raises
    ------
    InputError
        If a unit is given for a column that is not there.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    units = dict(units or {})
    unknown = sorted(set(units) - set(map(str, table.columns)))
    if unknown:
        raise InputError(f"units are given for columns that table {name} does not have: {', '.join(unknown)}")
    folder = Path(folder)
    table.to_csv(
        folder / f"{name}.csv", index=False, float_format=FLOATS, lineterminator="\n", encoding="utf-8"
    )
    arrow = pa.Table.from_pandas(table, preserve_index=False)
    fields = [f.with_metadata({"unit": units[f.name]}) if f.name in units else f for f in arrow.schema]
    arrow = arrow.cast(pa.schema(fields)).replace_schema_metadata(None)
    pq.write_table(arrow, folder / f"{name}.parquet", compression="zstd")
    if units:
        text = json.dumps(units, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
        (folder / f"{name}.units.json").write_text(text, encoding="utf-8", newline="\n")


def read_table(path: str | Path) -> pd.DataFrame:
    """Read a ``.csv`` or ``.parquet`` table; ``.attrs["units"]`` holds the units where they are known.

    Raises
    ------
    FormatError
        If it is missing, empty or no table.
    """
    path = Path(path)
    if not path.is_file():
        raise FormatError("there is no such table; check the path", source=path)
    try:
        if path.suffix.lower() == ".parquet":
            return _parquet(path)
        if path.suffix.lower() == ".csv":
            return _csv(path)
    except (OSError, ValueError) as error:  # pandas' and pyarrow's own errors are ValueErrors
        raise FormatError(
            "the table cannot be read; it is empty, damaged or not UTF-8", source=path
        ) from error
    raise FormatError("a table is a .csv or .parquet file", source=path)


def _csv(path: Path) -> pd.DataFrame:
    table = pd.read_csv(path, encoding="utf-8-sig")
    units = path.with_suffix(".units.json")
    if units.is_file():
        table.attrs["units"] = json.loads(units.read_text(encoding="utf-8"))
    return table


def _parquet(path: Path) -> pd.DataFrame:
    import pyarrow.parquet as pq

    arrow = pq.read_table(path)
    table: pd.DataFrame = arrow.to_pandas()
    units = {
        f.name: f.metadata[b"unit"].decode() for f in arrow.schema if f.metadata and b"unit" in f.metadata
    }
    if units:
        table.attrs["units"] = units
    return table
