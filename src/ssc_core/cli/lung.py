"""``ssc lung``: chest CT."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Parameter

from ssc_core.cli.heatmap import extent, heatmap, heatmap_threshold, pattern_scores
from ssc_core.cli.lung_convert import convert
from ssc_core.cli.lung_evaluate import evaluate
from ssc_core.cli.lung_read import rate, ratings, read
from ssc_core.cli.lung_score import backbones, change, recalibrate, score
from ssc_core.cli.running import Out, Workers, analyse_one, bar
from ssc_core.cli.running import batch as run_manifest
from ssc_core.cli.synthesise import synthesise
from ssc_core.cli.train_levels import levels_by_network, train_levels
from ssc_core.cli.train_scores import train_scores
from ssc_core.cli.train_starter import judge_starter, pack_starter, train_starter
from ssc_core.errors import InputError
from ssc_core.lung.case import LungCase
from ssc_core.lung.params import LungParams
from ssc_core.params import parsed

if TYPE_CHECKING:
    from ssc_core.lung.results import LungResult

__all__ = ["app"]

app = App(name="lung", result_action="return_value")
_COMMANDS: tuple[Callable[..., None], ...] = (
    score, change, recalibrate, backbones,
    heatmap, extent, heatmap_threshold, pattern_scores,
    read, rate, ratings, evaluate,
    synthesise, train_scores, train_levels,
    train_starter, pack_starter, judge_starter,
    convert,
)  # fmt: skip
for _command in _COMMANDS:
    app.command(_command)
Options = Annotated[LungParams, Parameter(name="*")]
OutFile = Annotated[Path, Parameter(name=["--out", "-o"], help="File to write; a folder for a manifest.")]
Figures = Literal["svg", "pdf", "png"]
_DEFAULT = LungParams()


@app.command
def analyse(
    ct: Path,
    /,
    *,
    out: Out,
    series: str | None = None,
    series_rule: str | None = None,
    resample_gaps: bool = False,
    mask: Path | None = None,
    case_id: str = "case",
    params: Options = _DEFAULT,
) -> None:
    """Find both lungs and the five Goh levels of one chest CT; measure areas and densities per level.

    Parameters
    ----------
    ct
        DICOM folder, NIfTI, NRRD or MHA.
    series
        Which series of a folder that holds several.
    series_rule
        How to choose among several where none is named, as 'thinnest axial, kernel B40f|B30f'.
    resample_gaps
        Fill missing slices by linear interpolation; the filled ones are listed.
    mask
        Lung mask in the CT's own frame (1 right lung, 2 left lung); without it the lungs are found.
    case_id
        Name of the case in the result.
    """
    given = {"case_id": case_id, "ct": ct, "series": series, "series_rule": series_rule}
    case = parsed(LungCase, {**given, "resample_gaps": resample_gaps, "mask": mask})
    analyse_one("lung", case, params, out)


@app.command
def batch(manifest: Path, /, *, out: Out, workers: Workers = 1, params: Options = _DEFAULT) -> None:
    """Analyse every CT of a manifest; finished cases are skipped when it is run again.

    Parameters
    ----------
    manifest
        CSV made by 'ssc manifest lung FOLDER'.
    """
    run_manifest("lung", manifest, out, params, workers)


@app.command
def mask(
    ct: Path,
    /,
    *,
    out: OutFile,
    series: str | None = None,
    series_rule: str | None = None,
    resample_gaps: bool = False,
    mask: Path | None = None,
    workers: Workers = 1,
    params: Options = _DEFAULT,
) -> None:
    """Find both lungs and the central airway, grade the mask, write it in the CT's own frame.

    Labels: 1 right lung, 2 left lung, 3 trachea and main bronchi (not part of the lung area).

    Parameters
    ----------
    ct
        DICOM folder, NIfTI, NRRD or MHA; or a manifest (CSV), whose cases go to a folder and are resumed.
    series
        Which series of a folder that holds several.
    series_rule
        How to choose among several where none is named, as 'thinnest axial, kernel B40f|B30f'.
    resample_gaps
        Fill missing slices by linear interpolation; the filled ones are listed.
    mask
        With --engine file: the mask to check against the CT, grade and write.
    """
    if ct.suffix.lower() == ".csv":
        run_manifest("lung", ct, out, params, workers)
        return
    from ssc_core.lung.export import mask_files, write_lungs

    mask_files(out)
    result = _one(ct, series, series_rule, resample_gaps, mask, params)
    files = write_lungs(result, out)
    for name in ("right", "left"):
        print(f"{name} lung: {result.measurements[f'{name}_lung_volume'].value:.0f} ml")
    _say(result, files)


@app.command
def levels(
    ct: Path,
    /,
    *,
    out: OutFile,
    series: str | None = None,
    series_rule: str | None = None,
    resample_gaps: bool = False,
    mask: Path | None = None,
    weights: Path | None = None,
    workers: Workers = 1,
    params: Options = _DEFAULT,
) -> None:
    """Find the five Goh levels and write them with pictures of the evidence.

    Parameters
    ----------
    ct
        DICOM folder, NIfTI, NRRD or MHA; or a manifest (CSV), whose cases go to a folder and are resumed;
        all its levels are then also in one levels.csv.
    series
        Which series of a folder that holds several.
    series_rule
        How to choose among several where none is named, as 'thinnest axial, kernel B40f|B30f'.
    resample_gaps
        Fill missing slices by linear interpolation; the filled ones are listed.
    mask
        Lung mask in the CT's own frame; without it the lungs are found.
    weights
        Trained networks (a run of 'ssc lung train-levels') that find the levels of one CT instead.
    """
    if weights is not None:
        if mask is not None or ct.suffix.lower() == ".csv":
            raise InputError("--weights takes one CT and no --mask")
        levels_by_network(_case(ct, series, series_rule, resample_gaps), weights, out)
        return
    from ssc_core.lung.export import gather_levels, level_files, write_levels

    if ct.suffix.lower() == ".csv":
        try:
            run_manifest("lung", ct, out, params, workers)
        finally:
            gather_levels(out)
        return
    level_files(out)
    result = _one(ct, series, series_rule, resample_gaps, mask, params)
    files = write_levels(result, out)
    shown = result.level_frame()[["level", "name", "z_mm", "slice", "uncertainty_mm", "method", "note"]]
    print(shown.to_string(index=False, float_format=lambda v: f"{v:.1f}", na_rep="-", max_colwidth=48))
    _say(result, files)


@app.command
def evaluate_levels(reference: Path, levels: Path, /, *, out: Out) -> None:
    """Compare levels with a reader's: MAE, SD, ICC, bias with limits and correlation, per level and overall.

    As table 1 and figures 4 and 5 of the papers; differences are LEVELS minus REFERENCE, in mm and slices.
    Heights are counted from the mean of each patient's reference levels: over scanner coordinates, which
    differ by hundreds of mm between patients, an ICC would be near 1 for any method.

    Parameters
    ----------
    reference
        CSV of the reader: patient (or case_id), level, z_mm and, for results in slices, slice.
    levels
        CSV of the software with the same columns, as the levels.csv of 'ssc lung levels MANIFEST'.
    """
    from ssc_core.cli.lung_levels import compare_levels

    compare_levels(reference, levels, out)


def _one(
    ct: Path,
    series: str | None,
    series_rule: str | None,
    resample_gaps: bool,
    mask: Path | None,
    params: LungParams,
) -> LungResult:
    from ssc_core.lung.case import analysed

    case = _case(ct, series, series_rule, resample_gaps, mask)
    with bar() as tick:
        return analysed(case, params, tick)


def _case(
    ct: Path, series: str | None, series_rule: str | None, resample_gaps: bool, mask: Path | None = None
) -> LungCase:
    given = {"case_id": "case", "ct": ct, "series": series, "series_rule": series_rule}
    return parsed(LungCase, {**given, "resample_gaps": resample_gaps, "mask": mask})


def _say(result: LungResult, files: tuple[Path, ...]) -> None:
    print(f"mask: {result.grade}")
    for flag in result.flags:
        print(f"note: {flag}")
    print(f"Result: {', '.join(str(f) for f in files)}")
