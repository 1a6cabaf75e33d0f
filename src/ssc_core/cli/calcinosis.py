"""``ssc calcinosis``: finger CT images and volumes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from ssc_core.calcinosis.case import CalcinosisCase
from ssc_core.calcinosis.params import CalcinosisParams
from ssc_core.cli.calcinosis_burden import burden
from ssc_core.cli.calcinosis_train import compare_segmentations, phantom_set, train
from ssc_core.cli.running import Out, Workers, analyse_one, bar
from ssc_core.cli.running import batch as run_manifest
from ssc_core.io.digest import file_digest
from ssc_core.io.output import staged
from ssc_core.params import parsed

__all__ = ["app"]

app = App(name="calcinosis", result_action="return_value")
for _command in (burden, train, phantom_set, compare_segmentations):
    app.command(_command)
Options = Annotated[CalcinosisParams, Parameter(name="*")]
_DEFAULT = CalcinosisParams()


@app.command
def analyse(
    image: Path,
    /,
    *,
    out: Out,
    pixel_spacing: float | None = None,
    window: float | None = None,
    level: float | None = None,
    bones: Path | None = None,
    lesions: Path | None = None,
    seeds: Path | None = None,
    toggles: str | None = None,
    image_high: Path | None = None,
    energy: Literal["mixed", "low", "high"] | None = None,
    case_id: str = "case",
    params: Options = _DEFAULT,
) -> None:
    """Find bones and calcinosis lesions; measure each in mm2 (one image) or mm3 (a volume).

    Parameters
    ----------
    image
        DICOM image, or a PNG, JPEG or TIFF picture of one; or a volume: a folder of DICOM slices, NIfTI.
    pixel_spacing
        Millimetres per pixel, where the file does not say.
    window
        Width in HU of the window that a picture was saved with (1500 in the paper).
    level
        Its centre in HU (450 in the paper).
    bones
        Mask of the bones; without it they are found.
    lesions
        Lesions as a reader drew them, one number each: OME-Zarr or PNG (of a volume NIfTI too). They are
        measured in place of those that were found.
    seeds
        CSV of seeds for region growing: row, column (plane too in a volume); without it they are found.
    toggles
        Labels of findings to count although they were left out, or the other way round: "2 5".
    image_high
        The same slice at high energy, when IMAGE is the one at low energy.
    energy
        What IMAGE is: mixed, low or high.
    case_id
        Name of the case in the result.
    """
    given = {"pixel_spacing": pixel_spacing, "window": window, "level": level, "bones": bones}
    given |= {"lesions": lesions}
    more = {"seeds": seeds, "toggles": toggles, "image_high": image_high, "energy": energy}
    case = parsed(CalcinosisCase, {"case_id": case_id, "image": image, **given, **more})
    analyse_one("calcinosis", case, params, out)


@app.command
def batch(manifest: Path, /, *, out: Out, workers: Workers = 1, params: Options = _DEFAULT) -> None:
    """Analyse every image of a manifest; finished cases are skipped when it is run again.

    Parameters
    ----------
    manifest
        CSV made by 'ssc manifest calcinosis FOLDER'.
    """
    run_manifest("calcinosis", manifest, out, params, workers)


@app.command
def compare(
    first: Path,
    second: Path,
    /,
    *,
    out: Out,
    software: Path | None = None,
    names: Annotated[list[str] | None, Parameter(consume_multiple=True, negative="")] = None,
    confidence: float = 0.95,
) -> None:
    """Compare lesion areas of two readers, and of a reader and the software: Spearman, CCC, limits, Fig. 5.

    Differences are SECOND (or software) minus FIRST.

    Parameters
    ----------
    first
        CSV of a reader: patient (and image, lesion ...), and area_mm2, or long_mm and short_mm, or the ends
        of both lines. A column 'unusable' says why a row has no reading.
    second
        CSV of the other reader, or of the software.
    software
        CSV of the software, or the folder that 'ssc calcinosis batch' wrote; compared with FIRST.
    names
        Names of the readers, in the order of the files.
    confidence
        Level of the intervals.
    """
    from ssc_core.calcinosis.compare import compare as compare_readings
    from ssc_core.calcinosis.compare import save
    from ssc_core.calcinosis.readers import read_lesions
    from ssc_core.errors import InputError

    files = [first, second, *([software] if software else [])]
    called = names or ["reader 1", "reader 2", "software"][: len(files)]
    if len(called) != len(files):
        raise InputError(f"--names has {len(called)} names for {len(files)} files; give one each")
    read = [read_lesions(path, name) for path, name in zip(files, called, strict=True)]
    tables = [path / "results.csv" if path.is_dir() else path for path in files]
    inputs = {f"readings {i}": file_digest(path) for i, path in enumerate(tables, 1)}
    with bar() as tick, staged(out) as folder:
        result = compare_readings(*read, confidence=confidence, tick=tick)
        save(result, folder, inputs, tick)
    for row in result.table().to_dict("records"):
        print(f"{row['comparison']}, n = {row['n']}")
        print(f"  Spearman's rho     {row['spearman']:.3f} (p {_p(row['spearman_p'])})")
        interval = f"{confidence:.0%} CI {row['ccc_low']:.3f} to {row['ccc_high']:.3f}"
        print(f"  Lin's CCC          {row['ccc']:.3f} ({interval})")
        print(f"  mean difference    {row['difference_mm2']:.2f} mm2")
        print(f"  limits             {row['lower_limit_mm2']:.2f} to {row['upper_limit_mm2']:.2f} mm2")
    print(result.counts.to_string(index=False, float_format=lambda v: f"{v:.1%}"))
    if len(result.unusable):
        print(result.unusable.to_string(index=False))
    for warning in result.warnings:
        print(f"note: {warning}")
    print(f"Result: {out}")


@app.command(name="follow-up")
def follow_up(first: Path, later: Path, /, *, out: Out) -> None:
    """Match the lesions of two visits and tell how each changed, along the axes it had at the first.

    Parameters
    ----------
    first
        Folder that 'ssc calcinosis analyse' wrote for the first visit.
    later
        Folder of the later visit.
    """
    from ssc_core.calcinosis.visits.follow_up import follow_up as follow
    from ssc_core.calcinosis.visits.follow_up import save
    from ssc_core.calcinosis.visits.visit import read_visit

    result = follow(read_visit(first), read_visit(later))
    inputs = {n: file_digest(p / "lesions.csv") for n, p in (("first", first), ("later", later))}
    with staged(out) as folder:
        save(result, folder, inputs)
    shown = ["status", "finger", "label_first", "label_later", "size_first", "size_later", "change_percent"]
    print(result.changes[[*shown, "beyond_error"]].to_string(index=False, float_format=lambda v: f"{v:.4g}"))
    print(result.burden.to_string(index=False, float_format=lambda v: f"{v:.4g}"))
    for flag in result.flags:
        print(f"note: {flag}")
    print(f"Result: {out}")


def _p(p: float) -> str:
    return "< 0.0001" if p < 1e-4 else f"= {p:.4f}"
