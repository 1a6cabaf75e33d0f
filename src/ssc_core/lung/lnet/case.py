"""One CT whose levels are known: a manifest row and its level table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from ssc_core.errors import InputError
from ssc_core.io.tables import read_table
from ssc_core.lung.levels import LEVEL_NAMES

__all__ = ["KnownLevels", "LevelCase", "read_levels"]


class LevelCase(BaseModel):
    """One row of the manifest of ``ssc lung train-levels``. Other columns are left alone."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    case_id: Annotated[str, Field(description="Neutral name of the case.")]
    ct: Annotated[Path, Field(description="DICOM folder, NIfTI, NRRD or MHA.")]
    levels: Annotated[Path, Field(description="Level table: level, z_mm, as 'ssc lung levels' writes it.")]
    patient: Annotated[str | None, Field(description="Alias of the patient, where one has several CTs.")] = (
        None
    )
    series: Annotated[str | None, Field(description="Which series of a folder that holds several.")] = None
    set: Annotated[Literal["test"] | None, Field(description="'test' keeps the patient out of training.")] = (
        None
    )

    @property
    def who(self) -> str:
        """Patient, or the case where no patient is named."""
        return self.patient or self.case_id


class KnownLevels(BaseModel):
    """Heights in mm by level (1-5), NaN where unknown, and how they were found."""

    model_config = ConfigDict(frozen=True)

    z_mm: tuple[float, float, float, float, float]
    methods: tuple[str, ...] = ()

    @property
    def array(self) -> npt.NDArray[np.float64]:
        """Heights as an array."""
        return np.asarray(self.z_mm, float)


def read_levels(path: str | Path) -> KnownLevels:
    """Read a level table: columns ``level`` (1-5) and ``z_mm``, optionally ``method``.

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
    numbers = table["level"].tolist()
    if len(set(numbers)) < len(numbers) or not set(numbers) <= set(LEVEL_NAMES):
        raise InputError("the levels must be 1 to 5, each once; correct the table", source=path)
    try:
        heights = dict(zip(numbers, table["z_mm"].astype(float), strict=True))
    except ValueError:
        raise InputError("z_mm must hold numbers; correct the table", source=path) from None
    known = tuple(float(heights.get(n, np.nan)) for n in LEVEL_NAMES)
    given = [z for z in known if np.isfinite(z)]
    if not given:
        raise InputError("no level has a height; draw at least one, or leave the case out", source=path)
    if given != sorted(given, reverse=True) or len(set(given)) < len(given):
        raise InputError("the levels must follow one another from head to feet; correct z_mm", source=path)
    methods = table["method"].fillna("").astype(str).tolist() if "method" in table else []
    return KnownLevels(z_mm=(known[0], known[1], known[2], known[3], known[4]), methods=tuple(methods))
