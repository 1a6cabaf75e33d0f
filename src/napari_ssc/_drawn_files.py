"""What a user drew, as the files that the command line takes in its place."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel

__all__ = ["case_with", "write_drawn"]


def write_drawn(name: str, value: Any, source: Any, folder: Path) -> Path:
    """Write one drawing.

    Parameters
    ----------
    name : str
        Field of the case that takes the file; the file is called so.
    value : tuple of Roi, ndarray, or list of tuple
        Regions (GeoJSON), labels on the pixels of `source` (OME-Zarr; NIfTI of a lung), or positions in
        pixels (CSV).
    source : Slide, FingerImage or Volume
        The image that was drawn on.
    folder : Path
        Existing folder.

    Raises
    ------
    OutputError
        If the file exists or cannot be written.
    """
    from ssc_core.io.roi import write_rois
    from ssc_core.io.store import write_mask, write_nifti

    if isinstance(value, np.ndarray) and name == "mask":
        path = folder / f"{name}.nii.gz"
        write_nifti(path, value, source)
    elif isinstance(value, np.ndarray):
        path = folder / f"{name}.ome.zarr"
        write_mask(path, value, source.frame)
    elif isinstance(value, list):
        path = folder / f"{name}.csv"
        _write_positions(path, value, source.frame.ndim)
    else:
        path = folder / f"{name}.geojson"
        write_rois(path, value, offset=source.qupath_offset)
    return path


def case_with(case: BaseModel, drawn: Mapping[str, Any], source: Any, folder: Path) -> Any:
    """The case with what was drawn in place of what it names, written into `folder`.

    What is run on it is what the command line runs on the same files, with the same record.
    """
    files = {name: write_drawn(name, value, source, folder) for name, value in drawn.items()}
    return case.model_copy(update=files)


def _write_positions(path: Path, positions: list[tuple[float, ...]], ndim: int) -> None:
    from ssc_core.errors import OutputError

    try:
        with path.open("x", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(("plane", "row", "column")[-ndim:])
            writer.writerows([repr(float(v)) for v in place] for place in positions)
    except OSError as error:
        raise OutputError("the seeds cannot be written there; choose another folder", source=path) from error
