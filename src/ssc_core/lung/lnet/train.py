"""Train L-Nets on CTs with known levels: folds beside a fixed test set, then all together on that set."""

from __future__ import annotations

import math
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from ssc_core.io.output import claim
from ssc_core.io.tables import write_table
from ssc_core.lung.lnet.case import KnownLevels, LevelCase
from ssc_core.lung.lnet.contract import contract_of
from ssc_core.lung.lnet.evaluate import error_90, predictions, readings, summary
from ssc_core.lung.lnet.gridding import gridded
from ssc_core.lung.lnet.items import Gridded, LevelItems
from ssc_core.lung.lnet.params import LevelTrainParams
from ssc_core.lung.lnet.task import LevelTask
from ssc_core.lung.lnet.weights import load_level_nets
from ssc_core.plots.learning import learning_figure
from ssc_core.plots.style import save_figure
from ssc_core.progress import Tick, share, silent
from ssc_core.results import record_run
from ssc_core.training.card import write_card
from ssc_core.training.devices import device_of
from ssc_core.training.fit import Fit
from ssc_core.training.folds import train_folds
from ssc_core.training.params import TrainParams
from ssc_core.training.splits import Split, split_patients

__all__ = ["LevelTraining", "train_levels"]

_ENSEMBLE = "every crop of every fold's network votes on a test CT; the median of all votes is its level"
_LIMITS = (
    "Not for clinical use. The figures hold for CTs like those it was trained on; levels of another scanner, "
    "reach or population may lie elsewhere. The spread of the votes is no error bound."
)
_UNITS = {"true_z_mm": "mm", "z_mm": "mm", "error_mm": "mm", "spacing_mm": "mm", "spread_mm": "mm"}


@dataclass(frozen=True)
class LevelTraining:
    """A finished training.

    Parameters
    ----------
    folder : Path
        The run.
    fits : dict of int to Fit
        By fold.
    table : DataFrame
        Per set and level: n, MAE, SD, bias, ICC; see :func:`ssc_core.lung.lnet.evaluate.summary`.
    """

    folder: Path
    fits: dict[int, Fit]
    table: pd.DataFrame


def train_levels(
    cases: Sequence[LevelCase],
    folder: str | Path,
    params: LevelTrainParams | None = None,
    *,
    tick: Tick = silent,
) -> LevelTraining:
    """Train the L-Net; a run that was stopped is taken up by the same call.

    Parameters
    ----------
    cases : sequence of LevelCase
        CTs and their level tables. Patients marked ``test`` are never trained on, and `params.test` more are
        drawn. The split is by patient.
    folder : path-like
        The run: what :func:`ssc_core.training.folds.train_folds` writes, ``predictions.csv`` (validation
        patients by the network of their fold, test patients by all), ``levels.csv`` (MAE, SD, bias, ICC per
        level), ``reference.csv`` and ``network.csv`` (the test set, for ``ssc agree --kind position``),
        ``card.json``. While it runs, ``grid/`` holds the resampled CTs.
    params : LevelTrainParams, optional
        How.
    tick : Tick
        Progress; raising :class:`~ssc_core.errors.Cancelled` stops, and the next call goes on.

    Returns
    -------
    LevelTraining

    Raises
    ------
    InputError
        If cases cannot be used (all are listed), are too few, or the run has other settings.
    OutputError
        If the folder holds something else.
    """
    params = params or LevelTrainParams()
    run = _claimed(folder)
    contract = contract_of(params.network)
    grids, digests, known = gridded(cases, contract, run / "grid", share(tick, 0.0, 0.05))
    fixed = {case.who for case in cases if case.set == "test"}
    split = split_patients(
        (g.patient for g in grids), test=params.test, folds=params.folds, seed=params.seed, fixed_test=fixed
    )
    reach = _reach(grids, split)
    contract = contract.model_copy(update={"reach_mm": reach})
    device = device_of(params.device)
    record = record_run(
        "lung train-levels", params.model_dump(mode="json"), digests, seed=params.seed, device=str(device)
    )
    by_patient = _by_patient(grids)

    def items_of(patients: Sequence[str], training: bool) -> LevelItems:
        chosen = [g for p in patients for g in by_patient[p]]
        more = {"noise_hu": params.noise_hu, "shift": params.shift} if training else {}
        return LevelItems(chosen, contract, **more)

    own = {name: getattr(params, name) for name in ("loss_in", "noise_hu", "shift")}
    fits = train_folds(
        LevelTask(params.network, params.loss_in),
        items_of,
        split,
        run,
        TrainParams(**{name: getattr(params, name) for name in TrainParams.model_fields}),
        record=record.to_json(),
        folds=[params.only_fold] if params.only_fold else None,
        identity={**own, "data": digests},
        facts={"input": contract.model_dump(mode="json")},
        show=_draw,
        tick=share(tick, 0.05, 0.95),
    )
    rows = _judge(run, fits, by_patient, split, params, share(tick, 0.95, 1.0))
    table = summary(rows)
    write_table(run, "predictions", rows, _UNITS)
    judged = rows[rows["set"] == ("test" if split.test else "validation")]
    for name, reading in zip(("reference", "network"), readings(judged), strict=True):
        reading.to_csv(run / f"{name}.csv", index=False, float_format="%.9g", lineterminator="\n")
    write_table(run, "levels", table, {"mae_mm": "mm", "sd_mm": "mm", "bias_mm": "mm"})
    figures: dict[str, Any] = {
        "error_mm_90": [None if math.isnan(v) else v for v in error_90(rows[rows["set"] == "validation"])],
        "levels": table.round(4).astype(object).where(table.notna(), None).to_dict("records"),
        "folds": {str(n): {"epoch": f.best_epoch, "mae_mm": f.best_value} for n, f in fits.items()},
    }
    write_card(
        run,
        {f"fold-{n}": f.weights for n, f in fits.items()},
        task="craniocaudal position of the five Goh levels (L-Net)",
        architecture=f"lnet:{params.network}",
        input=contract.model_dump(mode="json"),
        outputs="slice numbers of levels 1-5, from the bottom of the crop",
        training_data=_told(grids, known, split),
        figures=figures,
        ensemble=_ENSEMBLE,
        limits=_LIMITS,
        seed=params.seed,
    )
    shutil.rmtree(run / "grid", ignore_errors=True)
    return LevelTraining(run, fits, table)


