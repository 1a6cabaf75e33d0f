"""The files of a lung result. Nothing in them names the patient or the input."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from ssc_core.io.output import RECORD
from ssc_core.io.store import write_mask
from ssc_core.io.tables import write_table
from ssc_core.io.volume.source import write_nifti
from ssc_core.lung.mask import AIRWAY
from ssc_core.lung.results import LungResult
from ssc_core.lung.sides import LEFT, RIGHT
from ssc_core.plots.lung import Line, Mark, Section, coronal_figure, levels_figure
from ssc_core.plots.style import save_figure

__all__ = ["LABELS", "around_lungs", "level_section", "overview_figure", "save", "sections_figure"]

LABELS = {RIGHT: "right lung", LEFT: "left lung", AIRWAY: "trachea and main bronchi"}

_UNITS = {"z_mm": "mm", "uncertainty_mm": "mm", "right_mm2": "mm2", "left_mm2": "mm2", "lung_mm2": "mm2"}


def save(result: LungResult, folder: str | Path) -> None:
    """Write tables, masks, pictures and records of `result` into an existing folder.

    ``levels.csv`` (positions, areas and densities of the five levels), ``volumes.csv``, both also as parquet;
    ``lungs.ome.zarr`` and, in the source's own frame, ``lungs.nii.gz``; ``levels.png``, ``overview.png``;
    ``summary.json`` and ``run.json``.

    Raises
    ------
    OutputError
        If something cannot be written.
    """
    folder = Path(folder)
    levels = result.level_frame().merge(result.areas.drop(columns="slice"), on="level")
    write_table(folder, "levels", levels, _units(levels.columns))
    write_table(folder, "volumes", result.volumes, _units(result.volumes.columns))
    write_mask(folder / "lungs.ome.zarr", result.mask, result.frame, LABELS)
    write_nifti(folder / "lungs.nii.gz", result.mask, result.image)
    save_figure(sections_figure(result), folder / "levels.png")
    save_figure(overview_figure(result), folder / "overview.png")
    (folder / "summary.json").write_text(_summary(result), encoding="utf-8")
    (folder / RECORD).write_text(result.record.to_json(), encoding="utf-8")


def sections_figure(result: LungResult) -> Figure:
    """The five axial sections with outlines; the carina is marked."""
    return levels_figure([level_section(result, i) for i in range(5)])


def overview_figure(result: LungResult) -> Figure:
    """The coronal section with levels, their bands, and the landmarks that they hang on."""
    return coronal_figure(_coronal(result), _lines(result))


def _units(columns: object) -> dict[str, str]:
    names = [str(c) for c in columns]  # type: ignore[attr-defined]
    units = {c: _UNITS[c] for c in names if c in _UNITS}
    units |= {c: "%" for c in names if c.endswith("_percent")}
    return units | {c: unit for c, unit in (("mean_HU", "HU"), ("volume_ml", "ml")) if c in names}


def _summary(result: LungResult) -> str:
    def plain(value: float) -> float | None:
        return None if math.isnan(value) else round(value, 4)

    measurements = {
        name: {
            "value": plain(m.value),
            "unit": m.unit,
            "low": plain(m.low),
            "high": plain(m.high),
            "note": m.note,
        }
        for name, m in result.measurements.items()
    }
    content = {"measurements": measurements, "flags": list(result.flags), "grade": result.grade}
    return json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def level_section(result: LungResult, index: int) -> Section:
    """The section through a level (0 is level 1), cropped to the lungs and a margin."""
    level = result.levels[index]
    title = f"{level.number}  {level.name}"
    _, dy, dx = result.frame.spacing
    if level.slice is None:
        return Section(title, None, None, (dy, dx), _wrapped(level.note))
    rows, columns = around_lungs(result.mask, margin_mm=25.0, pixel_mm=(dy, dx))
    hu = np.asarray(result.image.hu[level.slice, rows, columns], np.float32)
    note = f"z {level.z_mm:.0f} mm ± {level.uncertainty_mm:.0f}, slice {level.slice}\n{level.method}"
    marks: tuple[Mark, ...] = ()
    carina = result.landmarks.get("carina")
    if level.number == 2 and carina is not None:
        marks = (Mark(carina[1] - rows.start, carina[2] - columns.start, "carina"),)
    return Section(title, hu, result.mask[level.slice, rows, columns], (dy, dx), note, marks)


def _coronal(result: LungResult) -> Section:
    dz, dy, dx = result.frame.spacing
    depth = (result.mask == AIRWAY).sum(axis=(0, 2)) if (result.mask == AIRWAY).any() else None
    if depth is None:
        depth = (result.mask > 0).sum(axis=(0, 2))
    y = int(np.average(np.arange(len(depth)), weights=depth))
    _, columns = around_lungs(result.mask, margin_mm=25.0, pixel_mm=(dy, dx))
    hu = np.asarray(result.image.hu[::-1, y, columns], np.float32)
    note = "bands: stated uncertainty of each level"
    top = result.mask.shape[0] - 1
    marks = tuple(
        Mark(top - at[0], at[2] - columns.start, name) for name, at in sorted(result.landmarks.items())
    )
    title = "coronal section through the airway"
    if marks:
        note += "; landmarks of other depths are projected onto it"
    return Section(title, hu, result.mask[::-1, y, columns], (dz, dx), note, marks)


def _lines(result: LungResult) -> list[Line]:
    dz, top = result.frame.spacing[0], result.mask.shape[0] - 1
    return [
        Line(top - level.slice, level.uncertainty_mm / dz, str(level.number))
        for level in result.levels
        if level.slice is not None
    ]


def around_lungs(mask: np.ndarray, margin_mm: float, pixel_mm: tuple[float, float]) -> tuple[slice, slice]:
    """Rows and columns of the lungs' box with a margin."""
    out = []
    plane = np.asarray(mask.any(axis=0))
    for axis in (0, 1):
        where = np.flatnonzero(plane.any(axis=1 - axis))
        margin = round(margin_mm / pixel_mm[axis])
        out.append(slice(max(0, int(where[0]) - margin), min(plane.shape[axis], int(where[-1]) + 1 + margin)))
    return out[0], out[1]


def _wrapped(text: str, width: int = 42) -> str:
    import textwrap

    return "\n".join(textwrap.wrap(text, width))
