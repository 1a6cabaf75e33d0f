"""A rough inverse of the curvature of penalised regressions: the preconditioner of their Newton steps."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from ssc_core.errors import InputError

__all__ = ["Curvature", "Inverse", "alike"]

Array = npt.NDArray[Any]

_FEW = 0.7  # patches per feature; below, a system of patches is smaller than one of features
_KEPT = 0.98  # share of the curvature whose patches are taken
_LIKE = 3.0  # curvatures that differ by less than this factor are taken for multiples of each other


def alike(one: float, other: float) -> bool:
    """Whether curvatures with these sums are about multiples of each other."""
    return one / _LIKE < other < one * _LIKE


class Curvature:
    """Products ``z' diag(bend) z`` of which the inverse with any penalty added can be had.

    Parameters
    ----------
    z : (n, p) float array
        Features of patches.
    bend : (n,) float array
        Curvature of the loss at each patch; the patches that bend least are left out.
    penalised : (p,) float array
        What one unit of penalty adds to the curvature along each feature; above 0.
    """

    def __init__(self, z: Array, bend: Array, penalised: Array) -> None:
        order = np.argsort(-bend, kind="stable")
        sums = np.cumsum(bend[order], dtype=np.float64)
        rows = np.sort(order[: int(np.searchsorted(sums, _KEPT * sums[-1])) + 1])
        self.total = float(sums[-1])
        self._penalised = penalised[:, None]
        self._rows = z[rows] * np.sqrt(bend[rows])[:, None]
        self._dual = len(rows) < _FEW * z.shape[1]
        left = self._rows / np.sqrt(penalised) if self._dual else self._rows.T
        self._products = left @ left.T

    def inverse(self, penalty: float, total: float) -> Inverse:
        """Inverse of this curvature, brought to the sum `total`, with a penalty added."""
        strength = penalty * self.total / total
        if not self._dual:
            return Inverse(_factor(self._products, self._penalised[:, 0] * strength))
        factor = _factor(self._products, np.full(len(self._products), strength, self._products.dtype))
        return Inverse(factor, self._rows, self._penalised)


class Inverse:
    """A factorised curvature; right up to a factor, which conjugate gradients do not feel."""

    def __init__(self, factor: Array, rows: Array | None = None, penalised: Array | None = None) -> None:
        self._factor = factor
        self._rows = rows
        self._penalised = penalised

    def __matmul__(self, r: Array) -> Array:
        if self._rows is None or self._penalised is None:
            return np.asarray(cho_solve((self._factor, True), r, check_finite=False))
        v = r / self._penalised
        along = cho_solve((self._factor, True), self._rows @ v, check_finite=False)
        return np.asarray(v - self._rows.T @ along / self._penalised)


def _factor(system: Array, diagonal: Array) -> Array:
    """Cholesky factor; where rounding forbids it, of a matrix with a larger diagonal."""
    rounding = float(np.finfo(system.dtype).eps) * float(system.diagonal().max())
    for more in (0.0, 1.0, 10.0, 100.0, 1e3, 1e4):
        matrix = system.copy()
        matrix.flat[:: len(matrix) + 1] += diagonal + system.dtype.type(more * rounding)
        try:  # the matrix is symmetric: its transpose is laid out as LAPACK wants it
            return np.asarray(cho_factor(matrix.T, lower=True, overwrite_a=True, check_finite=False)[0])
        except LinAlgError:
            continue
    raise InputError(
        "the regression cannot be solved in the precision of the features; try stronger penalties"
    )
