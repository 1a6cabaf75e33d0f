"""A reader's two lines per lesion, or areas; what could not be read is counted, with its reason."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from ssc_core.agree.kinds import ALIASES, KEYS, kind_named
from ssc_core.agree.reading import Readings, read_table, readings_of
from ssc_core.calcinosis.axes import ellipse_mm2
from ssc_core.calcinosis.study_readings import study_table
from ssc_core.errors import ChoiceNeeded, EmptyError, InputError

__all__ = ["LineReadings", "read_lesions"]

_ENDS = tuple(
    f"{line}_{axis}{end}" for line in ("long", "short") for end in (1, 2) for axis in ("row", "column")
)
_SQUARE_DEG = 15.0  # a short axis further from square than this is said


@dataclass(frozen=True, eq=False)
class LineReadings:
    """One reader's areas.

    Parameters
    ----------
    readings : Readings
        What ``ssc_core.agree`` compares: keys and ``area_mm2``.
    unusable : DataFrame
        Keys and ``reason`` of what was not read.
    how : str
        "areas", "lengths of axes" or "ends of axes".
    warnings : tuple of str
        What must be known, free of names.
    """

    readings: Readings
    unusable: pd.DataFrame
    how: str
    warnings: tuple[str, ...]


def read_lesions(path: str | Path, name: str) -> LineReadings:
    """Read a reader's (or the software's) areas.

    Columns: ``patient`` (or ``case_id``), where needed ``visit``, ``finger``, ``image``, ``lesion``, and
    either ``area_mm2``, or ``long_mm`` and ``short_mm``, or the ends of both lines in pixels (``long_row1
    long_column1 long_row2 long_column2 short_row1`` ...) with ``pixel_mm``. Lines give the area of the
    ellipse, long/2 x short/2 x pi (Chandrasekaran et al. 2021, Methods). A filled column ``unusable`` says
    why a row has no reading.

    Parameters
    ----------
    path : path-like
        CSV; or the folder of a batch, whose lesions are taken by their labels.
    name : str
        How the reader is called.

    Raises
    ------
    InputError
        If columns are absent, a value is no number, or a short axis is longer than its long one.
    EmptyError
        If nothing could be used.
    ChoiceNeeded
        If the file holds several raters.
    """
    path = Path(path)
    table = study_table(path) if path.is_dir() else read_table(path)
    table = table.rename(columns={c: ALIASES.get(c, c) for c in table.columns}).reset_index(drop=True)
    why = table["unusable"].fillna("").str.strip() if "unusable" in table else pd.Series("", table.index)
    keys = ["patient", *(k for k in KEYS if k in table.columns)]
    if "patient" not in table:
        raise InputError("there is no column patient (or case_id)", source=path)
    left = table[why != ""]
    unusable = left[keys].assign(reason=why[why != ""])
    used = table[why == ""].drop(columns="unusable", errors="ignore")
    if used.empty:
        raise EmptyError("no row holds a reading", source=path)
    area, how, warnings = _areas(used, path)
    who = [c for c in ("rater", "session") if c in used]
    found = readings_of(used[[*who, *keys]].assign(area_mm2=area), kind_named("area"), name, source=path)
    if len(found) > 1:
        raise ChoiceNeeded("the file holds several raters or sessions; give one file for each", source=path)
    return LineReadings(found[0], unusable.reset_index(drop=True), how, warnings)


def _areas(table: pd.DataFrame, path: Path) -> tuple[pd.Series[str], str, tuple[str, ...]]:
    if "area_mm2" in table:
        return table["area_mm2"], "areas", ()
    if {"long_mm", "short_mm"} <= set(table.columns):
        long, short = _numbers(table, "long_mm", path), _numbers(table, "short_mm", path)
        return _ellipses(long, short, table.index, path), "lengths of axes", ()
    if {*_ENDS, "pixel_mm"} <= set(table.columns):
        step = _numbers(table, "pixel_mm", path)
        at = {c: _numbers(table, c, path) for c in _ENDS}
        one, two = (_line(at, line) for line in ("long", "short"))
        lengths = [np.hypot(*v) * step for v in (one, two)]
        with np.errstate(invalid="ignore", divide="ignore"):
            lean = np.abs(one[0] * two[0] + one[1] * two[1]) / (np.hypot(*one) * np.hypot(*two))
        aslant = int((np.degrees(np.arcsin(np.clip(lean, 0, 1))) > _SQUARE_DEG).sum())
        said = (f"{aslant} short axes are more than {_SQUARE_DEG:g} degrees from square",) if aslant else ()
        return _ellipses(lengths[0], lengths[1], table.index, path), "ends of axes", said
    raise InputError(
        "the readings have neither area_mm2, nor long_mm and short_mm, nor the ends of both axes"
        " (long_row1, long_column1, long_row2, long_column2, short_row1, ...) with pixel_mm",
        source=path,
    )


def _line(at: Mapping[str, npt.NDArray[np.float64]], line: str) -> tuple[npt.NDArray[np.float64], ...]:
    return tuple(at[f"{line}_{axis}2"] - at[f"{line}_{axis}1"] for axis in ("row", "column"))


def _numbers(table: pd.DataFrame, column: str, path: Path) -> npt.NDArray[np.float64]:
    values = pd.to_numeric(table[column], errors="coerce").to_numpy(float, na_value=math.nan)
    wrong = ~np.isfinite(values)
    if wrong.any():
        row = int(table.index[wrong][0]) + 2
        raise InputError(
            f"{column} in line {row} is no number; where there is none, write why into a column 'unusable'",
            source=path,
        )
    return values


def _ellipses(
    long: npt.NDArray[np.float64], short: npt.NDArray[np.float64], index: pd.Index[int], path: Path
) -> pd.Series[str]:
    wrong = (short > long * 1.001) | (long <= 0) | (short <= 0)
    if wrong.any():
        row = int(index[wrong][0]) + 2
        raise InputError(
            f"line {row}: axes must be positive and the short one not the longer; correct the reading",
            source=path,
        )
    values = [ellipse_mm2(a, b) for a, b in zip(long, short, strict=True)]
    return pd.Series(values, index=index).map("{:.9g}".format).astype("string")
