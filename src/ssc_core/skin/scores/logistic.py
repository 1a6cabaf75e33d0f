"""All ridge logistic regressions of a cross-validation in lock-step.

Every holdout and penalty is one column. Newton steps are found by conjugate gradients for all columns
together, so that the work is a few large matrix products and no small fits. The preconditioner is the
eigenbasis of the features' common Gram matrix.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.linalg import eigh
from scipy.special import expit

from ssc_core.progress import Tick, silent
from ssc_core.skin.scores.design import CONSTANT, Design, Holdouts, Paths, class_weights, moments

__all__ = ["logistic_paths"]

Floats = npt.NDArray[np.float64]
Array = npt.NDArray[Any]

_SMALL = 4_000_000  # values; up to here everything is done in float64
_COLUMNS = 192
_FEW = 0.7  # patches per feature; below, the eigenvectors are found from products of patches
_NEWTON, _CG, _HALVINGS = 60, 24, 14


@dataclass(frozen=True)
class _Data:
    """Standardised features and the preconditioner, shared by all columns."""

    z: Array  # (n, p)
    y: Array  # (n, 1)
    values: Array  # (m,) eigenvalues of the mean of z z', m = p or at most n
    vectors: Array  # (p, m)
    tolerance: float

    def preconditioned(self, r: Array, inverse: Array, penalty: Array) -> Array:
        """`r` over a rough curvature: `inverse` along the eigenvectors, the penalty alone beside them."""
        along = self.vectors.T @ r
        found = self.vectors @ (inverse * along)
        if len(self.values) < len(r):
            found += (r - self.vectors @ along) / penalty
        return np.asarray(found)


def logistic_paths(design: Design, holdouts: Holdouts, lambdas: Floats, *, tick: Tick = silent) -> Paths:
    """Class-weighted ridge logistic regression for every holdout and penalty.

    Parameters
    ----------
    design : Design
        Patches; `y` holds 1 for SSc and 0 for controls.
    holdouts : sequence of frozenset of int
        Folds that each fit leaves out; an empty set fits all patches.
    lambdas : (k,) float array
        Penalties on the mean loss.
    tick : Tick, optional
        Told after every Newton step.

    Returns
    -------
    Paths
        Coefficients of the logit, in the features' own units.

    Notes
    -----
    Objective in :mod:`ssc_core.skin.scores.design`. Up to four million feature values the work is done in
    float64 to a relative gradient of 1e-9, above that in float32 to 1e-5.
    """
    mean, sd = moments(design.x)
    data = _prepare(design, mean, sd)
    tasks = [(h, i) for h in range(len(holdouts)) for i in range(len(lambdas))]
    p = design.x.shape[1]
    coef, intercept = np.zeros((len(holdouts), len(lambdas), p)), np.zeros((len(holdouts), len(lambdas)))
    weights, stretch = _parts(design, holdouts, mean, sd)
    for start in range(0, len(tasks), _COLUMNS):
        block = tasks[start : start + _COLUMNS]
        of = [h for h, _ in block]
        penalty = np.array([lambdas[i] for _, i in block]) * stretch[of].T

        def told(share: float, start: int = start, size: int = len(block)) -> None:
            tick(start + share * size, len(tasks), "logistic regression")

        beta, offset = _newton(data, weights[of].T, penalty, told)
        for column, (h, i) in enumerate(block):
            coef[h, i] = beta[:, column] / sd
            intercept[h, i] = offset[column] - mean @ coef[h, i]
    tick(1.0, 1.0, "logistic regression")
    return Paths(coef, intercept)


def _prepare(design: Design, mean: Floats, sd: Floats) -> _Data:
    small = design.x.size <= _SMALL
    kind: type[np.floating[Any]] = np.float64 if small else np.float32
    z = ((design.x - mean.astype(kind)) / sd.astype(kind)).astype(kind, copy=False)
    values, vectors = _eigen(z)
    y = design.y[:, None].astype(kind)
    tolerance = 1e-9 if small else 1e-5
    return _Data(z, y, np.maximum(values, 0).astype(kind), vectors.astype(kind), tolerance)


def _eigen(z: Array) -> tuple[Array, Array]:
    """Eigenvalues and eigenvectors of the mean of z z'; with few patches, of those that are not zero."""
    n, p = z.shape
    scale = z.dtype.type(n)
    if n > _FEW * p:
        values, vectors = eigh(z.T @ z / scale, overwrite_a=True, check_finite=False, driver="evd")
        return np.asarray(values), np.asarray(vectors)
    values, vectors = eigh(z @ z.T / scale, overwrite_a=True, check_finite=False, driver="evd")
    kept = values > values[-1] * 100 * np.finfo(z.dtype).eps
    values = values[kept]
    return values, np.asarray(z.T @ vectors[:, kept] / np.sqrt(scale * values))


def _parts(design: Design, holdouts: Holdouts, mean: Floats, sd: Floats) -> tuple[Floats, Floats]:
    """Weights (h, n) of the patches, and (h, p) squared ratio of the SD of a part to that of the whole."""
    weights = np.zeros((len(holdouts), len(design.x)))
    stretch = np.ones((len(holdouts), design.x.shape[1]))
    for h, holdout in enumerate(holdouts):
        rows = design.training(holdout)
        weights[h, rows] = class_weights(design.positive[rows])
        if not design.common_scale:
            ratio = moments(design.x[rows])[1] / sd
            stretch[h] = np.where(ratio < CONSTANT, 1.0, ratio) ** 2
    return weights, stretch


