"""What a score sees: its correlation with things a pathologist can name."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ssc_core.skin.tissue import MEASURED
from ssc_core.stats import cluster_bootstrap, spearman

__all__ = ["SEEN", "what_the_score_sees"]

SEEN = (*MEASURED, "dermal_thickness_mm", "dermis_area_mm2")
"""Measures of a biopsy that are looked at where they are known."""


def what_the_score_sees(
    biopsies: pd.DataFrame, score: str, measures: Sequence[str] = (), *, seed: int = 0
) -> pd.DataFrame:
    """Spearman's correlation of a score with each measure of the biopsy.

    Parameters
    ----------
    biopsies : DataFrame
        One row per biopsy: ``patient_id``, the score, and measures.
    score : str
        Column.
    measures : sequence of str, optional
        Columns; those of :data:`SEEN` that are there, by default.
    seed : int, optional
        Of the bootstrap.

    Returns
    -------
    DataFrame
        ``measure``, ``rho``, interval by patient bootstrap, ``p``, ``p_holm`` (Holm's correction over the
        measures), ``n``, ``note``; strongest first.

    Notes
    -----
    p takes biopsies as independent, the interval does not. A correlation says what moves together, not what
    the score is made of.
    """
    rows = []
    for name in measures or [m for m in SEEN if m in biopsies]:
        known = biopsies.dropna(subset=[score, name])
        whole = spearman(known[score], known[name], subject=known["patient_id"])
        low, high = whole.low, whole.high
        if known["patient_id"].nunique() >= 4 and not np.isnan(whole.value):
            by_patient = cluster_bootstrap(
                spearman,
                known["patient_id"],
                known[score],
                known[name],
                seed=seed,
                draws=300,
                kind="percentile",
            )
            low, high = by_patient.low, by_patient.high
        rows.append({"measure": name, "rho": whole.value, "low": low, "high": high, "p": whole.p,
                     "n": whole.n, "note": whole.note})  # fmt: skip
    columns = ["measure", "rho", "low", "high", "p", "p_holm", "n", "note"]
    table = pd.DataFrame(rows, columns=columns)
    table["p_holm"] = _holm(table["p"].to_numpy(float))
    return table.sort_values("rho", key=lambda r: -r.abs(), kind="stable").reset_index(drop=True)


def _holm(p: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> list[float]:
    known = np.flatnonzero(~np.isnan(p))
    out = [float("nan")] * len(p)
    largest = 0.0
    for rank, i in enumerate(sorted(known, key=lambda j: p[j])):
        largest = max(largest, min(1.0, (len(known) - rank) * float(p[i])))
        out[int(i)] = largest
    return out
