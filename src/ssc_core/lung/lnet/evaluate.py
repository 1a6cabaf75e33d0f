"""How far predicted levels lie from the known ones: one row per CT and level, one summary row per level."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from ssc_core.lung.levels import LEVEL_NAMES
from ssc_core.lung.lnet.items import Gridded
from ssc_core.lung.lnet.predict import votes
from ssc_core.lung.lnet.weights import LevelNets
from ssc_core.progress import Tick, silent
from ssc_core.stats.intraclass import icc_value

__all__ = ["error_90", "predictions", "readings", "summary"]

_LEAST_FOR_90 = 10


def predictions(
    cases: Sequence[Gridded], nets: LevelNets, group: str, step: int, tick: Tick = silent
) -> list[dict[str, Any]]:
    """Rows of predicted and known levels.

    Parameters
    ----------
    cases : sequence of Gridded
        CTs that none of the networks was trained on.
    nets : LevelNets
        All of them vote; each crop of each network is one vote, the median is taken.
    group : str
        Written into the column ``set``.
    step : int
        Of the sliding crops.
    tick : Tick
        Called before each CT.

    Returns
    -------
    list of dict
        case_id, patient, set, level, true_slice, slice (of the grid, 0 = lowest), true_z_mm, z_mm, error_mm,
        error_slices, spacing_mm, spread_mm.
    """
    rows = []
    for i, case in enumerate(cases):
        tick(i, len(cases), "levels of held-out CTs")
        found = votes(nets, case.hu(), step)
        median = np.median(found, axis=0)
        low, high = np.percentile(found, [25, 75], axis=0)
        spacing = case.heights.spacing_mm
        for n in LEVEL_NAMES:
            true, number = case.numbers[n - 1], median[n - 1]
            rows.append(
                {
                    "case_id": case.case_id,
                    "patient": case.patient,
                    "set": group,
                    "level": n,
                    "true_slice": float(true),
                    "slice": float(number),
                    "true_z_mm": float(case.heights.to_mm(true)),
                    "z_mm": float(case.heights.to_mm(number)),
                    "error_mm": float((number - true) * spacing),
                    "error_slices": float(number - true),
                    "spacing_mm": spacing,
                    "spread_mm": float((high - low)[n - 1] / 2 * spacing),
                }
            )
    return rows


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Per set and level: n, MAE and SD of the absolute error (mm and slices), bias in mm, ICC(A,1).

    The columns of Jia et al. 2022, Table 1; `rows` as :func:`predictions` gives them, folds taken together.
    Levels that are unknown are left out and not counted. ICC is that of the slice numbers on the grid, as in
    the paper: heights in the scanner differ by the place of the patient, which would make any ICC look good.
    """
    out = []
    for (group, level), part in rows[rows["error_mm"].notna()].groupby(["set", "level"], sort=True):
        absolute, slices = part["error_mm"].abs(), part["error_slices"].abs()
        table = part[["true_slice", "slice"]].to_numpy(float)
        out.append(
            {
                "set": group,
                "level": level,
                "n": len(part),
                "mae_mm": absolute.mean(),
                "sd_mm": absolute.std(ddof=1),
                "mae_slices": slices.mean(),
                "sd_slices": slices.std(ddof=1),
                "bias_mm": part["error_mm"].mean(),
                "icc": icc_value(table) if len(part) > 1 else np.nan,
            }
        )
    return pd.DataFrame(out)


def readings(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Known and predicted levels as two readings for ``ssc agree --kind position``.

    Returns
    -------
    reference, network : DataFrame
        patient, image, level, slice, z_mm; both heights are counted from the lowest slice of the scan.
    """
    rows = rows[rows["true_slice"].notna()]
    keys = rows[["patient", "case_id", "level"]].rename(columns={"case_id": "image"})
    reference, network = (
        keys.assign(slice=rows[column], z_mm=rows[column] * rows["spacing_mm"])
        for column in ("true_slice", "slice")
    )
    return reference, network


def error_90(rows: pd.DataFrame) -> list[float]:
    """What 9 of 10 absolute errors stay below, per level, in mm; NaN where fewer than 10 are known."""
    known = dict(list(rows[rows["error_mm"].notna()].groupby("level")["error_mm"]))
    enough = {n: part for n, part in known.items() if len(part) >= _LEAST_FOR_90}
    return [float(enough[n].abs().quantile(0.9)) if n in enough else math.nan for n in LEVEL_NAMES]
