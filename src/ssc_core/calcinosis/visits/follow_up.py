"""Which lesion is which at two visits, and how each changed, along the axes it had at the first."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import linear_sum_assignment
from scipy.spatial import cKDTree

from ssc_core.calcinosis.solid.axes import axes_3d
from ssc_core.calcinosis.visits.rigid import Rigid, laid_over
from ssc_core.calcinosis.visits.visit import Visit
from ssc_core.errors import InputError
from ssc_core.io.output import RECORD
from ssc_core.io.tables import write_table
from ssc_core.progress import Tick, share, silent, track
from ssc_core.results import record_run

__all__ = ["FollowUp", "follow_up", "save"]

FloatArray = npt.NDArray[np.float64]

_FAR_MM = 4.0  # gap between outlines above which two lesions are not the same
_POOR_MM = 1.0


@dataclass(frozen=True, eq=False)
class FollowUp:
    """Changes from the first visit to the later one.

    Parameters
    ----------
    changes : DataFrame
        One row per lesion: status (same, new, gone, merged, split), labels and sizes at both visits, change
        with its interval, lengths along the first visit's axes.
    burden : DataFrame
        Per finger of the first visit and in all: count, size and mean HU at both visits, change.
    fit : Rigid
        How the later visit was laid over the first.
    flags : tuple of str
        What must be known.
    """

    changes: pd.DataFrame
    burden: pd.DataFrame
    fit: Rigid
    flags: tuple[str, ...]


def follow_up(first: Visit, later: Visit, tick: Tick = silent) -> FollowUp:
    """Match lesions of two visits and tell how they changed.

    The later bones are laid over the first ones rigidly; lesions are then paired so that the gaps between
    them are smallest. A change is beyond measurement if the intervals of both sizes do not overlap.

    Parameters
    ----------
    first, later : Visit
        Both from images, or both from volumes.
    tick : Tick
        Told after each of the positions from which the bones are laid over one another, and each lesion.

    Raises
    ------
    InputError
        If one is an image and the other a volume, or a visit has no bones.
    """
    if first.size != later.size:
        raise InputError("one visit is an image and the other a volume; compare like with like")
    if len(first.bones) < 10 or len(later.bones) < 10:
        raise InputError("a visit has no bones, so that its lesions cannot be laid over the other's")
    fit = laid_over(first.bones, later.bones, share(tick, 0.0, 0.6))
    moved = {label: fit(points) for label, points in later.points.items()}
    pairs = _pairs(first.points, moved)
    compared = track(pairs, share(tick, 0.6, 1.0), "comparing lesions")
    rows = [_row(first, later, moved, a, b) for a, b in compared]
    rows += [_row(first, later, moved, a, None) for a in first.points if a not in dict(pairs)]
    known = {b for _, b in pairs}
    rows += [_row(first, later, moved, None, b) for b in later.points if b not in known]
    changes = pd.DataFrame(rows, columns=_COLUMNS)
    changes = _merged(changes, first, moved)
    flags = []
    if fit.error_mm > _POOR_MM:
        flags.append(
            f"the bones of both visits fit to {fit.error_mm:.1f} mm only (the finger may be bent otherwise):"
            " check the pairs"
        )
    return FollowUp(changes, _burden(first, later, changes), fit, tuple(flags))


_COLUMNS = [
    "status", "finger", "label_first", "label_later", "size_first", "low_first", "high_first", "size_later",
    "low_later", "high_later", "change", "change_percent", "beyond_error", "long_first", "long_later",
    "short_first", "short_later", "mean_hu_first", "mean_hu_later", "gap_mm", "flags",
]  # fmt: skip


def _pairs(first: Mapping[int, FloatArray], later: Mapping[int, FloatArray]) -> list[tuple[int, int]]:
    if not first or not later:
        return []
    a, b = list(first), list(later)
    cost = np.array([[_apart(first[i], later[j]) for j in b] for i in a])
    rows, columns = linear_sum_assignment(np.minimum(cost, 10 * _FAR_MM))
    return [(a[i], b[j]) for i, j in zip(rows, columns, strict=True) if cost[i, j] <= _FAR_MM]


def _gap(a: FloatArray, b: FloatArray) -> float:
    away, _ = cKDTree(a[:: max(1, len(a) // 2000)]).query(b[:: max(1, len(b) // 2000)])
    return float(away.min())


def _apart(a: FloatArray, b: FloatArray) -> float:
    """Gap between two lesions, and a little for the distance of their centres to part neighbours."""
    return _gap(a, b) + 0.2 * float(np.linalg.norm(a.mean(0) - b.mean(0)))


def _row(
    first: Visit, later: Visit, moved: Mapping[int, FloatArray], a: int | None, b: int | None
) -> dict[str, object]:
    one, two = _lesion(first, a), _lesion(later, b)
    row: dict[str, object] = dict.fromkeys(_COLUMNS, math.nan)
    row |= {"status": "same" if a and b else "gone" if a else "new", "flags": "", "beyond_error": False}
    row["label_first"], row["label_later"] = a or 0, b or 0
    row["finger"] = int((one or two or {"finger": 0})["finger"])
    for name, lesion in (("first", one), ("later", two)):
        if lesion is not None:
            row[f"size_{name}"], row[f"mean_hu_{name}"] = float(lesion[first.size]), float(lesion["mean_hu"])
            row[f"low_{name}"], row[f"high_{name}"] = float(lesion["low"]), float(lesion["high"])
            row["flags"] = "; ".join(filter(None, [str(row["flags"]), _said(name, lesion)]))
    if a is not None and b is not None and one is not None and two is not None:
        row |= _changed(float(one[first.size]), float(two[first.size]))
        row["beyond_error"] = bool(two["low"] > one["high"] or two["high"] < one["low"])
        row["gap_mm"] = _gap(first.points[a], moved[b])
        row |= _along(first.points[a], moved[b], float(first.frame.spacing[-1]))
    else:
        row["beyond_error"] = True
    return row


def _lesion(visit: Visit, label: int | None) -> dict[str, Any] | None:
    """Its row as plain values."""
    found = visit.lesions[visit.lesions["label"] == (0 if label is None else label)]
    return {str(k): v for k, v in found.iloc[0].to_dict().items()} if len(found) else None


def _said(name: str, lesion: dict[str, Any]) -> str:
    border = bool(lesion.get("touches_border", False))
    return f"reaches the border at the {name} visit" if border else ""


def _changed(before: float, after: float) -> dict[str, object]:
    return {"change": after - before, "change_percent": 100 * (after / before - 1)}


def _along(a: FloatArray, b: FloatArray, pixel: float) -> dict[str, object]:
    """Extents of both along the axes that the lesion had at the first visit."""
    flat = a.shape[1] == 2
    directions = _axes_2d(a) if flat else axes_3d(a, pixel).directions
    shortest = directions[-1]
    out: dict[str, object] = {}
    for name, points in (("first", a), ("later", b)):
        out[f"long_{name}"] = float(np.ptp(points @ directions[0])) + pixel
        out[f"short_{name}"] = float(np.ptp(points @ shortest)) + pixel
    return out


def _axes_2d(points: FloatArray) -> FloatArray:
    raised = np.concatenate([points, np.zeros((len(points), 1))], axis=1)
    first = axes_3d(raised, 0.0).directions[0][:2]
    length = float(np.linalg.norm(first))
    first = first / length if length > 0 else np.array([1.0, 0.0])
    return np.array([first, [-first[1], first[0]]])


def _merged(changes: pd.DataFrame, first: Visit, moved: Mapping[int, FloatArray]) -> pd.DataFrame:
    """What is gone where another now lies was merged; what is new where an old one lay was split off."""
    out: list[dict[str, Any]] = [{str(k): v for k, v in r.items()} for r in changes.to_dict("records")]
    touching = 1.5 * max(first.frame.spacing)
    for row in out:
        if row["status"] == "gone" and moved:
            mine = first.points[row["label_first"]]
            gap, other = min((_gap(mine, p), label) for label, p in moved.items())
            if gap < touching:
                row |= {"status": "merged", "label_later": other}
        elif row["status"] == "new" and first.points:
            mine = moved[row["label_later"]]
            gap, other = min((_gap(p, mine), label) for label, p in first.points.items())
            if gap < touching:
                row |= {"status": "split", "label_first": other}
    for row in out:
        if row["status"] == "same":
            row |= _together(row, out)
    return pd.DataFrame(out, columns=_COLUMNS)


def _together(row: dict[str, Any], rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Change of what belongs together: what merged is summed at the first visit, pieces at the later one."""
    merged = [r for r in rows if r["status"] == "merged" and r["label_later"] == row["label_later"]]
    pieces = [r for r in rows if r["status"] == "split" and r["label_first"] == row["label_first"]]
    if not merged and not pieces:
        return {}
    before, low_before, high_before = (
        sum(float(r[f"{c}_first"]) for r in (row, *merged)) for c in ("size", "low", "high")
    )
    after, low_after, high_after = (
        sum(float(r[f"{c}_later"]) for r in (row, *pieces)) for c in ("size", "low", "high")
    )
    said = f"change from {1 + len(merged)} lesion(s) together to {1 + len(pieces)} together"
    return {
        **_changed(before, after),
        "beyond_error": low_after > high_before or high_after < low_before,
        "flags": "; ".join(filter(None, [str(row["flags"]), said])),
    }


