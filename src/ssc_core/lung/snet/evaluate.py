"""How far predicted scores lie from the known ones, beside what a constant would reach."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from ssc_core.lung.goh.scores import PATTERNS, rounded
from ssc_core.lung.snet.items_slices import Scored
from ssc_core.lung.snet.predict import RegressionScorer
from ssc_core.progress import Tick, silent
from ssc_core.stats.intraclass import icc_value
from ssc_core.stats.kappa import GOH_CLASSES, kappa_value

__all__ = ["predictions", "summary"]

_AT_A_TIME = 16


def predictions(
    slices: Sequence[Scored], scorer: RegressionScorer, group: str, tick: Tick = silent
) -> list[dict[str, Any]]:
    """Rows of predicted and known scores.

    Parameters
    ----------
    slices : sequence of Scored
        Of patients that the scorer was not trained on; neighbours are left out.
    scorer : RegressionScorer
        Its networks' mean is the score.
    group : str
        Written into the column ``set``.
    tick : Tick
        Progress.

    Returns
    -------
    list of dict
        case_id, patient, level, z_mm, slice, set, tot, gg, ret (raw), tot5, gg5, ret5 (nearest 5 %), and
        true_tot, true_gg, true_ret.
    """
    chosen = [s for s in slices if s.offset == 0]
    rows: list[dict[str, Any]] = []
    for start in range(0, len(chosen), _AT_A_TIME):
        tick(start, len(chosen), "scores of held-out slices")
        part = chosen[start : start + _AT_A_TIME]
        pixels = [s.pixels() for s in part]
        hu = np.stack([h for h, _ in pixels]).astype(np.float32)
        lung = np.stack([m for _, m in pixels])
        found = scorer.score(hu, lung, part[0].spacing_mm[1:])
        for one, values, steps in zip(part, found, rounded(found), strict=True):
            rows.append(
                {
                    "case_id": one.case_id,
                    "patient": one.patient,
                    "level": one.level,
                    "z_mm": one.z_mm,
                    "slice": one.slice,
                    "set": group,
                    **dict(zip(PATTERNS, values.tolist(), strict=True)),
                    **{f"{p}5": v for p, v in zip(PATTERNS, steps.tolist(), strict=True)},
                    **{f"true_{p}": v for p, v in zip(PATTERNS, one.scores, strict=True)},
                }
            )
    return rows


def summary(rows: pd.DataFrame, constants: Sequence[float]) -> pd.DataFrame:
    """Per set and pattern: the columns of Jia et al. 2024, Table 4, and what they must be read beside.

    Parameters
    ----------
    rows : DataFrame
        As :func:`predictions` gives them, folds taken together.
    constants : sequence of float
        Median of each pattern's scores outside the test set: the best constant that was known.

    Returns
    -------
    DataFrame
        set, pattern, n, patients, mae, sd (of the absolute error), bias, kappa (linear, on the 5 % scale),
        icc (A,1 of the raw scores), prevalence (percent of slices above 0), mean_true, mae_constant.
    """
    classes = np.asarray(GOH_CLASSES)
    out = []
    for group, part in rows.groupby("set", sort=True):
        for pattern, constant in zip(PATTERNS, constants, strict=True):
            true, raw = part[f"true_{pattern}"].to_numpy(float), part[pattern].to_numpy(float)
            absolute = np.abs(raw - true)
            out.append(
                {
                    "set": group,
                    "pattern": pattern,
                    "n": len(part),
                    "patients": part["patient"].nunique(),
                    "mae": absolute.mean(),
                    "sd": absolute.std(ddof=1) if len(part) > 1 else np.nan,
                    "bias": (raw - true).mean(),
                    "kappa": kappa_value(rounded(true), part[f"{pattern}5"].to_numpy(float), classes),
                    "icc": icc_value(np.column_stack([true, raw])) if len(part) > 1 else np.nan,
                    "prevalence": 100 * (true > 0).mean(),
                    "mean_true": true.mean(),
                    "mae_constant": np.abs(constant - true).mean(),
                }
            )
    return pd.DataFrame(out)
