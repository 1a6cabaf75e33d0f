"""Train the starter: healthy slices, a pool of samples, the network; or the baseline on the same pool."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from ssc_core.io.digest import file_digest
from ssc_core.io.output import claim
from ssc_core.lung.extent.healthy import HealthyCase, HealthySlice, from_ct, from_phantoms
from ssc_core.lung.extent.params import StarterTrainParams
from ssc_core.lung.extent.pool import Pool, PoolItems, make_pool
from ssc_core.lung.extent.task import ExtentTask
from ssc_core.plots.learning import learning_figure
from ssc_core.plots.style import save_figure
from ssc_core.progress import Tick, share, silent
from ssc_core.results import record_run
from ssc_core.seeds import seed_of
from ssc_core.training.fit import Fit, fit
from ssc_core.training.params import TrainParams

__all__ = ["pools", "train_starter"]

_TRAIN_PHANTOMS, _VALID_PHANTOMS = 1000, 2000
VALID_PERSONS = 14


def train_starter(
    cases: Sequence[HealthyCase],
    folder: str | Path,
    params: StarterTrainParams | None = None,
    *,
    start: str | Path | None = None,
    tick: Tick = silent,
) -> Fit:
    """Train, or go on where an earlier call in the same folder was stopped.

    Parameters
    ----------
    cases : sequence of HealthyCase
        CTs that were read as healthy, at least where the rows say; may be empty (phantoms alone).
    folder : path-like
        The run: ``run.json``, ``train`` and ``valid`` (the samples), ``fit`` (weights, curve).
    params : StarterTrainParams, optional
        How.
    start : path-like, optional
        Weights of an earlier training to begin with instead of random ones.
    tick : Tick
        Progress.

    Returns
    -------
    Fit

    Raises
    ------
    InputError, EmptyError, GeometryError, FormatError
        If a CT cannot be used or the run has other settings.
    OutputError
        If the folder holds something else.
    """
    params = params or StarterTrainParams()
    run = _claimed(folder)
    train, valid = pools(cases, run, params, share(tick, 0.0, 0.1))
    inputs = {f"{name} labels": file_digest(run / name / "labels.npy") for name in ("train", "valid")}
    if start is not None:
        inputs["start"] = file_digest(start)
    record = record_run("lung train-starter", params.model_dump(mode="json"), inputs, seed=params.seed)
    (run / "run.json").write_text(record.to_json() + "\n", encoding="utf-8")
    task = ExtentTask(params.head, start)
    return fit(
        task,
        PoolItems(train, range(len(train)), params.seed),
        PoolItems(valid, range(len(valid)), params.seed),
        run / params.head,
        TrainParams(**{name: getattr(params, name) for name in TrainParams.model_fields}),
        draws=lambda rng: rng.permutation(len(train))[: params.per_epoch],
        identity={"data": inputs, "per_epoch": params.per_epoch},
        show=lambda curve, place: _draw(curve, place),
        tick=share(tick, 0.1, 1.0),
    )


def pools(
    cases: Sequence[HealthyCase], run: Path, params: StarterTrainParams, tick: Tick = silent
) -> tuple[Pool, Pool]:
    """The samples for training and validation; made if they are not in the run's folder yet.

    Validation samples lie in phantoms of other persons; no CT is in both.
    """
    wanted = {"train": params.samples, "valid": params.valid_samples}
    out = []
    for k, (name, count) in enumerate(wanted.items()):
        part = share(tick, k / 2, (k + 1) / 2)
        folder = run / name
        bases: list[HealthySlice] = []
        if not (folder / "labels.npy").is_file():
            first, persons = (
                (_TRAIN_PHANTOMS, params.phantoms) if k == 0 else (_VALID_PHANTOMS, VALID_PERSONS)
            )
            for i, case in enumerate(cases if k == 0 else ()):
                bases += from_ct(case, share(part, 0.1 * i / len(cases), 0.1 * (i + 1) / len(cases)))
            bases += from_phantoms(range(first, first + persons), params.seed, share(part, 0.1, 0.3))
        seed = seed_of(params.seed, name)
        out.append(
            Pool(folder)
            if not bases
            else make_pool(bases, count, folder, seed=seed, real=params.real, tick=share(part, 0.3, 1.0))
        )
    return out[0], out[1]


def _claimed(folder: str | Path) -> Path:
    run = claim(folder)
    record = run / "run.json"
    if not record.exists():
        record.write_text("{}\n", encoding="utf-8")
    return run


def _draw(curve: pd.DataFrame, folder: Path) -> None:
    save_figure(learning_figure(curve, ExtentTask.monitor, "percent points"), folder / "curve.png")
