"""From the fields of a biopsy to the biopsy: means, and orientation averaged as directions are."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from ssc_core.results import Measurement
from ssc_core.skin.morphometry import FEATURES
from ssc_core.skin.quality import FLAGS
from ssc_core.tiles import Fields

__all__ = ["summarise"]


def summarise(patches: pd.DataFrame, fields: Fields, dermis_mm2: float) -> Mapping[str, Measurement]:
    """Measurements of one biopsy. All fields count, also flagged ones; how many are flagged is among them.

    Parameters
    ----------
    patches : DataFrame
        One row per field.
    fields : Fields
        The same fields with their places.
    dermis_mm2 : float
        Area of the region that was sampled.

    Returns
    -------
    mapping of str to Measurement
        Named as in :data:`ssc_core.skin.morphometry.FEATURES`, then what belongs to the biopsy.
    """
    out: dict[str, Measurement] = {}
    for name, (unit, _) in FEATURES.items():
        if name in ("orientation_deg", "dispersion_deg"):
            continue
        out[name] = _mean(patches[name], unit)
    out["orientation_deg"], out["dispersion_deg"] = _directions(patches)
    out["dispersion_within_fields_deg"] = _mean(patches["dispersion_deg"], "deg")
    out["sharpness"] = _mean(patches["sharpness"], "")
    out["n_patches"] = Measurement(len(patches), note=f"{fields.asked} asked for")
    for flag, meaning in FLAGS.items():
        hits = int(patches["flags"].str.split(";").map(lambda found, f=flag: f in found).sum())
        out[f"n_{flag}"] = Measurement(hits, note=f"fields flagged: {meaning}")
    out["mean_overlap"] = Measurement(
        fields.mean_overlap, note="mean share of a field that other fields show too"
    )
    out["covered_share"] = Measurement(fields.covered, note="share of the dermis that the fields show")
    out["room"] = Measurement(fields.room, "fields", note="area of the dermis over that of one field")
    out["dermis_area_mm2"] = Measurement(dermis_mm2, "mm2")
    return out


def _mean(values: pd.Series[float], unit: str) -> Measurement:
    known = values.dropna()
    if known.empty:
        return Measurement(math.nan, unit, note="it could be measured in no field")
    spread = f"; SD between fields {known.std():.3g}" if len(known) > 1 else ""
    return Measurement(float(known.mean()), unit, note=f"mean of {len(known)} fields{spread}")


def _directions(patches: pd.DataFrame) -> tuple[Measurement, Measurement]:
    """Direction and dispersion of the collagen of all fields together, each weighted by its collagen."""
    known = patches.dropna(subset=["orientation_deg"])
    if known.empty:
        missing = Measurement(math.nan, "deg", note="there is no collagen in any field")
        return missing, missing
    weight = known["collagen_fraction"].to_numpy(float)
    turns = np.exp(2j * np.radians(known["orientation_deg"].to_numpy(float)))
    mean = complex((weight * known["alignment"].to_numpy(float) * turns).sum() / weight.sum())
    length = min(max(abs(mean), 1e-12), 1.0)
    note = f"of the collagen of {len(known)} fields together"
    return (
        Measurement(math.degrees(np.angle(mean)) / 2 % 180, "deg", note=note),
        Measurement(math.degrees(math.sqrt(-2 * math.log(length))) / 2, "deg", note=note),
    )
