"""From a training run to one file: half precision, contract and intervals in its header."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ssc_core.lung.extent.baseline import BaselineScorer, fit_baseline, save_baseline
from ssc_core.lung.extent.calibrate import calibrate
from ssc_core.lung.extent.contract import ExtentContract
from ssc_core.lung.extent.features import features
from ssc_core.lung.extent.held_out import HeldOut
from ssc_core.lung.extent.look import draw_look, jittered, looked
from ssc_core.lung.extent.pool import Pool
from ssc_core.lung.extent.sample import LUNG, targets_of
from ssc_core.lung.extent.scorer import ExtentScorer
from ssc_core.lung.goh.intervals import Intervals, fit_intervals
from ssc_core.lung.goh.scorer import SliceScorer
from ssc_core.progress import Tick, silent, track
from ssc_core.seeds import seed_of
from ssc_core.training.state import read_state, write_state
from ssc_core.training.task import Items

__all__ = ["baseline_rows", "intervals_of", "pack_baseline", "pack_network", "scored"]

_SOURCE = "synthetic lesions of other textures in lungs that were not trained on; no reader's scores"


def scored(scorer: SliceScorer, items: Sequence[HeldOut], tick: Tick = silent) -> npt.NDArray[np.float64]:
    """Scores (n, 3) of held-out slices."""
    rows = [
        scorer.score(i.image.hu[None], i.image.lung[None], (i.image.mm, i.image.mm))[0]
        for i in track(items, tick, f"scores of {scorer.name}")
    ]
    return np.array(rows).reshape(-1, 3)


def intervals_of(scores: npt.NDArray[np.float64], items: Sequence[HeldOut]) -> Intervals:
    """Intervals from scored slices that are not those of the final judgement."""
    truth = np.array([i.truth for i in items])
    return fit_intervals(scores, truth, [i.image.owner for i in items], source=_SOURCE)


def pack_network(
    weights: str | Path,
    target: Path,
    calibration: Sequence[HeldOut],
    level: Items | None = None,
    tick: Tick = silent,
) -> dict[str, float]:
    """Write the extent network of a run in half precision, with the intervals that `calibration` gives.

    Parameters
    ----------
    weights : path-like
        ``best.safetensors`` of the run.
    target : Path
        ``.safetensors``.
    calibration : sequence of HeldOut
        For the intervals.
    level : Items, optional
        Validation samples on which the mean error is taken out first
        (:func:`ssc_core.lung.extent.calibrate.calibrate`).
    tick : Tick
        Progress.

    Returns
    -------
    dict
        What :func:`~ssc_core.lung.extent.calibrate.calibrate` did; empty without `level`.

    Raises
    ------
    InputError, FormatError, OutputError
        If the run cannot be read, or the file not be written.
    """
    tensors, facts = read_state(weights)
    done: dict[str, float] = {}
    if level is not None:
        network = ExtentScorer(weights).network
        done = calibrate(network, level, tick)
        tensors = network.state_dict()
    halves = {name: tensor.half() for name, tensor in tensors.items()}
    told = {k: facts[k] for k in ("architecture", "best")} | {"contract": ExtentContract().model_dump()}
    write_state(target, halves, told)
    kept = intervals_of(scored(ExtentScorer(target), calibration, tick), calibration)
    write_state(target, halves, {**told, "intervals": kept.model_dump(mode="json")})
    return done


def pack_baseline(
    pool: Pool,
    target: Path,
    calibration: Sequence[HeldOut],
    *,
    views: int = 1,
    seed: int = 0,
    tick: Tick = silent,
) -> None:
    """Fit the baseline on the network's own samples and write it, with intervals.

    Parameters
    ----------
    pool : Pool
        The samples.
    target : Path
        ``.safetensors``.
    calibration : sequence of HeldOut
        For the intervals.
    views : int
        How often each sample is seen, with other noise and another mask.
    seed : int
        Of the views and the fit.
    tick : Tick
        Progress.
    """
    rows, targets = baseline_rows(pool, views, seed, tick)
    told = {"contract": ExtentContract().model_dump()}
    trees = fit_baseline(rows, targets, seed)
    save_baseline(trees, target, told)
    kept = intervals_of(scored(BaselineScorer(target), calibration, tick), calibration)
    save_baseline(trees, target, {**told, "intervals": kept.model_dump(mode="json")})


def baseline_rows(
    pool: Pool, views: int, seed: int, tick: Tick = silent
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Features and targets (n, 3) of a pool, each sample `views` times."""
    rows, targets = [], []
    for k in track(range(len(pool)), tick, "features"):
        labels = np.asarray(pool.labels[k])
        for view in range(views):
            rng = np.random.default_rng(seed_of(seed, "view", k, view))
            lung = jittered(labels & LUNG > 0, rng)
            rows.append(features(looked(np.asarray(pool.hu[k]), draw_look(rng), rng), lung))
            targets.append(targets_of(labels, lung))
    return np.array(rows), np.array(targets)
