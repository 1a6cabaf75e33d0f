"""Agreement and association: every statistic with its interval, its sample and its name.

Each function returns a frozen :class:`Statistic` (or a subclass that holds more). A number that the data
cannot give is NaN and ``note`` says why; wrong input raises :class:`~ssc_core.errors.InputError`. Names are
imported when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

# public name -> module it lives in
_PUBLIC = {
    "GOH_CLASSES": "kappa",
    "Anova": "variance",
    "BlandAltman": "limits",
    "Concordance": "concordance",
    "Correlation": "correlation",
    "Difference": "differences",
    "Icc": "intraclass",
    "Kappa": "kappa",
    "Line": "regression",
    "MeanAbsoluteError": "absolute_error",
    "MeasurementError": "measurement_error",
    "Misclassification": "discrimination",
    "MixedModel": "mixed",
    "RepeatedMeasures": "repeated",
    "Roc": "discrimination",
    "Statistic": "result",
    "Term": "mixed",
    "bland_altman": "limits",
    "bland_altman_repeated": "limits_repeated",
    "cluster_bootstrap": "resampling",
    "cluster_jackknife": "resampling",
    "icc": "intraclass",
    "koo_li": "intraclass",
    "landis_koch": "kappa",
    "least_squares": "regression",
    "lin_ccc": "concordance",
    "mean_absolute_error": "absolute_error",
    "misclassification": "discrimination",
    "mixed_model": "mixed",
    "nearest_class": "kappa",
    "one_way_anova": "variance",
    "paired_t": "differences",
    "pearson": "correlation",
    "ratings_of": "inputs",
    "rmcorr": "repeated",
    "roc": "discrimination",
    "smallest_detectable_change": "measurement_error",
    "spearman": "correlation",
    "standard_error_of_measurement": "measurement_error",
    "weighted_kappa": "kappa",
    "wilcoxon": "differences",
    "within_between": "mixed",
}

__all__ = sorted(_PUBLIC)


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(import_module(f"ssc_core.stats.{_PUBLIC[name]}"), name)
    raise AttributeError(f"module 'ssc_core.stats' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
