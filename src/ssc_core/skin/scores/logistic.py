"""All ridge logistic regressions of a cross-validation, from the strongest penalty to the weakest.

At each penalty the fits of all holdouts are the columns of large matrix products: Newton steps, found by
conjugate gradients. They begin where the stronger penalties point to, and share a preconditioner, since the
holdouts differ in few patches. Where a weak penalty parts the classes, most patches are on the right side
for certain and hardly bend the objective; they stay out of the products within a step, and count in every
gradient.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from ssc_core.progress import Tick, silent
from ssc_core.skin.scores.curvature import Curvature, Inverse, alike
from ssc_core.skin.scores.design import CONSTANT, Design, Holdouts, Paths, class_weights, moments, spreads

__all__ = ["logistic_paths"]

Floats = npt.NDArray[np.float64]
Array = npt.NDArray[Any]

_SMALL = 4_000_000  # values; up to here everything is done in float64
_NEWTON, _CG, _HALVINGS = 60, 24, 14
_BENDING = 0.999  # share of the curvature of each column whose patches take part within a step
_BLOCK = 256
_ALIGN = 16  # columns; products are slower when rows begin at odd places
_FREE = 1e-3  # what the preconditioner takes for the intercept's penalty, which has none


@dataclass(frozen=True)
class _Data:
    """Standardised features, a column of ones for the intercept, and columns of zeros to a round number."""

    z: Array  # (n, p) with p rounded up
    y: Array  # (n, 1)
    tolerance: float


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
    float64 to a gradient of 1e-9 of that at zero, above that in float32 to 1e-5.
    """
    mean, sd = moments(design.x)
    data = _prepare(design, mean, sd)
    weights, stretch = _parts(design, holdouts, sd)
    p, h, kind = len(sd), len(holdouts), data.z.dtype
    coef, intercept = np.zeros((h, len(lambdas), p)), np.zeros((h, len(lambdas)))
    m = weights.T.astype(kind)
    path, shared = _Path(np.zeros((data.z.shape[1], h), kind)), _Shared(data.z)
    for done, i in enumerate(np.argsort(-lambdas, kind="stable")):
        lam = np.ones((data.z.shape[1], h), kind)
        lam[:p], lam[p] = lambdas[i] * stretch.T, 0

        def told(share: float, done: int = done) -> None:
            tick(done + share, len(lambdas), "logistic regression")

        beta = _minimised(data, m, lam, path.starts(lambdas[i]), shared.at(lambdas[i]), told)
        path.add(lambdas[i], beta)
        coef[:, i] = beta[:p].T / sd
        intercept[:, i] = beta[p] - coef[:, i] @ mean
    tick(1.0, 1.0, "logistic regression")
    return Paths(coef, intercept)


class _Path:
    """What was found at the last two penalties, and where it points to."""

    def __init__(self, zero: Array) -> None:
        self._last: list[tuple[float, Array]] = [(np.inf, zero)]

    def add(self, penalty: float, beta: Array) -> None:
        self._last = [*self._last[-1:], (float(np.log(penalty)), beta)]

    def starts(self, penalty: float) -> list[Array]:
        """Starts for all holdouts: what was found last, and what a line through the last two foretells."""
        (a, one), (b, two) = self._last[0], self._last[-1]
        if not b < a < np.inf:
            return [two]
        return [two, two + (two - one) * two.dtype.type((b - np.log(penalty)) / (a - b))]


