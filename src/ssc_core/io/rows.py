"""Rows of a table that people edit in spreadsheets, and one error that tells all its problems."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from ssc_core.errors import EmptyError, FormatError, InputError

__all__ = ["read_rows", "refuse_all"]

_MOST_SHOWN = 50


def read_rows(path: str | Path, way_out: str) -> tuple[list[tuple[int, dict[str, str]]], list[str]]:
    """Rows of a manifest, with the line each ends on, and its columns.

    Parameters
    ----------
    path : path-like
        CSV in UTF-8, with commas, semicolons or tabs.
    way_out : str
        How to get such a manifest, as "make one with 'ssc manifest ROOM FOLDER'".

    Returns
    -------
    rows : list of (int, dict)
        Cells are stripped of blanks; what stands beyond the last column is left out.
    columns : list of str

    Raises
    ------
    InputError
        If there is no such file.
    FormatError, EmptyError
        If it is no text, or empty.
    """
    path = Path(path)
    if path.is_dir():
        raise InputError(f"this is a folder and not a manifest; {way_out}", source=path)
    if not path.exists():
        raise InputError(f"there is no such manifest; {way_out}", source=path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise FormatError("the manifest is not UTF-8 text; save it as 'CSV UTF-8'", source=path) from None
    if not text.strip():
        raise EmptyError(f"the manifest is empty; {way_out}", source=path)
    if "\0" in text:
        raise FormatError("the manifest is not a text file; save it as 'CSV UTF-8'", source=path)
    first = text.lstrip().splitlines()[0]
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count))
    columns = [c.strip() for c in reader.fieldnames or []]
    reader.fieldnames = columns
    rows = [
        (reader.line_num, {k: (v or "").strip() for k, v in row.items() if isinstance(k, str)})
        for row in reader
    ]
    return rows, columns


def refuse_all(problems: Sequence[str], path: str | Path, private: Sequence[str]) -> None:
    """Raise one error that lists `problems`; nothing happens when there are none.

    Raises
    ------
    InputError
        With the first 50 of them.
    """
    if not problems:
        return
    more = len(problems) - _MOST_SHOWN
    tail = f"\n  ... and {more} more" if more > 0 else ""
    raise InputError(
        f"the manifest has {len(problems)} problem{'s' * (len(problems) > 1)} to correct:\n  "
        + "\n  ".join(problems[:_MOST_SHOWN])
        + tail,
        source=path,
        private=private,
    )
