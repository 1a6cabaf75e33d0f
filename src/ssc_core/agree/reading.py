"""CSV files of readings: opened, checked, one table per rater and session."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ssc_core.agree.kinds import ALIASES, KEYS, Kind
from ssc_core.errors import EmptyError, FormatError, InputError

__all__ = ["Readings", "read_patients", "read_readings", "read_table", "readings_of"]

_WIDE = re.compile(r"^l(?:evel)?[_ ]?(\d)[_ ](\w+)$")


@dataclass(frozen=True)
class Readings:
    """All readings of one rater in one session.

    Parameters
    ----------
    rater, session : str
        Who and when ("" where there is one session); shown in tables and figures.
    table : DataFrame
        Columns ``patient`` (str), the key columns that the file has (str), and the value columns (float).
    warnings : tuple of str
        What the user should know about the file.
    """

    rater: str
    session: str
    table: pd.DataFrame
    warnings: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """Rater and session together."""
        return f"{self.rater} {self.session}".strip()

    @property
    def keys(self) -> list[str]:
        """Columns that name a reading."""
        return ["patient", *(k for k in KEYS if k in self.table.columns)]


def read_readings(path: str | Path, kind: Kind, name: str) -> tuple[Readings, ...]:
    """The readings of a CSV file.

    Columns: ``patient`` (or case, case_id, patient_id), key columns (``visit``, ``finger``, ``image``,
    ``lesion``, ``level``), the values of the kind (``tot gg ret`` / ``area_mm2`` / ``score`` /
    ``z_mm``), and optionally ``rater`` and ``session``. Goh scores may also stand wide, as
    ``L1_tot ... L5_ret``.

    Parameters
    ----------
    path : path-like
        Comma-separated, or semicolon-separated with decimal commas; UTF-8.
    kind : Kind
        What was read.
    name : str
        Rater's name where the file has no column ``rater``.

    Returns
    -------
    tuple of Readings
        One per rater and session, sorted.

    Raises
    ------
    FormatError
        If the file is not such a table.
    InputError
        If a column is absent, a value is no number or out of range, or a reading occurs twice.
    """
    return readings_of(read_table(Path(path)), kind, name, source=Path(path))


def readings_of(
    table: pd.DataFrame, kind: Kind, name: str, *, source: Path | None = None
) -> tuple[Readings, ...]:
    """The readings of a table, as other commands have it at hand; see :func:`read_readings`.

    Parameters
    ----------
    table : DataFrame
        Columns as in a file of readings, in small letters.
    kind : Kind
        What was read.
    name : str
        Rater's name where there is no column ``rater``.
    source : Path, optional
        File that messages name.

    Returns
    -------
    tuple of Readings
        One per rater and session, sorted.

    Raises
    ------
    InputError
        If a column is absent, a value is no number or out of range, or a reading occurs twice.
    """
    table = _long(table.reset_index(drop=True).astype("string"), kind)
    values = [v for v in kind.values if v in table.columns]
    absent = [c for c in ("patient", *kind.needs) if c not in table.columns]
    if not values:
        absent.append(" or ".join(kind.values))
    if absent:
        raise InputError(
            f"there is no column {', '.join(absent)} (needed for --kind {kind.name}); the columns are "
            f"{', '.join(table.columns)}",
            source=source,
            private=table.columns,
        )
    numbers = {v: _numbers(table[v], kind, source) for v in values}
    keys = ["patient", *(k for k in KEYS if k in table.columns)]
    names = {k: _names(table[k], source) for k in keys}
    table = table.assign(**numbers, **names)
    who = [c for c in ("rater", "session") if c in table.columns]
    _refuse_twice(table, [*who, *keys], source)
    parts = list(table.groupby(who, sort=True, dropna=False)) if who else [((), table)]
    out = []
    for key, part in parts:
        named = dict(zip(who, map(str, key), strict=True))
        kept = part[[*keys, *values]].reset_index(drop=True)
        session = named.get("session", "")
        out.append(Readings(named.get("rater", name), session, kept, _rules(kept, kind)))
    return tuple(out)


def read_patients(path: str | Path) -> frozenset[str]:
    """Patients named in the first column (or the column ``patient``) of a CSV file."""
    table = read_table(Path(path))
    column = "patient" if "patient" in table.columns else table.columns[0]
    return frozenset(_names(table[column], Path(path)))


def read_table(path: Path) -> pd.DataFrame:
    """A CSV file as text columns with our names of columns; ``attrs["written"]`` has the file's own.

    Raises
    ------
    FormatError
        If the file is absent, no text, or no table.
    EmptyError
        If it has no row.
    """
    try:
        with path.open(encoding="utf-8-sig") as file:
            head = file.readline()
            file.seek(0)
            european = ";" in head and "," not in head
            table = pd.read_csv(file, sep=";" if european else ",", dtype=str, skipinitialspace=True)
    except FileNotFoundError as error:
        raise FormatError("there is no such file", source=path) from error
    except (IsADirectoryError, PermissionError) as error:
        raise FormatError("this cannot be read; name a CSV file", source=path) from error
    except (UnicodeDecodeError, pd.errors.ParserError) as error:
        raise FormatError("this is not a CSV table in UTF-8; save it as CSV", source=path) from error
    except pd.errors.EmptyDataError as error:
        raise EmptyError("the file is empty; give a table with a header and rows", source=path) from error
    if table.empty:
        raise EmptyError("the table has no row", source=path)
    if european:
        table = table.apply(lambda column: column.str.replace(",", ".", regex=False))
    small = [re.sub(r"\s+", "_", str(c).strip().lower()) for c in table.columns]
    names = [ALIASES.get(c, c) for c in small]
    if "patient" in small:  # a case beside its patient names the image
        names = ["image" if c in ("case", "case_id") and "image" not in small else n
                 for c, n in zip(small, names, strict=True)]  # fmt: skip
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        raise FormatError(f"several columns mean {', '.join(twice)}; keep one", source=path, private=twice)
    named = table.set_axis(names, axis=1)
    named.attrs["written"] = {n: str(c).strip() for n, c in zip(names, table.columns, strict=True)}
    return named


def _long(table: pd.DataFrame, kind: Kind) -> pd.DataFrame:
    """A wide table (L1_tot ...) with a row per level; other tables as they are."""
    found = {c: m for c in table.columns if (m := _WIDE.match(c)) is not None}
    wide = {c: (m[1], ALIASES.get(m[2], m[2])) for c, m in found.items()}
    wide = {c: lv for c, lv in wide.items() if lv[1] in kind.values}
    if "level" in table.columns or not wide:
        return table
    rest = [c for c in table.columns if c not in found]
    parts = []
    for level in sorted({lv[0] for lv in wide.values()}):
        columns = {c: lv[1] for c, lv in wide.items() if lv[0] == level}
        parts.append(table[[*rest, *columns]].rename(columns=columns).assign(level=level))
    return pd.concat(parts)  # the index stays that of the file, for messages


def _numbers(column: pd.Series[str], kind: Kind, source: Path | None) -> pd.Series[float]:
    numbers = pd.to_numeric(column, errors="coerce").astype("float64")
    text = numbers.isna() & column.notna() & (column.str.strip() != "")
    outside = (numbers < kind.low) | (numbers > kind.high) | np.isinf(numbers)
    for wrong, what in ((text, "is not a number"), (outside, f"lies outside {kind.low:g} to {kind.high:g}")):
        if wrong.any():
            raise InputError(
                f"{column.name} in row {_row(wrong)} {what}"
                f" ({int(wrong.sum())} such in the file); correct it, or leave it empty if it is missing",
                source=source,
            )
    return numbers


def _names(column: pd.Series[str], source: Path | None) -> pd.Series[str]:
    names = column.str.strip()
    if column.name == "level":
        names = names.str.replace(r"^(level|l)[ _]?", "", case=False, regex=True)
    empty = names.isna() | (names == "")
    if empty.any():
        raise InputError(f"row {_row(empty)} has no {column.name}; fill it in", source=source)
    return names.astype(object)


def _row(wrong: pd.Series[bool]) -> int:
    """Line of the file where the first wrong value stands."""
    return int(wrong.index.to_numpy()[wrong.to_numpy().argmax()]) + 2


def _refuse_twice(table: pd.DataFrame, keys: Iterable[str], source: Path | None) -> None:
    keys = list(keys)
    twice = table.duplicated(keys)
    if twice.any():
        raise InputError(
            f"row {_row(twice)} repeats an earlier reading of the same {', '.join(keys)}"
            f" ({int(twice.sum())} such in the file); keep one, or tell them apart by a column"
            " visit, image, lesion, level, rater or session",
            source=source,
        )


def _rules(table: pd.DataFrame, kind: Kind) -> tuple[str, ...]:
    """What Goh scores must obey and do not; nothing is repaired."""
    if kind.name != "goh" or not {"tot", "gg", "ret"} <= set(table.columns):
        return ()
    largest, sum_ = table[["gg", "ret"]].max(axis=1), table["gg"] + table["ret"]
    broken = int(((table["tot"] < largest) | (table["tot"] > sum_)).sum())
    if not broken:
        return ()
    return (f"{broken} of {len(table)} readings break max(GG, RET) <= TOT <= GG + RET; used as they are",)
