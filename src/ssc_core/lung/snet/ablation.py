"""The eight arms of Jia et al. 2024, Table 4: data synthesis, balanced sampling, pre-training, on and off."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ssc_core.errors import InputError
from ssc_core.io.output import RECORD, claim
from ssc_core.io.tables import write_table
from ssc_core.lung.snet.items_known import ScoreCase
from ssc_core.lung.snet.params import ScoreTrainParams
from ssc_core.lung.snet.train import require_weights, train_scores
from ssc_core.lung.synthesis.seeds import SeedBank
from ssc_core.progress import Tick, share, silent
from ssc_core.results import record_run

__all__ = ["ARMS", "Arm", "run_ablation"]


@dataclass(frozen=True)
class Arm:
    """One combination of the three techniques."""

    synthesis: bool
    balanced: bool
    pretrained: bool

    @property
    def name(self) -> str:
        """Such as DS+BS+PT; plain without any."""
        on = {"DS": self.synthesis, "BS": self.balanced, "PT": self.pretrained}
        return "+".join(k for k, v in on.items() if v) or "plain"


ARMS = (
    Arm(False, False, False), Arm(False, False, True), Arm(False, True, False), Arm(True, False, False),
    Arm(False, True, True), Arm(True, True, False), Arm(True, False, True), Arm(True, True, True),
)  # fmt: skip
"""In the order of Table 4."""

_COLUMNS = ("mae", "sd", "kappa", "icc", "mae_constant")


def run_ablation(
    cases: Sequence[ScoreCase],
    folder: str | Path,
    params: ScoreTrainParams | None = None,
    *,
    seeds: SeedBank | None = None,
    live: Callable[[pd.DataFrame, str], None] | None = None,
    tick: Tick = silent,
) -> pd.DataFrame:
    """Train all eight arms on the same split, slices and seed; go on where an earlier call was stopped.

    Parameters
    ----------
    cases : sequence of ScoreCase
        As :func:`ssc_core.lung.snet.train.train_scores` takes them.
    folder : path-like
        Gets ``table4.csv``, and a run per arm.
    params : ScoreTrainParams, optional
        Of every arm, but for the three switches.
    seeds, live, tick
        As there.

    Returns
    -------
    DataFrame
        One row per arm and pattern: arm, DS, BS, PT, pattern, n, mae, sd, kappa, icc, mae_constant, note. The
        test set if there is one, else the validation patients of all folds. An arm that cannot be trained
        because ImageNet weights are not on this machine has no figures, and the reason in ``note``.

    Raises
    ------
    InputError, OutputError
        As there.
    """
    params = params or ScoreTrainParams()
    run = claim(folder)
    record = record_run("lung train-scores --ablation", params.model_dump(mode="json"), {}, seed=params.seed)
    (run / RECORD).write_text(record.to_json(), encoding="utf-8", newline="\n")
    rows: list[dict[str, Any]] = []
    for i, arm in enumerate(ARMS):
        part = share(tick, i / len(ARMS), (i + 1) / len(ARMS))
        switches = {"synthesis": arm.synthesis, "balanced": arm.balanced, "pretrained": arm.pretrained}
        chosen = params.model_copy(update=switches)
        head = {"arm": arm.name, "DS": arm.synthesis, "BS": arm.balanced, "PT": arm.pretrained}
        try:
            require_weights(chosen)
        except InputError as error:
            if not arm.pretrained:
                raise
            rows.append({**head, "note": f"skipped: {error.storable}"})
            continue
        done = train_scores(
            cases,
            run / arm.name,
            chosen,
            seeds=seeds,
            slices=run / "slices",
            live=_named(live, arm),
            tick=part,
        )
        judged = done.table[
            done.table["set"] == ("test" if "test" in set(done.table["set"]) else "validation")
        ]
        for row in judged.to_dict("records"):
            values = {name: row[name] for name in _COLUMNS}
            rows.append(
                {**head, "pattern": row["pattern"], "set": row["set"], "n": row["n"], **values, "note": ""}
            )
    table = pd.DataFrame(rows).reindex(
        columns=["arm", "DS", "BS", "PT", "pattern", "set", "n", *_COLUMNS, "note"]
    )
    write_table(run, "table4", table, {"mae": "%", "sd": "%", "mae_constant": "%"})
    return table


def _named(
    live: Callable[[pd.DataFrame, str], None] | None, arm: Arm
) -> Callable[[pd.DataFrame, str], None] | None:
    if live is None:
        return None
    return lambda curve, fold: live(curve, f"{arm.name}, {fold}")
