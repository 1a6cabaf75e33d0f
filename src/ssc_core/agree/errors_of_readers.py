"""Whether one reader is closer to the reference than another."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd

from ssc_core import stats
from ssc_core.agree.compare import ALL
from ssc_core.agree.pairing import Pairing
from ssc_core.agree.params import AgreeParams

__all__ = ["compare_errors"]

_COLUMNS = [
    "reader_1", "reader_2", "value", "group", "mae_1", "sd_1", "mae_2", "sd_2", "p_wilcoxon", "test_wilcoxon",
    "n_equal_errors", "p_paired_t", "p_by_patient", "mean_difference", "n", "n_patients", "note",
]  # fmt: skip


def compare_errors(pairings: list[Pairing], params: AgreeParams, against: str | None = None) -> pd.DataFrame:
    """Tests of the absolute errors of readers against one reference, as in table 5 and 6 of 2024.

    Parameters
    ----------
    pairings : list of Pairing
        Reference (first) with each reader (second).
    params : AgreeParams
        Grouping and handling of zeros.
    against : str, optional
        Only pairs with this reader, who then comes second.

    Returns
    -------
    DataFrame
        One row per pair of readers, value and group: MAE of both, Wilcoxon's signed rank test and
        paired t test of |error| over the rows that both read, and the rank test of the patients' mean
        differences, which holds where a patient has several rows.
    """
    rows = []
    for one, two in combinations(pairings, 2):
        if against is not None and against not in (one.second, two.second):
            continue
        if against == one.second:
            one, two = two, one
        rows.extend(_tests(one, two, params))
    return pd.DataFrame(rows, columns=_COLUMNS)


def _tests(one: Pairing, two: Pairing, params: AgreeParams) -> list[dict[str, object]]:
    keys = [c for c in one.table.columns if not c.endswith(("_1", "_2"))]
    table = one.table.merge(two.table, on=keys, suffixes=("", "_two"))
    rows = []
    for value in (v for v in one.values if v in two.values):
        first = (table[f"{value}_2"] - table[f"{value}_1"]).abs()
        second = (table[f"{value}_2_two"] - table[f"{value}_1_two"]).abs()
        groups = table[params.by] if params.by else pd.Series(ALL, index=table.index)
        for group in [*dict.fromkeys(groups), ALL] if params.by else [ALL]:
            chosen = groups == group if group != ALL else np.ones(len(table), bool)
            rows.append(
                {
                    "reader_1": one.second,
                    "reader_2": two.second,
                    "value": value,
                    "group": group,
                    **_test(first[chosen], second[chosen], table.loc[chosen, "patient"], params),
                }
            )
    return rows


def _test(
    first: pd.Series[float], second: pd.Series[float], patient: pd.Series[str], params: AgreeParams
) -> dict[str, object]:
    rank = stats.wilcoxon(second, first, zeros=params.zeros, subject=patient, confidence=params.confidence)
    t = stats.paired_t(second, first, subject=patient, confidence=params.confidence)
    both = first.notna() & second.notna()
    means = (first - second)[both].groupby(patient[both]).mean()
    by_patient = stats.wilcoxon(0 * means, means, zeros=params.zeros, subject=means.index)
    return {
        "mae_1": float(first[both].mean()),
        "sd_1": float(first[both].std(ddof=1)),
        "mae_2": float(second[both].mean()),
        "sd_2": float(second[both].std(ddof=1)),
        "p_wilcoxon": rank.p,
        "test_wilcoxon": rank.test,
        "n_equal_errors": rank.n_zero,
        "p_paired_t": t.p,
        "p_by_patient": by_patient.p,
        "mean_difference": t.value,
        "n": t.n,
        "n_patients": t.n_subjects,
        "note": rank.note,
    }
