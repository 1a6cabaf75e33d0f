"""Files in, files out: recalibration from two tables, change from two result folders."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from ssc_core.io.digest import file_digest
from ssc_core.io.output import RECORD, staged
from ssc_core.io.tables import read_table, write_table
from ssc_core.lung.evaluation.readings import human_scores, predicted_scores
from ssc_core.lung.goh.change import change_of, read_scored
from ssc_core.lung.goh.recalibration import Form, Recalibration, fit_recalibration
from ssc_core.lung.goh.scores import PATTERNS
from ssc_core.plots.goh import change_figure, recalibration_figure
from ssc_core.plots.style import save_figure
from ssc_core.results import record_run

__all__ = ["compare_results", "recalibrate_tables"]

_KEYS = ["image", "level"]


def recalibrate_tables(
    scores: str | Path, readings: str | Path, out: str | Path, *, form: Form = "linear"
) -> Recalibration:
    """Fit a recalibration from a table of scores and one of readings, and write it with its picture.

    Parameters
    ----------
    scores : path-like
        ``scores.csv`` of ``ssc lung score MANIFEST``; raw scores are taken.
    readings : path-like
        Human scores, see :func:`ssc_core.lung.evaluation.readings.human_scores`.
    out : path-like
        Folder for ``recalibration.json``, ``recalibration.csv``, ``recalibration.png``, ``run.json``.
    form : {"linear", "monotone"}
        Of the curves.

    Raises
    ------
    InputError
        If the tables do not go together, or hold too few pairs.
    """
    human = human_scores(readings)
    given = read_table(scores)
    raw = {f"raw_{p}": p for p in PATTERNS if f"raw_{p}" in given}
    who = str(given["scorer"].iloc[0]) if "scorer" in given and given["scorer"].nunique() == 1 else "unknown"
    with staged(out) as folder:
        plain = folder / "pairs.csv"
        given.drop(columns=list(raw.values())).rename(columns=raw).to_csv(plain, index=False)
        network = predicted_scores(plain, who, human.patients)
        pairs = network.table.merge(human.consensus.table, on=_KEYS, suffixes=("", "_reader"))
        ours, theirs = (pairs[[p + s for p in PATTERNS]].to_numpy(float) for s in ("", "_reader"))
        made = fit_recalibration(ours, theirs, pairs["patient"].tolist(), scorer=who, form=form)
        pairs.to_csv(plain, index=False, lineterminator="\n")
        (folder / "recalibration.json").write_text(made.to_json(), encoding="utf-8")
        write_table(folder, "recalibration", made.table())
        save_figure(recalibration_figure(pairs, made.curves), folder / "recalibration.png")
        inputs = {"scores": file_digest(scores), "readings": file_digest(readings)}
        record = record_run("lung recalibrate", {"form": form, "scorer": who}, inputs)
        (folder / RECORD).write_text(record.to_json(), encoding="utf-8")
    return made


def compare_results(
    first: str | Path, second: str | Path, out: str | Path, *, repeats: str | Path | None = None
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Change between two result folders, written as ``change.csv``, ``change.png`` and ``run.json``.

    Parameters
    ----------
    first, second : path-like
        Results of ``ssc lung score``, the earlier CT first.
    out : path-like
        Folder.
    repeats : path-like, optional
        Table of patients scanned twice, see :func:`ssc_core.lung.goh.change.detectable`.

    Returns
    -------
    table, flags
        As :func:`ssc_core.lung.goh.change.change_of`.

    Raises
    ------
    InputError
        If the results cannot be compared.
    """
    before, after = read_scored(first), read_scored(second)
    table, flags = change_of(before, after, None if repeats is None else read_table(repeats))
    files = {"first": Path(first) / RECORD, "second": Path(second) / RECORD}
    inputs = {name: file_digest(path) for name, path in files.items()}
    if repeats is not None:
        inputs["repeats"] = file_digest(repeats)
    with staged(out) as folder:
        write_table(folder, "change", table)
        if len(before.profile) > 1 and len(after.profile) > 1:
            tot = table.set_index("measure").loc["volume_tot"]
            note = f"volume-weighted TOT {tot['first']:.1f} % and {tot['second']:.1f} %"
            save_figure(change_figure(before.profile, after.profile, note), folder / "change.png")
        record = record_run("lung change", {"scorer": before.scorer}, inputs, warnings=flags)
        (folder / RECORD).write_text(record.to_json(), encoding="utf-8")
    return table, flags