def _claimed(folder: str | Path) -> Path:
    """Claim the run's folder before the CTs are read, and mark it as ours."""
    run = claim(folder)
    record = run / "run.json"
    if not record.exists():
        record.write_text("{}\n", encoding="utf-8")
    return run


def _by_patient(grids: Sequence[Gridded]) -> dict[str, list[Gridded]]:
    out: dict[str, list[Gridded]] = {}
    for each in grids:
        out.setdefault(each.patient, []).append(each)
    return out


def _reach(grids: Sequence[Gridded], split: Split) -> tuple[float, float]:
    reach = [g.heights.reach_mm for g in grids if g.patient not in split.test]
    return round(min(reach), 1), round(max(reach), 1)


def _draw(curve: pd.DataFrame, folder: Path) -> None:
    save_figure(learning_figure(curve, LevelTask.monitor, "mm"), folder / "curve.png")


def _judge(
    run: Path,
    fits: dict[int, Fit],
    by_patient: dict[str, list[Gridded]],
    split: Split,
    params: LevelTrainParams,
    tick: Tick,
) -> pd.DataFrame:
    """Validation patients by the network of their fold, test patients by all networks together."""

    def of(patients: Sequence[str]) -> list[Gridded]:
        return [g for p in patients for g in by_patient[p]]

    rows: list[dict[str, Any]] = []
    nets = [load_level_nets(fit.weights, device=params.device) for fit in fits.values()]
    for i, (number, one) in enumerate(zip(fits, nets, strict=True)):
        part = share(tick, i / (len(nets) + 1), (i + 1) / (len(nets) + 1))
        rows += predictions(of(split.folds[number - 1]), one, "validation", params.step, part)
    every = replace(nets[0], networks=tuple(net for one in nets for net in one.networks))
    rows += predictions(
        of(split.test), every, "test", params.step, share(tick, len(nets) / (len(nets) + 1), 1.0)
    )
    return pd.DataFrame(rows)


def _told(grids: Sequence[Gridded], known: Sequence[KnownLevels], split: Split) -> str:
    methods = Counter(m for k in known for m in k.methods if m)
    sources = ", ".join(f"{n} {m}" for m, n in sorted(methods.items())) or "not told"
    folds = ", ".join(str(len(f)) for f in split.folds)
    return (
        f"{len(grids)} CTs of {len({g.patient for g in grids})} patients: {len(split.test)} for testing, "
        f"folds of {folds}; how the levels were found: {sources}"
    )
