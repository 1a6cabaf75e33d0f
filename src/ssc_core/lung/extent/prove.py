"""The final judgement of starter and baseline: held-out figures, healthy lungs, drift."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ssc_core.io.output import staged
from ssc_core.io.tables import write_table
from ssc_core.io.volume import open_volume
from ssc_core.lung.extent.drift import drift
from ssc_core.lung.extent.healthy import HealthyCase
from ssc_core.lung.extent.held_out import HeldOut, NativeSlice, held_out, native, phantom_slices
from ssc_core.lung.extent.judge import bias_by_extent, coverage, figures, published_mix
from ssc_core.lung.extent.ship import scored
from ssc_core.lung.goh.scorer import SliceScorer
from ssc_core.lung.goh.scores import PATTERNS
from ssc_core.lung.pipeline import analyse
from ssc_core.lung.sides import LEFT, RIGHT
from ssc_core.progress import Tick, share, silent
from ssc_core.results import record_run
from ssc_core.seeds import seed_of

__all__ = ["CALIBRATION_PERSONS", "calibration_items", "ct_slices", "prove"]

CALIBRATION_PERSONS = range(3000, 3030)
_PERSONS, _DRIFT_PERSONS = range(4000, 4030), range(5000, 5006)
_LEAST_MM2 = 4000.0


def calibration_items(count: int, tick: Tick = silent) -> list[HeldOut]:
    """Slices for intervals: textures as in the final judgement, other persons, another seed."""
    return list(held_out(phantom_slices(CALIBRATION_PERSONS, 1, tick), count, seed=1))


def ct_slices(case: HealthyCase, every: int = 1) -> list[NativeSlice]:
    """Slices of a healthy CT that was never trained on, with its own noise."""
    image = open_volume(case.ct)
    mask = analyse(image).mask
    _, dy, dx = image.frame.spacing
    last = image.shape[0] - 1 if case.last is None else case.last
    out = []
    for z in range(case.first, last + 1, every):
        lung = (mask[z] == RIGHT) | (mask[z] == LEFT)
        if np.count_nonzero(lung) * dy * dx >= _LEAST_MM2:
            out.append(native(np.asarray(image.hu[z]), lung, dx, case.case_id, noisy=True))
    return out


def prove(
    scorers: Sequence[SliceScorer],
    healthy: Sequence[HealthyCase],
    folder: str | Path,
    *,
    count: int = 600,
    seed: int,
    tick: Tick = silent,
) -> dict[str, pd.DataFrame]:
    """Judge scorers on lungs, textures, outlines, noise and kernels that training never saw.

    Parameters
    ----------
    scorers : sequence of SliceScorer
        The network, what it must beat, and any others to put beside; each with a name of its own.
    healthy : sequence of HealthyCase
        CTs that were never trained on; a third of the slices lies in them, the rest in phantoms.
    folder : path-like
        ``figures.csv`` (both mixes, and the flat one again with the late textures),
        ``bias.csv``, ``coverage.csv``, ``healthy.csv`` (every slice as it is),
        ``drift.csv``, ``predictions.csv``, ``run.json``.
    count : int
        Slices with inserted patterns.
    seed : int
        A fresh one: the judgement is made once.
    tick : Tick
        Progress.

    Returns
    -------
    dict of str to DataFrame
        The tables by name.
    """
    real = [s for case in healthy for s in ct_slices(case)]
    drawn = phantom_slices(_PERSONS, seed, share(tick, 0.0, 0.15))
    # about a third of the slices from CTs: owners are taken in turn
    per_ct = max(1, len(_PERSONS) // (2 * max(1, len(healthy))))
    copies = [
        NativeSlice(s.hu, s.lung, s.mm, f"{s.owner} {k}", True)
        for k in range(per_ct)
        for s in real[k::per_ct]
    ]
    items = list(held_out([*drawn, *copies], count, seed))
    other = list(held_out([*drawn, *copies], count // 2, seed_of(seed, "late"), textures="late"))
    truth, late = (np.array([i.truth for i in some]) for some in (items, other))
    scores = _all(scorers, items, share(tick, 0.2, 0.5))
    weights = published_mix(truth[:, 0])
    flat = figures(truth, scores).assign(mix="flat")
    published = figures(truth, scores, weights, seed=seed).assign(mix="published")
    third = figures(late, _all(scorers, other, share(tick, 0.5, 0.65))).assign(mix="flat, late textures")
    tables = {
        "figures": pd.concat([flat, published, third], ignore_index=True),
        "bias": pd.concat(
            [bias_by_extent(truth, v).assign(scorer=n) for n, v in scores.items()], ignore_index=True
        ),
        "coverage": pd.DataFrame(
            [row for s in scorers for row in coverage(s, truth, scores[s.name], weights)]
        ),
        "healthy": _healthy(scorers, real),
        "drift": drift(scorers, _DRIFT_PERSONS, seed, share(tick, 0.7, 1.0)),
        "predictions": _predictions(items, scores),
    }
    digests = {name: digest for s in scorers for name, digest in s.digests.items()}
    record = record_run("lung judge-starter", {"count": count}, {}, seed=seed, weights=digests)
    with staged(folder) as place:
        for name, table in tables.items():
            write_table(place, name, table)
        (place / "run.json").write_text(record.to_json() + "\n", encoding="utf-8")
    return tables


def _all(scorers: Sequence[SliceScorer], items: Sequence[HeldOut], tick: Tick) -> dict[str, np.ndarray]:
    return {
        s.name: scored(s, items, share(tick, k / len(scorers), (k + 1) / len(scorers)))
        for k, s in enumerate(scorers)
    }


def _healthy(scorers: Sequence[SliceScorer], slices: Sequence[NativeSlice]) -> pd.DataFrame:
    rows = []
    for k, one in enumerate(slices):
        for s in scorers:
            told = s.score(one.hu[None], one.lung[None], (one.mm, one.mm))[0]
            rows.append({"scorer": s.name, "case_id": one.owner, "slice": k, **_named(told)})
    return pd.DataFrame(rows)


def _predictions(items: Sequence[HeldOut], scores: dict[str, np.ndarray]) -> pd.DataFrame:
    rows = []
    for k, item in enumerate(items):
        row: dict[str, Any] = {
            "item": k, "owner": item.image.owner.split()[0], "ground_glass": item.ground_glass,
            "reticulation": item.reticulation, "noise_hu": item.noise_hu, "sharpness": item.sharpness,
            **_named(item.truth),
        }  # fmt: skip
        for name, values in scores.items():
            row |= {f"{p}_{name}": v for p, v in _named(values[k]).items()}
        rows.append(row)
    return pd.DataFrame(rows)


def _named(values: Sequence[float] | np.ndarray) -> dict[str, float]:
    return {p: float(v) for p, v in zip(PATTERNS, values, strict=True)}
