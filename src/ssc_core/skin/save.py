"""A skin result as files: tables, regions, masks, figures, run record."""

from __future__ import annotations

import json
import math
from pathlib import Path

from ssc_core.io.output import RECORD
from ssc_core.io.roi import write_rois
from ssc_core.io.store import write_mask
from ssc_core.io.tables import write_table
from ssc_core.plots.skin import montage, overview
from ssc_core.plots.style import save_figure
from ssc_core.skin.drawing import boxes_um
from ssc_core.skin.morphometry import FEATURES
from ssc_core.skin.results import SkinResult

__all__ = ["PATCH_UNITS", "save"]

PATCH_UNITS = {
    "y_um": "um",
    "x_um": "um",
    "y_px": "px",
    "x_px": "px",
    **{name: unit for name, (unit, _) in FEATURES.items()},
}
"""Units of the columns of ``patches.csv``."""


def save(result: SkinResult, folder: str | Path, *, qupath_offset: tuple[float, float] = (0.0, 0.0)) -> None:
    """Write a result into a folder (by habit the one that ``io.output.staged`` yields).

    ``patches.csv/.parquet`` (one row per field), ``summary.csv/.parquet`` and ``summary.json`` (the biopsy),
    ``dermis.geojson`` (for QuPath), ``dermis.ome.zarr`` (mask), ``overview.png``, ``montage.png``,
    ``run.json``.

    Parameters
    ----------
    result : SkinResult
        What :func:`ssc_core.skin.pipeline.analyse` returned.
    folder : path-like
        An existing folder.
    qupath_offset : (float, float)
        ``slide.qupath_offset``, so that QuPath shows the region where it was measured.

    Raises
    ------
    OutputError
        If something cannot be written.
    """
    folder = Path(folder)
    write_table(folder, "patches", result.patches, PATCH_UNITS)
    write_table(folder, "summary", result.summary_frame())
    (folder / "summary.json").write_text(_summary_json(result), encoding="utf-8", newline="\n")
    write_rois(folder / "dermis.geojson", [result.dermis], offset=qupath_offset)
    write_mask(folder / "dermis.ome.zarr", result.mask, result.frame, {1: "dermis"})
    flags = [str(f) for f in result.patches["flags"]]
    drawn = overview(
        result.overview, result.frame, result.mask, boxes_um(result.fields), [bool(f) for f in flags]
    )
    save_figure(drawn, folder / "overview.png")
    save_figure(montage(result.thumbnails, flags[: len(result.thumbnails)]), folder / "montage.png")
    (folder / RECORD).write_text(result.record.to_json(), encoding="utf-8", newline="\n")


def _summary_json(result: SkinResult) -> str:
    """Measurements, stain and flags as sorted JSON; what is missing is null, with its reason."""
    measures = {
        name: {
            "value": None if math.isnan(m.value) else m.value,
            "unit": m.unit,
            **({"note": m.note} if m.note else {}),
        }
        for name, m in result.measurements.items()
    }
    check = {
        k: None if isinstance(v, float) and math.isnan(v) else v for k, v in vars(result.trichrome).items()
    }
    stain = {
        "white": result.stain.white,
        "collagen": result.stain.dyes.collagen,
        "cytoplasm": result.stain.dyes.cytoplasm,
        "estimated": result.stain.dyes.estimated,
        "full_collagen": result.stain.full_collagen,
        "full_cytoplasm": result.stain.full_cytoplasm,
        "collagen_threshold": result.stain.collagen_threshold,
        "dark": result.stain.dark,
    }
    whole = {"flags": result.flags, "measurements": measures, "stain": stain, "trichrome": check}
    return json.dumps(whole, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"
