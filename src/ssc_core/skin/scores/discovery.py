"""Discovery: what varies most among patches, without looking at any score.

Correia et al. 2020, "Principal component analysis": features scaled to mean 0 and SD 1 over the data set,
first principal component = Image Patch Score (AU), mean over a biopsy's patches = Biopsy Score (AU).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse.linalg import LinearOperator, eigsh

from ssc_core.errors import InputError
from ssc_core.progress import Tick, silent
from ssc_core.skin.scores.design import moments
from ssc_core.skin.scores.patches import PatchSet
from ssc_core.stats import Anova, RepeatedMeasures, Statistic, one_way_anova, rmcorr

__all__ = ["Discovery", "discover", "first_component"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Discovery:
    """Image Patch Scores and Biopsy Scores of a data set.

    Parameters
    ----------
    patch_scores : (n_patches,) float array
        Image Patch Scores, AU.
    biopsies : DataFrame
        ``biopsy_id``, ``biopsy_score`` (AU), ``biopsy_score_se``, ``n_patches``, and the cohort's columns.
    loadings : (n_features,) float array
        First principal axis, length 1; the loading that is largest in size is positive.
    mean, sd : (n_features,) float array
        Scaling.
    explained : float
        Share of all features' variance that the first component holds.
    anova : Anova
        Of patch scores by biopsy; its value is the share of variance between biopsies.
    correlations : tuple of RepeatedMeasures
        Of Biopsy Score with mRSS: on values, then on ranks. Patients only.
    flags : tuple of str
        What must be known.
    """

    patch_scores: Floats
    biopsies: pd.DataFrame
    loadings: Floats
    mean: Floats
    sd: Floats
    explained: float
    anova: Anova
    correlations: tuple[RepeatedMeasures, ...]
    flags: tuple[str, ...]

    @property
    def statistics(self) -> tuple[Statistic, ...]:
        """Everything that may be quoted."""
        return (self.anova, *self.correlations)


def discover(patches: PatchSet, biopsies: pd.DataFrame, *, tick: Tick = silent) -> Discovery:
    """Score patches and biopsies by the first principal component, and relate the scores to mRSS.

    Parameters
    ----------
    patches : PatchSet
        Features of all patches.
    biopsies : DataFrame
        One row per biopsy: ``biopsy_id``, ``patient_id``, ``status``, ``mrss``.
    tick : Tick, optional
        Progress.

    Returns
    -------
    Discovery

    Raises
    ------
    InputError
        If a biopsy has no features, or all features are constant.

    Notes
    -----
    The sign of a principal component is arbitrary. It is fixed by the loading of largest size, which is made
    positive, and never by mRSS: a correlation whose sign was chosen for it would not be a finding.
    """
    chosen = patches.of(biopsies["biopsy_id"])
    tick(0.0, 1.0, "first principal component")
    mean, sd = moments(chosen.x)
    loadings, explained = first_component(chosen.x, mean, sd)
    scores = (chosen.x @ (loadings / sd).astype(np.float64)) - float(mean @ (loadings / sd))
    n = chosen.counts
    average = np.bincount(chosen.biopsy, weights=scores) / n
    spread = np.bincount(chosen.biopsy, weights=(scores - average[chosen.biopsy]) ** 2)
    se = np.sqrt(spread / np.maximum(n - 1, 1) / n)
    table = biopsies.reset_index(drop=True).assign(
        biopsy_score=average, biopsy_score_se=np.where(n > 1, se, np.nan), n_patches=n
    )
    tick(0.9, 1.0, "statistics")
    ssc = table[table["status"] == "SSc"]
    related = tuple(
        rmcorr(ssc["patient_id"], ssc["biopsy_score"], ssc["mrss"], ranks=ranks) for ranks in (False, True)
    )
    flags = [*chosen.flags]
    flat = int((chosen.x == chosen.x[:1]).all(axis=0).sum())
    if flat:
        flags.append(f"{flat} of {chosen.x.shape[1]} features are constant and have no loading")
    anova = one_way_anova(scores, chosen.biopsy)
    tick(1.0, 1.0, "done")
    return Discovery(
        np.asarray(scores, np.float64), table, loadings, mean, sd, explained, anova, related, tuple(flags)
    )


def first_component(x: npt.NDArray[np.float32], mean: Floats, sd: Floats) -> tuple[Floats, float]:
    """First principal axis of standardised features, and its share of the variance.

    Lanczos iterations on the covariance, which is never formed (performance: 50 times a full decomposition
    for 16400 x 4096).

    Raises
    ------
    InputError
        If all features are constant.
    """
    n, p = x.shape
    kind: type[np.floating[Any]] = np.float64 if x.size <= 4_000_000 else np.float32
    z = ((x - mean.astype(kind)) / sd.astype(kind)).astype(kind, copy=False)
    total = float(np.einsum("ij,ij->", z, z, dtype=np.float64))
    if total <= 1e-12 * n * p:
        raise InputError("all features are constant; there is nothing to tell biopsies apart")
    if min(n, p) < 4:
        values, vectors = np.linalg.eigh((z.T @ z).astype(np.float64))
    else:
        operator = LinearOperator((p, p), matvec=lambda v: z.T @ (z @ v), dtype=kind)
        start = np.random.default_rng(0).normal(size=(p,)).astype(kind)
        values, vectors = eigsh(operator, k=1, which="LM", v0=start, tol=1e-9 if kind is np.float64 else 1e-6)
    axis = np.asarray(vectors[:, -1], np.float64)
    axis /= np.linalg.norm(axis)
    axis *= np.sign(axis[int(np.argmax(abs(axis)))])
    return axis, float(values[-1]) / total
