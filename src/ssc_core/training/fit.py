"""Train one network, so that a run that was stopped goes on as if it had not been."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ssc_core.errors import EmptyError, InputError
from ssc_core.progress import Tick, silent
from ssc_core.training.learner import BEST, CURVE, LAST, Learner
from ssc_core.training.params import TrainParams
from ssc_core.training.sampling import Draws, shuffled
from ssc_core.training.task import Items, Task

__all__ = ["BEST", "CURVE", "LAST", "Fit", "Show", "fit"]

Show = Callable[[pd.DataFrame, Path], None]
"""Draws the learning curve so far into a folder; called whenever the validation set was judged."""


@dataclass(frozen=True)
class Fit:
    """A finished training.

    Parameters
    ----------
    weights : Path
        ``best.safetensors``: the network of the best epoch, with its facts in the header.
    best_epoch : int
        Counted from 1.
    best_value : float
        The monitored metric there.
    curve : DataFrame
        One row per epoch: epoch, learning_rate, train_loss, valid_* (NaN where not judged), best.
    """

    weights: Path
    best_epoch: int
    best_value: float
    curve: pd.DataFrame


def fit(
    task: Task,
    train: Items,
    valid: Items,
    folder: str | Path,
    params: TrainParams | None = None,
    *,
    draws: Draws | None = None,
    identity: Mapping[str, Any] | None = None,
    facts: Mapping[str, Any] | None = None,
    show: Show | None = None,
    tick: Tick = silent,
) -> Fit:
    """Train a network and keep its best epoch; go on where an earlier call in the same folder was stopped.

    Parameters
    ----------
    task : Task
        Network, loss and judgement.
    train, valid : Items
        Disjoint sets.
    folder : path-like
        Holds ``last.safetensors`` (everything needed to go on, renewed after each epoch),
        ``best.safetensors`` (weights alone) and ``curve.csv``. Made if it does not exist.
    params : TrainParams, optional
        How.
    draws : Draws, optional
        Which items an epoch sees; each once by default (see :mod:`ssc_core.training.sampling`).
    identity : mapping, optional
        What else must be the same to go on (digest of the data, number of the fold). JSON values.
    facts : mapping, optional
        What shall stand in the header of the weights beside architecture, epoch and metric: the input
        contract, so that the file can be used alone. JSON values.
    show : callable, optional
        Draws the curve.
    tick : Tick
        Called before every batch; raising :class:`~ssc_core.errors.Cancelled` stops at once and loses the
        epoch that was under way, nothing else.

    Returns
    -------
    Fit

    Raises
    ------
    EmptyError
        If a set is empty.
    InputError
        If the folder holds a run with other settings, the loss stops being a number, or the device does not
        exist.
    OutputError
        If a checkpoint cannot be written; the one before it stays.

    Notes
    -----
    On one machine, equal inputs give equal bytes whatever the number of workers and however often the run was
    stopped. Another number of torch threads, another processor or GPU may change the last digits.
    """
    params = params or TrainParams()
    for name, items in (("training", train), ("validation", valid)):
        if not len(items):
            raise EmptyError(f"the {name} set is empty; add items or change the split")
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    sizes = {"train_items": len(train), "valid_items": len(valid)}
    learner = Learner(task, params, folder, {**sizes, **(identity or {})}, dict(facts or {}))
    learner.resume()
    draws = draws or shuffled(len(train))
    while not learner.finished:
        judged = learner.epoch(train, valid, draws, tick)
        if judged and show is not None:
            show(learner.curve, folder)
    if learner.best is None:
        raise InputError(f"the validation set gave no {task.monitor}; check its labels", source=folder)
    tick(1, 1, "training")
    return Fit(folder / BEST, learner.best["epoch"], learner.best["value"], learner.curve)
