"""Cross-validation over all penalties, the choice of one, and the honest figure beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from ssc_core.progress import Tick, silent
from ssc_core.skin.scores.design import Design, Holdouts, Paths
from ssc_core.skin.scores.logistic import logistic_paths
from ssc_core.skin.scores.ridge import ridge_paths

__all__ = ["CrossValidation", "Kind", "cross_validate", "pearson_criterion", "t_criterion"]

Floats = npt.NDArray[np.float64]
Kind = Literal["logistic", "linear"]


@dataclass(frozen=True, eq=False)
class CrossValidation:
    """What cross-validation found.

    Parameters
    ----------
    lambdas : (k,) float array
        Penalties.
    criterion : (k,) float array
        What was maximised; NaN where it is not defined.
    chosen : int
        Position of the penalty that was taken.
    coef, intercept : (folds, p), (folds,) float arrays
        Models at that penalty, one per fold left out.
    linear : (n_biopsies,) float array
        Out-of-fold linear score of each biopsy at that penalty.
    nested : (n_biopsies,) float array or None
        Out-of-fold linear scores for which the penalty was chosen without the fold.
    nested_lambdas : tuple of float
        Penalty that each fold got there.
    """

    lambdas: Floats
    criterion: Floats
    chosen: int
    coef: Floats
    intercept: Floats
    linear: Floats
    nested: Floats | None
    nested_lambdas: tuple[float, ...]

    @property
    def penalty(self) -> float:
        """The penalty that was taken."""
        return float(self.lambdas[self.chosen])

    @property
    def at_edge(self) -> bool:
        """Whether it is the weakest or strongest that was tried."""
        return len(self.lambdas) > 1 and self.chosen in (0, len(self.lambdas) - 1)


def cross_validate(
    kind: Kind,
    design: Design,
    means: Floats,
    outcome: Floats,
    fold: npt.NDArray[np.intp],
    lambdas: Floats,
    *,
    nested: bool = True,
    tick: Tick = silent,
) -> CrossValidation:
    """Fit every fold and penalty, choose the penalty by the out-of-fold scores of biopsies.

    Parameters
    ----------
    kind : {"logistic", "linear"}
        Which model.
    design : Design
        Patches that take part in fits.
    means : (n_biopsies, p) float array
        Mean features of the biopsies that are scored.
    outcome : (n_biopsies,) float array
        Of each biopsy; NaN where it takes no part in the choice.
    fold : (n_biopsies,) intp array
        Fold of each biopsy, 0 .. k - 1.
    lambdas : (n,) float array
        Penalties.
    nested : bool, optional
        Whether the penalty is also chosen anew for each fold without that fold.
    tick : Tick, optional
        Progress.

    Notes
    -----
    Equally good penalties: the strongest is taken. Nested cross-validation needs the models of every PAIR of
    folds left out; the pair {i, j} serves fold i within j and fold j within i, so that ten folds need 45
    further fits and not 90.
    """
    folds = int(fold.max()) + 1
    singles: list[frozenset[int]] = [frozenset({k}) for k in range(folds)]
    pairs = [frozenset(p) for p in combinations(range(folds), 2)] if nested and folds > 2 else []
    fit: Callable[..., Paths] = logistic_paths if kind == "logistic" else ridge_paths
    paths = fit(design, singles + pairs, lambdas, tick=tick)
    better = t_criterion if kind == "logistic" else pearson_criterion
    predicted = Paths(paths.coef[:folds], paths.intercept[:folds]).predict(means)
    own = predicted[fold, :, np.arange(len(fold))].T  # (lambdas, biopsies)
    known = ~np.isnan(outcome)
    criterion = np.array([better(row[known], outcome[known]) for row in own])
    chosen = _best(criterion)
    inner = _nested(paths, pairs, means, outcome, fold, own, better) if pairs else None
    return CrossValidation(
        lambdas,
        criterion,
        chosen,
        paths.coef[:folds, chosen],
        paths.intercept[:folds, chosen],
        own[chosen],
        None if inner is None else inner[0],
        () if inner is None else tuple(float(lambdas[i]) for i in inner[1]),
    )


def _nested(
    paths: Paths,
    pairs: Holdouts,
    means: Floats,
    outcome: Floats,
    fold: npt.NDArray[np.intp],
    own: Floats,
    better: Callable[[Floats, Floats], float],
) -> tuple[Floats, list[int]]:
    folds = int(fold.max()) + 1
    first = len(paths.coef) - len(pairs)
    place = {pair: first + i for i, pair in enumerate(pairs)}
    scores, taken = np.empty(len(fold)), []
    for k in range(folds):
        inner = np.full(own.shape, np.nan)
        for j in (j for j in range(folds) if j != k):
            at = place[frozenset({j, k})]
            rows = fold == j
            inner[:, rows] = paths.coef[at] @ means[rows].T + paths.intercept[at][:, None]
        use = (fold != k) & ~np.isnan(outcome)
        best = _best(np.array([better(row[use], outcome[use]) for row in inner]))
        taken.append(best)
        scores[fold == k] = own[best, fold == k]
    return scores, taken


def _best(criterion: Floats) -> int:
    """The largest; of equal ones the last, which is the strongest penalty."""
    filled = np.where(np.isnan(criterion), -np.inf, criterion)
    return int(len(filled) - 1 - np.argmax(filled[::-1]))


def t_criterion(linear: Floats, status: Floats) -> float:
    """Two-sample t statistic (pooled variance) of the probabilities of SSc against controls."""
    score = expit(linear)
    one, zero = score[status == 1], score[status == 0]
    freedom = len(one) + len(zero) - 2
    if min(len(one), len(zero)) < 1 or freedom < 1:
        return float("nan")
    pooled = (((one - one.mean()) ** 2).sum() + ((zero - zero.mean()) ** 2).sum()) / freedom
    error = np.sqrt(pooled * (1 / len(one) + 1 / len(zero)))
    return float((one.mean() - zero.mean()) / error) if error > 0 else float("nan")


def pearson_criterion(linear: Floats, outcome: Floats) -> float:
    """Pearson's correlation of scores with the outcome."""
    a, b = linear - linear.mean(), outcome - outcome.mean()
    size = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / size) if size > 1e-300 else float("nan")
