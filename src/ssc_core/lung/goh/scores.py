"""The three Goh patterns, the 5 % scale, and the rules that scores must keep. Nothing is repaired."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ssc_core.stats import nearest_class

__all__ = ["NAMES", "PATTERNS", "ROUNDING", "rounded", "violations"]

PATTERNS = ("tot", "gg", "ret")
"""Total extent, ground glass, reticulation: this order in every array and table, in percent of the lung."""

NAMES: Mapping[str, str] = {"tot": "total extent", "gg": "ground glass", "ret": "reticulation"}

ROUNDING = "nearest of the 21 classes 0, 5 ... 100; a half goes up (2.5 becomes 5)"
"""The rule of the 5 % scores, as it is written into every record."""

_TOLERANCE = 1e-3  # percent points: below what single precision resolves


def rounded(values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Scores on the readers' 5 % scale: see :data:`ROUNDING`. NaN stays NaN.

    What lies outside 0 to 100 goes to the end of the scale; the raw score beside it still says so.
    """
    return np.asarray(np.clip(nearest_class(values), 0.0, 100.0), np.float64)


def violations(tot: float, gg: float, ret: float) -> tuple[str, ...]:
    """What three scores of one slice break, in sentences; empty if nothing, or if one is missing.

    Scores lie within 0 to 100, and the union is at least each part and at most their sum:
    ``max(GG, RET) <= TOT <= GG + RET`` (Jia et al. 2024, Dataset).

    Parameters
    ----------
    tot, gg, ret : float
        Percent of the lung.
    """
    values: dict[str, Any] = {"TOT": tot, "GG": gg, "RET": ret}
    if any(math.isnan(v) for v in values.values()):
        return ()
    found = [
        f"{name} {value:.1f} lies outside 0 to 100"
        for name, value in values.items()
        if not -_TOLERANCE <= value <= 100.0 + _TOLERANCE
    ]
    if max(gg, ret) > tot + _TOLERANCE:
        name, value = ("GG", gg) if gg >= ret else ("RET", ret)
        found.append(f"TOT {tot:.1f} is less than {name} {value:.1f}")
    if tot > gg + ret + _TOLERANCE:
        found.append(f"TOT {tot:.1f} is more than GG {gg:.1f} + RET {ret:.1f}")
    return tuple(found)
