"""Fit the Diagnostic and the Fibrosis Score.

Correia et al. 2020, "Logistic regression model", "Linear regression model": class-weighted ridge on patches,
the linear score averaged over a biopsy's patches (and mapped to a probability for the Diagnostic Score), the
penalty chosen on out-of-fold scores, coefficients averaged over the folds for the test set.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit

from ssc_core.errors import InputError
from ssc_core.progress import Tick, share, silent
from ssc_core.skin.scores.crossvalidation import CrossValidation, Kind, cross_validate
from ssc_core.skin.scores.design import Design
from ssc_core.skin.scores.params import FitParams
from ssc_core.skin.scores.patches import PatchSet
from ssc_core.skin.scores.precision import sampling_interval
from ssc_core.skin.scores.splits import patient_strata, split_test, training_folds

__all__ = ["Fit", "fit_scores"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Fit:
    """Fitted scores.

    Parameters
    ----------
    params : FitParams
        How.
    scores : DataFrame
        One row per biopsy: the cohort's columns, ``set`` (training or test), ``fold``, and per score
        the value (out of fold for training, averaged model for test), its interval over patches, the
        nested one.
        ``fibrosis_score`` (``target_score`` for another target) is in arbitrary units and never clipped.
    diagnostic : CrossValidation or None
        None without controls.
    fibrosis : CrossValidation
        Of the linear model.
    patches : PatchSet
        What it was fitted on.
    flags : tuple of str
        What must be known.
    """

    params: FitParams
    scores: pd.DataFrame
    diagnostic: CrossValidation | None
    fibrosis: CrossValidation
    patches: PatchSet
    flags: tuple[str, ...]

    @property
    def linear_name(self) -> str:
        """Column of the linear model's score."""
        return "fibrosis_score" if self.params.target == "mrss" else "target_score"


def fit_scores(
    patches: PatchSet, biopsies: pd.DataFrame, params: FitParams | None = None, *, tick: Tick = silent
) -> Fit:
    """Split, cross-validate and score.

    Parameters
    ----------
    patches : PatchSet
        Features of all patches.
    biopsies : DataFrame
        One row per biopsy: ``biopsy_id``, ``patient_id``, ``status`` (SSc, control), ``visit_months``,
        ``mrss`` and the target column.
    params : FitParams, optional
        The paper's if None.
    tick : Tick, optional
        Progress.

    Returns
    -------
    Fit

    Raises
    ------
    InputError
        If there are too few patients for the folds, the target is absent, or a biopsy has no features.
    """
    params = params or FitParams()
    table = _checked(biopsies, params)
    chosen = patches.of(table["biopsy_id"])
    test = table["patient_id"].isin(list(split_test(table, params.test_share, params.mrss_cut, params.seed)))
    train = np.flatnonzero(~test.to_numpy())
    fold = training_folds(table.iloc[train], params.folds, params.seed)
    status = (table["status"] == "SSc").to_numpy()
    outcome = _outcome(table, params)
    flags = [*chosen.flags, *_warnings(table, train, outcome)]
    task = _Task(chosen, train, fold, status, params)
    diagnostic = None
    if _both_classes(table.iloc[train], flags):
        diagnostic = task.run("logistic", status.astype(float), share(tick, 0.0, 0.4))
    fibrosis = task.run("linear", outcome, share(tick, 0.4, 0.95))
    table = table.assign(
        set=np.where(test, "test", "training"), fold=pd.array([pd.NA] * len(table), dtype="Int64")
    )
    table.loc[table.index[train], "fold"] = fold + 1
    table["n_patches"] = chosen.counts
    linear_name = "fibrosis_score" if params.target == "mrss" else "target_score"
    if diagnostic is not None:
        table = task.scored(table, diagnostic, "diagnostic_score", logit=True)
        flags += _edge(diagnostic, "Diagnostic Score")
    table = task.scored(table, fibrosis, linear_name, logit=False)
    flags += _edge(fibrosis, "Fibrosis Score" if params.target == "mrss" else "target's score")
    tick(1.0, 1.0, "done")
    return Fit(params, table, diagnostic, fibrosis, chosen, tuple(flags))


