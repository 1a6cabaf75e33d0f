"""A calcinosis result as files: tables, masks, overlay, run record."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from ssc_core.calcinosis.burden import BURDEN_UNITS, burden_of
from ssc_core.calcinosis.measure import UNITS
from ssc_core.calcinosis.results import BONE_NAMES, CalcinosisResult
from ssc_core.io.output import RECORD
from ssc_core.io.store import write_map, write_mask
from ssc_core.io.tables import write_table
from ssc_core.plots.calcinosis import overlay
from ssc_core.plots.style import save_figure
from ssc_core.results import Measurement

__all__ = ["bone_names", "save", "summary_json", "write_burden"]


def bone_names(result: CalcinosisResult) -> dict[int, str]:
    """Name of every bone label in the result."""
    codes = sorted({int(c) for c in set(result.bone_labels.ravel().tolist()) if c})
    more = any(c > 10 for c in codes)
    return {c: BONE_NAMES[c % 10] + (f", finger {c // 10 + 1}" if more else "") for c in codes}


def save(result: CalcinosisResult, folder: str | Path) -> None:
    """Write a result into a folder (by habit the one that ``io.output.staged`` yields).

    ``lesions.csv/.parquet`` (one row per lesion), ``not_lesions.csv/.parquet`` (findings that do not
    count), ``bones.csv/.parquet``, ``burden.csv/.parquet`` (sums per finger), ``summary.json``,
    ``lesions.ome.zarr`` and ``bones.ome.zarr`` (masks on the image's pixels), ``overlay.png``, ``run.json``.

    Parameters
    ----------
    result : CalcinosisResult
        What :func:`ssc_core.calcinosis.pipeline.analyse` returned.
    folder : path-like
        An existing folder.

    Raises
    ------
    OutputError
        If something cannot be written.
    """
    folder = Path(folder)
    table = result.lesions
    write_table(folder, "lesions", table, UNITS)
    write_table(folder, "not_lesions", result.left_out, UNITS)
    write_table(folder, "bones", result.bones, {"area_mm2": "mm2"})
    write_burden(folder, burden_of(table))
    told = summary_json(result.measurements, result.flags)
    (folder / "summary.json").write_text(told, encoding="utf-8", newline="\n")
    names = bone_names(result)
    write_mask(folder / "lesions.ome.zarr", result.lesion_labels, result.frame)
    write_mask(folder / "bones.ome.zarr", result.bone_labels, result.frame, names)
    if result.calcium is not None:
        write_map(folder / "calcium.ome.zarr", result.calcium, result.frame, "HU")
    drawn = overlay(
        result.hu,
        result.frame,
        result.bone_labels,
        result.lesion_labels,
        dict(zip(table.label, table.area_mm2, strict=True)),
        dict(zip(table.label, zip(table.row, table.column, strict=True), strict=True)),
        names,
        result.left_out_labels,
        dict(zip(result.left_out.label, result.left_out.kind, strict=True)),
    )
    save_figure(drawn, folder / "overlay.png")
    (folder / RECORD).write_text(result.record.to_json(), encoding="utf-8", newline="\n")


def write_burden(folder: Path, table: pd.DataFrame) -> None:
    """Sums per finger, with the units of the columns that are there."""
    write_table(folder, "burden", table, {c: u for c, u in BURDEN_UNITS.items() if c in table.columns})


def summary_json(measurements: Mapping[str, Measurement], flags: Sequence[str]) -> str:
    """Measurements, bones and flags as sorted JSON; what is missing is null, with its reason."""

    def number(value: float) -> float | None:
        return None if math.isnan(value) else round(value, 9)

    measures = {
        name: {
            "value": number(m.value),
            "unit": m.unit,
            **({"low": number(m.low), "high": number(m.high)} if not math.isnan(m.low) else {}),
            **({"note": m.note} if m.note else {}),
        }
        for name, m in measurements.items()
    }
    whole = {"flags": list(flags), "measurements": measures}
    return json.dumps(whole, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"
