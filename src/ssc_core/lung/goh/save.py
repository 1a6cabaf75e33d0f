"""The files of a scored CT. Nothing in them names the patient or the input."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ssc_core.io.output import RECORD
from ssc_core.io.tables import write_table
from ssc_core.io.volume.source import write_nifti
from ssc_core.lung.goh.results import GohResult
from ssc_core.lung.goh.scores import PATTERNS, ROUNDING
from ssc_core.lung.save import around_lungs, level_section
from ssc_core.plots.goh import LevelPanel, profile_figure, sheet_figure
from ssc_core.plots.style import save_figure

__all__ = ["SCORES", "gather_scores", "patient_table", "profile_picture", "save", "sheet_picture"]

SCORES = "scores.csv"


def save(result: GohResult, folder: str | Path, case_id: str = "case") -> None:
    """Write `result` into an existing folder.

    ``scores.csv`` (five levels), ``profile.csv`` (every scored slice), ``patient.csv`` (means,
    volume-weighted extent, stage), all also as parquet; ``sheet.png`` (the five slices with their scores),
    ``profile.png``;
    ``lungs.nii.gz`` (the mask, in the source's own frame); ``maps.npz`` where the scorer has extent maps
    (``level_1`` ... of float32 (3, y, x): TOT, GG, RET); ``summary.json``, ``run.json``.

    Raises
    ------
    OutputError
        If something cannot be written.
    """
    folder = Path(folder)
    scores = result.scores.assign(scorer=result.scorer)
    scores.insert(0, "case_id", case_id)
    write_table(folder, "scores", scores, _units(scores))
    write_table(folder, "profile", result.profile, _units(result.profile))
    write_table(folder, "patient", patient_table(result))
    save_figure(sheet_picture(result), folder / "sheet.png")
    if len(result.profile) > 1:
        save_figure(profile_picture(result), folder / "profile.png")
    write_nifti(folder / "lungs.nii.gz", result.lung.mask, result.lung.image)
    if result.maps:
        maps = {f"level_{n}": m for n, m in result.maps.items()}
        np.savez_compressed(folder / "maps.npz", allow_pickle=False, **maps)
    (folder / "summary.json").write_text(_summary(result), encoding="utf-8")
    (folder / RECORD).write_text(result.record.to_json(), encoding="utf-8")


def patient_table(result: GohResult) -> pd.DataFrame:
    """measure, value, low, high, unit, note: means of five levels, volume-weighted extent, stage."""
    rows: list[dict[str, object]] = [
        {"measure": f"mean_{name}" if name in PATTERNS else name, "value": m.value, "low": m.low,
         "high": m.high, "unit": m.unit, "text": "", "note": m.note}
        for name, m in (*result.patient.items(), ("lung_volume", result.lung.measurements["lung_volume"]))
    ]  # fmt: skip
    simple = "by 20 % alone, a simplification without grey zone and FVC"
    for name, text, note in (
        ("stage", result.stage.name, result.stage.why),
        ("stage_by_20_percent", result.stage.simplified, simple),
    ):
        rows.append({"measure": name, "value": math.nan, "low": math.nan, "high": math.nan, "unit": "",
                     "text": text, "note": note})  # fmt: skip
    return pd.DataFrame(rows)


def sheet_picture(result: GohResult) -> Figure:
    """The five slices with scores, intervals and, where there are, extent maps."""
    lung = replace(result.lung, levels=result.levels)
    _, dy, dx = lung.frame.spacing
    rows, columns = around_lungs(lung.mask, margin_mm=25.0, pixel_mm=(dy, dx))
    panels = []
    for i, row in enumerate(result.scores.to_dict("records")):
        section = level_section(lung, i)
        numbers = {p: (row[p], row[f"{p}5"], row[f"{p}_low"], row[f"{p}_high"]) for p in PATTERNS}
        extent = result.maps.get(int(row["level"]))
        crop = None if extent is None else extent[:, rows, columns]
        panels.append(LevelPanel(section, numbers, crop, str(row["flags"])))
    tot = result.patient["tot"]
    span = "" if math.isnan(tot.low) else f" ({tot.low:.0f} to {tot.high:.0f})"
    mean = "no mean TOT" if math.isnan(tot.value) else f"mean TOT {tot.value:.1f} %{span}"
    note = "percent of the slice's lung area, raw -> nearest 5 %, interval in brackets where known"
    return sheet_figure(panels, f"{mean}   stage: {result.stage.name}   scorer: {result.scorer}", note)


def profile_picture(result: GohResult) -> Figure:
    """Extent along the lung."""
    volume = result.patient["volume_tot"]
    note = (
        f"volume-weighted TOT {volume.value:.1f} %; lines: every scored slice (pale: little lung); "
        "marks: the five levels"
        + ("" if math.isnan(result.patient["tot"].low) else ", grey bars: interval of TOT")
    )
    return profile_figure(result.profile, result.scores, note)


def gather_scores(folder: str | Path) -> Path | None:
    """Put the scores of all finished cases of a batch into one ``scores.csv`` in its folder.

    Returns
    -------
    Path or None
        None when no case has finished.
    """
    folder = Path(folder)
    results = folder / "results.csv"
    if not results.is_file():
        return None
    ids = pd.read_csv(results, dtype={"case_id": str})["case_id"]
    parts = [pd.read_parquet(folder / "cases" / name / "scores.parquet") for name in ids]
    if not parts:
        return None
    write_table(folder, "scores", pd.concat(parts, ignore_index=True))
    return folder / SCORES


def _units(table: pd.DataFrame) -> dict[str, str]:
    names = [str(c) for c in table.columns]
    percent = {p + end for p in PATTERNS for end in ("", "5", "_low", "_high")}
    percent |= {f"raw_{p}" for p in PATTERNS}
    units = {n: "%" for n in names if n in percent}
    return units | {n: u for n, u in (("z_mm", "mm"), ("lung_mm2", "mm2")) if n in names}


def _summary(result: GohResult) -> str:
    def plain(value: float) -> float | None:
        return None if math.isnan(value) else round(value, 4)

    content = {
        "scorer": result.scorer,
        "rounding": ROUNDING,
        "stage": {
            "name": result.stage.name,
            "why": result.stage.why,
            "by_20_percent": result.stage.simplified,
        },
        "patient": {
            name: {"value": plain(m.value), "low": plain(m.low), "high": plain(m.high), "note": m.note}
            for name, m in result.patient.items()
        },
        "flags": list(result.flags),
        "grade": result.lung.grade,
    }
    return json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
