"""The manifest of a skin cohort: read, and every problem told at once."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import ValidationError

from ssc_core.errors import EmptyError, InputError
from ssc_core.io.rows import read_rows, refuse_all
from ssc_core.skin.scores.cohort_row import BiopsyRow

__all__ = ["Cohort", "biopsies_of", "read_cohort"]

_PATHS = ("slide", "roi")
_SAME_PERSON = ("status", "sex", "race")
_SAME_BIOPSY = ("patient_id", "visit_months", "mrss", "local_skin_score")


@dataclass(frozen=True, eq=False)
class Cohort:
    """A validated manifest.

    Parameters
    ----------
    sections : DataFrame
        One row per section: the columns of :class:`~ssc_core.skin.scores.cohort_row.BiopsyRow`, further
        columns of the file (numbers where all are), and ``case_id``, the name its features are stored under.
    biopsies : DataFrame
        One row per biopsy (the first section's), without paths. Controls have ``mrss`` 0.
    flags : tuple of str
        What is unusual without being wrong.
    """

    sections: pd.DataFrame
    biopsies: pd.DataFrame
    flags: tuple[str, ...]


def read_cohort(path: str | Path, *, slides: bool = True) -> Cohort:
    """Read and check the manifest of a cohort.

    Parameters
    ----------
    path : path-like
        CSV in UTF-8, one row per section of a biopsy; paths in it are relative to its folder.
    slides : bool, optional
        Whether slides must be named and exist.

    Returns
    -------
    Cohort

    Raises
    ------
    InputError
        One error that lists every problem of every row.
    """
    path = Path(path)
    lines, columns = read_rows(path, "give a CSV with one row per biopsy")
    required = [n for n, f in BiopsyRow.model_fields.items() if f.is_required()]
    required += ["slide"] if slides else []
    absent = [n for n in required if n not in columns]
    if absent:
        raise InputError(
            f"the manifest has no column {', '.join(absent)}; it needs {', '.join(required)} and may have "
            f"{', '.join(n for n in BiopsyRow.model_fields if n not in required)}",
            source=path,
        )
    problems: list[str] = []
    rows: list[dict[str, Any]] = []
    for number, line in lines:
        row, said = _row(line, path.parent, required)
        problems += [f"line {number}: {p}" for p in said]
        if row is not None:
            rows.append({"line": number, **row})
    table = pd.DataFrame(rows)
    if len(table):
        problems += _between_rows(table)
    refuse_all(problems, path, [v for _, line in lines for v in line.values() if v])
    if not len(table):
        raise EmptyError("the manifest lists no biopsy; add one row per biopsy", source=path)
    return _cohort(table, columns)


def biopsies_of(sections: pd.DataFrame) -> pd.DataFrame:
    """One row per biopsy from one row per section; controls without mRSS get 0."""
    table = sections.drop_duplicates("biopsy_id").drop(
        columns=["slide", "roi", "mpp", "scene"], errors="ignore"
    )
    table = table.reset_index(drop=True)
    controls = table["status"] == "control"
    table["mrss"] = table["mrss"].astype(float).where(~controls, table["mrss"].astype(float).fillna(0.0))
    return table


def _cohort(table: pd.DataFrame, columns: list[str]) -> Cohort:
    table = table.drop(columns="line")
    extra = [c for c in columns if c and c not in BiopsyRow.model_fields]
    for name in extra:
        numbers = pd.to_numeric(table[name], errors="coerce")
        if (numbers.notna() == (table[name] != "")).all():
            table[name] = numbers
    for name in ("mrss", "local_skin_score", "age", "duration_months", "visit_months"):
        table[name] = pd.to_numeric(table[name])
    several = table.groupby("biopsy_id")["section"].transform("size") > 1
    names = table["biopsy_id"] + "-s" + table["section"].astype(str)
    table.insert(0, "case_id", names.where(several, table["biopsy_id"]))
    biopsies = biopsies_of(table)
    flags = []
    twice = int(biopsies.duplicated(["patient_id", "visit_months"]).sum())
    if twice:
        flags.append(
            f"{twice} biopsies share patient and visit with another; sections of one biopsy get one "
            "biopsy_id and a column 'section'"
        )
    missing = int((biopsies["mrss"].isna()).sum())
    if missing:
        flags.append(f"{missing} of {len(biopsies)} biopsies have no mRSS")
    if biopsies["site"].nunique() > 1:
        flags.append("several sites: look at the scores per site before they are pooled")
    return Cohort(table, biopsies, tuple(flags))


def _row(line: dict[str, str], base: Path, required: list[str]) -> tuple[dict[str, Any] | None, list[str]]:
    given = {k: v for k, v in line.items() if k in BiopsyRow.model_fields and v}
    empty = [n for n in required if n not in given]
    if empty:
        return None, [f"{', '.join(empty)} is empty"]
    values: dict[str, Any] = dict(given)
    for name in _PATHS:
        if name in values:
            values[name] = Path(os.path.abspath(base / Path(values[name]).expanduser()))  # noqa: PTH100 (keeps links)
    try:
        row = BiopsyRow.model_validate(values)
    except ValidationError as error:
        return None, [f"{e['loc'][0]}: {e['msg'].lower()} (given {e['input']!r})" for e in error.errors()]
    said = [
        f"{n} {getattr(row, n)} does not exist"
        for n in _PATHS
        if getattr(row, n) and not getattr(row, n).exists()
    ]
    if row.status == "control" and row.mrss:
        said.append(f"mrss {row.mrss:g} of a control; a control has 0 or nothing")
    return {**{k: v for k, v in line.items() if k}, **row.model_dump()}, said


def _between_rows(table: pd.DataFrame) -> list[str]:
    found = []
    for (biopsy, section), part in table.groupby(["biopsy_id", "section"], sort=False):
        if len(part) > 1:
            found.append(
                f"biopsy_id {biopsy} section {section} stands in lines {', '.join(map(str, part['line']))}; "
                "number its sections"
            )
    for key, names in (("biopsy_id", _SAME_BIOPSY), ("patient_id", _SAME_PERSON)):
        for label, part in table.groupby(key, sort=False):
            found += [
                f"{key} {label} differs in {name}: {', '.join(map(str, part[name].dropna().unique()))}"
                for name in names
                if part[name].nunique() > 1
            ]
    small = table["biopsy_id"].str.lower()
    clash = sorted(set(table["biopsy_id"][table.groupby(small)["biopsy_id"].transform("nunique") > 1]))
    if clash:
        found.append(f"biopsy_id {', '.join(clash)} differ in capitals only")
    return found
