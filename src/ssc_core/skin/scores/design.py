"""What the penalised regressions are given, and the objective they share.

For patches i of the training part with weights w_i that sum to 1, features scaled to SD 1::

    logistic   sum_i w_i log(1 + exp(-s_i (b0 + x_i . b)))  +  lambda / 2 |b|^2   (s_i: SSc +1, control -1)
    linear     sum_i w_i (y_i - b0 - x_i . b)^2 / 2         +  lambda / 2 |b|^2

This is the objective of MATLAB's ``fitclinear`` and ``fitrlinear`` with ``'Regularization','ridge'``: lambda
weighs against the MEAN loss, so equal lambdas mean the same for any number of patches, and the intercept is
free. For n patches scikit-learn's ``Ridge(alpha)`` has alpha = n lambda and its ``LogisticRegression(C)`` has
C = 1 / (n lambda), with sample weights n w_i. MATLAB stops its stochastic solvers early by default; here the
minimum itself is found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ssc_core.errors import InputError

__all__ = ["Design", "Holdouts", "Paths", "class_weights", "moments", "spreads"]

Floats = npt.NDArray[np.float64]
Holdouts = Sequence[frozenset[int]]

CONSTANT = 1e-6
"""A feature whose SD among training patches is below this share of its SD among all is constant there."""


@dataclass(frozen=True, eq=False)
class Design:
    """Patches, their outcome, their class for weights, and their fold.

    Parameters
    ----------
    x : (n, p) float32 array
        Features.
    y : (n,) float array
        Outcome of each patch's biopsy; 0 and 1 for the logistic model.
    positive : (n,) bool array
        Class (SSc); both classes get the same total weight.
    fold : (n,) intp array
        Fold of each patch.
    common_scale : bool
        Whether mean and SD come from all patches and not from those a fold trains on.
    """

    x: npt.NDArray[np.float32]
    y: Floats
    positive: npt.NDArray[np.bool_]
    fold: npt.NDArray[np.intp]
    common_scale: bool = False

    def training(self, holdout: frozenset[int]) -> npt.NDArray[np.bool_]:
        """Which patches train when the folds of `holdout` are left out."""
        return np.asarray(~np.isin(self.fold, list(holdout)))


@dataclass(frozen=True, eq=False)
class Paths:
    """Models of every holdout and penalty, in the features' own units.

    Parameters
    ----------
    coef : (n_holdouts, n_lambdas, p) float array
    intercept : (n_holdouts, n_lambdas) float array
    """

    coef: Floats
    intercept: Floats

    def predict(self, x: npt.NDArray[np.floating]) -> Floats:
        """(n_holdouts, n_lambdas, n) linear scores."""
        return np.asarray(np.einsum("hlp,np->hln", self.coef, x, optimize=True) + self.intercept[..., None])


def class_weights(positive: npt.NDArray[np.bool_]) -> Floats:
    """Weights that sum to 1, half for each class; equal ones where there is but one class."""
    n1 = int(positive.sum())
    n0 = len(positive) - n1
    if n1 == 0 or n0 == 0:
        return np.full(len(positive), 1.0 / max(len(positive), 1))
    return np.where(positive, 0.5 / n1, 0.5 / n0)


def moments(x: npt.NDArray[np.float32]) -> tuple[Floats, Floats]:
    """Mean and SD (n - 1) of each feature; an SD of 0 becomes 1.

    Raises
    ------
    InputError
        With fewer than two patches.
    """
    if len(x) < 2:
        raise InputError("fewer than two patches are left to train on")
    mean = x.mean(axis=0, dtype=np.float64)
    total = np.zeros(x.shape[1])
    for start in range(0, len(x), 1024):
        total += ((x[start : start + 1024] - mean) ** 2).sum(axis=0)
    sd = np.sqrt(total / (len(x) - 1))
    return mean, np.where(sd > 1e-12 * np.maximum(abs(mean), 1e-30), sd, 1.0)


def spreads(design: Design, holdouts: Holdouts) -> Floats:
    """(h, p) SD (n - 1) of each feature among the patches that train, from sums over each fold alone."""
    folds = np.unique(design.fold)
    n = np.zeros(len(folds))
    mean, squares = np.zeros((2, len(folds), design.x.shape[1]))
    for f, fold in enumerate(folds):
        x = design.x[design.fold == fold]
        n[f], mean[f] = len(x), x.mean(axis=0, dtype=np.float64)
        for start in range(0, len(x), 1024):
            squares[f] += ((x[start : start + 1024] - mean[f]) ** 2).sum(axis=0)
    out = np.empty((len(holdouts), design.x.shape[1]))
    for h, holdout in enumerate(holdouts):
        kept = ~np.isin(folds, list(holdout))
        total = n[kept].sum()
        if total < 2:
            raise InputError("fewer than two patches are left to train on")
        middle = n[kept] @ mean[kept] / total
        between = n[kept] @ (mean[kept] - middle) ** 2
        out[h] = np.sqrt((squares[kept].sum(axis=0) + between) / (total - 1))
    return out
