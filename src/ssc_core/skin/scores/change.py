"""Change of a score in one patient, and what change is more than error."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats as sps

from ssc_core.skin.scores.patches import PatchSet
from ssc_core.stats import MeasurementError, smallest_detectable_change

__all__ = ["ScoreChange", "changes", "changes_of", "patch_sampling_sdc", "section_sdc"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ScoreChange:
    """Changes of patients between their visits.

    Parameters
    ----------
    table : DataFrame
        ``patient_id``, ``from_months``, ``to_months``, ``change``, ``since_baseline``, and
        ``exceeds`` (the change is larger than the smallest detectable one).
    sdc : tuple of MeasurementError
        Smallest detectable change by each source of error that the study can measure; the largest counts.
    note : str
        What the error holds and what it does not.
    """

    table: pd.DataFrame
    sdc: tuple[MeasurementError, ...]
    note: str


def changes(biopsies: pd.DataFrame, score: str, sdc: tuple[MeasurementError, ...]) -> ScoreChange:
    """Change of `score` from visit to visit and since the first.

    Parameters
    ----------
    biopsies : DataFrame
        One row per biopsy: ``patient_id``, ``visit_months``, the score. Biopsies of one visit are averaged.
    score : str
        Column.
    sdc : tuple of MeasurementError
        From :func:`patch_sampling_sdc` and, where there are several sections, :func:`section_sdc`.
    """
    known = [s.value for s in sdc if not math.isnan(s.value)]
    limit = max(known, default=math.nan)
    visits = (
        biopsies.dropna(subset=[score]).groupby(["patient_id", "visit_months"], as_index=False)[score].mean()
    )
    rows = []
    for patient, part in visits.groupby("patient_id", sort=True):
        values, months = part[score].to_numpy(float), part["visit_months"].to_numpy(float)
        for i in range(1, len(part)):
            step = float(values[i] - values[i - 1])
            rows.append({
                "patient_id": patient, "from_months": months[i - 1], "to_months": months[i], "change": step,
                "since_baseline": float(values[i] - values[0]),
                "exceeds": abs(step) > limit if not math.isnan(limit) else pd.NA,
            })  # fmt: skip
    columns = ["patient_id", "from_months", "to_months", "change", "since_baseline", "exceeds"]
    with_sections = any("section" in s.name for s in sdc)
    note = (
        "error between sections of one biopsy is in it; another biopsy of the same skin is not"
        if with_sections
        else "a lower bound: only the drawing of patches is in it, neither another section nor another biopsy"
    )
    return ScoreChange(pd.DataFrame(rows, columns=columns), sdc, note)


def changes_of(
    biopsies: pd.DataFrame, score: str, patches: PatchSet, linear: Floats,
    known: tuple[MeasurementError, ...] = (),
) -> ScoreChange:  # fmt: skip
    """:func:`changes` with the smallest detectable change that the patches and sections at hand tell.

    Parameters
    ----------
    biopsies, score
        As in :func:`changes`.
    patches : PatchSet
        Patches of the biopsies.
    linear : (n_patches,) float array
        Score of each patch.
    known : tuple of MeasurementError, optional
        Errors that another study measured, such as the one the model was made in.
    """
    errors = [patch_sampling_sdc(linear, patches.biopsy)]
    parts = pd.DataFrame({"biopsy_id": np.asarray(patches.biopsies)[patches.biopsy],
                          "section": patches.section, "score": linear})  # fmt: skip
    several = section_sdc(parts.groupby(["biopsy_id", "section"])["score"].mean().reset_index(), "score")
    return changes(biopsies, score, (*errors, *([several] if several else []), *known))


def patch_sampling_sdc(patch_scores: Floats, biopsy: npt.NDArray[np.generic]) -> MeasurementError:
    """Smallest detectable change if the drawing of patches were the only error.

    ``1.96 sqrt(2) SEM`` with ``SEM^2 = s_w^2 / m`` (m: harmonic mean of the patches per biopsy); chi-squared
    interval.
    """
    code, sizes = np.unique(biopsy, return_inverse=True, return_counts=True)[1:]
    df = len(patch_scores) - len(sizes)
    common = {
        "name": "smallest detectable change (patches)",
        "method": "1.96 sqrt(2) SEM, SEM^2 = variance within biopsies / patches per biopsy",
        "kind": "one-way",
        "n": len(patch_scores),
    }
    if df < 1:
        return MeasurementError(
            value=math.nan, note="one patch per biopsy: no error can be estimated", **common
        )
    scores = np.asarray(patch_scores, np.float64)
    means = np.bincount(code, weights=scores) / sizes
    within = float(((scores - means[code]) ** 2).sum()) / df
    m = len(sizes) / float((1 / sizes).sum())
    value = float(sps.norm.ppf(0.975)) * math.sqrt(2 * within / m)
    low, high = (value * math.sqrt(df / float(sps.chi2.ppf(q, df))) for q in (0.975, 0.025))
    return MeasurementError(value=value, low=low, high=high, df=df, k=round(m), **common)


def section_sdc(sections: pd.DataFrame, score: str) -> MeasurementError | None:
    """Smallest detectable change from several sections of the same biopsies; None where no biopsy has two.

    Parameters
    ----------
    sections : DataFrame
        One row per section: ``biopsy_id``, ``section``, the score. Biopsies with two or more sections enter
        with as many as the least of them has.
    score : str
        Column.
    """
    counts = sections.groupby("biopsy_id")["section"].size()
    several = counts[counts > 1]
    if several.empty:
        return None
    k = int(several.min())
    chosen = sections[sections["biopsy_id"].isin(several.index)].sort_values(["biopsy_id", "section"])
    ratings = np.array(
        [part[score].to_numpy(float)[:k] for _, part in chosen.groupby("biopsy_id", sort=True)]
    )
    found = smallest_detectable_change(ratings, "one-way")
    return replace(found, name="smallest detectable change (sections)")
