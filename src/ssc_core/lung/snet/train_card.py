"""The card of a run of S-Nets: what it takes, what it learned from, how good it was on whom."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from ssc_core.lung.goh.intervals import fit_intervals
from ssc_core.lung.goh.scores import PATTERNS
from ssc_core.lung.snet.task import ScoreTask
from ssc_core.lung.snet.train_data import Pool
from ssc_core.training.card import write_card
from ssc_core.training.fit import Fit
from ssc_core.training.splits import Split

__all__ = ["write_run_card"]

_LEAST_FOR_INTERVALS = 19
_ENSEMBLE = "mean of the scores of every fold's network"
_LIMITS = (
    "Not for clinical use. The figures hold for CTs and readers like those it was trained on. Scores of "
    "synthetic slices are areas of what was inserted, those of real ones human estimates: the two differ "
    "systematically; recalibrate on scored cases of your own."
)


def write_run_card(
    run: Path, fits: dict[int, Fit], pool: Pool, split: Split, rows: pd.DataFrame, table: pd.DataFrame
) -> None:
    """Write ``card.json``.

    Parameters
    ----------
    run : Path
        The run's folder.
    fits : dict of int to Fit
        By fold.
    pool : Pool
        What was learned from.
    split : Split
        Who tested and validated.
    rows, table : DataFrame
        Predictions, and their summary. Test slices give the intervals where there are enough: validation
        patients chose the epoch and would flatter.
    """
    figures: dict[str, Any] = {
        "scores": table.round(4).astype(object).where(table.notna(), None).to_dict("records"),
        "folds": {str(n): {"epoch": f.best_epoch, "mae": f.best_value} for n, f in fits.items()},
    }
    test = rows[rows["set"] == "test"]
    if len(test) >= _LEAST_FOR_INTERVALS:
        true = test[[f"true_{p}" for p in PATTERNS]].to_numpy(float)
        source = f"{test['patient'].nunique()} test patients of the run"
        found = fit_intervals(
            test[list(PATTERNS)].to_numpy(float), true, list(test["patient"]), source=source
        )
        figures["intervals"] = found.model_dump(mode="json")
    params = pool.params
    own = [s for slices in pool.by_patient.values() for s in slices]
    folds = ", ".join(str(len(f)) for f in split.folds)
    arms = {"data synthesis": params.synthesis, "balanced sampling": params.balanced}
    arms["ImageNet start"] = params.pretrained
    write_card(
        run,
        {f"fold-{n}": f.weights for n, f in fits.items()},
        task="TOT, GG and RET of an axial slice, percent of the lung (S-Net)",
        architecture=ScoreTask(params.backbone).architecture,
        input=pool.contract.model_dump(mode="json"),
        outputs="TOT, GG, RET in percent, linear",
        training_data=(
            f"{sum(s.offset == 0 for s in own)} scored slices of {len(pool.by_patient)} patients "
            f"({sum(s.offset != 0 for s in own)} neighbouring ones share scores): {len(split.test)} patients "
            f"for testing, folds of {folds}; {', '.join(k for k, on in arms.items() if on) or 'plain'}"
        ),
        figures=figures,
        ensemble=_ENSEMBLE,
        limits=_LIMITS,
        seed=params.seed,
    )
