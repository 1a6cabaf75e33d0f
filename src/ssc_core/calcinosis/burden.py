"""How much there is in one image or volume: per finger and in all."""

from __future__ import annotations

import math

import pandas as pd

__all__ = ["ALL", "BURDEN_UNITS", "burden_of", "size_of", "summed"]

BURDEN_UNITS = {"area_mm2": "mm2", "volume_mm3": "mm3", "mean_hu": "HU", "mass_mg": "mg"}
ALL = "all"


def burden_of(lesions: pd.DataFrame) -> pd.DataFrame:
    """One row per finger and, last, one for the whole (finger "all").

    Parameters
    ----------
    lesions : DataFrame
        As ``CalcinosisResult.lesions`` or ``SolidResult.lesions``.
    """
    parts = [(str(finger), part) for finger, part in lesions.groupby("finger", sort=True)]
    return pd.DataFrame([{"finger": name, **summed(part)} for name, part in [*parts, (ALL, lesions)]])


def size_of(lesions: pd.DataFrame) -> str:
    """The column that holds the size: "area_mm2" or "volume_mm3"."""
    return "volume_mm3" if "volume_mm3" in lesions.columns else "area_mm2"


def summed(lesions: pd.DataFrame) -> dict[str, object]:
    """Count, size with its interval, mean HU weighted by size and, in volumes, mass.

    Errors of single lesions are taken as independent.
    """
    size = size_of(lesions)
    total = float(lesions[size].sum())
    down = math.sqrt(float(((lesions[size] - lesions.low) ** 2).sum()))
    up = math.sqrt(float(((lesions.high - lesions[size]) ** 2).sum()))
    out: dict[str, object] = {
        "lesions": len(lesions),
        size: total,
        "low": max(total - down, 0.0),
        "high": total + up,
        "mean_hu": float((lesions.mean_hu * lesions[size]).sum() / total) if total else math.nan,
    }
    if "mass_mg" in lesions.columns:
        out["mass_mg"] = float(lesions.mass_mg.sum(min_count=1)) if len(lesions) else math.nan
    return out
