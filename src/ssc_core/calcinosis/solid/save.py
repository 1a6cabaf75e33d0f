"""The result of a volume as files: tables, masks, pictures, run record."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.figure import Figure

from ssc_core.calcinosis.save import summary_json, write_burden
from ssc_core.calcinosis.solid.measure import UNITS_3D
from ssc_core.calcinosis.solid.results import SolidResult
from ssc_core.io.output import RECORD
from ssc_core.io.store import write_mask
from ssc_core.io.tables import write_table
from ssc_core.plots.calcinosis import overlay
from ssc_core.plots.style import save_figure

__all__ = ["save_volume"]


def save_volume(
    result: SolidResult, hu: npt.NDArray[np.float32], folder: str | Path, sagittal: pd.DataFrame | None = None
) -> None:
    """Write a result into a folder (by habit the one that ``io.output.staged`` yields).

    ``lesions``, ``not_lesions``, ``bones``, ``burden`` (CSV and parquet), ``sagittal.csv`` (the 2-D method
    on the same volume), ``summary.json``, masks as OME-Zarr, ``overlay.png`` (the plane with most
    lesion), ``run.json``.

    Parameters
    ----------
    result : SolidResult
        What was found.
    hu : ndarray
        (z, y, x) float32, the volume, for the picture.
    folder : path-like
        An existing folder.
    sagittal : DataFrame, optional
        From ``solid.reformat.sagittal_table``.
    """
    folder = Path(folder)
    write_table(folder, "lesions", result.lesions, UNITS_3D)
    write_table(folder, "not_lesions", result.left_out, UNITS_3D)
    write_table(folder, "bones", result.bones, {"volume_mm3": "mm3"})
    write_burden(folder, result.burden)
    if sagittal is not None:
        write_table(folder, "sagittal", sagittal, {"area_mm2": "mm2", "low": "mm2", "high": "mm2"})
    (folder / "summary.json").write_text(
        summary_json(result.measurements, result.flags), encoding="utf-8", newline="\n"
    )
    write_mask(folder / "lesions.ome.zarr", result.lesion_labels, result.frame)
    write_mask(folder / "bones.ome.zarr", result.bone_labels, result.frame, _names(result))
    save_figure(_picture(result, hu), folder / "overlay.png")
    (folder / RECORD).write_text(result.record.to_json(), encoding="utf-8", newline="\n")


def _names(result: SolidResult) -> dict[int, str]:
    rows = result.bones[["label", "phalanx", "finger"]].itertuples(index=False)
    return {int(label): f"{phalanx}, finger {finger}" for label, phalanx, finger in rows}


def _picture(result: SolidResult, hu: npt.NDArray[np.float32]) -> Figure:
    """The plane, along the axis that shows the finger longest, with the most lesion (or bone) in it."""
    shown = result.lesion_labels if result.lesion_labels.any() else result.bone_labels
    spans = [n * s for n, s in zip(hu.shape, result.frame.spacing, strict=True)]
    axis = int(np.argmin(spans))
    plane = int((shown > 0).sum(axis=tuple(a for a in range(3) if a != axis)).argmax())
    flat = [
        np.take(a, plane, axis)
        for a in (hu, result.bone_labels, result.lesion_labels, result.left_out_labels)
    ]
    frame = result.frame
    kept = [a for a in range(3) if a != axis]
    lesions = result.lesions[np.isin(result.lesions.label, flat[2])]
    names = ["plane", "row", "column"]
    places = {
        int(r["label"]): (float(r[names[kept[0]]]), float(r[names[kept[1]]])) for _, r in lesions.iterrows()
    }
    bones = _names(result)
    spacing = (frame.spacing[kept[0]], frame.spacing[kept[1]])
    return overlay(
        flat[0],
        type(frame)(spacing, (0.0, 0.0)),
        flat[1],
        flat[2],
        dict(zip(lesions.label, lesions.volume_mm3, strict=True)),
        places,
        bones,
        flat[3],
        dict(zip(result.left_out.label, result.left_out.kind, strict=True)),
        unit="mm³",
    )
