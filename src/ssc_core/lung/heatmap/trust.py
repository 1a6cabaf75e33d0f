"""Whether the fast way may be believed for this image: compared with the exact way on a few squares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Check", "compare", "to_check"]

Field = npt.NDArray[np.floating]

LARGEST_RMS, LEAST_CORRELATION = 0.03, 0.999
CHECKED = 8


@dataclass(frozen=True)
class Check:
    """Fast against exact changes on the same squares.

    Parameters
    ----------
    rms : float
        Largest root mean square error of a pattern, relative to the standard deviation of its exact changes.
    correlation : float
        Least correlation of a pattern.
    squares : int
        How many were compared.
    """

    rms: float
    correlation: float
    squares: int

    @property
    def passed(self) -> bool:
        """Whether rms <= 3 % and correlation >= 0.999."""
        return self.rms <= LARGEST_RMS and self.correlation >= LEAST_CORRELATION

    def __str__(self) -> str:
        return (
            f"rms error {self.rms:.2%} of the changes' spread, correlation {self.correlation:.5f} "
            f"on {self.squares} squares"
        )


def to_check(changes: Field, count: int = CHECKED) -> npt.NDArray[np.int64]:
    """Squares from the least to the greatest change, evenly by rank."""
    order = np.argsort(changes.sum(axis=1), kind="stable")
    at = np.linspace(0, len(order) - 1, min(count, len(order))).round().astype(int)
    return np.asarray(np.unique(order[at]), np.int64)


def compare(fast: Field, exact: Field) -> Check:
    """Fast against exact changes (n, k).

    A pattern whose exact changes do not vary at all passes only if the fast ones are the same to 1e-6.
    """
    worst, least = 0.0, 1.0
    for a, b in zip(np.asarray(fast, float).T, np.asarray(exact, float).T, strict=True):
        spread = float(b.std())
        error = float(np.sqrt(np.mean((a - b) ** 2)))
        if spread <= 1e-9:
            worst = max(worst, 0.0 if error <= 1e-6 else np.inf)
            continue
        worst = max(worst, error / spread)
        same = float(np.corrcoef(a, b)[0, 1]) if a.std() > 0 else 0.0
        least = min(least, same)
    return Check(worst, least, len(fast))
