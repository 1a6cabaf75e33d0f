"""How often an interval that says 95 % holds the truth, by simulation."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from ssc_core import stats
from ssc_core.stats.absolute_error import mae_value
from ssc_core.stats.concordance import ccc_value
from ssc_core.stats.intraclass import icc_value
from ssc_core.stats.kappa import kappa_value

pytestmark = pytest.mark.slow
RNG = Callable[[np.random.Generator], tuple[float, float]]


def coverage(draw: RNG, truth: float, times: int = 1500, seed: int = 1) -> float:
    """Share of intervals that hold `truth`."""
    rng = np.random.default_rng(seed)
    held = 0
    for _ in range(times):
        low, high = draw(rng)
        held += low <= truth <= high
    print(f"coverage {held / times:.3f} over {times}")  # with -s
    return held / times


def ends(s: stats.Statistic) -> tuple[float, float]:
    return s.low, s.high


def bivariate(
    rng: np.random.Generator, n: int, r: float = 0.8, shift: float = 0.3
) -> tuple[np.ndarray, np.ndarray]:
    x = rng.normal(size=n)
    return x, shift + 1.1 * (r * x + math.sqrt(1 - r**2) * rng.normal(size=n))


CCC = 2 * 0.8 * 1.1 / (1 + 1.21 + 0.09)


@pytest.mark.parametrize("n", [20, 80])
def test_concordance(n: int) -> None:
    assert 0.93 <= coverage(lambda g: ends(stats.lin_ccc(*bivariate(g, n))), CCC) <= 0.97


@pytest.mark.parametrize("function", [stats.pearson, stats.spearman])
def test_correlations(function) -> None:
    truth = 0.8 if function is stats.pearson else 6 / math.pi * math.asin(0.4)
    assert 0.93 <= coverage(lambda g: ends(function(*bivariate(g, 40))), truth) <= 0.97


def test_slope_and_intercept() -> None:
    assert 0.94 <= coverage(lambda g: ends(stats.least_squares(*bivariate(g, 15))), 0.88) <= 0.96

    def intercept(g: np.random.Generator) -> tuple[float, float]:
        line = stats.least_squares(*bivariate(g, 15))
        return line.intercept_low, line.intercept_high

    assert 0.935 <= coverage(intercept, 0.3) <= 0.965


@pytest.mark.parametrize("form", ["1,1", "1,k", "A,1", "A,k", "C,1", "C,k"])
def test_icc(form: str) -> None:
    s, r, e, k = 3.0, 0.0 if form[0] == "1" else 0.8, 1.5, 4
    noise = e**2 if form[0] == "C" else e**2 + r**2
    truth = s**2 / (s**2 + noise / (k if form[2] == "k" else 1))

    def draw(g: np.random.Generator) -> tuple[float, float]:
        table = g.normal(0, s, (25, 1)) + g.normal(0, r, (1, k)) + g.normal(0, e, (25, k))
        return ends(stats.icc(table, form))

    assert 0.93 <= coverage(draw, truth) <= 0.975


@pytest.mark.parametrize("weights", ["linear", "quadratic", "unweighted"])
def test_kappa(weights: str) -> None:
    rng = np.random.default_rng(9)
    joint = np.exp(-abs(np.subtract.outer(np.arange(5), np.arange(5))) / 0.7) * rng.uniform(0.5, 1.5, (5, 5))
    joint /= joint.sum()
    big = rng.choice(25, 2_000_000, p=joint.ravel())
    truth = kappa_value(big // 5 + 0.0, big % 5 + 0.0, np.arange(5.0), weights)

    def draw(g: np.random.Generator) -> tuple[float, float]:
        cell = g.choice(25, 150, p=joint.ravel())
        return ends(stats.weighted_kappa(cell // 5, cell % 5, range(5), weights))

    assert 0.925 <= coverage(draw, truth) <= 0.97


def differences(g: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    x = g.uniform(0, 50, n)
    return x, x + g.normal(1, 2, n)


@pytest.mark.parametrize(
    ("name", "low", "high"), [("exact", 0.94, 0.96), ("approx", 0.92, 0.985), ("delta", 0.92, 0.985)]
)
def test_limits_of_agreement(name: str, low: float, high: float) -> None:
    def draw(g: np.random.Generator) -> tuple[float, float]:
        return getattr(stats.bland_altman(*differences(g, 20)), f"upper_{name}")

    assert low <= coverage(draw, 1 + 1.96 * 2, times=3000) <= high


@pytest.mark.parametrize("sizes", [(5,) * 20, tuple(range(1, 9)) * 3])
def test_limits_with_several_readings_per_patient(sizes: tuple[int, ...]) -> None:
    subject = np.repeat(np.arange(len(sizes)), sizes)

    def limits(g: np.random.Generator) -> stats.BlandAltman:
        d = 1 + g.normal(0, 1.5, len(sizes))[subject] + g.normal(0, 2, len(subject))
        x = g.uniform(0, 50, len(subject))
        return stats.bland_altman_repeated(x, x + d, subject)

    upper = coverage(lambda g: limits(g).upper_exact, 1 + 1.96 * 2.5)
    bias = coverage(lambda g: ends(limits(g)), 1.0)
    assert 0.93 <= upper <= 0.975
    assert 0.93 <= bias <= 0.97
    naive = coverage(
        lambda g: ends(
            stats.paired_t(
                np.zeros(len(subject)), g.normal(0, 1.5, len(sizes))[subject] + g.normal(0, 2, len(subject))
            )
        ),
        0.0,
    )
    assert naive < 0.88  # what taking slices for patients would cost


def test_means_of_errors_and_differences() -> None:
    truth = 2 * math.sqrt(2 / math.pi)  # mean of |N(0, 2)|

    def error(g: np.random.Generator) -> tuple[float, float]:
        return ends(stats.mean_absolute_error(np.zeros(40), g.normal(0, 2, 40)))

    assert 0.925 <= coverage(error, truth) <= 0.965
    assert 0.94 <= coverage(lambda g: ends(stats.paired_t(*differences(g, 12))), 1.0, times=3000) <= 0.96
    assert 0.94 <= coverage(lambda g: ends(stats.wilcoxon(*differences(g, 20))), 1.0, times=3000) <= 0.97


def test_repeated_measures_correlation() -> None:
    subject = np.repeat(np.arange(12), 4)

    def draw(g: np.random.Generator) -> tuple[float, float]:
        x = g.normal(size=48)
        y = 0.5 * x + math.sqrt(0.75) * g.normal(size=48)
        return ends(stats.rmcorr(subject, x + 3 * subject, y - 2 * subject))

    assert 0.935 <= coverage(draw, 0.5) <= 0.965


def test_eta_squared() -> None:
    means = np.array([0, 0.3, 0.6, 1.0])
    group = np.repeat(np.arange(4), 15)
    nc = 15 * float(((means - means.mean()) ** 2).sum())

    def draw(g: np.random.Generator) -> tuple[float, float]:
        return ends(stats.one_way_anova(means[group] + g.normal(size=60), group))

    assert 0.94 <= coverage(draw, nc / (nc + 60), times=600) <= 0.97 + 0.01


def test_area_under_the_curve_and_misclassification() -> None:
    label = np.repeat([0, 1], 40)
    truth = 0.5 * (1 + math.erf(1 / 2))  # two normals one SD apart

    def area(g: np.random.Generator) -> tuple[float, float]:
        return ends(stats.roc(label, label + g.normal(size=80)))

    assert 0.925 <= coverage(area, truth) <= 0.965

    def wrong(g: np.random.Generator) -> tuple[float, float]:
        return ends(stats.misclassification(label, (label + (g.random(80) < 0.07)) % 2))

    assert 0.95 <= coverage(wrong, 0.07) <= 1


@pytest.mark.parametrize("kind", ["consistency", "agreement", "one-way"])
def test_error_of_measurement(kind: str) -> None:
    r = 1.0 if kind == "agreement" else 0.0
    k = 8 if kind == "agreement" else 3

    def draw(g: np.random.Generator) -> tuple[float, float]:
        table = g.normal(0, 5, (20, 1)) + g.normal(0, r, (1, k)) + g.normal(0, 2, (20, k))
        return ends(stats.standard_error_of_measurement(table, kind))

    assert 0.92 <= coverage(draw, math.hypot(2, r)) <= 0.97


@pytest.mark.parametrize("fit", ["REML", "ML"])
def test_effects_within_and_between_patients(fit: str) -> None:
    subject = np.repeat(np.arange(30), 4)
    held = np.zeros(2)
    rng, times = np.random.default_rng(4), 250
    for _ in range(times):
        x = rng.normal(size=120) + np.repeat(rng.normal(size=30), 4) * 2
        means, rest = stats.within_between(x, subject)
        y = 2 * means + 0.5 * rest + np.repeat(rng.normal(size=30), 4) + rng.normal(size=120)
        model = stats.mixed_model(y, subject, {"x": x}, split=("x",), fit=fit)
        for i, (name, truth) in enumerate((("x between", 2.0), ("x within", 0.5))):
            held[i] += model[name].low <= truth <= model[name].high
    assert (held / times >= 0.90).all()
    assert (held / times <= 0.985).all()


def slices(g: np.random.Generator, patients: int) -> tuple[np.ndarray, np.ndarray]:
    """Five slices per patient, whose disease and whose drift between readers belong to the patient."""
    subject = np.repeat(np.arange(patients), 5)
    true = g.normal(0, 4, patients)[subject] + g.normal(0, 3, len(subject))
    drift = g.normal(0, 1.5, patients)[subject]
    return true + g.normal(0, 2**0.5, len(subject)), true + drift + g.normal(0, 2**0.5, len(subject))


AGREEMENT = 25 / (25 + 1.5**2 / 2 + 2)  # covariance over mean variance


@pytest.mark.parametrize(("patients", "lowest"), [(16, 0.90), (40, 0.91)])
def test_leaving_out_patients(patients: int, lowest: float) -> None:
    who = np.repeat(np.arange(patients), 5)

    def ccc(g: np.random.Generator) -> tuple[float, float]:
        x, y = slices(g, patients)
        return ends(stats.cluster_jackknife(stats.lin_ccc, who, x, y, scale="z", point=ccc_value))

    def icc(g: np.random.Generator) -> tuple[float, float]:
        table = np.column_stack(slices(g, patients))
        return ends(stats.cluster_jackknife(stats.icc, who, table, scale="z", point=icc_value))

    def mae(g: np.random.Generator) -> tuple[float, float]:
        x, y = slices(g, patients)
        whole = stats.mean_absolute_error
        return ends(stats.cluster_jackknife(whole, who, x, y, scale="log", point=mae_value))

    assert lowest <= coverage(ccc, AGREEMENT, times=500) <= 0.98
    assert lowest <= coverage(icc, AGREEMENT, times=500) <= 0.98
    assert lowest <= coverage(mae, 2.5 * math.sqrt(2 / math.pi), times=500) <= 0.98


@pytest.mark.parametrize(("patients", "lowest"), [(16, 0.83), (40, 0.87)])
def test_drawing_patients(patients: int, lowest: float) -> None:
    """The bootstrap falls short with few patients, which is why the engine leaves patients out instead."""
    who = np.repeat(np.arange(patients), 5)

    def ccc(g: np.random.Generator) -> tuple[float, float]:
        x, y = slices(g, patients)
        return ends(stats.cluster_bootstrap(stats.lin_ccc, who, x, y, seed=1, draws=500, point=ccc_value))

    assert lowest <= coverage(ccc, AGREEMENT, times=300) <= 0.98
