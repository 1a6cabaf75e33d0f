"""All ridge regressions of a cross-validation from one Gram matrix.

The products of all patches are formed once per class; a fold's own products are taken off, class weights,
centring and per-fold scaling are then cheap rescalings of the same matrix, and each penalty is one Cholesky
factorisation. The result is exact: it equals a fit on the training patches alone.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_factor, cho_solve

from ssc_core.progress import Tick, silent
from ssc_core.skin.scores.design import CONSTANT, Design, Holdouts, Paths, class_weights, moments

__all__ = ["ridge_paths"]

Floats = npt.NDArray[np.float64]
_ROWS = 2048
_FEW = 0.7  # patches per feature; below, systems of patches are smaller than systems of features


def ridge_paths(design: Design, holdouts: Holdouts, lambdas: Floats, *, tick: Tick = silent) -> Paths:
    """Class-weighted ridge regression for every holdout and penalty.

    Parameters
    ----------
    design : Design
        Patches.
    holdouts : sequence of frozenset of int
        Folds that each fit leaves out; an empty set fits all patches.
    lambdas : (k,) float array
        Penalties on the mean loss.
    tick : Tick, optional
        Told after every factorisation.

    Returns
    -------
    Paths
        Coefficients in the features' own units.

    Notes
    -----
    Objective in :mod:`ssc_core.skin.scores.design`. A feature that is constant in a training part has
    coefficient 0 there.
    """
    mean, sd = moments(design.x)
    if len(design.x) < _FEW * design.x.shape[1]:
        return _few_patches(design, holdouts, lambdas, mean, sd, tick)
    whole = _Sums(design, np.ones(len(design.x), bool), mean, sd)
    p = design.x.shape[1]
    coef = np.zeros((len(holdouts), len(lambdas), p))
    intercept = np.zeros((len(holdouts), len(lambdas)))
    for h, holdout in enumerate(holdouts):
        gram, cross, centre, level, scale = _training_sums(whole, design, holdout, mean, sd)
        diagonal = gram.diagonal().copy()
        for i, penalty in enumerate(lambdas):
            tick(h * len(lambdas) + i, len(holdouts) * len(lambdas), "ridge regression")
            matrix = gram.copy(order="K")
            matrix.T.flat[:: p + 1] = diagonal + penalty
            factor = cho_factor(matrix.T, lower=True, overwrite_a=True, check_finite=False)
            beta = cho_solve(factor, cross, check_finite=False) / scale
            coef[h, i] = beta / sd
            intercept[h, i] = level - centre @ beta - mean @ coef[h, i]
    tick(1.0, 1.0, "ridge regression")
    return Paths(coef, intercept)


def _few_patches(
    design: Design, holdouts: Holdouts, lambdas: Floats, mean: Floats, sd: Floats, tick: Tick
) -> Paths:
    """The same fits by their dual: one system per penalty with a row per patch."""
    p = design.x.shape[1]
    z = (design.x - mean) / sd
    coef = np.zeros((len(holdouts), len(lambdas), p))
    intercept = np.zeros((len(holdouts), len(lambdas)))
    for h, holdout in enumerate(holdouts):
        rows = design.training(holdout)
        part, y, weights = z[rows], design.y[rows], class_weights(design.positive[rows])
        scale = np.ones(p) if design.common_scale else part.std(axis=0, ddof=1)
        constant = scale < CONSTANT
        scale[constant] = 1.0
        centre, level = weights @ part, float(weights @ y)
        root = np.sqrt(weights)
        scaled = (part - centre) * root[:, None] / scale
        scaled[:, constant] = 0.0
        products, right = scaled @ scaled.T, root * (y - level)
        for i, penalty in enumerate(lambdas):
            tick(h * len(lambdas) + i, len(holdouts) * len(lambdas), "ridge regression")
            matrix = products.copy()
            matrix.flat[:: len(matrix) + 1] += penalty
            factor = cho_factor(matrix, lower=True, overwrite_a=True, check_finite=False)
            dual = cho_solve(factor, right, check_finite=False)
            beta = (scaled.T @ dual) / scale
            coef[h, i] = beta / sd
            intercept[h, i] = level - centre @ beta - mean @ coef[h, i]
    tick(1.0, 1.0, "ridge regression")
    return Paths(coef, intercept)


class _Sums:
    """Sums over some patches of standardised features z, per class: of 1, z, z^2, y, z y, and z z' ."""

    def __init__(
        self, design: Design, rows: npt.NDArray[np.bool_], mean: Floats, sd: Floats,
        weights: tuple[float, float] | None = None,
    ) -> None:  # fmt: skip
        p = design.x.shape[1]
        self.n = np.zeros(2)
        self.z, self.zy, self.y = np.zeros((2, p)), np.zeros((2, p)), np.zeros(2)
        self.squares = np.zeros(p)
        pairs = 1 if weights else 2
        self.products = np.zeros((pairs, p, p))
        for kind in (0, 1):
            index = np.flatnonzero(rows & (design.positive == bool(kind)))
            self.n[kind] = len(index)
            self.y[kind] = design.y[index].sum()
            for start in range(0, len(index), _ROWS):
                chosen = index[start : start + _ROWS]
                z = (design.x[chosen] - mean) / sd
                self.z[kind] += z.sum(axis=0)
                self.zy[kind] += z.T @ design.y[chosen]
                self.squares += (z**2).sum(axis=0)
                product = z.T @ z
                if weights:
                    product *= weights[kind]
                self.products[0 if weights else kind] += product


def _training_sums(
    whole: _Sums, design: Design, holdout: frozenset[int], mean: Floats, sd: Floats
) -> tuple[Floats, Floats, Floats, float, Floats]:
    """Weighted, centred, scaled normal equations of a training part.

    Returns the Gram matrix and right-hand side in units of SD 1, and the weighted mean of features (in units
    of the whole), of the outcome, and the scale.
    """
    out = ~design.training(holdout)
    n = whole.n - np.array([(out & ~design.positive).sum(), (out & design.positive).sum()])
    present = n > 0
    a = np.where(present, 1.0 / np.maximum(n, 1.0) / max(int(present.sum()), 1), 0.0)
    left = _Sums(design, out, mean, sd, (float(a[0]), float(a[1])))
    gram = a[0] * whole.products[0] + a[1] * whole.products[1] - left.products[0]
    z = whole.z - left.z
    centre, level = a @ z, float(a @ (whole.y - left.y))
    gram -= np.outer(centre, centre)
    cross = a @ (whole.zy - left.zy) - centre * level
    if design.common_scale:
        scale = np.ones(len(centre))
    else:
        total = n.sum()
        average = z.sum(axis=0) / total
        variance = ((whole.squares - left.squares) - total * average**2) / max(total - 1.0, 1.0)
        scale = np.sqrt(np.maximum(variance, 0.0))
    constant = scale < CONSTANT
    scale[constant] = 1.0
    gram /= np.outer(scale, scale)
    gram[constant] = gram[:, constant] = 0.0
    cross /= scale
    cross[constant] = 0.0
    return gram, cross, centre, level, scale
