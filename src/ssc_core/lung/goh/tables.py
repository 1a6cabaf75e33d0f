"""The tables of a scored CT: five levels, the profile along z, and what follows for the patient."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from ssc_core.lung.goh.intervals import UNKNOWN, Intervals
from ssc_core.lung.goh.recalibration import Recalibration
from ssc_core.lung.goh.scores import NAMES, PATTERNS, rounded, violations
from ssc_core.lung.levels import Level
from ssc_core.results import Measurement

__all__ = ["level_scores", "patient_scores", "profile_table", "volume_extent"]

Scores = Mapping[int, npt.NDArray[np.float64]]
_FIVE = 5
_NAN = (math.nan,) * 3


def level_scores(
    levels: Sequence[Level],
    raw: Scores,
    lung_mm2: Mapping[int, float],
    intervals: Intervals | None = None,
    recalibration: Recalibration | None = None,
) -> pd.DataFrame:
    """One row per level; see :class:`ssc_core.lung.goh.results.GohResult`.

    Parameters
    ----------
    levels : sequence of Level
        The five.
    raw : mapping
        Slice to raw scores (3,).
    lung_mm2 : mapping
        Slice to lung area.
    intervals : Intervals, optional
        Of the scores that stand in ``tot``, ``gg`` and ``ret``.
    recalibration : Recalibration, optional
        Applied to them; raw scores then stand beside.
    """
    rows = []
    for level in levels:
        there = level.slice is not None
        own = np.asarray(raw[level.slice] if level.slice is not None else _NAN, np.float64)
        shown = own if recalibration is None else recalibration(own)
        row: dict[str, object] = {
            "level": level.number, "z_mm": level.z_mm, "slice": level.slice, "source_slice":
            level.source_slice, **dict(zip(PATTERNS, shown.tolist(), strict=True)),
            **{f"{p}5": v for p, v in zip(PATTERNS, rounded(shown).tolist(), strict=True)},
        }  # fmt: skip
        for p, value in zip(PATTERNS, shown.tolist(), strict=True):
            ends = (math.nan, math.nan) if intervals is None else intervals.of("level", p, value)
            row |= {f"{p}_low": ends[0], f"{p}_high": ends[1]}
        if recalibration is not None:
            row |= {f"raw_{p}": v for p, v in zip(PATTERNS, own.tolist(), strict=True)}
        row["lung_mm2"] = lung_mm2[level.slice] if level.slice is not None else math.nan
        row["method"] = level.method
        row["flags"] = "; ".join(_flags(level, shown, there))
        rows.append(row)
    table = pd.DataFrame(rows)
    return table.astype({"slice": "Int64", "source_slice": "Int64"})


def _flags(level: Level, shown: npt.NDArray[np.float64], there: bool) -> list[str]:
    if not there:
        return [f"level missing: {level.note}"]
    if np.isnan(shown).any():
        return ["no lung in this slice, no score"]
    whole = [float(v) for v in rounded(shown)]
    exact = violations(*(float(v) for v in shown))
    # on the 5 % scale only what rounding alone has broken is news
    coarse = () if exact else tuple(f"rounded to 5 %: {v}" for v in violations(*whole))
    return [*exact, *coarse]


def patient_scores(scores: pd.DataFrame, intervals: Intervals | None = None) -> dict[str, Measurement]:
    """Unweighted means of the five levels; missing if one is missing."""
    out = {}
    for p in PATTERNS:
        values = scores[p].to_numpy(np.float64)
        absent = [str(n) for n in scores["level"][np.isnan(values)]]
        if len(values) != _FIVE or absent:
            note = f"no mean: level {', '.join(absent)} is missing" if absent else "no mean of five levels"
            out[p] = Measurement(math.nan, "%", note=note)
            continue
        mean = float(values.mean())
        low, high = (math.nan, math.nan) if intervals is None else intervals.of("patient", p, mean)
        if intervals is None:
            note = UNKNOWN
        elif math.isnan(low):
            note = "no interval: too few held-out patients"
        else:
            note = f"{intervals.coverage:.0%} interval from {intervals.patients} held-out: {intervals.source}"
        out[p] = Measurement(mean, "%", low, high, f"mean {NAMES[p]} of five levels; {note}")
    return out


def profile_table(
    raw: Scores,
    lung_mm2: Mapping[int, float],
    z_mm: npt.NDArray[np.float64],
    recalibration: Recalibration | None = None,
) -> pd.DataFrame:
    """slice, z_mm, lung_mm2, tot, gg, ret of every scored slice that holds lung, from feet to head.

    Parameters
    ----------
    raw, lung_mm2 : mapping
        Slice to raw scores (3,) and to lung area.
    z_mm : ndarray of float, (slices,)
        Height of every slice of the CT.
    recalibration : Recalibration, optional
        Applied to the scores.
    """
    rows = []
    for z in sorted(raw):
        shown = raw[z] if recalibration is None else recalibration(raw[z])
        if np.isnan(shown).any():
            continue
        rows.append({"slice": z, "z_mm": float(z_mm[z]), "lung_mm2": lung_mm2[z],
                     **dict(zip(PATTERNS, shown.tolist(), strict=True))})  # fmt: skip
    return pd.DataFrame(rows, columns=["slice", "z_mm", "lung_mm2", *PATTERNS])


def volume_extent(profile: pd.DataFrame, step_mm: float) -> dict[str, Measurement]:
    """Share of the lung's volume: mean over the profile, each slice weighted by the lung that it stands for.

    Parameters
    ----------
    profile : DataFrame
        As :func:`profile_table` gives it. A slice stands for half the way to each of its neighbours.
    step_mm : float
        Distance of neighbouring slices of the CT, for the note.
    """
    if len(profile) < 2:
        why = "no profile was scored" if profile.empty else "one slice is no volume"
        return {f"volume_{p}": Measurement(math.nan, "%", note=why) for p in PATTERNS}
    z, area = profile["z_mm"].to_numpy(np.float64), profile["lung_mm2"].to_numpy(np.float64)
    share = np.gradient(z) if len(z) > 2 else np.ones(2)
    weight = area * np.abs(share)
    note = f"mean over {len(z)} slices ({step_mm:g} mm apart in the CT), weighted by lung area; no interval"
    return {
        f"volume_{p}": Measurement(float(np.average(profile[p], weights=weight)), "%", note=note)
        for p in PATTERNS
    }
