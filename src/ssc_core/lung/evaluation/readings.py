"""Readers' and networks' scores of the same slices, brought to one set of keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ssc_core.agree.reading import Readings
from ssc_core.errors import EmptyError, InputError
from ssc_core.io.tables import read_table
from ssc_core.lung.goh.scores import PATTERNS, violations
from ssc_core.lung.reading.table import CONSENSUS, read_scores

__all__ = ["Human", "human_scores", "predicted_scores"]

_KEYS = ["patient", "image", "level"]


@dataclass(frozen=True)
class Human:
    """What people scored.

    Parameters
    ----------
    consensus : Readings
        The reference.
    readers : tuple of Readings
        Single readers, one per session.
    patients : mapping of str to str
        Case to patient.
    seconds : DataFrame
        reader, session, n, median_seconds, minutes_per_case.
    """

    consensus: Readings
    readers: tuple[Readings, ...]
    patients: Mapping[str, str]
    seconds: pd.DataFrame


def human_scores(path: str | Path) -> Human:
    """Read the table of human scores (``scores.csv`` of 'ssc lung read').

    Raises
    ------
    InputError
        If it has no consensus, and not exactly one reader's session that could be the reference.
    EmptyError
        If nothing is scored.
    """
    table = read_scores(path)
    if table.empty:
        raise EmptyError("the table of scores has no row", source=path)
    table["patient"] = table["patient"].where(table["patient"] != "", table["case_id"])
    parts = {
        (str(r), str(s)): _readings(part, str(r), str(s))
        for (r, s), part in table.groupby(["reader", "session"], sort=True)
    }
    agreed = [k for k in parts if k[0] == CONSENSUS] or list(parts)
    if len(agreed) != 1:
        raise InputError(
            f"{len(agreed)} readings could be the reference; keep one session of the reader 'consensus'",
            source=path,
        )
    patients = dict(zip(table["case_id"], table["patient"], strict=True))
    others = tuple(r for k, r in parts.items() if k != agreed[0])
    return Human(parts[agreed[0]], others, patients, _times(table))


def predicted_scores(
    path: str | Path, name: str, patients: Mapping[str, str], *, only: str = "test"
) -> Readings:
    """Read scores of a network: case_id, level, tot, gg, ret; raw, whatever their range.

    Parameters
    ----------
    path : path-like
        ``scores.csv`` of 'ssc lung score' or ``predictions.csv`` of 'ssc lung train-scores'.
    name : str
        Of the network.
    patients : mapping of str to str
        Case to patient.
    only : str
        Where the table has a column ``set``, the set that counts.

    Raises
    ------
    InputError
        If a column is missing or no case is among those that people scored.
    """
    table = read_table(path)
    absent = [c for c in ("case_id", "level", *PATTERNS) if c not in table]
    if absent:
        raise InputError(f"the predictions have no column {', '.join(absent)}", source=path)
    said = []
    if "set" in table and (table["set"] == only).any():
        left = int((table["set"] != only).sum())
        table = table[table["set"] == only]
        said += [f"{left} predictions outside the {only} set were left out"] if left else []
    table = table.assign(case_id=table["case_id"].astype(str))
    known = table["case_id"].isin(list(patients))
    if not known.any():
        raise InputError("none of its cases was scored by people; write case_id alike in both", source=path)
    if not known.all():
        said.append(f"{table.loc[~known, 'case_id'].nunique()} cases that nobody scored were left out")
    table = table[known]
    if table.duplicated(["case_id", "level"]).any():
        raise InputError("a level of a case stands in several rows; keep one", source=path)
    broken = sum(
        bool(violations(*row)) for row in table[list(PATTERNS)].astype(float).itertuples(index=False)
    )
    if broken:
        said.append(f"{broken} of {len(table)} break a rule of Goh scores; used as they are")
    made = _readings(table.assign(patient=table["case_id"].map(patients)), name, "")
    return Readings(made.rater, made.session, made.table, tuple(said))


def _readings(table: pd.DataFrame, rater: str, session: str) -> Readings:
    table = table.rename(columns={"case_id": "image"})
    table = table.astype({"patient": str, "image": str, "level": int})
    table = table.astype({"level": str, **dict.fromkeys(PATTERNS, float)})
    return Readings(rater, session, table[[*_KEYS, *PATTERNS]].reset_index(drop=True))


def _times(table: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for (reader, session), part in table.groupby(["reader", "session"], sort=True):
        seconds = pd.to_numeric(part["seconds"], errors="coerce")
        case = seconds.groupby(part["case_id"]).sum(min_count=1)
        rows.append({"reader": reader, "session": session, "slices": len(part),
                     "median_seconds_per_slice": seconds.median(),
                     "median_minutes_per_case": case.median() / 60})  # fmt: skip
    return pd.DataFrame(rows)
