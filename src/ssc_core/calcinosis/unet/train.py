"""Train a phalanx U-Net on drawn phalanges, split by patient; judge it on whole images."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ssc_core.calcinosis.unet.contract import Contract
from ssc_core.calcinosis.unet.cubes import CubeItems, WholeCubes
from ssc_core.calcinosis.unet.drawn import Drawn, DrawnCase, open_drawn
from ssc_core.calcinosis.unet.items import TrainItems, WholeItems
from ssc_core.calcinosis.unet.params import UnetTrainParams
from ssc_core.calcinosis.unet.predict import open_segmenter
from ssc_core.calcinosis.unet.score import dice_of
from ssc_core.calcinosis.unet.task import PhalanxTask
from ssc_core.errors import EmptyError, InputError
from ssc_core.plots.learning import learning_figure
from ssc_core.plots.style import save_figure
from ssc_core.progress import Tick, share, silent, track
from ssc_core.results import RunRecord, record_run
from ssc_core.training.card import write_card
from ssc_core.training.fit import Fit
from ssc_core.training.folds import train_folds
from ssc_core.training.splits import Split, split_patients
from ssc_core.training.task import Items

__all__ = ["train"]

SCORES = "dice.csv"
_LIMITS = (
    "Judged on the images of this run only. Outside the kind of scanner, pixel size and posture that it was "
    "trained on nothing is known."
)


def train(
    cases: Sequence[DrawnCase],
    folder: str | Path,
    params: UnetTrainParams | None = None,
    *,
    folds: Sequence[int] = (1,),
    start: str | Path | None = None,
    tick: Tick = silent,
) -> pd.DataFrame:
    """Train, or go on where an earlier call in the same folder was stopped.

    Parameters
    ----------
    cases : sequence of DrawnCase
        Rows of the manifest.
    folder : path-like
        The run: ``run.json``, ``split.csv``, ``fold-N`` (weights, curve), ``dice.csv``, ``card.json``.
    params : UnetTrainParams, optional
        How.
    folds : sequence of int
        Which folds are trained, counted from 1.
    start : str or path-like, optional
        Weights to begin with: a model's name, or a ``.safetensors`` file of an earlier training.
    tick : Tick
        Progress.

    Returns
    -------
    pandas.DataFrame
        Dice of whole images at their own pixels: fold, set ("validation" or "test"), image (number in the
        manifest, counted from 1), distal, middle, proximal, bone. NaN where a phalanx is not in the image.

    Raises
    ------
    EmptyError
        If no image is left.
    InputError, FormatError, GeometryError
        As :func:`~ssc_core.calcinosis.unet.drawn.open_drawn`,
        :func:`~ssc_core.training.splits.split_patients` and :func:`~ssc_core.training.folds.train_folds`.
    """
    params = params or UnetTrainParams()
    used = [(i, c) for i, c in enumerate(cases, 1) if c.confirmed or not params.confirmed_only]
    if not used:
        raise EmptyError("no image was confirmed by a second reader; leave out --confirmed-only")
    patients = [c.patient for _, c in used]
    split = split_patients(patients, test=params.test_patients, folds=params.folds, seed=params.seed)
    drawn = {
        i: open_drawn(case) for i, case in track(used, share(tick, 0.0, 0.02), "reading drawn phalanges")
    }
    contract = Contract(params.grid_mm)
    ndim = _ndim_of(drawn.values())

    def items_of(chosen: Sequence[str], training: bool) -> Items:
        some = [d for d in drawn.values() if d.patient in set(chosen)]
        if training:
            return (TrainItems if ndim == 2 else CubeItems)(some, contract, params)
        return (WholeItems if ndim == 2 else WholeCubes)(some, contract, 2**params.depth)

    task = PhalanxTask(params, ndim=ndim)
    first = None if start is None else open_segmenter(start)
    if first is not None:
        task = PhalanxTask(params, first.weights(task.architecture), ndim)
    begun = {} if first is None else {first.name: first.sha256}
    identity = {"data": sorted(d.digest for d in drawn.values()), **({"start": begun} if begun else {})}
    fits = train_folds(
        task,
        items_of,
        split,
        folder,
        params,
        record=_record(params, used, drawn, begun).to_json(),
        folds=folds,
        identity=identity,
        facts=contract.facts(),
        show=lambda curve, place: save_figure(learning_figure(curve, task.monitor), place / "curve.png"),
        tick=share(tick, 0.02, 0.98),
    )
    table = _scores(fits, split, drawn, share(tick, 0.98, 1.0))
    run = Path(folder)
    table.to_csv(run / SCORES, index=False, float_format="%.6g", lineterminator="\n")
    _card(run, fits, table, task, contract, params, [c for _, c in used])
    return table


def _ndim_of(drawn: Iterable[Drawn]) -> int:
    """2 for images, 3 for volumes."""
    found = {d.hu.ndim for d in drawn}
    if len(found) > 1:
        raise InputError("the manifest holds images and volumes; a network learns one of them, part them")
    return found.pop()


def _scores(fits: dict[int, Fit], split: Split, drawn: dict[int, Drawn], tick: Tick) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    todo = [(n, i) for n in fits for i, d in drawn.items() if d.patient not in split.train(n - 1)]
    opened: dict[int, Any] = {}
    for number, i in track(todo, tick, "judging whole images"):
        if number not in opened:
            opened = {number: open_segmenter(fits[number].weights)}
        one = drawn[i]
        guess = opened[number].classes(one.hu, one.spacing)
        kind = "test" if one.patient in split.test else "validation"
        rows.append({"fold": number, "set": kind, "image": i, **dice_of(guess, one.labels)})
    return pd.DataFrame(rows, columns=["fold", "set", "image", "distal", "middle", "proximal", "bone"])


def _record(
    params: UnetTrainParams,
    used: Sequence[tuple[int, DrawnCase]],
    drawn: dict[int, Drawn],
    begun: dict[str, str],
) -> RunRecord:
    inputs = {f"image {i}": drawn[i].digest for i, _ in used}
    unsure = sum(not c.confirmed for _, c in used)
    warnings = (f"{unsure} of {len(used)} drawings were confirmed by nobody else",) if unsure else ()
    settings = params.model_dump(mode="json")
    return record_run(
        "calcinosis train", settings, inputs, seed=params.seed, warnings=warnings, weights=begun
    )


def _card(
    run: Path,
    fits: dict[int, Fit],
    table: pd.DataFrame,
    task: PhalanxTask,
    contract: Contract,
    params: UnetTrainParams,
    cases: Sequence[DrawnCase],
) -> None:
    names = ["distal", "middle", "proximal", "bone"]
    figures: dict[str, Any] = {}
    for (fold, kind), some in table.groupby(["fold", "set"]):
        means = {n: _rounded(some[n]) for n in names}
        figures[f"fold {fold}, {kind}"] = {"images": len(some), "mean Dice": means}
    readers = sorted({c.drawn_by for c in cases if c.drawn_by})
    confirmed = sum(c.confirmed for c in cases)
    write_card(
        run,
        {f"fold-{n}": f.weights for n, f in fits.items()},
        task=f"phalanges in finger CT {'images' if task.ndim == 2 else 'volumes'}",
        architecture=task.architecture,
        input=contract.facts()["input"],
        outputs=", ".join(contract.facts()["classes"]),
        training_data=(
            f"{len(cases)} images of {len({c.patient for c in cases})} patients, drawn by {len(readers)} "
            f"reader(s), {confirmed} confirmed by a second one; each with {params.rotations} turned copies"
        ),
        figures=figures,
        limits=_LIMITS,
        seed=params.seed,
    )


def _rounded(values: pd.Series) -> float | None:
    mean = float(np.nanmean(values)) if values.notna().any() else None
    return None if mean is None else round(mean, 4)
