"""Linear mixed model with a random intercept per patient."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from scipy import stats as sps

from ssc_core.errors import InputError
from ssc_core.stats.inputs import FloatArray, Sample, sample
from ssc_core.stats.result import Statistic, join

__all__ = ["MixedModel", "Term", "mixed_model", "within_between"]

Fit = Literal["REML", "ML"]
Test = Literal["z", "t"]


@dataclass(frozen=True, kw_only=True)
class Term(Statistic):
    """One fixed effect: `value` is its coefficient, `se` its standard error, `statistic` Wald's z or t."""

    se: float = math.nan
    statistic: float = math.nan


@dataclass(frozen=True, kw_only=True)
class MixedModel(Statistic):
    """A fitted model; `value`, `low`, `high`, `p` are those of the first term after the intercept.

    Parameters
    ----------
    terms : tuple of Term
        Fixed effects, the intercept first.
    subject_sd : float
        SD of the random intercepts.
    slope_sd, correlation : float
        SD of the random slopes and their correlation with the intercepts; NaN without random slope.
    residual_sd : float
        SD of the residuals.
    log_likelihood : float
        Of the fit: restricted for REML. Only ML fits may be compared over different fixed effects.
    fit : str
        "REML" or "ML".
    icc : float
        Share of the variance between patients (random intercept only).
    """

    terms: tuple[Term, ...] = ()
    subject_sd: float = math.nan
    slope_sd: float = math.nan
    correlation: float = math.nan
    residual_sd: float = math.nan
    log_likelihood: float = math.nan
    fit: str = ""
    icc: float = math.nan

    def __getitem__(self, name: str) -> Term:
        for term in self.terms:
            if term.name == name:
                return term
        raise KeyError(name)


def mixed_model(
    y: Any,
    subject: Any,
    terms: Mapping[str, Any],
    *,
    fit: Fit = "REML",
    split: tuple[str, ...] = (),
    random_slope: str | None = None,
    test: Test = "z",
    confidence: float = 0.95,
) -> MixedModel:
    """Linear mixed model ``y = terms + intercept of the patient + residual``.

    Parameters
    ----------
    y : array-like of shape (n,)
        What is explained, as mRSS.
    subject : array-like of shape (n,)
        Patient of each row.
    terms : mapping of str to array-like of shape (n,)
        What explains it, as {"Fibrosis Score": score}. An intercept is added.
    fit : {"REML", "ML"}, optional
        Restricted or full maximum likelihood. MATLAB's fitlme uses ML unless told otherwise.
    split : tuple of str, optional
        Terms to enter as two: "X between" (the patient's mean) and "X within" (deviation from it). Only the
        second speaks of change within a patient: a random intercept alone does not part them.
    random_slope : str, optional
        Term whose slope also varies between patients.
    test : {"z", "t"}, optional
        Wald's z as statsmodels and this module print by default, or t with n - (fixed effects) degrees of
        freedom as MATLAB's fitlme.
    confidence : float, optional
        Level of the intervals.

    Returns
    -------
    MixedModel
        NaN with fewer than two patients, when no patient has two rows, or when the fit does not converge.

    Raises
    ------
    InputError
        If terms are constant or repeat one another, or a named term is unknown.

    Notes
    -----
    Laird and Ware 1982, fitted by statsmodels' MixedLM. Correia et al. 2020, "Longitudinal analyses of skin
    biopsies": mRSS on Fibrosis Score with a random intercept per patient.
    """
    if fit not in get_args(Fit) or test not in get_args(Test):
        raise InputError("fit is REML or ML, test is z or t")
    unknown = {*split, *([random_slope] if random_slope else [])} - set(terms)
    if unknown or not terms:
        raise InputError(f"unknown term {', '.join(sorted(unknown))}; give {', '.join(terms) or 'terms'}")
    data = sample({"y": y, **terms}, subject)
    design = _design(data, tuple(terms), split)
    freedom = f"t with n - {len(design)} degrees of freedom" if test == "t" else "Wald z"
    common = {
        "method": f"linear mixed model by {fit}, random intercept{' and slope' if random_slope else ''}"
        " per patient (statsmodels MixedLM)",
        "test": f"{freedom} against 0",
        "confidence": confidence,
        **data.counts,
    }
    name = list(design)[1]
    patients = data.n_subjects or 0
    if patients < 2 or patients == data.n or data.n <= len(design):
        reason = (
            "fewer than two patients" if patients < 2 else "too few rows per patient for a random intercept"
        )
        return MixedModel(name=name, value=math.nan, fit=fit, note=join(reason, data.missing_note), **common)
    if np.linalg.matrix_rank(np.column_stack(list(design.values()))) < len(design):
        raise InputError("the terms are constant or repeat one another; leave one out")
    result, said = _fitted(data, design, fit, random_slope)
    if result is None:
        return MixedModel(name=name, value=math.nan, fit=fit, note=join(said, data.missing_note), **common)
    df = math.inf if test == "z" else data.n - len(design)
    effects = tuple(
        _term(key, float(b), float(s), df, join(said, data.missing_note), common)
        for key, b, s in zip(design, result.fe_params, result.bse_fe, strict=True)
    )
    first = effects[1]
    return MixedModel(
        name=name,
        value=first.value,
        low=first.low,
        high=first.high,
        p=first.p,
        terms=effects,
        log_likelihood=float(result.llf),
        fit=fit,
        note=join(said, data.missing_note),
        **_spread(result, random_slope),
        **common,
    )


