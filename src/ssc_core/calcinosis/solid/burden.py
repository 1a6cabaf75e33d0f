"""How much there is: per finger and in all, the numbers that a trial follows."""

from __future__ import annotations

import math

import pandas as pd

__all__ = ["BURDEN_UNITS", "burden_of"]

BURDEN_UNITS = {
    "finger": "", "lesions": "", "volume_mm3": "mm3", "low": "mm3", "high": "mm3", "mean_hu": "HU",
    "mass_mg": "mg",
}  # fmt: skip


def burden_of(lesions: pd.DataFrame) -> pd.DataFrame:
    """One row per finger and, last, one for the whole (finger "all").

    Mean HU is weighted by volume; errors of single lesions are taken as independent.

    Parameters
    ----------
    lesions : DataFrame
        As ``SolidResult.lesions``.
    """
    parts = [(str(finger), part) for finger, part in lesions.groupby("finger", sort=True)]
    return pd.DataFrame([_row(name, part) for name, part in [*parts, ("all", lesions)]])


def _row(name: str, part: pd.DataFrame) -> dict[str, object]:
    volume = float(part.volume_mm3.sum())
    down = math.sqrt(float(((part.volume_mm3 - part.low) ** 2).sum()))
    up = math.sqrt(float(((part.high - part.volume_mm3) ** 2).sum()))
    return {
        "finger": name,
        "lesions": len(part),
        "volume_mm3": volume,
        "low": max(volume - down, 0.0),
        "high": volume + up,
        "mean_hu": float((part.mean_hu * part.volume_mm3).sum() / volume) if volume else math.nan,
        "mass_mg": float(part.mass_mg.sum(min_count=1)) if len(part) else math.nan,
    }
