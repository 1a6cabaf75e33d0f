"""Every figure of the paper that a fit can give, each with its interval, its n and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd

from ssc_core.skin.scores.fit import Fit
from ssc_core.skin.scores.power import Power, power_of_auc, power_of_correlation
from ssc_core.stats import (
    MixedModel,
    Roc,
    Statistic,
    cluster_bootstrap,
    misclassification,
    mixed_model,
    pearson,
    roc,
    spearman,
)
from ssc_core.stats.discrimination import auc_value

__all__ = ["CROSS_VALIDATION", "NESTED", "TEST", "Evaluation", "Finding", "evaluate"]

CROSS_VALIDATION = "cross-validation (penalty chosen on these scores: optimistic)"
NESTED = "nested cross-validation"
TEST = "test set"

_DRAWS = 500


@dataclass(frozen=True)
class Finding:
    """One statistic and what it relates where."""

    score: str
    with_what: str
    where: str
    statistic: Statistic


@dataclass(frozen=True, eq=False)
class Evaluation:
    """All findings of a fit.

    Parameters
    ----------
    findings : tuple of Finding
    rocs : dict of str to Roc
        By where.
    models : dict of str to MixedModel
        mRSS on the score in the test set: "as published" and "within and between patients".
    power : tuple of Power
        What the test set could show.
    """

    findings: tuple[Finding, ...]
    rocs: dict[str, Roc]
    models: dict[str, MixedModel]
    power: tuple[Power, ...]

    def table(self) -> pd.DataFrame:
        """Every finding with its passport."""
        return pd.DataFrame(
            [
                {"score": f.score, "with": f.with_what, "where": f.where, **f.statistic.as_row()}
                for f in self.findings
            ]
        )

    def get(self, name: str, where: str, with_what: str) -> Statistic | None:
        """A statistic by its name, place and partner."""
        for f in self.findings:
            if (f.statistic.name, f.where, f.with_what) == (name, where, with_what):
                return f.statistic
        return None

    def model_table(self) -> pd.DataFrame:
        """Supplementary Table 1: the fixed effects of the mixed models, or why there are none."""
        rows = []
        for name, model in self.models.items():
            for term in model.terms or (model,):
                rows.append({"model": name, "term": term.name, **term.as_row()})
        return pd.DataFrame(rows).drop(columns=["name"], errors="ignore")


def evaluate(fit: Fit) -> Evaluation:
    """Judge a fit on its training biopsies out of fold, on the nested scores, and on the test set.

    Local skin score and the mixed models are looked at in the test set only, which had no part in the fit.

    Notes
    -----
    The mixed model follows MATLAB's ``fitlme``, which the paper used: full maximum likelihood, t tests with
    n - 2 degrees of freedom. A random intercept does not part change within patients from differences between
    them, so the score also enters as the patient's mean and the deviation from it.
    """
    table = fit.scores
    training, test = (table[table["set"] == s] for s in ("training", "test"))
    findings: list[Finding] = []
    rocs: dict[str, Roc] = {}
    power: list[Power] = []
    if fit.diagnostic is not None:
        for where, part, column in (
            (CROSS_VALIDATION, training, "diagnostic_score"),
            (NESTED, training, "nested_diagnostic_score"),
            (TEST, test, "diagnostic_score"),
        ):
            if len(part) and part[column].notna().any():
                found = _diagnosis(part, column, fit.params.seed)
                rocs[where] = next(s for s in found if isinstance(s, Roc))
                findings += [Finding("Diagnostic Score", "status", where, s) for s in found]
        people = test.drop_duplicates("patient_id")["status"]
        power.append(power_of_auc(int((people == "SSc").sum()), int((people == "control").sum())))
    name, target = fit.linear_name, fit.params.target
    title = "Fibrosis Score" if name == "fibrosis_score" else f"score for {target}"
    for where, part, column in (
        (CROSS_VALIDATION, training, name),
        (NESTED, training, f"nested_{name}"),
        (TEST, test, name),
    ):
        used = _used(part, fit)
        if len(used) and used[column].notna().any():
            found = _association(used, column, target, fit.params.seed)
            findings += [Finding(title, target, where, s) for s in found]
    used = _used(test, fit)
    if "local_skin_score" in used and used["local_skin_score"].notna().any():
        people = used["patient_id"]
        for way in (pearson, spearman):
            s = way(used[name], used["local_skin_score"], subject=people)
            findings.append(Finding(title, "local_skin_score", TEST, s))
    power.append(power_of_correlation(int(used["patient_id"].nunique())))
    return Evaluation(tuple(findings), rocs, _models(used, name, target, title), tuple(power))


def _used(part: pd.DataFrame, fit: Fit) -> pd.DataFrame:
    """The biopsies that the linear model speaks of."""
    return part if fit.params.controls else part[part["status"] == "SSc"]


def _diagnosis(part: pd.DataFrame, column: str, seed: int) -> list[Statistic]:
    is_ssc, people = (part["status"] == "SSc").astype(float), part["patient_id"]
    found: list[Statistic] = [roc(is_ssc, part[column], subject=people)]
    found.append(misclassification(is_ssc, part[column], 0.5, subject=people))
    if part["patient_id"].nunique() >= 4 and 0 < is_ssc.sum() < len(part):
        by_patient = cluster_bootstrap(
            roc, people, is_ssc, part[column], seed=seed, draws=_DRAWS, point=auc_value, kind="percentile"
        )
        # as_row of a Roc and of a plain Statistic are the same to a table; the curve is kept once
        found.append(replace(by_patient, name="AUC, patients resampled"))
    return found


def _association(part: pd.DataFrame, column: str, target: str, seed: int) -> list[Statistic]:
    people = part["patient_id"]
    found: list[Statistic] = [way(part[column], part[target], subject=people) for way in (pearson, spearman)]
    known = part.dropna(subset=[column, target])
    if known["patient_id"].nunique() >= 4:
        by_patient = cluster_bootstrap(
            pearson, known["patient_id"], known[column], known[target], seed=seed, draws=_DRAWS,
            kind="percentile", point=_r,
        )  # fmt: skip
        found.append(replace(by_patient, name="Pearson r, patients resampled"))
    return found


def _r(x: object, y: object) -> float:
    from ssc_core.skin.scores.crossvalidation import pearson_criterion

    return pearson_criterion(x, y)  # type: ignore[arg-type]


def _models(part: pd.DataFrame, name: str, target: str, title: str) -> dict[str, MixedModel]:
    known = part.dropna(subset=[name, target])
    if not len(known):
        return {}
    patient, y, terms = known["patient_id"], known[target], {title: known[name]}
    models = {"as published": mixed_model(y, patient, terms, fit="ML", test="t")}
    several = known.groupby("patient_id")[name].nunique().gt(1).any()
    if several:
        split = mixed_model(y, patient, terms, fit="ML", test="t", split=(title,))
        models["within and between patients"] = split
    return models
