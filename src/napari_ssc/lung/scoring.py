"""Scoring the lungs of the panel as ``ssc lung score`` does, with the levels that a reader moved."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from ssc_core.errors import InputError
from ssc_core.lung.drawn_levels import write_drawn_levels
from ssc_core.lung.goh.cascade import score_lungs, with_inputs
from ssc_core.lung.goh.engines import scorer_of
from ssc_core.lung.goh.recalibration import read_recalibration
from ssc_core.lung.goh.staging import stage_of
from ssc_core.lung.levels import Level
from ssc_core.lung.lnet.case import KnownLevels, read_levels
from ssc_core.lung.reading.table import COLUMNS, read_scores, write_scores
from ssc_core.progress import Tick

__all__ = ["known_levels", "merge_scores", "restaged", "scored"]


def scored(lung: Any, levels: Sequence[Level], params: Any, fvc: float | None, tick: Tick) -> Any:
    """A GohResult; to be run off the GUI thread.

    Parameters
    ----------
    lung : LungResult
        Of the last run.
    levels : sequence of Level
        As they are now; those that a reader moved count.
    params : GohParams
        With the lung parameters of that run.
    fvc : float or None
        Percent of predicted.
    tick : Tick
        Progress.
    """
    tick(0.0, 1.0, "loading the scorer")
    scorer = scorer_of(params.scorer, params.device)
    recalibration = read_recalibration(params.recalibrate) if params.recalibrate else None
    moved = any(now is not found for now, found in zip(levels, lung.levels, strict=True))
    given = known_levels(levels) if moved else None
    result = score_lungs(
        lung, scorer, params, levels=given, fvc_percent=fvc, recalibration=recalibration, tick=tick
    )
    return with_inputs(result, lung.record)


def restaged(result: Any, fvc: float | None) -> Any:
    """The same scores with the stage that follows from another FVC."""
    tot = result.patient["tot"]
    told = {**result.record.parameters, "fvc_percent": fvc}
    return replace(
        result,
        stage=stage_of(tot.value, fvc, low=tot.low, high=tot.high),
        record=replace(result.record, parameters=told),
    )


def known_levels(levels: Sequence[Level]) -> KnownLevels:
    """Levels exactly as the command line reads them from the table that *Save levels* writes."""
    with tempfile.TemporaryDirectory() as folder:
        return read_levels(write_drawn_levels(levels, Path(folder) / "levels.csv"))


def merge_scores(rows: Sequence[dict[str, Any]], path: Path) -> pd.DataFrame:
    """Add rows to a table of scores, or write a new one; a score that stands there already is replaced.

    Raises
    ------
    InputError, FormatError
        If the file is no table of scores.
    """
    if path.suffix.lower() != ".csv":
        raise InputError("scores are written as .csv; name the file so", source=path)
    new = pd.DataFrame(rows, columns=list(COLUMNS))
    if path.exists():
        old = read_scores(path)
        key = ["case_id", "level", "reader", "session"]
        known = {tuple(map(str, k)) for k in new[key].itertuples(index=False)}
        keep = [tuple(map(str, k)) not in known for k in old[key].itertuples(index=False)]
        if any(keep):
            new = pd.concat([old[keep], new.astype(old.dtypes.to_dict())], ignore_index=True)
    new = new.sort_values(["case_id", "reader", "session", "level"], ignore_index=True)
    write_scores(new, path)
    return new
