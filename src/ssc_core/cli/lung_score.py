"""``ssc lung score``, ``recalibrate``, ``change`` and ``backbones``: Goh scores by networks."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Annotated, Any, Literal

import pandas as pd
from cyclopts import Parameter

from ssc_core.cli.running import Out, Workers, bar
from ssc_core.cli.running import batch as run_manifest
from ssc_core.io.output import staged
from ssc_core.lung.goh.params import GohParams
from ssc_core.params import parsed

__all__ = ["backbones", "change", "recalibrate", "score"]

Options = Annotated[GohParams, Parameter(name="*")]
_DEFAULT = GohParams()
_PATTERNS = ("tot", "gg", "ret")


def score(
    ct: Path,
    /,
    *,
    out: Out,
    series: str | None = None,
    series_rule: str | None = None,
    resample_gaps: bool = False,
    mask: Path | None = None,
    levels: Path | None = None,
    fvc_percent: float | None = None,
    case_id: str = "case",
    workers: Workers = 1,
    params: Options = _DEFAULT,
) -> None:
    """Score total extent, ground glass and reticulation at the five Goh levels; mean, stage, profile.

    Parameters
    ----------
    ct
        DICOM folder, NIfTI, NRRD or MHA; or a manifest (CSV), whose cases go to a folder and are resumed;
        all its scores are then also in one scores.csv.
    series
        Which series of a folder that holds several.
    series_rule
        How to choose among several where none is named, as 'thinnest axial, kernel B40f|B30f'.
    resample_gaps
        Fill missing slices by linear interpolation; the filled ones are listed.
    mask
        Lung mask in the CT's own frame (1 right lung, 2 left lung); without it the lungs are found.
    levels
        Level table that a reader made (level, z_mm); without it the levels are found.
    fvc_percent
        Forced vital capacity in percent of predicted: it decides the stage between 10 and 30 % extent.
    case_id
        Name of the case in the result.
    """
    if ct.suffix.lower() == ".csv":
        from ssc_core.lung.goh.save import gather_scores

        try:
            run_manifest("lung score", ct, out, params, workers)
        finally:
            gather_scores(out)
        return
    from ssc_core.lung.goh.case import GohCase, run_case

    given = {"case_id": case_id, "ct": ct, "series": series, "series_rule": series_rule, "mask": mask}
    given |= {"resample_gaps": resample_gaps, "levels": levels, "fvc_percent": fvc_percent}
    case = parsed(GohCase, given)
    with bar() as tick, staged(out) as folder:
        row = run_case(case, params, folder, tick)
    _say(pd.read_csv(out / "scores.csv"), row, out)


def _say(table: pd.DataFrame, row: dict[str, Any], out: Path) -> None:
    shown = ["level", "z_mm", "slice", *_PATTERNS, *(f"{p}5" for p in _PATTERNS), "tot_low", "tot_high"]
    print(table[shown].to_string(index=False, float_format=lambda v: f"{v:.1f}", na_rep="-"))
    print()
    for p in _PATTERNS:
        span = f" (interval {row[f'mean_{p}_low']:.0f} to {row[f'mean_{p}_high']:.0f})"
        known = not math.isnan(row[f"mean_{p}_low"])
        volume, mean = row[f"volume_{p}"], row[f"mean_{p}"]
        whole = "" if math.isnan(volume) else f"; of the whole lung {volume:.1f} %"
        told = "not known, a level is missing" if math.isnan(mean) else f"{mean:.1f} %"
        print(f"{p.upper()}: mean of five levels {told}{span if known else ''}{whole}")
    print(f"stage: {row['stage']} ({row['stage_why']})")
    print(f"scorer: {row['scorer']}, mask: {row['grade']}")
    for flag in json.loads((out / "summary.json").read_text(encoding="utf-8"))["flags"]:
        print(f"note: {flag}")
    figures = [name for name in ("sheet.png", "profile.png") if (out / name).exists()]
    print(f"Result: {out} ({', '.join([*figures, 'scores.csv'])})")


def recalibrate(
    scores: Path, readings: Path, /, *, out: Out, form: Literal["linear", "monotone"] = "linear"
) -> None:
    """Fit a map from a scorer's raw scores to your readers' on cases that both scored.

    Parameters
    ----------
    scores
        scores.csv of 'ssc lung score MANIFEST' (raw scores are taken where they were recalibrated).
    readings
        scores.csv of 'ssc lung read', or a table of case_id, level, reader, tot, gg, ret.
    form
        A line, or any rising curve.
    """
    from ssc_core.lung.goh.comparing import recalibrate_tables

    made = recalibrate_tables(scores, readings, out, form=form)
    print(made.table().to_string(index=False, float_format=lambda v: f"{v:.2f}"))
    print("'after' is measured on patients that the map had not seen")
    print(f"Result: {out} (use it with 'ssc lung score --recalibrate {out / 'recalibration.json'}')")


def change(first: Path, second: Path, /, *, out: Out, repeats: Path | None = None) -> None:
    """Compare two scored CTs of one patient; say which changes exceed the measurement error.

    Parameters
    ----------
    first, second
        Result folders of 'ssc lung score', the earlier CT first.
    repeats
        scores.csv of CTs that were scanned twice: case_id, patient, level, tot, gg, ret. From it comes the
        smallest detectable change; without it no change can be told from noise.
    """
    from ssc_core.lung.goh.comparing import compare_results

    table, flags = compare_results(first, second, out, repeats=repeats)
    print(table.drop(columns="note").to_string(index=False, float_format=lambda v: f"{v:.1f}", na_rep="-"))
    for flag in flags:
        print(f"note: {flag}")
    print(f"Result: {out}")


def backbones(
    *, out: Annotated[Path, Parameter(name=["--out", "-o"], help="Table to write (.csv).")]
) -> None:
    """Size and cost of every network that an S-Net can be built on (figure 3 of the paper).

    'ssc lung evaluate --networks TABLE' joins it with errors and their p values.
    """
    from ssc_core.lung.snet.backbones import backbone_table, write_backbones

    with bar() as tick:
        table = backbone_table(tick=tick)
    write_backbones(table, out)
    print(table.to_string(index=False, float_format=lambda v: f"{v:.2f}"))
    print(f"Result: {out}")
