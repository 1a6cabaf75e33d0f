"""What a cohort of this size could show at all: "n is too small to say"."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import stats as sps
from scipy.optimize import brentq

__all__ = ["Power", "patients_needed", "power_of_auc", "power_of_correlation", "power_of_group_sizes"]

_TOO_SMALL = 0.5
"""A cohort that could miss even this correlation is called too small."""


@dataclass(frozen=True)
class Power:
    """Power of a test, and what it allows to say.

    Parameters
    ----------
    n : int
        Independent units: patients, not biopsies.
    effect : float
        Correlation or AUC that was expected.
    power : float
        Chance to find it (two-sided, 5 %).
    detectable : float
        Smallest effect that would be found with a chance of 80 %; NaN when none would.
    enough : bool
        Whether the cohort is large enough for a moderate effect.
    sentence : str
        The statement to print.
    """

    n: int
    effect: float
    power: float
    detectable: float
    enough: bool
    sentence: str


def power_of_correlation(n: int, effect: float = 0.55, *, alpha: float = 0.05) -> Power:
    """Power to find a correlation, by Fisher's z.

    Parameters
    ----------
    n : int
        Patients. Several biopsies of one patient count once here, which is cautious.
    effect : float, optional
        Expected correlation; 0.55 was found in the test set of Correia et al. 2020.
    alpha : float, optional
        Two-sided level.
    """
    if n < 4:
        return Power(
            n, effect, math.nan, math.nan, False, f"n is too small to say: {n} patients, four are needed"
        )
    z = float(sps.norm.ppf(1 - alpha / 2))
    se = 1 / math.sqrt(n - 3)
    shift = math.atanh(effect) / se
    power = float(sps.norm.sf(z - shift) + sps.norm.cdf(-z - shift))
    detectable = math.tanh((z + float(sps.norm.ppf(0.8))) * se)
    enough = detectable <= _TOO_SMALL
    said = (
        f"{n} patients find a correlation of {effect:.2f} with a chance of {power:.0%}; with 80 % they find "
        f"{detectable:.2f} or more"
    )
    return Power(n, effect, power, detectable, enough, said if enough else f"n is too small to say: {said}")


def power_of_auc(n_patients: int, n_controls: int, effect: float = 0.8, *, alpha: float = 0.05) -> Power:
    """Power to tell an AUC from 0.5 (Hanley and McNeil 1982).

    Parameters
    ----------
    n_patients, n_controls : int
        People.
    effect : float, optional
        Expected AUC.
    alpha : float, optional
        Two-sided level.
    """
    n = n_patients + n_controls
    if min(n_patients, n_controls) < 2:
        return Power(n, effect, math.nan, math.nan, False,
                     f"n is too small to say: {n_patients} patients and {n_controls} controls")  # fmt: skip
    z = float(sps.norm.ppf(1 - alpha / 2))
    null = _auc_se(0.5, n_patients, n_controls)

    def power_at(auc: float) -> float:
        return float(sps.norm.sf((z * null - (auc - 0.5)) / max(_auc_se(auc, n_patients, n_controls), 1e-9)))

    top = 1 - 1e-6
    found = float(brentq(lambda a: power_at(a) - 0.8, 0.5, top)) if power_at(top) > 0.8 else math.nan
    enough = found <= 0.8
    said = (
        f"{n_patients} patients and {n_controls} controls find an AUC of {effect:.2f} with a chance of "
        f"{power_at(effect):.0%}"
        + ("" if math.isnan(found) else f"; with 80 % they find {found:.2f} or more")
    )  # fmt: skip
    return Power(
        n, effect, power_at(effect), found, enough, said if enough else f"n is too small to say: {said}"
    )


def power_of_group_sizes(n_a: int, n_b: int, effect: float = 0.8, *, alpha: float = 0.05) -> Power:
    """Power of a two-sample t test to find a difference of `effect` SD (two arms of a trial)."""
    n = n_a + n_b
    if min(n_a, n_b) < 2:
        return Power(
            n, effect, math.nan, math.nan, False, f"n is too small to say: groups of {n_a} and {n_b}"
        )
    freedom, size = n - 2, math.sqrt(n_a * n_b / n)
    t = float(sps.t.ppf(1 - alpha / 2, freedom))

    def power_at(d: float) -> float:
        return float(1 - sps.nct.cdf(t, freedom, d * size) + sps.nct.cdf(-t, freedom, d * size))

    found = float(brentq(lambda d: power_at(d) - 0.8, 1e-6, 6 / size + 12 / n))
    enough = found <= 0.8
    said = (
        f"groups of {n_a} and {n_b} find a difference of {effect:.2f} SD with a chance of "
        f"{power_at(effect):.0%}; with 80 % they find {found:.2f} SD or more"
    )
    return Power(
        n, effect, power_at(effect), found, enough, said if enough else f"n is too small to say: {said}"
    )


def patients_needed(effect: float, *, power: float = 0.8, alpha: float = 0.05) -> int:
    """Patients for a correlation of `effect`, by Fisher's z."""
    z = float(sps.norm.ppf(1 - alpha / 2) + sps.norm.ppf(power))
    return math.ceil((z / math.atanh(abs(effect))) ** 2 + 3 - 1e-9)


def _auc_se(auc: float, m: int, n: int) -> float:
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    spread = auc * (1 - auc) + (m - 1) * (q1 - auc**2) + (n - 1) * (q2 - auc**2)
    return math.sqrt(max(spread, 0.0) / (m * n))
