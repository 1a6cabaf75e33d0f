"""A reader's file of drawn axes: every case in it, written anew at every line, read back to go on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from ssc_core.calcinosis.drawn_axes import DrawnAxes, axes_drawn
from ssc_core.errors import FormatError, InputError, OutputError
from ssc_core.geometry import Frame

__all__ = ["read_readings", "readings_table", "write_readings"]

ONE_LINE = "only one line was drawn"
_AXES = ("plane", "row", "column")
_NEEDED = {"case_id", "rater", "lesion", "long_mm"}


def readings_table(case_id: str, reader: str, drawn: Sequence[DrawnAxes]) -> pd.DataFrame:
    """A reader's axes as ``ssc calcinosis compare`` reads them; what has one line only is unusable.

    Parameters
    ----------
    case_id, reader : str
        Neutral names.
    drawn : sequence of DrawnAxes
        What was drawn.
    """
    rows = []
    for axes in sorted(drawn, key=lambda a: a.lesion):
        whole = len(axes.lines) == 2
        row: dict[str, object] = {"case_id": case_id, "rater": reader, "lesion": axes.lesion}
        row |= {"long_mm": axes.long_mm, "short_mm": axes.short_mm, "ellipse_mm2": axes.ellipse_mm2}
        row |= {"unusable": "" if whole else ONE_LINE}
        for name, line in zip(("long", "short"), axes.lines, strict=False):
            for end, place in enumerate(line, 1):
                row |= {
                    f"{name}_{n}{end}": float(v) for n, v in zip(_AXES[-len(place) :], place, strict=True)
                }
        rows.append(row)
    return pd.DataFrame(rows)


def write_readings(path: str | Path, case_id: str, reader: str, drawn: Sequence[DrawnAxes]) -> None:
    """Write one case into a reader's file in place of what it held for that case; other cases stay.

    The file is replaced as a whole, so that a program that ends meanwhile leaves the earlier one.

    Parameters
    ----------
    path : path-like
        ``.csv``; made if there is none.
    case_id, reader : str
        Neutral names.
    drawn : sequence of DrawnAxes
        All of the case; none takes the case out of the file.

    Raises
    ------
    InputError
        If there is nothing to write, or the file is another reader's.
    OutputError
        If it cannot be written.
    """
    path = Path(path)
    table = readings_table(case_id, reader, drawn)
    written = table.map(lambda v: f"{v:.9g}" if isinstance(v, float) and not math.isnan(v) else v)
    if path.is_file():
        before = _read(path, reader)
        others = before[before["case_id"] != case_id]
        parts = [t.astype(object) for t in (others, written) if len(t)]
        written = pd.concat(parts, ignore_index=True) if parts else others
    elif not len(table):
        raise InputError("no axis was drawn yet; draw a long and a short line on a lesion")
    partial = path.with_name(path.name + ".partial")
    try:
        written.to_csv(partial, index=False, lineterminator="\n", encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise OutputError("the readings cannot be written there", source=path) from error


def read_readings(path: str | Path, case_id: str, reader: str, frame: Frame) -> list[DrawnAxes]:
    """What a reader has drawn on a case.

    Parameters
    ----------
    path : path-like
        File of :func:`write_readings`.
    case_id, reader : str
        Neutral names.
    frame : Frame
        The image, mm.

    Returns
    -------
    list of DrawnAxes
        Empty if the case is not in the file.

    Raises
    ------
    FormatError
        If it is no such file.
    InputError
        If it is another reader's, or was drawn on an image of other axes.
    """
    path = Path(path)
    table = _read(path, reader)
    mine = table[table["case_id"] == case_id]
    ends = [f"{a}{e}" for e in (1, 2) for a in _AXES[-frame.ndim :]]
    columns = [f"{line}_{end}" for line in ("long", "short") for end in ends]
    if len(mine) and not {f"long_{end}" for end in ends} <= set(mine.columns):
        raise InputError(
            "this file holds no ends of lines for this kind of image; choose another name", source=path
        )
    drawn = []
    for row in mine.reindex(columns=["lesion", *columns], fill_value="").to_dict("records"):
        try:
            places = [[float(row[f"{line}_{e}"] or "nan") for e in ends] for line in ("long", "short")]
            number = int(row["lesion"])
        except ValueError as error:
            raise FormatError("a place or number in this file is damaged", source=path) from error
        lines = [np.reshape(p, (2, frame.ndim)) for p in places if not np.isnan(p).any()]
        drawn.append(axes_drawn(number, lines, frame))
    return drawn


def _read(path: Path, reader: str) -> pd.DataFrame:
    """All as text: a case '01' stays '01'."""
    try:
        table = pd.read_csv(path, encoding="utf-8-sig", dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise FormatError("the readings cannot be read; choose another name", source=path) from error
    if not set(table.columns) >= _NEEDED:
        raise InputError("this file holds no axes; choose another name", source=path)
    if set(table["rater"]) - {reader}:
        raise InputError("this file holds another reader's axes; choose one of your own", source=path)
    return table
