"""Train S-Nets on scored slices: folds beside a fixed test set, then all together on that set."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ssc_core.errors import InputError
from ssc_core.io.output import RECORD, claim
from ssc_core.io.tables import write_table
from ssc_core.lung.goh.scores import PATTERNS
from ssc_core.lung.snet.evaluate import predictions, summary
from ssc_core.lung.snet.items_known import ScoreCase, patients_of
from ssc_core.lung.snet.items_slices import Extracted, extracted
from ssc_core.lung.snet.params import ScoreTrainParams
from ssc_core.lung.snet.predict import load_scorer
from ssc_core.lung.snet.task import ScoreTask
from ssc_core.lung.snet.train_card import write_run_card
from ssc_core.lung.snet.train_data import Pool, contract_of, pool_of
from ssc_core.lung.snet.train_labels import draw_labels
from ssc_core.lung.synthesis.insertion import DEFINITION
from ssc_core.lung.synthesis.seeds import SeedBank
from ssc_core.plots.learning import learning_figure
from ssc_core.plots.style import save_figure
from ssc_core.progress import Tick, share, silent
from ssc_core.results import record_run
from ssc_core.training.devices import device_of
from ssc_core.training.fit import Fit, Show
from ssc_core.training.folds import train_folds
from ssc_core.training.params import TrainParams
from ssc_core.training.splits import Split, split_patients

__all__ = ["ScoreTraining", "train_scores"]


@dataclass(frozen=True)
class ScoreTraining:
    """A finished training.

    Parameters
    ----------
    folder : Path
        The run.
    fits : dict of int to Fit
        By fold.
    table : DataFrame
        Per set and pattern; see :func:`ssc_core.lung.snet.evaluate.summary`.
    flags : tuple of str
        What was odd about scores and slices.
    """

    folder: Path
    fits: dict[int, Fit]
    table: pd.DataFrame
    flags: tuple[str, ...]


def train_scores(
    cases: Sequence[ScoreCase],
    folder: str | Path,
    params: ScoreTrainParams | None = None,
    *,
    seeds: SeedBank | None = None,
    slices: Path | None = None,
    live: Callable[[pd.DataFrame, str], None] | None = None,
    tick: Tick = silent,
) -> ScoreTraining:
    """Train the S-Net; a run that was stopped is taken up by the same call.

    Parameters
    ----------
    cases : sequence of ScoreCase
        CTs and their scores. Patients marked ``test`` are never trained on, and `params.test` more are
        drawn. The split is by patient.
    folder : path-like
        The run: what :func:`ssc_core.training.folds.train_folds` writes, ``labels.png`` (how often each score
        occurs, and is drawn), ``predictions.csv`` (validation patients by the network of their fold, test
        patients by all), ``summary.csv``, ``card.json``.
    params : ScoreTrainParams, optional
        How.
    seeds : SeedBank, optional
        Patches of ground glass and reticulation with their patients; generated ones by default. A fold uses
        those of its training patients.
    slices : Path, optional
        Where the slices that were cut out of the CTs are kept between runs; ``slices`` in the run, removed
        at the end, by default.
    live : callable, optional
        Told the learning curve and the fold whenever validation was judged.
    tick : Tick
        Progress; raising :class:`~ssc_core.errors.Cancelled` stops, and the next call goes on.

    Returns
    -------
    ScoreTraining

    Raises
    ------
    InputError
        If cases cannot be used (all are listed), are too few, weights are missing, or the run has other
        settings.
    OutputError
        If the folder holds something else.
    """
    params = params or ScoreTrainParams()
    require_weights(params)
    run = claim(folder)
    if not (run / RECORD).exists():
        (run / RECORD).write_text("{}\n", encoding="utf-8")  # the folder is ours before the CTs are read
    data = extracted(cases, slices or run / "slices", params, share(tick, 0.0, 0.1))
    split = split_patients(
        (s.patient for s in data.slices),
        test=params.test,
        folds=params.folds,
        seed=params.seed,
        fixed_test=patients_of(cases),
    )
    pool = pool_of(data, seeds, contract_of(params, data.facts), params)
    fits = _train(run, pool, split, data, live, share(tick, 0.1, 0.95))
    rows = _judge(run, fits, pool, split, share(tick, 0.95, 1.0))
    table = summary(rows, _constants(pool, split))
    write_table(run, "predictions", rows, {"z_mm": "mm", **dict.fromkeys(PATTERNS, "%")})
    write_table(run, "summary", table, {"mae": "%", "sd": "%", "bias": "%"})
    write_run_card(run, fits, pool, split, rows, table)
    if slices is None:
        shutil.rmtree(run / "slices", ignore_errors=True)
    return ScoreTraining(run, fits, table, data.flags)


def require_weights(params: ScoreTrainParams) -> None:
    """Check that the ImageNet weights of a pretrained start are on this machine.

    Raises
    ------
    InputError
        If they are not, or there is no such backbone.
    """
    from ssc_core.models.registry import weights_of
    from ssc_core.models.snet import BACKBONES, pretrained_card

    if params.backbone not in BACKBONES:
        raise InputError(f"there is no backbone {params.backbone!r}; choose {', '.join(BACKBONES)}")
    if params.pretrained:
        try:
            weights_of(pretrained_card(params.backbone))
        except InputError as error:
            raise InputError(f"{error.message}; or start from random weights with --no-pretrained") from error


def _train(
    run: Path,
    pool: Pool,
    split: Split,
    data: Extracted,
    live: Callable[[pd.DataFrame, str], None] | None,
    tick: Tick,
) -> dict[int, Fit]:
    params = pool.params
    own = {k: v for k, v in params.model_dump(mode="json").items() if k not in TrainParams.model_fields}
    del own["only_fold"]
    told = "none" if not params.synthesis else "generated" if pool.seeds is None else pool.seeds.digest
    record = record_run(
        "lung train-scores",
        {**params.model_dump(mode="json"), "synthetic scores": DEFINITION, "seed patches": told},
        data.digests,
        seed=params.seed,
        device=str(device_of(params.device)),
        warnings=data.flags,
    )
    draw_labels(run / "labels.png", pool, split.train(0))
    return train_folds(
        ScoreTask(params.backbone, params.stem, params.pretrained),
        pool.items,
        split,
        run,
        TrainParams(**{name: getattr(params, name) for name in TrainParams.model_fields}),
        record=record.to_json(),
        folds=[params.only_fold] if params.only_fold else None,
        draws_of=pool.draws,
        identity={**own, "data": data.digests, "seeds": told},
        facts={"input": pool.contract.model_dump(mode="json")},
        show=_show(live),
        tick=tick,
    )


def _show(live: Callable[[pd.DataFrame, str], None] | None) -> Show:
    def show(curve: pd.DataFrame, folder: Path) -> None:
        save_figure(learning_figure(curve, ScoreTask.monitor, "%"), folder / "curve.png")
        if live is not None:
            live(curve, folder.name.replace("-", " "))

    return show


def _judge(run: Path, fits: dict[int, Fit], pool: Pool, split: Split, tick: Tick) -> pd.DataFrame:
    """Validation patients by the network of their fold, test patients by all networks together."""
    rows: list[dict[str, Any]] = []
    scorers = {n: load_scorer(fit.weights, pool.params.device) for n, fit in fits.items()}
    for i, (number, scorer) in enumerate(scorers.items()):
        part = share(tick, i / (len(scorers) + 1), (i + 1) / (len(scorers) + 1))
        held_out = [s for p in split.folds[number - 1] for s in pool.by_patient[p]]
        rows += predictions(held_out, scorer, "validation", part)
    nets = tuple(net for scorer in scorers.values() for net in scorer.networks)
    every = replace(next(iter(scorers.values())), networks=nets)
    test = [s for p in split.test for s in pool.by_patient[p]]
    rows += predictions(test, every, "test", share(tick, len(scorers) / (len(scorers) + 1), 1.0))
    return pd.DataFrame(rows)


def _constants(pool: Pool, split: Split) -> list[float]:
    """Median of each pattern over the patients outside the test set."""
    known = [s.scores for g in split.folds for p in g for s in pool.by_patient[p] if s.offset == 0]
    return [float(v) for v in np.median(np.asarray(known), axis=0)]
