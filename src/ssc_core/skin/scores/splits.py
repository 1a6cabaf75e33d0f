"""Who trains and who tests: patients, never patches, are dealt out.

Correia et al. 2020: 70 % of the patients train, 30 % test, stratified by status and by an mRSS above 20; ten
folds within the training set, stratified by status. All biopsies of a patient stay together.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from ssc_core.errors import InputError
from ssc_core.seeds import seed_of

__all__ = ["patient_strata", "patient_table", "split_test", "training_folds"]


def patient_table(table: pd.DataFrame) -> pd.DataFrame:
    """One row per patient, by ``patient_id``: status, mRSS of the first visit that has one, biopsies.

    Parameters
    ----------
    table : DataFrame
        Biopsies with ``patient_id``, ``status``, ``mrss``, ``visit_months``.
    """
    ordered = table.sort_values(["patient_id", "visit_months", "biopsy_id"], kind="stable")
    grouped = ordered.groupby("patient_id", sort=True)
    return pd.DataFrame(
        {
            "status": grouped["status"].first(),
            "baseline_mrss": grouped["mrss"].first(),  # first() skips missing values
            "n_biopsies": grouped.size(),
        }
    )


def patient_strata(table: pd.DataFrame, cut: float) -> pd.Series[str]:
    """Stratum of each patient: "control", "SSc low", "SSc high", or "SSc unknown" without any mRSS.

    The mRSS is that of the first visit that has one, so that it does not depend on how long a patient was
    followed.
    """
    patients = patient_table(table)
    known = patients["baseline_mrss"].notna()
    level = np.where(~known, "SSc unknown", np.where(patients["baseline_mrss"] > cut, "SSc high", "SSc low"))
    stratum = np.where(patients["status"] == "SSc", level, "control").tolist()
    return pd.Series(stratum, index=patients.index, dtype=str)


def split_test(table: pd.DataFrame, share: float, cut: float, seed: int) -> frozenset[str]:
    """Patients of the test set.

    Each stratum gives its share, rounded so that the whole set has the share too (largest remainders).

    Parameters
    ----------
    table : DataFrame
        Biopsies, as :func:`patient_table` takes them.
    share : float
        Of the patients.
    cut : float
        mRSS that parts the strata.
    seed : int
        Of the study.
    """
    strata = patient_strata(table, cut)
    rng = np.random.default_rng(seed_of(seed, "test set"))
    groups = {name: sorted(members.index) for name, members in strata.groupby(strata)}
    wanted = {name: share * len(members) for name, members in groups.items()}
    take = {name: int(number) for name, number in wanted.items()}
    rest = round(share * len(strata)) - sum(take.values())
    for name in sorted(groups, key=lambda n: (take[n] - wanted[n], n))[: max(rest, 0)]:
        take[name] += 1
    chosen: list[str] = []
    for name in sorted(groups):
        order = rng.permutation(len(groups[name]))[: take[name]]
        chosen += [groups[name][i] for i in order]
    return frozenset(chosen)


def training_folds(table: pd.DataFrame, folds: int, seed: int) -> npt.NDArray[np.intp]:
    """Fold of each row of `table`, 0 .. folds - 1; a patient's rows share one.

    Patients of each status are shuffled, then dealt to the fold with the fewest patients of that status, and
    of those to the one with the fewest biopsies.

    Raises
    ------
    InputError
        If there are fewer patients than folds.
    """
    patients = patient_table(table)
    if len(patients) < folds:
        raise InputError(f"{len(patients)} training patients do not fill {folds} folds; give fewer --folds")
    rng = np.random.default_rng(seed_of(seed, "folds"))
    biopsies = np.zeros(folds, np.intp)
    home: dict[str, int] = {}
    for status in sorted(patients["status"].unique()):
        members = patients[patients["status"] == status]
        dealt = np.zeros(folds, np.intp)
        for i in rng.permutation(len(members)):
            fold = int(np.lexsort((np.arange(folds), biopsies, dealt))[0])
            home[str(members.index[i])] = fold
            dealt[fold] += 1
            biopsies[fold] += int(members["n_biopsies"].iloc[i])
    return np.array([home[str(p)] for p in table["patient_id"]], np.intp)
