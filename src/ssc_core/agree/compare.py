"""All statistics of one value at one level between two raters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Literal

import numpy as np

from ssc_core import stats
from ssc_core.agree.kinds import Kind
from ssc_core.agree.pairing import Pairing
from ssc_core.agree.params import AgreeParams
from ssc_core.stats.absolute_error import mae_value
from ssc_core.stats.concordance import ccc_value
from ssc_core.stats.inputs import FloatArray
from ssc_core.stats.intraclass import icc_value
from ssc_core.stats.kappa import kappa_value
from ssc_core.stats.resampling import cluster_jackknife
from ssc_core.stats.result import Statistic, join

__all__ = ["ALL", "Comparison", "compare", "comparisons"]

ALL = "all"


@dataclass(frozen=True)
class Comparison:
    """One row of a paper's table: one value, one level, two raters.

    Parameters
    ----------
    first, second, relation : str
        Who is compared, and how they are related.
    value : str
        Value column, as "tot".
    group : str
        Level (or other ``--by`` group), or "all".
    x, y : ndarray of shape (n,)
        Readings of `first` and `second`, NaN where missing.
    patient : ndarray of shape (n,)
        Patients, as text.
    level : ndarray of shape (n,)
        Group of each row, as text; "all" where there is none.
    stats : mapping of str to Statistic
        mae, kappa (Goh scores), icc, ccc, bias, spearman, pearson, line; rmcorr where patients repeat.
    """

    first: str
    second: str
    relation: str
    value: str
    group: str
    x: FloatArray
    y: FloatArray
    patient: Any
    level: Any
    stats: Mapping[str, Statistic] = field(default_factory=dict)

    @property
    def pair(self) -> str:
        """Both names."""
        return f"{self.first} vs {self.second}"


def comparisons(pairing: Pairing, kind: Kind, params: AgreeParams) -> tuple[Comparison, ...]:
    """Every comparison of a pairing: each value, over all rows and, with ``by``, per group."""
    table = pairing.table
    groups = table[params.by].to_numpy(str) if params.by else np.full(len(table), ALL)
    names = [*dict.fromkeys(groups.tolist()), ALL] if params.by else [ALL]
    out = []
    for value in pairing.values:
        for name in names:
            rows = groups == name if name != ALL else np.ones(len(table), bool)
            part = table[rows]
            x, y = (part[f"{value}_{i}"].to_numpy(np.float64) for i in (1, 2))
            patient = part["patient"].to_numpy(str)
            level = part["level"].to_numpy(str) if "level" in part else groups[rows]
            out.append(
                Comparison(
                    pairing.first, pairing.second, pairing.relation, value, name, x, y, patient, level,
                    compare(x, y, patient, kind, params),
                )
            )  # fmt: skip
    return tuple(out)


def compare(
    x: FloatArray, y: FloatArray, patient: Any, kind: Kind, params: AgreeParams
) -> Mapping[str, Statistic]:
    """All statistics of paired readings.

    Where patients repeat, intervals of MAE, kappa, ICC and CCC come from leaving out one patient at a time,
    limits of agreement from the repeated-measures version, and p values keep the note that they take rows as
    independent.

    Parameters
    ----------
    x, y : ndarray of shape (n,)
        Readings, NaN where missing.
    patient : array-like of shape (n,)
        Patient of each row.
    kind : Kind
        Which statistics make sense.
    params : AgreeParams
        Weights, form, level of the intervals.

    Returns
    -------
    mapping of str to Statistic
        By short name.
    """
    c = params.confidence
    there = ~(np.isnan(x) | np.isnan(y))
    repeated = len(np.unique(np.asarray(patient)[there])) < int(there.sum())
    paired = {"subject": patient, "confidence": c}
    both = np.column_stack([x, y])
    out: dict[str, Statistic] = {
        "mae": _by_patient(stats.mean_absolute_error, mae_value, patient, (x, y), params, repeated)
    }
    if kind.classes:
        out["kappa"] = _kappa(x, y, patient, kind, params, repeated)
    form = params.icc_form
    out["icc"] = _by_patient(
        partial(stats.icc, form=form), partial(icc_value, form=form), patient, (both,), params, repeated
    )
    out["ccc"] = _by_patient(stats.lin_ccc, ccc_value, patient, (x, y), params, repeated)
    limits = stats.bland_altman_repeated if repeated else stats.bland_altman
    out["bias"] = limits(x, y, subject=patient, confidence=c)
    for name, function in (
        ("spearman", stats.spearman),
        ("pearson", stats.pearson),
        ("line", stats.least_squares),
    ):
        out[name] = function(x, y, **paired)
    if repeated:
        out["rmcorr"] = stats.rmcorr(patient, x, y, confidence=c)
    out["sdc"] = stats.smallest_detectable_change(both, **paired)
    return out


def _kappa(
    x: FloatArray, y: FloatArray, patient: Any, kind: Kind, params: AgreeParams, repeated: bool
) -> Statistic:
    if params.round_scores:  # a raw score outside the scale goes to its end, as a rounded one would
        x, y = (np.clip(stats.nearest_class(v), kind.low, kind.high) for v in (x, y))
    values = np.concatenate([x, y])
    odd = ~np.isin(values, kind.classes) & ~np.isnan(values)
    if odd.any():
        return Statistic(
            name=f"kappa ({params.weights})",
            value=float("nan"),
            note=f"{int(odd.sum())} readings are no multiples of 5: round them with --round-scores",
        )
    classes = np.asarray(kind.classes)
    whole = partial(stats.weighted_kappa, categories=kind.classes, weights=params.weights)
    point = partial(kappa_value, classes=classes, weights=params.weights)
    result = _by_patient(whole, point, patient, (x, y), params, repeated)
    said = "scores rounded to the nearest 5 %, halves up" if params.round_scores else ""
    return replace(result, note=join(said, result.note))


def _by_patient(
    whole: Any, point: Any, patient: Any, columns: tuple[Any, ...], params: AgreeParams, repeated: bool
) -> Statistic:
    """The statistic; its interval by leaving out patients where they repeat, its p as it was."""
    plain: Statistic = whole(*columns, subject=patient, confidence=params.confidence)
    if not repeated or (plain.n_subjects or 0) < 2 or np.isnan(plain.value):
        return plain
    scale: Literal["log", "z"] = "log" if isinstance(plain, stats.MeanAbsoluteError) else "z"
    whole = partial(whole, confidence=params.confidence)
    left = cluster_jackknife(whole, patient, *columns, scale=scale, point=point, confidence=params.confidence)
    independent = "" if np.isnan(plain.p) else "p takes rows as independent"
    result: Statistic = replace(left, p=plain.p, test=plain.test, note=join(left.note, independent))
    return result
