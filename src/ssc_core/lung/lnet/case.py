"""One CT whose levels are known: a manifest row and its level table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from ssc_core.errors import InputError
from ssc_core.io.tables import read_table
from ssc_core.lung.case import LungCase
from ssc_core.lung.levels import LEVEL_NAMES

__all__ = ["KnownLevels", "LevelCase", "read_levels"]


class LevelCase(LungCase):
    """One row of the manifest of ``ssc lung train-levels``: that of ``ssc lung levels``, and known levels."""

    levels: Annotated[
        Path | None, Field(description="Level table: level, z_mm, as 'ssc lung levels' writes it.")
    ] = None
    patient: Annotated[str | None, Field(description="Alias of the patient, where one has several CTs.")] = (
        None
    )
    set: Annotated[Literal["test"] | None, Field(description="'test' keeps the patient out of training.")] = (
        None
    )

    @property
    def who(self) -> str:
        """Patient, or the case where no patient is named."""
        return self.patient or self.case_id

    @property
    def table(self) -> Path:
        """The level table.

        Raises
        ------
        InputError
            If the row names none.
        """
        if self.levels is None:
            raise InputError(
                f"case {self.case_id} has no level table; fill the manifest's column levels, or give --levels"
            )
        return self.levels

    def with_levels(self, path: Path | None) -> LevelCase:
        """The row with the table at `path`, unless it names one itself."""
        return self.model_copy(update={"levels": path}) if self.levels is None else self


class KnownLevels(BaseModel):
    """Heights in mm by level (1-5), NaN where unknown, and how they were found."""

    model_config = ConfigDict(frozen=True)

    z_mm: tuple[float, float, float, float, float]
    methods: tuple[str, ...] = ()

    @property
    def array(self) -> npt.NDArray[np.float64]:
        """Heights as an array."""
        return np.asarray(self.z_mm, float)


def read_levels(path: str | Path, case_id: str | None = None) -> KnownLevels:
    """Read a level table: columns ``level`` (1-5) and ``z_mm``, optionally ``method``.

    Parameters
    ----------
    path : path-like
        CSV. Heights in mm, in the patient's coordinates (LPS).
    case_id : str, optional
        Of a table with a column ``case_id``, as the ``levels.csv`` of ``ssc lung levels MANIFEST``, the rows
        of this case are read. A table without that column is of one CT.

    Raises
    ------
    FormatError
        If it is no table.
    InputError
        If a column is missing, a level stands twice or none is known, or they do not follow one another
        downwards.
    """
    table = read_table(path)
    for column in ("level", "z_mm"):
        if column not in table:
            raise InputError(f"the level table has no column {column}; it needs level and z_mm", source=path)
    of = ""
    if case_id is not None and "case_id" in table:
        table, of = table[_case_ids(path, table) == case_id], f" of case {case_id}"
        if table.empty:
            raise InputError(f"the level table has no rows{of}; add them, or leave the case out", source=path)
    numbers = table["level"].tolist()
    if len(set(numbers)) < len(numbers) or not set(numbers) <= set(LEVEL_NAMES):
        raise InputError(f"the levels{of} must be 1 to 5, each once; correct the table", source=path)
    try:
        heights = dict(zip(numbers, table["z_mm"].astype(float), strict=True))
    except ValueError:
        raise InputError("z_mm must hold numbers; correct the table", source=path) from None
    known = tuple(float(heights.get(n, np.nan)) for n in LEVEL_NAMES)
    given = [z for z in known if np.isfinite(z)]
    if not given:
        raise InputError(f"no level{of} has a height; draw at least one, or leave the case out", source=path)
    if given != sorted(given, reverse=True) or len(set(given)) < len(given):
        raise InputError(
            f"the levels{of} must follow one another from head to feet; correct z_mm", source=path
        )
    methods = table["method"].fillna("").astype(str).tolist() if "method" in table else []
    return KnownLevels(z_mm=(known[0], known[1], known[2], known[3], known[4]), methods=tuple(methods))


def _case_ids(path: str | Path, table: pd.DataFrame) -> pd.Series[str]:
    """The names of the cases as they are written: 007 is not 7."""
    if Path(path).suffix.lower() == ".csv":
        return pd.read_csv(path, encoding="utf-8-sig", usecols=["case_id"], dtype=str)["case_id"]
    return table["case_id"].astype(str)
