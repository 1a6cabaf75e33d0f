"""The manifest: one CSV row per case. All its problems are told at once."""

from __future__ import annotations

import csv
import os
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from ssc_core.errors import EmptyError, InputError, OutputError
from ssc_core.io.rows import read_rows, refuse_all

__all__ = ["path_fields", "read_manifest", "write_manifest"]

C = TypeVar("C", bound=BaseModel)

# A case_id names a folder, on every operating system.
_CASE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def read_manifest(path: str | Path, model: type[C]) -> list[C]:
    """Read and check a manifest.

    Parameters
    ----------
    path : path-like
        A CSV in UTF-8 with a header line. Paths in it are relative to the manifest's folder. Columns that the
        room does not know (clinical data) are allowed and ignored.
    model : type
        pydantic model of one row; ``case_id`` is required and must be unique.

    Returns
    -------
    list of model
        In the manifest's order, with absolute paths.

    Raises
    ------
    InputError
        One error that lists every problem of every row.
    """
    path = Path(path)
    rows, columns = read_rows(path, "make one with 'ssc manifest ROOM FOLDER'")
    required = [n for n, f in model.model_fields.items() if f.is_required()]
    missing = [n for n in required if n not in columns]
    if missing:
        raise InputError(
            f"the manifest has no column {', '.join(missing)}; it needs {', '.join(required)} and may have "
            f"{', '.join(n for n in model.model_fields if n not in required)}",
            source=path,
        )
    cases: list[C] = []
    problems: list[str] = []
    private: list[str] = []
    for line, row in rows:
        values = {n: row[n].strip() for n in model.model_fields if (row.get(n) or "").strip()}
        private += values.values()
        absent = [n for n in required if n not in values]
        if absent:
            problems.append(f"line {line}: {', '.join(absent)} is empty")
            continue
        try:
            case = model.model_validate(_with_absolute_paths(values, model, path.parent))
        except ValidationError as error:
            problems += [f"line {line}: {'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
            continue
        problems += [f"line {line}: {p}" for p in _problems_of(case)]
        cases.append(case)
    counts = Counter(str(getattr(c, "case_id", "")).lower() for c in cases)
    problems += [f"case_id {name} stands in {n} rows" for name, n in counts.items() if n > 1]
    refuse_all(problems, path, private)
    if not cases:
        raise EmptyError("the manifest lists no case; add one row per case", source=path)
    return cases


def write_manifest(cases: Sequence[BaseModel], path: str | Path) -> Path:
    """Write a manifest that can be edited and read back.

    Paths are written relative to the manifest's folder where they lie below it. An existing file is never
    overwritten, since people add their own columns to manifests.

    Raises
    ------
    OutputError
        If the file exists or cannot be written.
    EmptyError
        If there is no case.
    """
    path = Path(path)
    if not cases:
        raise EmptyError("no case to list")
    model = type(cases[0])
    base = path.resolve().parent
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(model.model_fields)
            for case in cases:
                writer.writerow([_cell(getattr(case, name), base) for name in model.model_fields])
    except FileExistsError:
        raise OutputError("this manifest exists already; name another file with -o", source=path) from None
    except OSError as error:
        raise OutputError(
            f"the manifest cannot be written ({(error.strerror or 'unknown reason').lower()}); "
            "name another file with -o",
            source=path,
        ) from error
    return path


def path_fields(model: type[BaseModel]) -> list[str]:
    """Names of the fields of `model` that hold paths."""
    return [
        name
        for name, field in model.model_fields.items()
        if field.annotation is Path or Path in get_args(field.annotation)
    ]


def _with_absolute_paths(values: dict[str, str], model: type[BaseModel], base: Path) -> dict[str, Any]:
    out: dict[str, Any] = dict(values)
    for name in path_fields(model):
        if name in out:
            out[name] = Path(os.path.abspath(base / Path(out[name]).expanduser()))  # noqa: PTH100 (keeps links)
    return out


def _problems_of(case: BaseModel) -> list[str]:
    found = []
    case_id = str(getattr(case, "case_id", ""))
    if not _CASE_ID.fullmatch(case_id):
        found.append(
            f"case_id {case_id!r} cannot name a folder; use letters, digits, '.', '_' and '-' (64 at most)"
        )
    for name in path_fields(type(case)):
        value = getattr(case, name)
        if value is not None and not value.exists():
            found.append(f"{name} {value} does not exist")
    return found


def _cell(value: Any, base: Path) -> str:
    if value is None:
        return ""
    if isinstance(value, Path):
        absolute = Path(os.path.abspath(value))  # noqa: PTH100 (keeps links)
        return absolute.relative_to(base).as_posix() if absolute.is_relative_to(base) else str(absolute)
    return str(value)
