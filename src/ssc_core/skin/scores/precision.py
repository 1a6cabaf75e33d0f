"""How sure a score is: the interval over patches, and how many patches are enough."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats as sps

from ssc_core.stats import Anova, one_way_anova

__all__ = ["PatchCurve", "how_many_patches", "sampling_interval"]

Floats = npt.NDArray[np.float64]
_COUNTS = (1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 1000)


def sampling_interval(each: npt.NDArray[np.floating], confidence: float = 0.95) -> tuple[float, float, float]:
    """Mean of a biopsy's patch scores and its t interval.

    Patches are drawn independently over the dermis, so this is the interval of the score that all positions
    of THIS section together would give. It holds neither the variation between sections or biopsies nor the
    uncertainty of the model. NaN ends with fewer than two patches.

    Returns
    -------
    (mean, low, high) : floats
    """
    values = np.asarray(each, np.float64)
    n = len(values)
    mean = float(values.mean())
    if n < 2:
        return mean, math.nan, math.nan
    half = float(sps.t.ppf(0.5 + confidence / 2, n - 1)) * float(values.std(ddof=1)) / math.sqrt(n)
    return mean, mean - half, mean + half


@dataclass(frozen=True, eq=False)
class PatchCurve:
    """What a number of patches per biopsy buys.

    Parameters
    ----------
    table : DataFrame
        ``n_patches``, ``reliability`` (share of the variance of scores that is between biopsies, with
        interval ``low``, ``high``) and ``half_width`` of a score's 95 % interval, in the score's unit.
    anova : Anova
        Of patch scores by biopsy, where it comes from.
    within_sd, between_sd : float
        SD of patches within biopsies, and of biopsies.
    measured : float
        Mean number of patches that there were; beyond it the curve is an extrapolation.
    """

    table: pd.DataFrame
    anova: Anova
    within_sd: float
    between_sd: float
    measured: float

    def needed(self, reliability: float = 0.95) -> float:
        """Patches for a reliability; infinite when biopsies do not differ."""
        if self.between_sd <= 0:
            return math.inf
        return math.ceil(reliability / (1 - reliability) * (self.within_sd / self.between_sd) ** 2 - 1e-9)


def how_many_patches(patch_scores: Floats, biopsy: npt.NDArray[np.generic]) -> PatchCurve:
    """The curve "how many patches are enough".

    The one-way random-effects model parts the variance of patch scores into that between biopsies and that
    within them; the reliability of a mean of m patches is ``s_b^2 / (s_b^2 + s_w^2 / m)`` (Spearman-Brown).
    Intervals are those of the intraclass correlation by the F distribution (Shrout and Fleiss 1979).

    Parameters
    ----------
    patch_scores : (n_patches,) float array
        Linear scores of patches.
    biopsy : (n_patches,) array
        Biopsy of each.
    """
    scores = np.asarray(patch_scores, np.float64)
    code, sizes = np.unique(biopsy, return_inverse=True, return_counts=True)[1:]
    anova = one_way_anova(scores, code)
    k, n = len(sizes), len(scores)
    means = np.bincount(code, weights=scores) / sizes
    within = float(((scores - means[code]) ** 2).sum()) / max(n - k, 1)
    per = (n - float((sizes.astype(float) ** 2).sum()) / n) / max(k - 1, 1)  # effective patches per biopsy
    between = max((anova.f - 1) * within / per, 0.0) if not math.isnan(anova.f) else 0.0
    counts = sorted({c for c in _COUNTS if c <= max(10 * per, 10)} | {int(np.median(sizes))})
    bounds = [math.nan, math.nan]
    if not math.isnan(anova.f):
        bounds = [anova.f / sps.f.ppf(q, anova.df1, anova.df2) for q in (0.975, 0.025)]
    rows = []
    for m in counts:
        low, high = ((max((f - 1) / per, 0.0)) for f in bounds)
        rows.append(
            {
                "n_patches": m,
                "reliability": between / (between + within / m) if between + within > 0 else math.nan,
                "low": m * low / (1 + m * low),
                "high": m * high / (1 + m * high),
                "half_width": float(sps.norm.ppf(0.975)) * math.sqrt(within / m),
            }
        )
    return PatchCurve(pd.DataFrame(rows), anova, math.sqrt(within), math.sqrt(between), per)