def _prepare(design: Design, mean: Floats, sd: Floats) -> _Data:
    small = design.x.size <= _SMALL
    kind: type[np.floating[Any]] = np.float64 if small else np.float32
    p = len(sd)
    z = np.zeros((len(design.x), -(-(p + 1) // _ALIGN) * _ALIGN), kind)
    np.subtract(design.x, mean.astype(kind), out=z[:, :p])
    z[:, :p] /= sd.astype(kind)
    z[:, p] = 1
    return _Data(z, design.y[:, None].astype(kind), 1e-9 if small else 1e-5)


def _parts(design: Design, holdouts: Holdouts, sd: Floats) -> tuple[Floats, Floats]:
    """Weights (h, n) of the patches, and (h, p) squared ratio of the SD of a part to that of the whole."""
    weights = np.zeros((len(holdouts), len(design.x)))
    for h, holdout in enumerate(holdouts):
        rows = design.training(holdout)
        weights[h, rows] = class_weights(design.positive[rows])
    if design.common_scale:
        return weights, np.ones((len(holdouts), len(sd)))
    ratio = spreads(design, holdouts) / sd
    return weights, np.where(ratio < CONSTANT, 1.0, ratio) ** 2


class _Shared:
    """The preconditioner of all columns; the curvature it rests on serves several penalties."""

    def __init__(self, z: Array) -> None:
        self._z = z
        self._curvature: Curvature | None = None
        self._penalty = 1.0
        self._made: tuple[float, Inverse] | None = None

    def at(self, penalty: float) -> _Shared:
        """The same for another penalty."""
        self._penalty, self._made = penalty, None
        return self

    def inverse(self, curve: Array, lam: Array) -> Inverse:
        """About the inverse of the mean curvature of columns, made anew only where it has become another."""
        total = float(curve.sum()) / curve.shape[1]
        if self._made is not None and alike(self._made[0], total):
            return self._made[1]
        if self._curvature is None or not alike(self._curvature.total, total):
            penalised = lam.mean(axis=1) / lam.dtype.type(self._penalty)
            penalised[penalised == 0] = _FREE
            self._curvature = Curvature(self._z, curve.mean(axis=1), penalised)
        self._made = total, self._curvature.inverse(self._penalty, total)
        return self._made[1]


def _minimised(data: _Data, m: Array, lam: Array, starts: list[Array], shared: _Shared, told: Any) -> Array:
    """Minimise every column, from the best of `starts`; (p, k) coefficients of z."""
    kind, k = data.z.dtype, m.shape[1]
    beta, eta, loss = _best(data, m, lam, starts)
    at_zero = _gradient_size(data.z.T @ ((kind.type(0.5) - data.y) * m))
    active = np.arange(k)
    for _ in range(_NEWTON):
        w = m[:, active]
        prob = expit(eta[:, active])
        gradient = data.z.T @ ((prob - data.y) * w) + lam[:, active] * beta[:, active]
        size = _gradient_size(gradient)
        going = size > data.tolerance * at_zero[active]
        told(1 - going.sum() / k)
        if not going.any():
            break
        active, size, gradient = active[going], size[going], gradient[:, going]
        curve = (prob * (1 - prob) * w)[:, going]
        forcing = np.minimum(0.25, np.sqrt(size / at_zero[active])).astype(kind) ** 2
        rough = shared.inverse(curve, lam[:, active])
        move, change = _solve(data.z, curve, lam[:, active], gradient, forcing, rough)
        slope = (gradient * move).sum(axis=0)
        length, value = _search(data, m, lam, eta, beta, loss, active, (move, change), slope)
        beta[:, active] += length * move
        eta[:, active] += length * change
        loss[active] = value
        active = active[length > 0]
        if not len(active):
            break
    return beta


def _gradient_size(gradient: Array) -> Floats:
    return np.asarray(np.sqrt((gradient.astype(np.float64) ** 2).sum(axis=0)))


def _best(data: _Data, m: Array, lam: Array, starts: list[Array]) -> tuple[Array, Array, Floats]:
    """For each column the start with the lowest objective: coefficients, linear scores, objective."""
    beta = starts[0].copy()
    eta = data.z @ beta
    loss = _loss(data, m, lam, eta, beta)
    for other in starts[1:]:
        scores = data.z @ other
        value = _loss(data, m, lam, scores, other)
        better = value < loss
        beta[:, better], eta[:, better], loss[better] = other[:, better], scores[:, better], value[better]
    return beta, eta, loss


def _loss(data: _Data, m: Array, lam: Array, eta: Array, beta: Array) -> Floats:
    log1p = np.logaddexp(np.zeros((), eta.dtype), eta) - data.y * eta
    fit: Floats = np.einsum("nk,nk->k", m, log1p).astype(np.float64)
    penalty: Floats = 0.5 * (lam * beta**2).sum(axis=0, dtype=np.float64)
    return fit + penalty


def _solve(
    z: Array, curve: Array, lam: Array, gradient: Array, forcing: Array, rough: Inverse
) -> tuple[Array, Array]:
    """Newton directions (p, k) and what they change in the scores (n, k), by conjugate gradients."""
    tiny = np.finfo(z.dtype).tiny
    bent = _bending(curve)
    few = bent.mean() < 0.7
    part, bend = (z[bent], curve[bent]) if few else (z, curve)
    d, change = np.zeros_like(gradient), np.zeros_like(bend)
    r = -gradient
    q = rough @ r
    energy = (r * q).sum(axis=0)
    enough = forcing * energy
    live = np.flatnonzero(energy > 0)  # columns that are not solved yet; the others leave the products
    r, q, energy = r[:, live], q[:, live], energy[live]
    for _ in range(_CG):
        zq, aq = _products(part, bend[:, live], q)
        aq += lam[:, live] * q
        alpha = energy / np.maximum((q * aq).sum(axis=0), tiny)
        d[:, live] += alpha * q
        change[:, live] += alpha * zq
        r -= alpha * aq
        s = rough @ r
        new = (r * s).sum(axis=0)
        q, energy = s + new / np.maximum(energy, tiny) * q, new
        going = energy > enough[live]
        if not going.any():
            break
        live = live[going]
        r, q, energy = r[:, going], q[:, going], energy[going]
    return d, z @ d if few else change


def _products(z: Array, bend: Array, q: Array) -> tuple[Array, Array]:
    """``z q`` and ``z' (bend z q)``, a block of patches at a time while it is in the cache."""
    zq, back = np.empty_like(bend), np.zeros_like(q)
    for start in range(0, len(z), _BLOCK):
        rows = slice(start, start + _BLOCK)
        zq[rows] = z[rows] @ q
        back += z[rows].T @ (bend[rows] * zq[rows])
    return zq, back


def _bending(curve: Array) -> npt.NDArray[np.bool_]:
    """Patches without which some column would lose much of its curvature."""
    falling = -np.sort(-curve, axis=0)
    share = np.cumsum(falling, axis=0, dtype=np.float64)
    last = (share < _BENDING * share[-1]).sum(axis=0)
    least = falling[np.minimum(last, len(curve) - 1), np.arange(curve.shape[1])]
    return np.asarray((curve >= least).any(axis=1))


def _search(
    data: _Data, m: Array, lam: Array, eta: Array, beta: Array, loss: Floats, active: npt.NDArray[np.intp],
    move: tuple[Array, Array], slope: Array,
) -> tuple[Array, Floats]:  # fmt: skip
    """Step lengths, halved until the loss falls; 0 where it cannot fall any more."""
    kind = data.z.dtype
    length, value = np.ones(len(active), kind), loss[active].copy()
    slack = 4 * np.sqrt(len(m)) * np.finfo(kind).eps * np.abs(value)  # what a sum over patches rounds off
    left = np.arange(len(active))
    for _ in range(_HALVINGS):
        at, step = active[left], length[left]
        tried = _loss(data, m[:, at], lam[:, at], eta[:, at] + step * move[1][:, left],
                      beta[:, at] + step * move[0][:, left])  # fmt: skip
        bad = tried > loss[at] + 1e-4 * step * slope[left] + slack[left]
        value[left[~bad]] = tried[~bad]
        left = left[bad]
        if not len(left):
            break
        length[left] /= 2
    length[left] = 0
    return length, value