def within_between(x: Any, subject: Any) -> tuple[FloatArray, FloatArray]:
    """Each patient's mean, and each row's deviation from it, both of shape (n,).

    Raises
    ------
    InputError
        If a value is missing: the mean would be that of other rows than the model's.
    """
    data = sample({"x": x}, subject)
    assert data.subject is not None
    if data.n_missing:
        raise InputError("x misses values; leave those rows out first")
    means = _means(data.columns[0], data.subject)
    return means, data.columns[0] - means


def _means(values: FloatArray, code: Any) -> FloatArray:
    total = np.bincount(code, weights=values) / np.maximum(np.bincount(code), 1)
    return np.asarray(total[code], dtype=np.float64)


def _design(data: Sample, names: tuple[str, ...], split: tuple[str, ...]) -> dict[str, FloatArray]:
    design = {"intercept": np.ones(data.n)}
    for name, values in zip(names, data.columns[1:], strict=True):
        if name in split:
            means = _means(values, data.subject)
            design[f"{name} between"], design[f"{name} within"] = means, values - means
        else:
            design[name] = values
    return design


def _fitted(
    data: Sample, design: dict[str, FloatArray], fit: Fit, random_slope: str | None
) -> tuple[Any, str]:
    """The statsmodels result, or None, and what was said on the way."""
    from statsmodels.regression.mixed_linear_model import MixedLM

    y = data.columns[0]
    effects = [np.ones(data.n)]
    if random_slope:
        effects.append(design.get(random_slope, design.get(f"{random_slope} within", effects[0])))
    model = MixedLM(y, np.column_stack(list(design.values())), data.subject, np.column_stack(effects))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = model.fit(reml=fit == "REML", method=["bfgs", "lbfgs", "powell", "cg"])
        except (np.linalg.LinAlgError, ValueError) as error:
            return None, f"the fit failed ({error})"
    if not result.converged:
        return None, "the fit did not converge"
    edge = any("boundary" in str(w.message).lower() or "singular" in str(w.message).lower() for w in caught)
    return result, "variance between patients lies at its boundary (0)" if edge else ""


def _term(name: str, b: float, se: float, df: float, note: str, common: dict[str, Any]) -> Term:
    law = sps.norm if math.isinf(df) else sps.t(df)
    half = float(law.ppf(0.5 + common["confidence"] / 2)) * se
    p = float(2 * law.sf(abs(b) / se)) if se > 0 else math.nan
    return Term(name=name, value=b, low=b - half, high=b + half, p=p, se=se,
                statistic=b / se if se > 0 else math.nan, note=note, **common)  # fmt: skip


def _spread(result: Any, random_slope: str | None) -> dict[str, Any]:
    cov = np.asarray(result.cov_re, dtype=np.float64)
    between, residual = math.sqrt(max(cov[0, 0], 0.0)), math.sqrt(float(result.scale))
    if not random_slope:
        return {
            "subject_sd": between,
            "residual_sd": residual,
            "icc": between**2 / (between**2 + residual**2),
        }
    slope = math.sqrt(max(cov[1, 1], 0.0))
    related = cov[0, 1] / (between * slope) if between * slope > 0 else math.nan
    return {"subject_sd": between, "residual_sd": residual, "slope_sd": slope, "correlation": float(related)}
