"""One file each: the mask in the source's frame, or the table of levels with its evidence pictures."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from ssc_core.errors import OutputError
from ssc_core.io.volume import write_nifti
from ssc_core.lung.results import LungResult
from ssc_core.lung.save import overview_figure, sections_figure
from ssc_core.plots.style import save_figure

__all__ = ["gather_levels", "level_files", "mask_files", "write_levels", "write_lungs"]

_COLUMNS = ("level", "name", "z_mm", "slice", "source_slice", "method", "uncertainty_mm", "note")


def mask_files(path: str | Path) -> tuple[Path, Path, Path]:
    """The files that :func:`write_lungs` writes; ask before a long analysis.

    Raises
    ------
    OutputError
        If one of them exists, or the name ends otherwise.
    """
    path = Path(path)
    ending = next((e for e in (".nii.gz", ".nii") if path.name.lower().endswith(e)), None)
    if ending is None:
        raise OutputError("a mask is written as .nii or .nii.gz; name it so with -o", source=path)
    stem = path.name[: -len(ending)]
    files = path, path.with_name(f"{stem}-overview.png"), path.with_name(f"{stem}-run.json")
    _require_new(*files)
    return files


def level_files(path: str | Path) -> tuple[Path, Path, Path, Path]:
    """The files that :func:`write_levels` writes; ask before a long analysis.

    Raises
    ------
    OutputError
        If one of them exists, or the name ends otherwise.
    """
    path = Path(path)
    if path.suffix.lower() != ".csv":
        raise OutputError("levels are written as .csv; name the file so with -o", source=path)
    sections, overview, record = (
        path.with_name(f"{path.stem}-{part}") for part in ("sections.png", "overview.png", "run.json")
    )
    files = path, sections, overview, record
    _require_new(*files)
    return files


def write_lungs(result: LungResult, path: str | Path) -> tuple[Path, ...]:
    """Write ``MASK.nii.gz`` (1 right lung, 2 left lung, 3 airway), ``MASK-overview.png``, ``MASK-run.json``.

    Returns
    -------
    tuple of Path
        What was written, the mask first.

    Raises
    ------
    OutputError
        If one of the files exists or cannot be written, or the name ends otherwise.
    """
    path, picture, record = mask_files(path)
    write_nifti(path, result.mask, result.image)
    save_figure(overview_figure(result), picture)
    record.write_text(_passport(result), encoding="utf-8")
    return path, picture, record


def write_levels(result: LungResult, path: str | Path) -> tuple[Path, ...]:
    """Write ``LEVELS.csv`` and its evidence: ``LEVELS-sections.png``, ``LEVELS-overview.png``, the record.

    Columns: level, name, z_mm (patient coordinates of the source, LPS), slice (0 = nearest to the feet),
    source_slice (as counted in the file), method, uncertainty_mm, note.

    Returns
    -------
    tuple of Path
        What was written, the table first.

    Raises
    ------
    OutputError
        If one of the files exists or cannot be written, or the name ends otherwise.
    """
    path, sections, overview, record = level_files(path)
    save_figure(sections_figure(result), sections)
    save_figure(overview_figure(result), overview)
    record.write_text(_passport(result), encoding="utf-8")
    partial = path.with_name(f".{path.name}.partial")
    result.level_frame().to_csv(partial, index=False, float_format="%.10g", lineterminator="\n")
    partial.replace(path)
    return path, sections, overview, record


def gather_levels(folder: str | Path) -> Path | None:
    """Put the levels of all finished cases of a batch into one ``levels.csv`` in its folder.

    Columns: case_id and those of :func:`write_levels`; in the order of the batch's results.

    Returns
    -------
    Path or None
        None when no case has finished.
    """
    folder = Path(folder)
    results = folder / "results.csv"
    if not results.is_file():
        return None
    parts = []
    for case_id in pd.read_csv(results, dtype={"case_id": str})["case_id"]:
        table = pd.read_csv(folder / "cases" / case_id / "levels.csv", dtype={"note": str})
        table.insert(0, "case_id", case_id)
        parts.append(table[["case_id", *_COLUMNS]])
    if not parts:
        return None
    path, partial = folder / "levels.csv", folder / ".levels.csv.partial"
    pd.concat(parts).astype({"slice": "Int64", "source_slice": "Int64"}).to_csv(
        partial, index=False, float_format="%.10g", lineterminator="\n"
    )
    partial.replace(path)
    return path


def _require_new(*paths: Path) -> None:
    for path in paths:
        if path.exists():
            raise OutputError("this file exists already; name another with -o", source=path)
    try:
        paths[0].parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError("the folder cannot be made here; name another place", source=paths[0]) from error


def _passport(result: LungResult) -> str:
    content = json.loads(result.record.to_json())
    content |= {"grade": result.grade, "reasons": list(result.reasons)}
    return json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
