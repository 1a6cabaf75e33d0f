"""Ridge and logistic paths against scikit-learn and against their own definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression, Ridge

from ssc_core.errors import InputError
from ssc_core.skin.scores.curvature import Curvature
from ssc_core.skin.scores.design import Design, class_weights, moments, spreads
from ssc_core.skin.scores.logistic import logistic_paths
from ssc_core.skin.scores.ridge import ridge_paths

LAMBDAS = np.geomspace(1e-5, 1e3, 16)


def made(seed: int, n: int = 240, p: int = 12, folds: int = 4, signal: float = 0.7, **kw: bool):
    """Correlated features of unequal scale, three times as many positives as controls, grouped folds."""
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(n // 6), 6)
    positive = (np.arange(n // 6) % 4 > 0)[groups]
    mixing = rng.normal(size=(p, p))
    x = rng.normal(size=(n, p)) @ mixing * rng.uniform(0.01, 50, p) + rng.normal(size=p) * 30
    z = (x - x.mean(0)) / x.std(0)
    x += signal * positive[:, None] * x.std(0) * (np.arange(p) < 3)
    y = 10 + 4 * z[:, 0] - 2 * z[:, 1] + rng.normal(size=n) * 3
    fold = (np.arange(n // 6) // 4 % folds)[groups]
    linear = Design(x.astype(np.float32), y, positive, fold, **kw)
    return linear, Design(linear.x, positive.astype(float), positive, fold, **kw)


def scaled(design: Design, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    mean, sd = moments(design.x if design.common_scale else design.x[rows])
    return (design.x - mean) / sd, mean, sd


@pytest.mark.parametrize("common", [False, True])
@pytest.mark.parametrize("shape", [(240, 12), (60, 90)])
def test_ridge_predictions_equal_scikit_learn_fits_of_each_fold(shape, common):
    design, _ = made(1, *shape, common_scale=common)
    holdouts = [frozenset({0}), frozenset({1, 3}), frozenset()]
    paths = ridge_paths(design, holdouts, LAMBDAS)
    mine = paths.predict(design.x)
    for h, holdout in enumerate(holdouts):
        rows = design.training(holdout)
        z, *_ = scaled(design, rows)
        weights = class_weights(design.positive[rows]) * rows.sum()
        for i in (0, 5, 10, 15):
            model = Ridge(alpha=LAMBDAS[i] * rows.sum(), solver="svd", tol=1e-12)
            model.fit(z[rows], design.y[rows], sample_weight=weights)
            np.testing.assert_allclose(mine[h, i], model.predict(z), atol=1e-6, rtol=0)


@pytest.mark.parametrize("common", [False, True])
def test_logistic_probabilities_equal_scikit_learn_at_tight_tolerance(common):
    _, design = made(2, common_scale=common)
    holdouts = [frozenset({0}), frozenset({1, 2})]
    mine = logistic_paths(design, holdouts, LAMBDAS).predict(design.x)
    for h, holdout in enumerate(holdouts):
        rows = design.training(holdout)
        z, *_ = scaled(design, rows)
        weights = class_weights(design.positive[rows]) * rows.sum()
        for i in (0, 4, 8, 12, 15):
            model = LogisticRegression(
                C=1 / (LAMBDAS[i] * rows.sum()), solver="newton-cholesky", tol=1e-10, max_iter=500
            )
            model.fit(z[rows], design.y[rows], sample_weight=weights)
            prob = 1 / (1 + np.exp(-mine[h, i]))
            np.testing.assert_allclose(prob, model.predict_proba(z)[:, 1], atol=1e-6, rtol=0)


def logistic_objective(design, rows, penalty, linear, beta_scaled):
    weights = class_weights(design.positive[rows])
    loss = np.logaddexp(0, linear[rows]) - design.y[rows] * linear[rows]
    return weights @ loss + penalty / 2 * beta_scaled @ beta_scaled


def test_logistic_objective_is_never_above_scikit_learns_also_in_single_precision(monkeypatch):
    """More features than patches, classes parted entirely: the weak penalties are the hard ones."""
    _, design = made(3, n=120, p=200, signal=2.0)
    rows = design.training(frozenset({0}))
    z, _, sd = scaled(design, rows)
    weights = class_weights(design.positive[rows]) * rows.sum()
    for limit in (10**9, 0):
        monkeypatch.setattr("ssc_core.skin.scores.logistic._SMALL", limit)
        paths = logistic_paths(design, [frozenset({0})], LAMBDAS)
        linear = paths.predict(design.x.astype(float))[0]
        for i, penalty in enumerate(LAMBDAS):
            other = LogisticRegression(C=1 / (penalty * rows.sum()), max_iter=5000)
            other.fit(z[rows], design.y[rows], sample_weight=weights)
            theirs = logistic_objective(design, rows, penalty, other.decision_function(z), other.coef_[0])
            ours = logistic_objective(design, rows, penalty, linear[i], paths.coef[0, i] * sd)
            assert ours <= theirs * (1 + 1e-6)


@pytest.mark.parametrize("shape", [(400, 30), (40, 90)])
def test_a_shared_curvature_inverts_its_multiples_with_any_penalty(shape, monkeypatch):
    """Many patches and few take different ways; nothing is left out here, so that both are exact."""
    monkeypatch.setattr("ssc_core.skin.scores.curvature._KEPT", 1.0)
    rng = np.random.default_rng(0)
    z, bend = rng.normal(size=shape), rng.uniform(0.1, 1, shape[0])
    penalised, r = rng.uniform(0.5, 2, shape[1]), rng.normal(size=(shape[1], 3))
    curvature = Curvature(z, bend, penalised)
    for times, penalty in ((1.0, 3.0), (2.5, 0.01)):
        whole = z.T @ (z * (times * bend)[:, None]) + np.diag(penalty * penalised)
        given = curvature.inverse(penalty, times * bend.sum()) @ r
        np.testing.assert_allclose(whole @ given / (whole @ given)[0, 0] * r[0, 0], r, atol=1e-7)


def test_spread_of_each_training_part_from_sums_over_folds():
    design, _ = made(6)
    holdouts = [frozenset({0}), frozenset({1, 3}), frozenset()]
    direct = [moments(design.x[design.training(h)])[1] for h in holdouts]
    np.testing.assert_allclose(spreads(design, holdouts), direct, rtol=1e-10)
    with pytest.raises(InputError, match="fewer than two"):
        spreads(design, [frozenset(range(4))])


@pytest.mark.parametrize("shape", [(240, 12), (60, 90)])
def test_a_feature_that_is_constant_in_a_training_part_has_no_weight_there(shape):
    design, binary = made(4, *shape)
    x = design.x.copy()
    x[:, 5] = 3.0
    x[design.fold == 2, 5] = np.linspace(0, 9, (design.fold == 2).sum())
    for paths in (
        ridge_paths(Design(x, design.y, design.positive, design.fold), [frozenset({2})], LAMBDAS),
        logistic_paths(Design(x, binary.y, design.positive, design.fold), [frozenset({2})], LAMBDAS),
    ):
        assert np.isfinite(paths.coef).all()
        assert abs(paths.coef[0, :, 5]).max() < 1e-6


def test_held_out_patches_change_nothing():
    """Whatever stands in the held-out fold, scaler, weights and coefficients are the same."""
    design, binary = made(5)
    held = design.fold == 1
    x, y = design.x.copy(), design.y.copy()
    x[held] = np.random.default_rng(0).normal(size=x[held].shape) * 1e3
    y[held] = -99
    for fit, one in ((ridge_paths, design), (logistic_paths, binary)):
        before = fit(one, [frozenset({1})], LAMBDAS[4:])
        other = np.where(held, 1 - one.y if one is binary else y, one.y)
        after = fit(Design(x, other, one.positive, one.fold), [frozenset({1})], LAMBDAS[4:])
        probe = design.x[~held].astype(float)
        np.testing.assert_allclose(after.predict(probe), before.predict(probe), atol=1e-5)


@given(seed=st.integers(0, 10_000), scale=st.floats(0.01, 100), shift=st.floats(-100, 100))
@settings(max_examples=15, deadline=None)
def test_scores_do_not_depend_on_the_unit_of_a_feature(seed, scale, shift):
    design, _ = made(seed % 7, n=60, p=4)
    other = Design((design.x * scale + shift).astype(np.float32), design.y, design.positive, design.fold)
    a = ridge_paths(design, [frozenset({0})], LAMBDAS[3:8]).predict(design.x)
    b = ridge_paths(other, [frozenset({0})], LAMBDAS[3:8]).predict(other.x)
    np.testing.assert_allclose(a, b, atol=2e-2)


def test_equal_weight_for_each_class_whatever_their_numbers():
    weights = class_weights(np.array([True] * 9 + [False]))
    assert weights[:9].sum() == pytest.approx(0.5)
    assert weights[9] == pytest.approx(0.5)
    np.testing.assert_allclose(class_weights(np.ones(4, bool)), 0.25)


def test_one_patch_cannot_be_scaled():
    with pytest.raises(InputError, match="fewer than two"):
        moments(np.zeros((1, 3), np.float32))
