"""Limited or extensive disease (Goh et al. 2008): mean total extent, a grey zone, the FVC that decides."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["FVC_PERCENT", "GREY_PERCENT", "THRESHOLD_PERCENT", "Stage", "stage_of"]

THRESHOLD_PERCENT = 20.0
GREY_PERCENT = (10.0, 30.0)
FVC_PERCENT = 70.0


@dataclass(frozen=True)
class Stage:
    """A stage and why.

    Parameters
    ----------
    name : str
        "limited", "extensive", "indeterminate" (in the grey zone, and no FVC was given) or "unknown" (no mean
        extent).
    why : str
        One sentence that spells the rule out.
    simplified : str
        "limited" or "extensive" by 20 % alone: a simplification that knows neither grey zone nor FVC.
    """

    name: str
    why: str
    simplified: str


def stage_of(
    tot: float, fvc_percent: float | None = None, *, low: float = math.nan, high: float = math.nan
) -> Stage:
    """Stage of a patient.

    Parameters
    ----------
    tot : float
        Mean total extent of the five levels in percent; NaN if a level is missing.
    fvc_percent : float, optional
        Forced vital capacity in percent of the predicted one.
    low, high : float
        Interval of `tot`, if there is one.

    Notes
    -----
    Below 10 % limited, above 30 % extensive; from 10 to 30 % the extent is indeterminate on CT and FVC
    decides: limited from 70 % on, extensive below. Goh et al. leave FVC of exactly 70 % open; here it is
    limited. By 20 % alone, exactly 20 % is limited.
    """
    if math.isnan(tot):
        return Stage("unknown", "no stage: the mean of the five levels is missing", "")
    simple = "extensive" if tot > THRESHOLD_PERCENT else "limited"
    lower, upper = GREY_PERCENT
    known = fvc_percent is not None and math.isfinite(fvc_percent)
    if tot < lower:
        name, why = "limited", f"mean total extent {tot:.1f} % is below {lower:g} %"
    elif tot > upper:
        name, why = "extensive", f"mean total extent {tot:.1f} % is above {upper:g} %"
    elif not known:
        name = "indeterminate"
        why = (
            f"mean total extent {tot:.1f} % lies in the grey zone of {lower:g} to {upper:g} %: give the FVC "
            f"(limited from {FVC_PERCENT:g} % of predicted on, extensive below)"
        )
    else:
        name = "limited" if float(fvc_percent or 0.0) >= FVC_PERCENT else "extensive"
        side = "at least" if name == "limited" else "below"
        why = (
            f"mean total extent {tot:.1f} % lies in the grey zone of {lower:g} to {upper:g} %, and FVC "
            f"{fvc_percent:g} % is {side} {FVC_PERCENT:g} %"
        )
    return Stage(name, why + _doubt(tot, low, high), simple)


def _doubt(tot: float, low: float, high: float) -> str:
    """What the interval says about the zone."""
    lower, upper = GREY_PERCENT
    crosses = [edge for edge in (lower, upper) if low < edge < high]
    if not crosses:
        return ""
    edges = " and ".join(f"{e:g} %" for e in crosses)
    return f"; the interval {low:.0f} to {high:.0f} % crosses {edges}, so the zone itself is uncertain"
