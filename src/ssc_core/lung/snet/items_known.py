"""CTs whose scores are known: a manifest row and its table of human scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field

from ssc_core.errors import ChoiceNeeded, EmptyError, InputError
from ssc_core.io.volume import Volume
from ssc_core.lung.case import LungCase
from ssc_core.lung.goh.scores import PATTERNS, violations
from ssc_core.lung.reading.table import CONSENSUS, read_scores

__all__ = ["KnownScore", "ScoreCase", "known_scores", "slice_of"]


class ScoreCase(LungCase):
    """One row of the manifest of ``ssc lung train-scores``. Other columns are left alone."""

    scores: Annotated[Path, Field(description="Scores: case_id, level, slice or z_mm, reader, tot, gg, ret.")]
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


@dataclass(frozen=True)
class KnownScore:
    """Human scores of one slice.

    Parameters
    ----------
    level : int
        1-5, 0 where the table names none.
    slice : int or None
        Counted from 0 at the feet.
    z_mm : float
        Height; NaN where the table has only the slice.
    values : tuple of float
        TOT, GG, RET in percent.
    """

    level: int
    slice: int | None
    z_mm: float
    values: tuple[float, float, float]


def known_scores(case: ScoreCase, reader: str = "", session: str = "") -> tuple[list[KnownScore], list[str]]:
    """The scores of one case by one reader, and sentences about what was left out or breaks the rules.

    Parameters
    ----------
    case : ScoreCase
        Its table may hold other cases too; one that holds a single case belongs to this one.
    reader, session : str
        Whose; empty for the consensus, else for the only one.

    Raises
    ------
    InputError
        If there is no score of this case, or one is not between 0 and 100, or has no place.
    ChoiceNeeded
        If there are several readers or sessions and none is named.
    """
    table = read_scores(case.scores)
    mine = table[table["case_id"] == case.case_id]
    if mine.empty and table["case_id"].nunique() == 1:
        mine = table
    if mine.empty:
        raise InputError(f"the table holds no scores of {case.case_id}", source=case.scores)
    mine = _one(mine, "reader", reader, CONSENSUS, case)
    mine = _one(mine, "session", session, "", case)
    told: list[str] = []
    whole = mine[list(PATTERNS)].notna().all(axis=1)
    if not whole.all():
        told.append(f"{case.case_id}: {int((~whole).sum())} slices without all three scores are left out")
    known = [_known(row, case) for row in mine[whole].to_dict("records")]
    if not known:
        raise EmptyError(f"{case.case_id} has no slice with all three scores", source=case.scores)
    for one in known:
        told += [f"{case.case_id}, level {one.level}: {rule}" for rule in violations(*one.values)]
    return known, told


def _one(table: pd.DataFrame, column: str, wanted: str, preferred: str, case: ScoreCase) -> pd.DataFrame:
    """Rows of one reader or session."""
    there = sorted(table[column].unique())
    choice = wanted or (preferred if preferred in there else there[0] if len(there) == 1 else "")
    if choice in there:
        return table[table[column] == choice]
    if wanted:
        raise InputError(f"{case.case_id} has no {column} {wanted}", source=case.scores, private=[wanted])
    raise ChoiceNeeded(
        f"{case.case_id} has {len(there)} {column}s ({', '.join(there)}); name one with --{column}",
        source=case.scores,
        private=there,
    )


def _known(row: dict[Any, Any], case: ScoreCase) -> KnownScore:
    values = [float(row[p]) for p in PATTERNS]
    if not all(0 <= v <= 100 for v in values):
        raise InputError(
            f"the scores {values} of {case.case_id} are not all between 0 and 100; correct the table",
            source=case.scores,
        )
    level, at, z = row["level"], row["slice"], row["z_mm"]
    number = None if pd.isna(at) else int(at)
    height = float("nan") if pd.isna(z) else float(z)
    if number is None and np.isnan(height):
        raise InputError(
            f"a score of {case.case_id} has neither slice nor z_mm; add one of them", source=case.scores
        )
    tot, gg, ret = values
    return KnownScore(0 if pd.isna(level) else int(level), number, height, (tot, gg, ret))


def slice_of(known: KnownScore, image: Volume) -> tuple[int, float]:
    """The slice of a CT that was scored, and its height in mm.

    Raises
    ------
    InputError
        If the slice does not exist, the height lies outside the CT, or the two do not go together.
    """
    heights = _heights(image)
    step = image.frame.spacing[0]
    nearest = int(np.argmin(np.abs(heights - known.z_mm))) if np.isfinite(known.z_mm) else known.slice
    at = nearest if known.slice is None else known.slice
    if at is None or not 0 <= at < len(heights):
        raise InputError(f"slice {at} was scored, and the CT has {len(heights)} slices")
    if np.isfinite(known.z_mm) and abs(heights[at] - known.z_mm) > 0.75 * step:
        raise InputError(
            f"the scored slice {at} lies at {heights[at]:.1f} mm and not at {known.z_mm:.1f} mm; "
            "the table belongs to another CT or series"
        )
    return at, float(heights[at])


def _heights(image: Volume) -> npt.NDArray[np.float64]:
    """Height of the middle of each slice, mm."""
    middle = [(n - 1) / 2 for n in image.shape[1:]]
    return np.array([float(image.frame.to_physical([z, *middle])[0]) for z in range(image.shape[0])])


def patients_of(cases: Sequence[ScoreCase]) -> set[str]:
    """Patients marked ``test``."""
    return {case.who for case in cases if case.set == "test"}
