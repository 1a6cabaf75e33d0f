"""Nothing is left out silently; what cannot be computed says why."""

from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import FrozenInstanceError, fields

import numpy as np
import pandas as pd
import pytest

from ssc_core import stats
from ssc_core.errors import InputError

X = [1.0, 2, 3, 4, 5, 6]
Y = [2.4, 1.5, 2.5, 4.5, 5.2, 7]
PAIRED = [
    stats.mean_absolute_error, stats.lin_ccc, stats.bland_altman, stats.pearson, stats.spearman,
    stats.least_squares, stats.paired_t, stats.wilcoxon,
]  # fmt: skip


@pytest.mark.parametrize("function", PAIRED)
def test_missing_values_are_left_out_counted_and_reported(function) -> None:
    whole = function(X, Y)
    holed = function([*X, 9, np.nan], [*Y, None, 3])
    assert holed.value == whole.value
    assert (holed.n, holed.n_missing, whole.n_missing) == (6, 2, 0)
    assert "2 of 8 rows left out" in holed.note


@pytest.mark.parametrize("function", PAIRED)
def test_images_of_one_patient_are_never_taken_as_independent_without_saying_so(function) -> None:
    assert "no patient named" in function(X, Y).note
    assert function(X, Y).n_subjects is None
    repeated = function(X, Y, subject=list("aabbcc"))
    assert "6 rows of 3 patients" in repeated.note
    assert "independent" in repeated.note
    assert repeated.n_subjects == 3
    assert function(X, Y, subject=list("abcdef")).note == ""


@pytest.mark.parametrize("function", PAIRED)
def test_too_few_or_constant_values_give_nan_with_the_reason(function) -> None:
    empty = function([], [])
    assert math.isnan(empty.value)
    assert empty.note
    for x, y in (([3.0] * 5, [3.0] * 5), ([2.0], [3.0])):
        odd = function(x, y)
        assert math.isnan(odd.low) or odd.low == odd.high or odd.note
        assert odd.note


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: stats.pearson(X, Y[:-1]), "differ in length"),
        (lambda: stats.pearson(X, [*Y[:-1], "seven"]), "not a number"),
        (lambda: stats.pearson(X, [*Y[:-1], np.inf]), "infinite"),
        (lambda: stats.pearson(X, [Y, Y]), "dimensions"),
        (lambda: stats.pearson(X, Y, subject=[1, 2, 3, 4, 5, None]), "names no patient"),
        (lambda: stats.pearson(X, Y, subject=[1, 2]), "differ in length"),
        (lambda: stats.pearson(pd.Series(X), pd.Series(Y, index=range(1, 7))), "row labels"),
        (lambda: stats.weighted_kappa([0, 7], [0, 5]), "not among the 21 categories"),
        (lambda: stats.weighted_kappa([0, 5], [0, 5], weights="cubic"), "unknown weights"),
        (lambda: stats.icc([[1, 2], [3, 4]], "B,1"), "unknown form"),
        (lambda: stats.icc([1, 2, 3]), "dimensions"),
        (lambda: stats.wilcoxon(X, Y, zeros="keep"), "zeros"),
        (lambda: stats.roc([0, 2, 1], [1, 2, 3]), "1 for cases"),
        (lambda: stats.one_way_anova([1, 2], ["a", None]), "names no group"),
        (lambda: stats.mixed_model(Y, list("aabbcc"), {"x": [1] * 6}), "constant or repeat"),
        (lambda: stats.mixed_model(Y, list("aabbcc"), {"x": X}, split=("z",)), "unknown term"),
        (lambda: stats.within_between([1, np.nan], ["a", "a"]), "misses values"),
        (lambda: stats.cluster_bootstrap(stats.pearson, ["a"] * 6, X, Y, seed=1), "needs two"),
        (lambda: stats.cluster_bootstrap(stats.pearson, list("aabbcc"), X, Y, seed=1, draws=5), "100 draws"),
    ],
)
def test_wrong_input_gets_one_clear_sentence(call, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        call()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (lambda: stats.weighted_kappa([5, 5], [5, 5]), "single category"),
        (lambda: stats.icc([[1, 1], [1, 1]]), "no rating differs"),
        (lambda: stats.icc([[1], [2]]), "one rater"),
        (lambda: stats.rmcorr([1, 2, 3], [1, 2, 3], [3, 4, 5]), "no degree of freedom"),
        (lambda: stats.rmcorr([1, 1, 2, 2], [1, 1, 2, 2], [3, 4, 5, 6]), "constant within"),
        (lambda: stats.bland_altman_repeated(X, Y, range(6)), "no patient has two pairs"),
        (lambda: stats.roc([1, 1], [0.2, 0.3]), "both classes"),
        (lambda: stats.one_way_anova([1, 2, 3], ["a", "a", "a"]), "two are needed"),
        (lambda: stats.mixed_model(Y, range(6), {"x": X}), "too few rows per patient"),
        (lambda: stats.wilcoxon(X, X), "no pair differs"),
        (lambda: stats.misclassification([], []), "no complete row"),
        (lambda: stats.standard_error_of_measurement([[1.0, 2.0]]), "are needed"),
    ],
)
def test_a_number_that_cannot_be_had_is_nan_and_says_why(result, words: str) -> None:
    got = result()
    assert math.isnan(got.value)
    assert words in got.note
    assert "none (" in str(got)