def _newton(data: _Data, weights: Floats, penalty: Floats, told: Any) -> tuple[Floats, Floats]:
    """Minimise every column; (p, k) coefficients of z and (k,) intercepts."""
    kind = data.z.dtype
    m, lam = weights.astype(kind), penalty.astype(kind)
    p, k = lam.shape
    beta, offset = np.zeros((p, k), kind), np.zeros(k, kind)
    eta, loss = np.zeros((len(m), k), kind), _loss(data, m, lam, np.zeros((len(m), k), kind), beta)
    first = np.zeros(k)
    active = np.arange(k)
    for step in range(_NEWTON):
        w = m[:, active]
        prob = expit(eta[:, active])
        residual = (prob - data.y) * w
        gradient = data.z.T @ residual + lam[:, active] * beta[:, active]
        gradient0 = residual.sum(axis=0)
        size = np.sqrt((gradient.astype(np.float64) ** 2).sum(axis=0) + gradient0.astype(np.float64) ** 2)
        if step == 0:
            first[:] = np.maximum(size, 1e-30)
        going = size > data.tolerance * first[active]
        told(1 - going.sum() / k)
        if not going.any():
            break
        active, size = active[going], size[going]
        curve = prob[:, going] * (1 - prob[:, going]) * w[:, going]
        forcing = np.minimum(0.25, np.sqrt(size / first[active])) ** 2
        move = _solve(data, curve, lam[:, active], gradient[:, going], gradient0[going], forcing.astype(kind))
        slope = (gradient[:, going] * move[0]).sum(axis=0) + gradient0[going] * move[1]
        length, value = _search(data, m, lam, eta, beta, loss, active, move, slope)
        beta[:, active] += length * move[0]
        offset[active] += length * move[1]
        eta[:, active] += length * move[2]
        loss[active] = value
        active = active[length > 0]
        if not len(active):
            break
    return beta.astype(np.float64), offset.astype(np.float64)


def _loss(data: _Data, m: Array, lam: Array, eta: Array, beta: Array) -> Floats:
    log1p = np.logaddexp(np.zeros((), eta.dtype), eta) - data.y * eta
    fit: Floats = np.einsum("nk,nk->k", m, log1p).astype(np.float64)
    penalty: Floats = 0.5 * (lam * beta**2).sum(axis=0, dtype=np.float64)
    return fit + penalty


def _solve(
    data: _Data, curve: Array, lam: Array, gradient: Array, gradient0: Array, forcing: Array
) -> tuple[Array, Array, Array]:
    """Newton directions (p, k), (k,) and what they change in the scores (n, k), by conjugate gradients."""
    tiny = np.finfo(data.z.dtype).tiny
    total = np.maximum(curve.sum(axis=0), tiny)
    level = lam.mean(axis=0)
    inverse = 1 / (data.values[:, None] * total + level)
    d, d0, change = np.zeros_like(gradient), np.zeros_like(gradient0), np.zeros_like(curve)
    r, r0 = -gradient, -gradient0
    q, q0 = data.preconditioned(r, inverse, level), r0 / total
    energy = (r * q).sum(axis=0) + r0 * q0
    enough = forcing * energy
    live = np.flatnonzero(energy > 0)  # columns that are not solved yet; the others leave the products
    r, r0, q, q0, energy = r[:, live], r0[live], q[:, live], q0[live], energy[live]
    for _ in range(_CG):
        zq = data.z @ q + q0
        weighted = curve[:, live] * zq
        aq, aq0 = data.z.T @ weighted + lam[:, live] * q, weighted.sum(axis=0)
        alpha = energy / np.maximum((q * aq).sum(axis=0) + q0 * aq0, tiny)
        d[:, live] += alpha * q
        d0[live] += alpha * q0
        change[:, live] += alpha * zq
        r -= alpha * aq
        r0 -= alpha * aq0
        s, s0 = data.preconditioned(r, inverse[:, live], level[live]), r0 / total[live]
        new = (r * s).sum(axis=0) + r0 * s0
        ratio = new / np.maximum(energy, tiny)
        q, q0, energy = s + ratio * q, s0 + ratio * q0, new
        going = energy > enough[live]
        if not going.any():
            break
        live = live[going]
        r, r0, q, q0, energy = r[:, going], r0[going], q[:, going], q0[going], energy[going]
    return d, d0, change


def _search(
    data: _Data, m: Array, lam: Array, eta: Array, beta: Array, loss: Floats, active: npt.NDArray[np.intp],
    move: tuple[Array, Array, Array], slope: Array,
) -> tuple[Array, Floats]:  # fmt: skip
    """Step lengths, halved until the loss falls; 0 where it cannot fall any more."""
    kind = data.z.dtype
    length, value = np.ones(len(active), kind), loss[active].copy()
    slack = 4 * np.sqrt(len(m)) * np.finfo(kind).eps * np.abs(value)  # what a sum over patches rounds off
    left = np.arange(len(active))
    for _ in range(_HALVINGS):
        at, step = active[left], length[left]
        tried = _loss(data, m[:, at], lam[:, at], eta[:, at] + step * move[2][:, left],
                      beta[:, at] + step * move[0][:, left])  # fmt: skip
        bad = tried > loss[at] + 1e-4 * step * slope[left] + slack[left]
        value[left[~bad]] = tried[~bad]
        left = left[bad]
        if not len(left):
            break
        length[left] /= 2
    length[left] = 0
    return length, value