def _burden(first: Visit, later: Visit, changes: pd.DataFrame) -> pd.DataFrame:
    """Later lesions count for the finger of their partner at the first visit."""
    finger = dict(zip(changes.label_later, changes.finger, strict=True))
    named = later.lesions.assign(finger=[finger.get(v, 0) for v in later.lesions.label])
    rows = []
    for name in [*sorted({*first.lesions.finger, *named.finger}), "all"]:
        a, b = (t if name == "all" else t[t.finger == name] for t in (first.lesions, named))
        before, after = float(a[first.size].sum()), float(b[first.size].sum())
        rows.append(
            {
                "finger": str(name),
                "lesions_first": len(a),
                "lesions_later": len(b),
                "size_first": before,
                "size_later": after,
                "change": after - before,
                "mean_hu_first": _weighted(a, first.size),
                "mean_hu_later": _weighted(b, first.size),
            }
        )
    return pd.DataFrame(rows)


def _weighted(table: pd.DataFrame, size: str) -> float:
    total = float(table[size].sum())
    return float((table.mean_hu * table[size]).sum() / total) if total else math.nan


def save(result: FollowUp, folder: Path, inputs: Mapping[str, str]) -> None:
    """Write ``changes.csv``, ``burden.csv`` and ``run.json``."""
    write_table(folder, "changes", result.changes)
    write_table(folder, "burden", result.burden)
    fit = {"turn": result.fit.turn.round(9).tolist(), "shift_mm": result.fit.shift.round(9).tolist()}
    fit["fit_mm"] = round(result.fit.error_mm, 9)
    record = record_run("calcinosis follow-up", fit, inputs, warnings=result.flags)
    (folder / RECORD).write_text(record.to_json(), encoding="utf-8", newline="\n")