def test_patients_with_one_visit_add_nothing_and_are_counted() -> None:
    one = stats.rmcorr([1, 1, 1, 2, 2], [1, 2, 3, 1, 4], [2, 2, 4, 0, 3])
    two = stats.rmcorr([1, 1, 1, 2, 2, 3], [1, 2, 3, 1, 4, 90], [2, 2, 4, 0, 3, -70])
    assert (one.value, one.df) == (two.value, two.df)
    assert two.n_single == 1
    assert "1 of 3 patients" in two.note


def test_zeros_of_the_signed_rank_test_are_stated() -> None:
    s = stats.wilcoxon([0, 0, 0, 1, 2, 3], [0, 0, 1, 3, 1, 9])
    assert s.n_zero == 2
    assert "zeros dropped" in s.test
    assert "2 of 6 pairs without a difference dropped" in s.note


def test_parted_classes_have_an_area_of_1_and_no_delong_interval_and_may_still_be_called_wrongly() -> None:
    label, score = [0, 0, 0, 1, 1, 1], [0.1, 0.3, 0.55, 0.6, 0.8, 0.9]
    area = stats.roc(label, score)
    assert area.value == 1
    assert math.isnan(area.low)
    assert "variance is 0" in area.note
    wrong = stats.misclassification(label, score)
    assert wrong.value == pytest.approx(1 / 6)
    assert wrong.specificity == pytest.approx(2 / 3)


def test_long_tables_become_wide_and_repeated_readings_are_refused() -> None:
    long = pd.DataFrame({"t": [1, 1, 2, 2, 3], "r": list("abaab"), "v": [1.0, 2, 3, 4, 5]})
    with pytest.raises(InputError, match="1 readings repeat"):
        stats.ratings_of(long, "t", "r", "v")
    wide = stats.ratings_of(long.drop(index=3), "t", "r", "v")
    assert wide.shape == (3, 2)
    assert stats.icc(wide).n_missing == 2


def test_random_and_mixed_effects_share_a_number_and_both_names_are_given() -> None:
    icc = stats.icc([[1, 2], [4, 4], [7, 9.0], [3, 3]], "A,1")
    assert {"ICC(A,1)", "ICC(2,1)"} < set(icc.names)
    assert any("mixed" in n and "same number" in n for n in icc.names)
    assert any("two-way random" in n for n in icc.names)
    assert icc.words in {"poor to excellent", "moderate to excellent", "good to excellent", "excellent"}


def test_words_have_the_bounds_of_their_authors() -> None:
    assert [stats.koo_li(v) for v in (0.49, 0.5, 0.72, 0.75, 0.9, 0.91, math.nan)] == [
        "poor", "moderate", "moderate", "good", "good", "excellent", ""
    ]  # fmt: skip
    assert [stats.landis_koch(v) for v in (-0.1, 0, 0.2, 0.33, 0.6, 0.61, 0.9)] == [
        "poor", "slight", "slight", "fair", "moderate", "substantial", "almost perfect"
    ]  # fmt: skip


def test_results_are_frozen_and_become_rows() -> None:
    s = stats.lin_ccc(X, Y)
    with pytest.raises(FrozenInstanceError):
        s.value = 0  # type: ignore[misc]
    row = s.as_row()
    for name in ("value", "low", "high", "p", "n", "n_subjects", "n_missing", "method", "test", "note"):
        assert name in row
    assert {f.name for f in fields(s)} >= {"se", "accuracy"}
    assert "Lin" in s.method
    assert "z of" in s.test


def test_importing_the_statistics_stays_light() -> None:
    code = "import sys, ssc_core.stats as s; s.weighted_kappa; print(*(m in sys.modules for m in {}))"
    code = code.format(("torch", "statsmodels"))
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.split() == ["False", "False"]


def test_every_public_name_is_there() -> None:
    assert sorted(stats.__all__) == stats.__all__ == dir(stats)
    for name in stats.__all__:
        assert getattr(stats, name) is not None


def test_an_interval_without_width_is_not_given() -> None:
    same = stats.weighted_kappa([0, 5, 10, 10], [0, 5, 10, 10])
    assert same.value == 1
    assert math.isnan(same.low)
    assert "no interval" in same.note
    constant = stats.weighted_kappa([0, 5, 10, 10], [0, 0, 0, 0])
    assert constant.value == pytest.approx(0)
    assert math.isnan(constant.high)
    boot = stats.cluster_bootstrap(stats.lin_ccc, list("aabbcc"), X, X, seed=1, draws=100)
    assert boot.value == 1
    assert math.isnan(boot.low)
    assert "every resample gives the same value" in boot.note
