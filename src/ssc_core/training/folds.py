"""Train once per fold of a split by patient, in one run folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ssc_core.errors import InputError
from ssc_core.io.output import RECORD, claim
from ssc_core.progress import Tick, share, silent
from ssc_core.training.fit import Fit, Show, fit
from ssc_core.training.params import TrainParams
from ssc_core.training.sampling import Draws
from ssc_core.training.splits import Split
from ssc_core.training.state import replace_file
from ssc_core.training.task import Items, Task

__all__ = ["fold_folder", "train_folds"]

ItemsOf = Callable[[Sequence[str], bool], Items]
"""From patients and whether they train to their items."""


def train_folds(
    task: Task,
    items_of: ItemsOf,
    split: Split,
    folder: str | Path,
    params: TrainParams,
    *,
    record: str,
    folds: Sequence[int] | None = None,
    draws_of: Callable[[Items], Draws] | None = None,
    identity: Mapping[str, Any] | None = None,
    facts: Mapping[str, Any] | None = None,
    show: Show | None = None,
    tick: Tick = silent,
) -> dict[int, Fit]:
    """Train the chosen folds one after the other; finished ones are passed over, a stopped one is taken up.

    Parameters
    ----------
    task : Task
        What is learned.
    items_of : callable
        ``items_of(patients, training)`` gives the items of some patients.
    split : Split
        Its test patients are never asked for here.
    folder : path-like
        The run: ``run.json``, ``split.csv`` and one ``fold-N`` each.
    params : TrainParams
        How.
    record : str
        Content of ``run.json`` (:meth:`ssc_core.results.RunRecord.to_json`).
    folds : sequence of int, optional
        Which folds, counted from 1; all by default.
    draws_of : callable, optional
        Sampler of a training set; each item once per epoch by default.
    identity, facts, show, tick
        As in :func:`ssc_core.training.fit.fit`.

    Returns
    -------
    dict of int to Fit
        By number of the fold, from 1.

    Raises
    ------
    OutputError
        If the folder holds something else.
    InputError
        If there is no such fold, or as :func:`ssc_core.training.fit.fit`.
    """
    chosen = list(range(1, len(split.folds) + 1)) if folds is None else sorted(set(folds))
    wrong = [n for n in chosen if not 1 <= n <= len(split.folds)]
    if wrong or not chosen:
        raise InputError(f"there is no fold {wrong[:1]}; choose from 1 to {len(split.folds)}")
    run = claim(folder)
    replace_file(run / RECORD, record.encode())
    lines = ["patient,set", *(f"{patient},{group}" for patient, group in split.rows())]
    replace_file(run / "split.csv", ("\n".join(lines) + "\n").encode())
    done: dict[int, Fit] = {}
    for i, number in enumerate(chosen):
        train = items_of(split.train(number - 1), True)
        done[number] = fit(
            task,
            train,
            items_of(split.folds[number - 1], False),
            fold_folder(run, number),
            params,
            draws=None if draws_of is None else draws_of(train),
            identity={**(identity or {}), "fold": number, "split": split.rows()},
            facts=facts,
            show=show,
            tick=share(tick, i / len(chosen), (i + 1) / len(chosen)),
        )
    return done


def fold_folder(run: str | Path, number: int) -> Path:
    """Folder of one fold, counted from 1."""
    return Path(run) / f"fold-{number}"
