"""The fit finds what is there, and nothing where there is nothing."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from ssc_core.errors import Cancelled, InputError
from ssc_core.skin.scores.crossvalidation import cross_validate, pearson_criterion, t_criterion
from ssc_core.skin.scores.design import Design
from ssc_core.skin.scores.evaluate import CROSS_VALIDATION, NESTED, TEST, evaluate
from ssc_core.skin.scores.fit import fit_scores
from ssc_core.skin.scores.params import FitParams
from ssc_core.skin.scores.splits import patient_strata, split_test, training_folds
from ssc_core.stats import pearson, roc
from ssc_core.stats.discrimination import auc_value

PARAMS = FitParams(folds=5, n_lambdas=8)


@pytest.fixture(scope="module")
def fitted(study):
    return fit_scores(*study, PARAMS)


def test_lambdas_are_the_papers():
    lambdas = FitParams().lambdas
    assert len(lambdas) == 16
    assert (lambdas[0], lambdas[-1]) == (pytest.approx(1e-5), pytest.approx(1e3))
    np.testing.assert_allclose(np.diff(np.log10(lambdas)), 8 / 15)


def test_the_split_keeps_patients_together_and_strata_in_proportion(make):
    table = make(60, 16)[1]
    test = split_test(table, 0.3, 20, seed=1)
    assert len(test) == round(0.3 * 76)
    strata = patient_strata(table, 20)
    for _, members in strata.groupby(strata):
        assert abs(members.index.isin(test).sum() - 0.3 * len(members)) < 1
    assert split_test(table.sample(frac=1, random_state=0), 0.3, 20, seed=1) == test
    assert split_test(table, 0.3, 20, seed=2) != test


def test_a_patient_is_stratified_by_the_first_visit_with_an_mrss():
    table = pd.DataFrame({"biopsy_id": list("abcd"), "patient_id": list("pppq"), "status": ["SSc"] * 4})
    table = table.assign(visit_months=[12, 0, 6, 0], mrss=[40, np.nan, 5, np.nan])
    assert patient_strata(table, 20).to_dict() == {"p": "SSc low", "q": "SSc unknown"}


def test_folds_keep_patients_together_and_share_out_controls(make):
    table = make(60, 16)[1]
    fold = training_folds(table, 10, seed=3)
    assert pd.Series(fold).groupby(table["patient_id"].to_numpy()).nunique().max() == 1
    controls = np.bincount(fold[(table["status"] == "control").to_numpy()], minlength=10)
    assert set(controls) == {1, 2}
    people = table.assign(fold=fold).drop_duplicates("patient_id")["fold"].value_counts()
    assert people.max() - people.min() <= 2


def test_fibrosis_is_found_out_of_fold_and_in_the_test_set(fitted):
    for name in ("training", "test"):
        part = fitted.scores[fitted.scores["set"] == name]
        assert roc((part["status"] == "SSc").astype(float), part["diagnostic_score"]).value > 0.85
        assert pearson(part["fibrosis_score"], part["fibrosis"]).value > 0.85
        assert pearson(part["fibrosis_score"], part["mrss"]).value > 0.5


def test_permuted_labels_give_chance(make):
    """A leak of labels, patients or scaling would show as an AUC above one half."""
    found = []
    for seed in range(12):
        patches, table = make(20, 20, seed=seed, patches=4)
        rng = np.random.default_rng(seed)
        people = table["patient_id"].unique()
        new = dict(zip(people, rng.permutation(np.arange(len(people)) % 2 == 0), strict=True))
        status = np.where(table["patient_id"].map(new), "SSc", "control")
        table = table.assign(status=status, mrss=rng.permutation(table["mrss"].to_numpy()))
        scores = fit_scores(patches, table, FitParams(folds=4, n_lambdas=4, seed=seed)).scores
        test = (scores["set"] == "test").to_numpy()
        is_ssc = (scores["status"] == "SSc").to_numpy(float)
        own, nested = (scores[c].to_numpy() for c in ("diagnostic_score", "nested_diagnostic_score"))
        found.append((auc_value(is_ssc[test], own[test]), auc_value(is_ssc[~test], nested[~test])))
    mean, se = np.mean(found, axis=0), np.std(found, axis=0, ddof=1) / math.sqrt(len(found))
    assert (abs(mean - 0.5) < 3 * se).all()
    assert (se < 0.07).all()


def test_scores_of_training_biopsies_never_saw_their_patient(study):
    """Changing a patient's outcome changes other people's scores, not the model that scores the patient."""
    patches, table = study
    before = fit_scores(patches, table, PARAMS)
    someone = before.scores[(before.scores["set"] == "training") & (before.scores["status"] == "SSc")].iloc[0]
    mine = (table["patient_id"] == someone["patient_id"]).to_numpy()
    changed = table.assign(target=table["mrss"].astype(float))
    other = changed.assign(target=np.where(mine, 0.0, changed["target"]))
    fixed = replace_target(PARAMS)
    a = fit_scores(patches, changed, fixed)
    b = fit_scores(patches, other, fixed)
    fold = int(someone["fold"]) - 1
    same = a.fibrosis.chosen == b.fibrosis.chosen
    assert same
    np.testing.assert_allclose(a.fibrosis.coef[fold], b.fibrosis.coef[fold], rtol=1e-9)
    assert not np.allclose(a.fibrosis.coef[(fold + 1) % 5], b.fibrosis.coef[(fold + 1) % 5])


def replace_target(params: FitParams) -> FitParams:
    """One penalty, so that its choice plays no part."""
    return params.model_copy(update={"target": "target", "n_lambdas": 1, "lambda_min": 0.1, "nested": False})


def test_test_scores_are_of_the_coefficients_averaged_over_the_folds(fitted):
    means = fitted.patches.mean_features()
    linear = means @ fitted.fibrosis.coef.mean(axis=0) + fitted.fibrosis.intercept.mean()
    test = (fitted.scores["set"] == "test").to_numpy()
    np.testing.assert_allclose(fitted.scores["fibrosis_score"].to_numpy()[test], linear[test], atol=1e-5)


def test_diagnostic_score_is_the_logistic_function_of_the_mean_linear_score(fitted):
    b = int(np.flatnonzero(fitted.scores["set"] == "training")[0])
    fold = int(fitted.scores["fold"].iloc[b]) - 1
    x = fitted.patches.x[fitted.patches.biopsy == b]
    linear = x @ fitted.diagnostic.coef[fold] + fitted.diagnostic.intercept[fold]
    assert fitted.scores["diagnostic_score"].iloc[b] == pytest.approx(
        1 / (1 + np.exp(-linear.mean())), rel=1e-6
    )


def test_criteria_are_the_pooled_t_of_probabilities_and_pearsons_r():
    from scipy import stats as sps

    rng = np.random.default_rng(0)
    linear, status = rng.normal(size=20), np.arange(20) % 3 > 0
    prob = 1 / (1 + np.exp(-linear))
    expected = sps.ttest_ind(prob[status], prob[~status], equal_var=True).statistic
    assert t_criterion(linear, status.astype(float)) == pytest.approx(expected)
    y = rng.normal(size=20)
    assert pearson_criterion(linear, y) == pytest.approx(np.corrcoef(linear, y)[0, 1])


def test_nested_scores_equal_a_plain_nested_loop(make):
    """The pairs of folds left out give what ten separate inner cross-validations give."""
    patches, table = make(12, 6, patches=3, features=4)
    fold = training_folds(table, 4, 0)
    lambdas = np.geomspace(1e-2, 1e2, 5)
    y = table["mrss"].to_numpy(float)
    means = patches.mean_features()
    of = patches.biopsy
    design = Design(patches.x, y[of], (table["status"] == "SSc").to_numpy()[of], fold[of])
    found = cross_validate("linear", design, means, y, fold, lambdas)
    for k in range(4):
        inside = fold != k
        rows = inside[of]
        relabelled = np.unique(fold[inside], return_inverse=True)[1]
        new = np.full(len(fold), -1)
        new[inside] = relabelled
        inner = cross_validate(
            "linear", Design(patches.x[rows], design.y[rows], design.positive[rows], new[of][rows]),
            means[inside], y[inside], relabelled, lambdas, nested=False,
        )  # fmt: skip
        assert inner.penalty == found.nested_lambdas[k]


def test_the_evaluation_names_where_each_figure_comes_from(fitted):
    judged = evaluate(fitted)
    for where in (CROSS_VALIDATION, NESTED, TEST):
        assert judged.get("AUC", where, "status") is not None
        assert judged.get("Pearson r", where, "mrss") is not None
    assert judged.get("Pearson r", TEST, "local_skin_score") is not None
    assert judged.get("Pearson r", NESTED, "local_skin_score") is None
    assert "optimistic" in CROSS_VALIDATION
    table = judged.table()
    assert table["n"].gt(0).all()
    assert set(judged.models) == {"as published", "within and between patients"}
    terms = judged.model_table()
    assert {"Fibrosis Score between", "Fibrosis Score within"} <= set(terms["term"])
    assert any("too small to say" in p.sentence for p in judged.power)


def test_controls_are_in_with_mrss_0_unless_they_are_left_out(study):
    patches, table = study
    unknown = table.assign(mrss=table["mrss"].where(table["status"] == "SSc"))
    a, b = fit_scores(patches, table, PARAMS), fit_scores(patches, unknown, PARAMS)
    np.testing.assert_allclose(a.scores["fibrosis_score"], b.scores["fibrosis_score"])
    without = fit_scores(patches, table, PARAMS.model_copy(update={"controls": False}))
    assert not np.allclose(a.scores["fibrosis_score"], without.scores["fibrosis_score"])
    n = evaluate(without).get("Pearson r", CROSS_VALIDATION, "mrss").n
    training = without.scores[without.scores["set"] == "training"]
    assert n == (training["status"] == "SSc").sum()


def test_the_fibrosis_score_is_never_clipped(make):
    patches, table = make(24, 12, signal=3.0)
    scores = fit_scores(patches, table, PARAMS).scores["fibrosis_score"]
    assert scores.min() < 0 or scores.max() > 51


def test_any_tissue_endpoint_can_be_the_target(study):
    patches, table = study
    fit = fit_scores(patches, table.assign(thickness_mm=1 + table["fibrosis"]),
                     PARAMS.model_copy(update={"target": "thickness_mm"}))  # fmt: skip
    test = fit.scores[fit.scores["set"] == "test"]
    assert pearson(test["target_score"], test["fibrosis"]).value > 0.9
    assert "fibrosis_score" not in fit.scores


def test_common_scaling_is_an_option(study):
    a = fit_scores(*study, PARAMS)
    b = fit_scores(*study, PARAMS.model_copy(update={"normalise": "all"}))
    assert not np.array_equal(a.fibrosis.coef, b.fibrosis.coef)
    assert np.corrcoef(a.scores["fibrosis_score"], b.scores["fibrosis_score"])[0, 1] > 0.99


def test_equal_seeds_give_equal_scores_in_any_order(study):
    patches, table = study
    shuffled = table.sample(frac=1, random_state=4)
    a = fit_scores(patches, table, PARAMS).scores.set_index("biopsy_id")["fibrosis_score"]
    b = fit_scores(patches, shuffled, PARAMS).scores.set_index("biopsy_id")["fibrosis_score"]
    np.testing.assert_allclose(b[a.index], a, rtol=1e-6)


def test_without_controls_there_is_no_diagnostic_score_and_the_flags_say_so(make):
    patches, table = make(20, 0)
    fit = fit_scores(patches, table, PARAMS)
    assert fit.diagnostic is None
    assert any("no Diagnostic Score" in f for f in fit.flags)
    assert evaluate(fit).rocs == {}


def test_bad_cohorts_are_refused(study):
    patches, table = study
    with pytest.raises(InputError, match="do not fill 40 folds"):
        fit_scores(patches, table, FitParams(folds=40))
    with pytest.raises(InputError, match="no column weight"):
        fit_scores(patches, table, FitParams(target="weight"))
    with pytest.raises(InputError, match="not a column of numbers"):
        fit_scores(patches, table, FitParams(target="race"))
    with pytest.raises(InputError, match="several rows"):
        fit_scores(patches, pd.concat([table, table.tail(1)]))
    extra = pd.concat([table, table.tail(1).assign(biopsy_id="B9999")])
    with pytest.raises(InputError, match="B9999 has no features"):
        fit_scores(patches, extra)


def test_a_fit_can_be_stopped(study):
    def stop(done, total, what):
        raise Cancelled

    with pytest.raises(Cancelled):
        fit_scores(*study, PARAMS, tick=stop)
