"""160 ridge and 160 logistic fits (10 grouped folds x 16 penalties) against scikit-learn in a loop.

Run: ``python benchmarks/ridge_paths.py [--biopsies 103] [--patches 100] [--features 4096] [--only logistic]
[--pca]``. Both sides fit the same data in the same run, class-weighted, with scaling inside the fold. A
scikit-learn unit (one fold, a few penalties spread over the grid) is measured and multiplied; such totals are
marked (x). Ours is timed whole. Times are processor seconds of one thread, so that other work on the machine
counts for neither side. Data are like fc6 features: correlated, sparse, non-negative.
"""

from __future__ import annotations

import argparse
import resource
import time
import warnings

import numpy as np
from threadpoolctl import threadpool_limits

from ssc_core.skin.scores.design import Design, class_weights, moments
from ssc_core.skin.scores.discovery import first_component
from ssc_core.skin.scores.logistic import logistic_paths
from ssc_core.skin.scores.ridge import ridge_paths

LAMBDAS = np.geomspace(1e-5, 1e3, 16)
FOLDS = 10


def make(biopsies: int, patches: int, p: int) -> tuple[Design, Design]:
    g = np.random.default_rng(0)
    status = g.permutation(np.arange(biopsies) % 8 > 0)
    k = 200
    loadings = g.normal(size=(k, p)).astype(np.float32) * 0.97 ** np.arange(k, dtype=np.float32)[:, None]
    shift = np.where(np.arange(k) < 30, 0.25, 0).astype(np.float32)
    of_biopsy = (g.normal(size=(biopsies, k)) / 2 + np.outer(status - 0.5, shift)).astype(np.float32)
    n = biopsies * patches
    x = (
        (g.normal(size=(n, k)).astype(np.float32) + np.repeat(of_biopsy, patches, 0))
        @ loadings
        * np.float32(0.35)
    )
    x += g.normal(size=(n, p)).astype(np.float32) * np.float32(0.7)
    np.maximum(x - np.float32(0.8), 0, out=x)
    positive = np.repeat(status, patches)
    fold = np.repeat(g.permutation(np.arange(biopsies) % FOLDS), patches)
    y = np.repeat(status * 10 + g.normal(size=biopsies) * 3, patches)
    return Design(x, y, positive, fold), Design(x, positive.astype(float), positive, fold)


def objective(design: Design, logistic: bool, coef: np.ndarray, intercept: float, penalty: float) -> float:
    rows = design.training(frozenset({0}))
    weights, sd = class_weights(design.positive[rows]), moments(design.x[rows])[1]
    linear = design.x[rows].astype(np.float64) @ coef + intercept
    y = design.y[rows]
    loss = np.logaddexp(0, linear) - y * linear if logistic else (y - linear) ** 2 / 2
    return float(weights @ loss + penalty / 2 * (coef * sd) @ (coef * sd))


def compare(design: Design, logistic: bool, which: list[int]) -> None:
    from sklearn.linear_model import LogisticRegression, Ridge

    name = "logistic" if logistic else "ridge"
    singles = [frozenset({k}) for k in range(FOLDS)]
    start = time.process_time()
    paths = (logistic_paths if logistic else ridge_paths)(design, singles, LAMBDAS)
    ours = time.process_time() - start
    rows = design.training(frozenset({0}))
    n = int(rows.sum())
    times, above, apart = [], -np.inf, 0.0
    for i in which:
        start = time.process_time()
        mean, sd = moments(design.x[rows])
        z = (design.x[rows] - mean) / sd
        weights = class_weights(design.positive[rows]) * n
        if logistic:
            model = LogisticRegression(C=1 / (n * LAMBDAS[i]), max_iter=5000)
        else:
            model = Ridge(alpha=n * LAMBDAS[i], solver="cholesky")
        model.fit(z, design.y[rows], sample_weight=weights)
        times.append(time.process_time() - start)
        coef = np.ravel(model.coef_) / sd
        intercept = float(np.ravel(model.intercept_)[0]) - float(mean @ coef)
        theirs = objective(design, logistic, coef, intercept, LAMBDAS[i])
        mine = objective(design, logistic, paths.coef[0, i], paths.intercept[0, i], LAMBDAS[i])
        above = max(above, (mine - theirs) / abs(theirs))
        held = design.x[~rows].astype(np.float64)
        apart = max(
            apart, float(abs(held @ (coef - paths.coef[0, i]) + intercept - paths.intercept[0, i]).max())
        )
    total = float(np.mean(times)) * FOLDS * len(LAMBDAS)
    print(
        f"{name}: ours {ours:.1f} s for all {FOLDS * len(LAMBDAS)}; "
        f"scikit-learn {np.round(times, 2)} s a fit, {total:.0f} s (x); ratio {total / ours:.1f}; "
        f"largest (our objective - theirs) / theirs {above:.1e}; "
        f"largest difference of held-out linear scores {apart:.1e}",
        flush=True,
    )


def pca(x: np.ndarray) -> None:
    from sklearn.decomposition import PCA

    start = time.process_time()
    axis, _ = first_component(x, *moments(x))
    ours = time.process_time() - start
    mean, sd = moments(x)
    z = ((x - mean) / sd).astype(np.float32)
    for solver in ("full", "randomized"):
        start = time.process_time()
        other = PCA(1, svd_solver=solver, random_state=0).fit(z).components_[0]
        took = time.process_time() - start
        cosine = abs(other @ axis)
        print(f"first component of {x.shape}: ours {ours:.2f} s, scikit-learn {solver} {took:.2f} s")
        print(f"  ratio {took / ours:.1f}, |cos| {cosine:.7f}", flush=True)


def main() -> None:
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser()
    parser.add_argument("--biopsies", type=int, default=103)
    parser.add_argument("--patches", type=int, default=100)
    parser.add_argument("--features", type=int, default=4096)
    parser.add_argument("--only", choices=("ridge", "logistic"), help="one of the two")
    parser.add_argument("--pca", action="store_true", help="first principal component too")
    given = parser.parse_args()
    threadpool_limits(1)
    linear, binary = make(given.biopsies, given.patches, given.features)
    print(f"{linear.x.shape[0]} patches x {linear.x.shape[1]} features", flush=True)
    if given.only != "logistic":
        compare(linear, False, [2, 8, 13])
    if given.only != "ridge":
        compare(binary, True, [2, 5, 8, 11, 14])
    if given.pca:
        pca(linear.x[: min(2600, len(linear.x))])
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.1f} GB")


if __name__ == "__main__":
    main()
