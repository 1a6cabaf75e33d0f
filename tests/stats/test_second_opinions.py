"""The same numbers from other people's libraries, on random data."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats as sps
from sklearn.metrics import cohen_kappa_score, mean_absolute_error, roc_auc_score
from statsmodels.stats.inter_rater import cohens_kappa

from ssc_core import stats
from ssc_core.stats.resampling import cluster_bootstrap

pg = pytest.importorskip("pingouin")
SEEDS = range(4)
# pingouin 0.7 still writes as pandas 2 did
pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword", "ignore:.*pandas.*:FutureWarning")


def _pairs(seed: int, n: int = 60) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.gamma(1.2, 12, n)
    return x, 2 + 0.9 * x + rng.normal(0, 4, n)


def _scores(seed: int, n: int = 120) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    a = rng.choice(np.arange(0, 101, 5), n, p=np.r_[0.4, np.full(20, 0.03)])
    return a, np.clip(a + 5 * rng.integers(-3, 4, n), 0, 100)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("weights", ["linear", "quadratic", "unweighted"])
def test_kappa_like_scikit_learn_and_statsmodels(seed: int, weights: str) -> None:
    a, b = _scores(seed)
    ours = stats.weighted_kappa(a, b, weights=weights)
    theirs = cohen_kappa_score(
        a, b, labels=list(range(0, 101, 5)), weights=None if weights == "unweighted" else weights
    )
    assert ours.value == pytest.approx(theirs, abs=1e-12)
    table = pd.crosstab(a, b).reindex(index=range(0, 101, 5), columns=range(0, 101, 5), fill_value=0)
    second = cohens_kappa(
        table.to_numpy(), wt=None if weights == "unweighted" else "fc" if weights == "quadratic" else "linear"
    )
    assert ours.value == pytest.approx(second.kappa, abs=1e-12)
    assert ours.se == pytest.approx(second.std_kappa, rel=1e-9)
    assert ours.se0 == pytest.approx(second.std_kappa0, rel=1e-9)
    assert ours.p == pytest.approx(second.pvalue_two_sided, rel=1e-6, abs=1e-300)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("k", [2, 4])
def test_icc_like_pingouin_in_all_six_forms(seed: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    n = 25
    table = rng.normal(20, 8, (n, 1)) + rng.normal(0, 2, (1, k)) + rng.normal(0, 4, (n, k))
    long = pd.DataFrame(table).stack().reset_index()
    long.columns = ["t", "r", "v"]
    theirs = pg.intraclass_corr(long, targets="t", raters="r", ratings="v", nan_policy="raise")
    assert len(theirs) == 6
    for form, (_, row) in zip(("1,1", "A,1", "C,1", "1,k", "A,k", "C,k"), theirs.iterrows(), strict=True):
        ours = stats.icc(table, form)
        assert form in str(row["Type"])
        assert ours.value == pytest.approx(row["ICC"], abs=1e-12)
        assert (ours.f, ours.df1, ours.df2) == pytest.approx((row["F"], row["df1"], row["df2"]))
        assert ours.p == pytest.approx(row["pval"], rel=1e-6)
        low, high = next(row[c] for c in row.index if "CI" in str(c))
        assert (ours.low, ours.high) == pytest.approx((low, high), abs=6e-3)  # pingouin rounds to 2 digits


@pytest.mark.parametrize("seed", SEEDS)
def test_correlations_like_pingouin_and_scipy(seed: int) -> None:
    x, y = _pairs(seed)
    x = np.round(x)  # ties
    r = pg.corr(x, y, method="pearson").iloc[0]
    ours = stats.pearson(x, y)
    assert ours.value == pytest.approx(r["r"], abs=1e-12)
    low, high = next(r[c] for c in r.index if "CI" in str(c))
    assert (ours.low, ours.high) == pytest.approx((low, high), abs=6e-3)
    rho = sps.spearmanr(x, y)
    ours = stats.spearman(x, y)
    assert (ours.value, ours.p) == pytest.approx((rho.statistic, rho.pvalue))
    assert ours.ties > 0


@pytest.mark.parametrize("seed", SEEDS)
def test_repeated_measures_correlation_like_pingouin(seed: int) -> None:
    rng = np.random.default_rng(seed)
    subject = np.repeat(np.arange(9), rng.integers(2, 7, 9))
    x = rng.normal(size=len(subject)) + subject
    y = 0.4 * x - 2 * subject + rng.normal(size=len(subject))
    theirs = pg.rm_corr(pd.DataFrame({"s": subject, "x": x, "y": y}), "x", "y", "s").iloc[0]
    ours = stats.rmcorr(subject, x, y)
    assert ours.value == pytest.approx(theirs["r"], abs=1e-10)
    p = next(theirs[c] for c in theirs.index if str(c) in {"pval", "p_val"})
    assert (ours.df, ours.p) == pytest.approx((theirs["dof"], p))
    ranked = pd.DataFrame({"s": subject, "x": sps.rankdata(x), "y": sps.rankdata(y)})
    assert stats.rmcorr(subject, x, y, ranks=True).value == pytest.approx(
        pg.rm_corr(ranked, "x", "y", "s").iloc[0]["r"], abs=1e-10
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_line_like_statsmodels(seed: int) -> None:
    x, y = _pairs(seed)
    fit = sm.OLS(y, sm.add_constant(x)).fit()
    ours = stats.least_squares(x, y)
    interval = fit.conf_int()
    assert (ours.intercept, ours.slope) == pytest.approx(tuple(fit.params))
    assert (ours.low, ours.high) == pytest.approx(tuple(interval[1]))
    assert (ours.intercept_low, ours.intercept_high) == pytest.approx(tuple(interval[0]))
    assert (ours.p, ours.r2) == pytest.approx((fit.pvalues[1], fit.rsquared))
    assert ours.p_identity == pytest.approx(float(fit.t_test("x1 = 1").pvalue), rel=1e-6)


@pytest.mark.parametrize("seed", SEEDS)
def test_paired_tests_like_pingouin_and_scipy(seed: int) -> None:
    a, b = _scores(seed, 30)
    t = sps.ttest_rel(b, a)
    ours = stats.paired_t(a, b)
    interval = t.confidence_interval()
    assert (ours.statistic, ours.p) == pytest.approx((t.statistic, t.pvalue))
    assert (ours.low, ours.high) == pytest.approx((interval.low, interval.high))
    for zeros, name in (("drop", "wilcox"), ("pratt", "pratt"), ("split", "zsplit")):
        theirs = sps.wilcoxon(b - a, zero_method=name, method="asymptotic")
        assert stats.wilcoxon(a, b, zeros=zeros).p == pytest.approx(theirs.pvalue)
    x, y = _pairs(seed, 20)
    exact = stats.wilcoxon(x, y)
    assert "exact" in exact.test
    assert exact.p == pytest.approx(sps.wilcoxon(y - x, method="exact").pvalue)


@pytest.mark.parametrize("seed", SEEDS)
def test_anova_like_pingouin(seed: int) -> None:
    rng = np.random.default_rng(seed)
    group = np.repeat([f"biopsy {i}" for i in range(6)], rng.integers(3, 12, 6))
    value = rng.normal(size=len(group)) + np.unique(group, return_inverse=True)[1] * 0.5
    theirs = pg.anova(pd.DataFrame({"g": group, "v": value}), dv="v", between="g", detailed=True)
    ours = stats.one_way_anova(value, group)
    assert ours.value == pytest.approx(theirs["np2"].iloc[0])
    assert (ours.f, ours.df1, ours.df2) == pytest.approx(
        (theirs["F"].iloc[0], theirs["DF"].iloc[0], theirs["DF"].iloc[1])
    )
    assert ours.p == pytest.approx(sps.f_oneway(*(value[group == g] for g in np.unique(group))).pvalue)
    assert ours.low < ours.value < ours.high


@pytest.mark.parametrize("fit", ["ML", "REML"])
def test_mixed_model_within_and_between_like_statsmodels_formula(fit: str) -> None:
    rng = np.random.default_rng(3)
    subject = np.repeat(np.arange(30), 4)
    x = rng.normal(size=120) + np.repeat(rng.normal(size=30), 4) * 2
    means = np.repeat(x.reshape(30, 4).mean(1), 4)
    y = 3 + 2 * means + 0.5 * (x - means) + np.repeat(rng.normal(size=30), 4) + rng.normal(size=120)
    frame = pd.DataFrame({"y": y, "b": means, "w": x - means, "s": subject})
    theirs = sm.MixedLM.from_formula("y ~ b + w", frame, groups="s").fit(reml=fit == "REML")
    ours = stats.mixed_model(y, subject, {"x": x}, split=("x",), fit=fit)
    assert [t.name for t in ours.terms] == ["intercept", "x between", "x within"]
    for term, name in zip(ours.terms, ("Intercept", "b", "w"), strict=True):
        assert (term.value, term.se) == pytest.approx((theirs.params[name], theirs.bse[name]), rel=1e-3)
    # balanced data: the within effect is that of ordinary least squares on deviations
    dev = y - np.repeat(y.reshape(30, 4).mean(1), 4)
    assert ours["x within"].value == pytest.approx(
        float((x - means) @ dev / ((x - means) ** 2).sum()), rel=1e-6
    )
    assert ours["x between"].value == pytest.approx(
        float(np.polyfit(means[::4], y.reshape(30, 4).mean(1), 1)[0]), rel=1e-6
    )


def test_reml_variances_equal_the_anova_estimates_of_balanced_limits() -> None:
    rng = np.random.default_rng(11)
    subject = np.repeat(np.arange(25), 5)
    d = np.repeat(rng.normal(0, 3, 25), 5) + rng.normal(0.7, 2, 125)
    x = rng.uniform(0, 50, 125)
    ba = stats.bland_altman_repeated(x, x + d, subject)
    reml = sm.MixedLM(d, np.ones(125), subject).fit()
    assert ba.bias == pytest.approx(float(reml.fe_params[0]))
    assert ba.sd == pytest.approx(float(np.sqrt(reml.cov_re[0, 0] + reml.scale)), rel=1e-4)
    assert (ba.bias - ba.low) / sps.t.ppf(0.975, 24) == pytest.approx(float(reml.bse_fe[0]), rel=1e-4)


@pytest.mark.parametrize("seed", SEEDS)
def test_roc_and_mae_like_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 2, 80)
    score = np.round(label + rng.normal(0, 1.2, 80), 1)
    ours = stats.roc(label, score)
    assert ours.value == pytest.approx(roc_auc_score(label, score))
    trapezoid = float(np.trapezoid(ours.true_positive_rate, ours.false_positive_rate))
    assert trapezoid == pytest.approx(ours.value)
    x, y = _pairs(seed)
    assert stats.mean_absolute_error(x, y).value == pytest.approx(mean_absolute_error(x, y))


def test_delong_variance_by_its_definition() -> None:
    positive, negative = np.array([3.0, 4, 4, 6, 7]), np.array([1.0, 2, 3, 4])
    wins = (positive[:, None] > negative) + 0.5 * (positive[:, None] == negative)
    ours = stats.roc(np.r_[np.ones(5), np.zeros(4)], np.r_[positive, negative])
    variance = wins.mean(1).var(ddof=1) / 5 + wins.mean(0).var(ddof=1) / 4
    assert ours.value == pytest.approx(wins.mean())
    assert ours.se == pytest.approx(np.sqrt(variance))


def test_error_of_measurement_from_icc_and_total_variance() -> None:
    rng = np.random.default_rng(5)
    table = rng.normal(20, 8, (40, 1)) + rng.normal(0, 3, (1, 3)) + rng.normal(0, 2, (40, 3))
    sem = stats.standard_error_of_measurement(table, "consistency")
    icc = stats.icc(table, "C,1")
    rows = table.mean(1).var(ddof=1)  # = subject variance + error / k
    error = rows * (1 - icc.value) / (icc.value + (1 - icc.value) / 3)
    assert sem.value**2 == pytest.approx(error)
    agreement = stats.standard_error_of_measurement(table, "agreement")
    assert agreement.value > sem.value
    sdc = stats.smallest_detectable_change(table, "agreement")
    assert sdc.value == pytest.approx(2.7718 * agreement.value, rel=1e-4)


def test_cluster_bootstrap_of_a_mean_matches_its_cluster_robust_error() -> None:
    rng = np.random.default_rng(2)
    k, m = 60, 5
    subject = np.repeat(np.arange(k), m)
    error = np.repeat(rng.normal(0, 2, k), m) + rng.normal(0, 1, k * m)
    x = rng.uniform(0, 20, k * m)
    boot = cluster_bootstrap(stats.paired_t, subject, x, x + error, seed=1, draws=1000)
    naive = stats.paired_t(x, x + error)
    by_patient = error.reshape(k, m).mean(1).std(ddof=1) / np.sqrt(k)
    assert (boot.high - boot.low) / 3.92 == pytest.approx(by_patient, rel=0.12)
    assert boot.high - boot.low > 1.6 * (naive.high - naive.low)
    assert np.isnan(boot.p)
    again = cluster_bootstrap(stats.paired_t, subject, x, x + error, seed=1, draws=1000)
    assert (again.low, again.high) == (boot.low, boot.high)


def test_leaving_out_patients_gives_the_t_interval_of_patient_means() -> None:
    rng = np.random.default_rng(6)
    d = np.repeat(rng.normal(0, 2, 12), 4) + rng.normal(0.5, 1, 48)
    subject = np.repeat(list("abcdefghijkl"), 4)
    x = rng.uniform(0, 20, 48)
    left = stats.cluster_jackknife(stats.paired_t, subject, x, x + d)
    means = d.reshape(12, 4).mean(1)
    low, high = sps.t.interval(0.95, 11, means.mean(), means.std(ddof=1) / np.sqrt(12))
    assert (left.low, left.high) == pytest.approx((low, high))
    assert (left.value, left.n, left.n_subjects) == (pytest.approx(d.mean()), 48, 12)
    assert np.isnan(left.p)
    errors = stats.cluster_jackknife(stats.mean_absolute_error, subject, x, x + d, scale="log")
    assert 0 < errors.low < errors.value < errors.high
    within = stats.cluster_jackknife(stats.rmcorr, subject, x, x + d, scale="z", with_subject=True)
    assert -1 < within.low < within.value < within.high < 1