@dataclass(frozen=True, eq=False)
class _Task:
    """The training part, ready for any outcome."""

    patches: PatchSet
    train: npt.NDArray[np.intp]
    fold: npt.NDArray[np.intp]
    status: npt.NDArray[np.bool_]
    params: FitParams

    def run(self, kind: Kind, outcome: Floats, tick: Tick) -> CrossValidation:
        """Cross-validate; biopsies whose outcome is NaN are scored but take no part."""
        patches = self.patches
        fold = np.full(len(patches.biopsies), -1, np.intp)
        fold[self.train] = self.fold
        known = ~np.isnan(outcome) & (fold >= 0)
        rows = known[patches.biopsy]
        of = patches.biopsy[rows]
        design = Design(
            patches.x if rows.all() else patches.x[rows], outcome[of], self.status[of], fold[of],
            self.params.normalise == "all",
        )  # fmt: skip
        if len(np.unique(fold[known])) < self.params.folds or known.sum() < 3:
            raise InputError(
                f"{int(known.sum())} training biopsies with a known outcome do not fill {self.params.folds} "
                "folds; give fewer --folds"
            )
        means = patches.mean_features()[self.train]
        return cross_validate(kind, design, means, outcome[self.train], self.fold, self.params.lambdas,
                              nested=self.params.nested, tick=tick)  # fmt: skip

    def scored(self, table: pd.DataFrame, found: CrossValidation, name: str, *, logit: bool) -> pd.DataFrame:
        """`table` with the score of every biopsy, its interval over patches, and the nested score."""
        n = len(table)
        own = np.full(n, -1, np.intp)
        own[self.train] = self.fold
        low, high, linear = np.empty(n), np.empty(n), np.empty(n)
        for b in range(n):
            out_of_fold = own[b] >= 0
            coef = found.coef[own[b]] if out_of_fold else found.coef.mean(axis=0)
            constant = found.intercept[own[b]] if out_of_fold else found.intercept.mean()
            each = self.patches.x[self.patches.biopsy == b] @ coef + constant
            linear[b], low[b], high[b] = sampling_interval(each)
        nested = np.full(n, np.nan)
        if found.nested is not None:
            nested[self.train] = found.nested
        to = expit if logit else np.asarray
        new = {
            name: to(linear),
            f"{name}_low": to(low),
            f"{name}_high": to(high),
            f"nested_{name}": to(nested),
        }
        return table.assign(**new)


def _checked(biopsies: pd.DataFrame, params: FitParams) -> pd.DataFrame:
    needed = {"biopsy_id", "patient_id", "status", "visit_months", "mrss", params.target}
    absent = sorted(needed - set(biopsies.columns))
    if absent:
        raise InputError(f"the cohort has no column {', '.join(absent)}")
    if biopsies["biopsy_id"].duplicated().any():
        raise InputError("a biopsy stands in several rows; give one row per biopsy")
    if not pd.api.types.is_numeric_dtype(biopsies[params.target]):
        raise InputError(f"the target {params.target} is not a column of numbers")
    return biopsies.reset_index(drop=True)


def _outcome(table: pd.DataFrame, params: FitParams) -> Floats:
    """The target; controls have mRSS 0, or take no part."""
    outcome = table[params.target].to_numpy(np.float64, na_value=np.nan, copy=True)
    control = (table["status"] == "control").to_numpy()
    if params.target == "mrss":
        outcome[control] = 0.0
    if not params.controls:
        outcome[control] = np.nan
    if np.isinf(outcome).any():
        raise InputError(f"the target {params.target} holds an infinite value")
    return outcome


def _both_classes(training: pd.DataFrame, flags: list[str]) -> bool:
    people = training.drop_duplicates("patient_id")["status"].value_counts()
    if min(people.get("SSc", 0), people.get("control", 0)) >= 2:
        return True
    flags.append("no Diagnostic Score: it needs two patients and two controls in the training set")
    return False


def _warnings(table: pd.DataFrame, train: npt.NDArray[np.intp], outcome: Floats) -> list[str]:
    said = []
    unknown = int(np.isnan(outcome[train]).sum())
    if unknown:
        said.append(f"{unknown} of {len(train)} training biopsies take no part in the linear model")
    unsorted = int((patient_strata(table, 0.0) == "SSc unknown").sum())
    if unsorted:
        said.append(f"{unsorted} patients have no mRSS and are a stratum of their own")
    return said


def _edge(found: CrossValidation, name: str) -> list[str]:
    if not found.at_edge:
        return []
    which = "weakest" if found.chosen == 0 else "strongest"
    return [f"the {which} penalty tried was chosen for the {name}; a wider range may serve better"]
