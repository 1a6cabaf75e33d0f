"""The files of heat maps. Nothing in them names the patient or the input."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ssc_core.io.output import RECORD
from ssc_core.io.store import write_map, write_mask
from ssc_core.io.tables import write_table
from ssc_core.io.volume.source import write_nifti
from ssc_core.lung.goh.planes import planes
from ssc_core.lung.goh.scores import PATTERNS
from ssc_core.lung.heatmap.derived import LABELS, pattern_masks
from ssc_core.lung.heatmap.results import HeatmapResult
from ssc_core.plots.heatmap import Row, heatmap_rows
from ssc_core.plots.style import save_figure

__all__ = ["rows_of", "save"]


def save(result: HeatmapResult, folder: str | Path, *, limit: float = 4.0, alpha: float = 0.45) -> None:
    """Write `result` into an existing folder.

    ``heatmap_tot``, ``heatmap_gg``, ``heatmap_ret`` (percent points, NaN where nothing was computed) as
    ``.nii.gz`` in the source's own frame and as ``.ome.zarr``; ``patterns`` (coarse masks, to be edited) and
    ``lungs`` in the same two formats; ``heatmaps.png``; ``scores.csv``; ``run.json``.

    Raises
    ------
    OutputError
        If something cannot be written.
    """
    folder = Path(folder)
    frame, image = result.image.frame, result.image
    for p, name in enumerate(PATTERNS):
        planes_of = {z: one.maps[p] for z, one in result.maps.items()}
        volume = _filled(result, np.float32(np.nan), planes_of)
        write_map(folder / f"heatmap_{name}.ome.zarr", volume, frame, "percent points")
        write_nifti(folder / f"heatmap_{name}.nii.gz", volume, image)
    limits = result.threshold
    coarse = {z: pattern_masks(one.maps, result.lungs[z], limits) for z, one in result.maps.items()}
    masks = _filled(result, np.uint8(0), coarse)
    lungs = _filled(result, np.uint8(0), {z: lung.astype(np.uint8) for z, lung in result.lungs.items()})
    for name, volume, labels in (("patterns", masks, LABELS), ("lungs", lungs, {1: "lung"})):
        write_mask(folder / f"{name}.ome.zarr", volume, frame, labels)
        write_nifti(folder / f"{name}.nii.gz", volume, image)
    table = result.table()
    units = {c: "%" for c in table.columns if c.split("_")[0] in PATTERNS and not c.endswith("least")}
    units |= {f"{name}_least": "percent points" for name in PATTERNS} | {"z_mm": "mm"}
    write_table(folder, "scores", table, units)
    save_figure(heatmap_rows(rows_of(result), limit=limit, alpha=alpha), folder / "heatmaps.png")
    (folder / RECORD).write_text(result.record.to_json(), encoding="utf-8")


def rows_of(result: HeatmapResult) -> list[Row]:
    """One row of the picture per slice, from the head to the feet."""
    rows = []
    for z in sorted(result.maps, reverse=True):
        _, hu = next(planes(result.image, [z]))
        one = result.maps[z]
        level = result.levels.get(z)
        title = f"slice {z}" if level is None else f"level {level}, slice {z}"
        rows.append(Row(title, hu[0], result.lungs[z], one.maps, one.scores.tolist()))
    return rows


def _filled(result: HeatmapResult, empty: Any, by_slice: Mapping[int, npt.NDArray[Any]]) -> npt.NDArray[Any]:
    """A volume on the CT's grid that holds the planes of the mapped slices."""
    out = np.full(result.image.shape, empty)
    for z, plane in by_slice.items():
        out[z] = plane
    return out
