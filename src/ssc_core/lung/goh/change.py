"""The change between two scored CTs of a patient, and whether it exceeds the error of measurement."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ssc_core.errors import FormatError, InputError
from ssc_core.io.output import RECORD
from ssc_core.io.tables import read_table
from ssc_core.lung.goh.scores import PATTERNS

__all__ = ["Scored", "change_of", "detectable", "read_scored"]

_UNKNOWN = (
    "repeatability unknown: nobody scored patients scanned twice, so a change cannot be told from noise"
)
_FACTS = ("kernel", "slice thickness (mm)", "contrast", "kVp", "patient position")
_OTHER_VOLUME = 0.1
_MEANS = tuple(f"mean_{p}" for p in PATTERNS)


@dataclass(frozen=True, eq=False)
class Scored:
    """What is needed of one result folder of ``ssc lung score``."""

    scores: pd.DataFrame
    profile: pd.DataFrame
    patient: Mapping[str, float]
    record: Mapping[str, Any]

    @property
    def scorer(self) -> str:
        """Name and digest of who scored."""
        return str(self.scores["scorer"].iloc[0])


def read_scored(folder: str | Path) -> Scored:
    """Read a result folder.

    Raises
    ------
    InputError
        If it is none of ``ssc lung score``.
    FormatError
        If a file is damaged.
    """
    folder = Path(folder)
    names = ("scores.csv", "profile.csv", "patient.csv", RECORD)
    if not all((folder / n).is_file() for n in names):
        raise InputError("this is no result of 'ssc lung score'; name its folder", source=folder)
    scores, profile, patient = (read_table(folder / n) for n in names[:3])
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except ValueError as error:
        raise FormatError("the run record is damaged; score the CT again", source=folder) from error
    numbers = dict(zip(patient["measure"].astype(str), patient["value"].astype(float), strict=True))
    return Scored(scores, profile, numbers, record)


def change_of(
    first: Scored, second: Scored, repeats: pd.DataFrame | None = None
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Changes of means, volume-weighted extents and levels.

    Parameters
    ----------
    first, second : Scored
        The earlier CT first.
    repeats : DataFrame, optional
        Scores of patients who were scanned twice or more: case_id, patient, level, tot, gg, ret.

    Returns
    -------
    table : DataFrame
        measure, first, second, change (second minus first, percent points), sdc, beyond ("yes", "no",
        "unknown"), note.
    flags : tuple of str
        In what the two CTs or their analyses differ.

    Raises
    ------
    InputError
        If different scorers or recalibrations stand behind the two, or behind the repeats.
    """
    _comparable(first, second)
    if repeats is not None and "scorer" in repeats and set(repeats["scorer"]) != {first.scorer}:
        raise InputError(f"the repeated CTs were not scored by {first.scorer}; score them with it")
    limits = {} if repeats is None else detectable(repeats)
    values = [_measures(s) for s in (first, second)]
    rows = []
    for name in values[0]:
        before, after = (v[name] for v in values)
        key = name if name in _MEANS else f"level_{name[-3:].strip('_')}" if name[:6] == "level_" else ""
        sdc, note = limits.get(key, (math.nan, _UNKNOWN))
        size = abs(after - before)
        beyond = "unknown" if math.isnan(sdc) or math.isnan(size) else "yes" if size > sdc else "no"
        rows.append({"measure": name, "first": before, "second": after, "change": after - before, "sdc": sdc,
                     "beyond": beyond, "note": note})  # fmt: skip
    return pd.DataFrame(rows), _flags(first, second, repeats is not None)


def detectable(repeats: pd.DataFrame) -> dict[str, tuple[float, str]]:
    """Smallest detectable changes with what they rest on: of means ("mean_tot") and of a level ("level_tot").

    ``1.96 sqrt(2)`` times the within-patient standard deviation (de Vet et al. 2006; the scans of a patient
    have no order). Patients with another number of scans than most are left out.

    Raises
    ------
    InputError
        If a column is missing.
    """
    absent = [c for c in ("case_id", "patient", "level", *PATTERNS) if c not in repeats]
    if absent:
        raise InputError(f"the table of repeated CTs has no column {', '.join(absent)}")
    out = {}
    for p in PATTERNS:
        whole = repeats.groupby(["patient", "case_id"])[p].agg(lambda v: v.mean() if len(v) == 5 else np.nan)
        out[f"mean_{p}"] = _limit(whole.reset_index(), ["patient"], p)
        out[f"level_{p}"] = _limit(repeats, ["patient", "level"], p)
    return out


def _limit(table: pd.DataFrame, target: list[str], pattern: str) -> tuple[float, str]:
    from ssc_core.stats import smallest_detectable_change

    order = table.sort_values([*target, "case_id"]).dropna(subset=[pattern])
    scans = order.groupby(target)[pattern].agg(list)
    usual = int(scans.map(len).mode().iloc[-1]) if len(scans) else 0
    kept = scans[scans.map(len) == usual]
    if usual < 2 or len(kept) < 2:
        return math.nan, "fewer than two patients were scanned twice; no smallest detectable change"
    owner = [str(k[0]) if isinstance(k, tuple) else str(k) for k in kept.index]
    found = smallest_detectable_change(np.asarray(kept.tolist(), float), "one-way", subject=owner)
    return found.value, (
        f"smallest detectable change {found.value:.1f} ({found.low:.1f} to {found.high:.1f}) from "
        f"{len(set(owner))} patients with {usual} scans each"
    )


def _measures(scored: Scored) -> dict[str, float]:
    out = {n: scored.patient[n] for n in (*_MEANS, *(f"volume_{p}" for p in PATTERNS))}
    for row in scored.scores.to_dict("records"):
        out |= {f"level_{int(row['level'])}_{p}": float(row[p]) for p in PATTERNS}
    return out


def _comparable(first: Scored, second: Scored) -> None:
    if first.scorer != second.scorer:
        raise InputError(
            f"the CTs were scored by {first.scorer} and by {second.scorer}; score both with one of them"
        )
    if first.record["parameters"].get("recalibration") != second.record["parameters"].get("recalibration"):
        raise InputError("the two CTs were recalibrated differently; score both with the same --recalibrate")


def _flags(first: Scored, second: Scored, repeated: bool) -> tuple[str, ...]:
    a, b = first.record["parameters"], second.record["parameters"]
    facts = [(n, a.get("ct", {}).get(n), b.get("ct", {}).get(n)) for n in _FACTS]
    flags = [
        f"the CTs differ in {n}: {x or 'not stated'} and {y or 'not stated'}" for n, x, y in facts if x != y
    ]
    if a.get("levels") != b.get("levels"):
        flags.append(
            f"levels come from {a.get('levels')} in the first CT and {b.get('levels')} in the second"
        )
    before, after = (s.patient.get("lung_volume", math.nan) for s in (first, second))
    if abs(after - before) > _OTHER_VOLUME * before:
        flags.append(
            f"the lungs hold {before:.0f} ml in the first CT and {after:.0f} ml in the second: another depth "
            "of breath alone changes densities"
        )
    if first.record["inputs"].get("ct") == second.record["inputs"].get("ct"):
        flags.append("both results come from the same CT")
    return (*flags, *(() if repeated else (_UNKNOWN,)))
