"""What must hold for any data."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ssc_core import stats

pytestmark = pytest.mark.filterwarnings("ignore::hypothesis.errors.NonInteractiveExampleWarning")
few = settings(max_examples=60, deadline=None)
numbers = st.integers(-400, 400).map(lambda i: i / 8)
columns = st.integers(4, 25).flatmap(
    lambda n: st.tuples(arrays(float, n, elements=numbers), arrays(float, n, elements=numbers))
)
goh = st.integers(2, 30).flatmap(
    lambda n: st.tuples(*[arrays(int, n, elements=st.integers(0, 20).map(lambda c: 5 * c))] * 2)
)
tables = st.tuples(st.integers(3, 12), st.integers(2, 4)).flatmap(
    lambda shape: arrays(float, shape, elements=numbers)
)


def same(a: float, b: float, tol: float = 1e-6) -> bool:
    return (math.isnan(a) and math.isnan(b)) or a == pytest.approx(b, rel=tol, abs=tol)


@given(columns)
@few
def test_concordance_never_exceeds_correlation(pair: tuple[np.ndarray, np.ndarray]) -> None:
    ccc, r = stats.lin_ccc(*pair), stats.pearson(*pair)
    if not math.isnan(r.value):
        assert abs(ccc.value) <= abs(r.value) + 1e-9
    assert same(ccc.value, stats.lin_ccc(pair[1], pair[0]).value)


@given(goh, st.sampled_from(["linear", "quadratic", "unweighted"]))
@few
def test_kappa_is_1_if_and_only_if_the_raters_agree_everywhere(pair, weights: str) -> None:
    a, b = pair
    kappa = stats.weighted_kappa(a, b, weights=weights)
    if math.isnan(kappa.value):
        assert len(np.unique(np.r_[a, b])) == 1
        assert kappa.note
    else:
        assert (kappa.value == 1) == bool((a == b).all())
    self = stats.weighted_kappa(a, a, weights=weights)
    assert math.isnan(self.value) or self.value == 1


@given(goh)
@few
def test_kappa_is_symmetric_and_blind_to_the_scale_of_its_categories(pair) -> None:
    a, b = pair
    value = stats.weighted_kappa(a, b).value
    assert same(value, stats.weighted_kappa(b, a).value)
    assert same(value, stats.weighted_kappa(a // 5, b // 5, categories=range(21)).value)


@given(tables, st.floats(0.1, 50), numbers, numbers)
@few
def test_icc_keeps_its_value_under_shift_and_scale(table, scale: float, shift: float, rater: float) -> None:
    for form in ("1,1", "A,1", "C,1", "1,k", "A,k", "C,k"):
        value = stats.icc(table, form).value
        moved = stats.icc(table * scale + shift, form).value
        if not math.isnan(value) and abs(value) < 1e4:
            assert same(value, moved, 1e-5)
    offset = table.copy()
    offset[:, 0] += rater
    before, after = stats.icc(table, "C,1").value, stats.icc(offset, "C,1").value
    if not math.isnan(before) and not math.isnan(after):
        assert same(before, after, 1e-5)  # consistency does not see a rater's offset


@given(columns, numbers)
@few
def test_bland_altman_moves_with_a_shift_and_turns_with_the_order(pair, shift: float) -> None:
    x, y = pair
    a, b = stats.bland_altman(x, y), stats.bland_altman(x, y + shift)
    assert same(a.bias + shift, b.bias)
    assert same(a.lower + shift, b.lower)
    assert same(a.upper_exact[1] + shift, b.upper_exact[1])
    assert same(a.sd, b.sd)
    turned = stats.bland_altman(y, x)
    assert same(a.bias, -turned.bias)
    assert same(a.upper, -turned.lower)
    assert same(a.upper_exact[1], -turned.lower_exact[0])


@given(columns, st.randoms(use_true_random=False))
@few
def test_no_statistic_depends_on_the_order_of_rows(pair, random) -> None:
    x, y = pair
    who = np.arange(len(x)) % 3
    order = list(range(len(x)))
    random.shuffle(order)
    for function in (
        stats.mean_absolute_error,
        stats.lin_ccc,
        stats.bland_altman,
        stats.pearson,
        stats.spearman,
        stats.least_squares,
        stats.paired_t,
        stats.wilcoxon,
    ):
        one, two = function(x, y), function(x[order], y[order])
        assert same(one.value, two.value), function
        assert same(one.high, two.high, 1e-5), function
    assert same(stats.rmcorr(who, x, y).value, stats.rmcorr(who[order], x[order], y[order]).value)
    one = stats.bland_altman_repeated(x, y, who)
    two = stats.bland_altman_repeated(x[order], y[order], who[order])
    assert same(one.sd, two.sd)


@given(columns)
@few
def test_every_interval_holds_its_value(pair) -> None:
    x, y = pair
    for function in (stats.mean_absolute_error, stats.lin_ccc, stats.bland_altman, stats.pearson,
                     stats.spearman, stats.least_squares, stats.paired_t, stats.wilcoxon):  # fmt: skip
        s = function(x, y)
        if not math.isnan(s.low):
            assert s.low - 1e-9 <= s.value <= s.high + 1e-9, function
        assert math.isnan(s.p) or 0 <= s.p <= 1


@given(st.lists(st.integers(0, 400), min_size=1, max_size=30))
def test_nearest_class_is_within_half_a_step_and_halves_go_up(tenths: list[int]) -> None:
    values = np.array(tenths) / 4
    rounded = stats.nearest_class(values)
    assert (rounded % 5 == 0).all()
    assert (abs(rounded - values) <= 2.5).all()
    assert stats.nearest_class([2.5, 7.5, 12.5, 12.4]).tolist() == [5, 10, 15, 10]
