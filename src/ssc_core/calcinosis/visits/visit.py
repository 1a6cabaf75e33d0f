"""One visit, read back from the folder of its result."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import ndimage as ndi

from ssc_core.errors import FormatError
from ssc_core.geometry import Frame
from ssc_core.io.store import read_array
from ssc_core.io.tables import read_table

__all__ = ["Visit", "read_visit"]

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Visit:
    """Lesions and bones of one visit.

    Parameters
    ----------
    lesions : DataFrame
        Its ``lesions.csv``.
    points : mapping of int to ndarray
        Label to (n, d) pixel centres of the lesion, mm.
    bones : ndarray
        (m, d) points of the bones' surface, mm.
    frame : Frame
        Pixels.
    size : str
        "area_mm2" or "volume_mm3".
    """

    lesions: pd.DataFrame
    points: dict[int, FloatArray]
    bones: FloatArray
    frame: Frame
    size: str


def read_visit(folder: str | Path) -> Visit:
    """Read a result of ``ssc calcinosis analyse``.

    Raises
    ------
    FormatError
        If the folder is no such result.
    """
    folder = Path(folder)
    needed = ["lesions.csv", "lesions.ome.zarr", "bones.ome.zarr"]
    absent = [name for name in needed if not (folder / name).exists()]
    if absent:
        raise FormatError(
            f"this is no result of 'ssc calcinosis analyse': {', '.join(absent)} is not there", source=folder
        )
    lesions = read_table(folder / "lesions.csv")
    labels, frame, _ = read_array(folder / "lesions.ome.zarr")
    bones, _, _ = read_array(folder / "bones.ome.zarr")
    mask = np.asarray(bones) > 0
    rim = mask & ~ndi.binary_erosion(mask)
    labels = np.asarray(labels)
    centres = lesions[["plane", "row", "column"][-frame.ndim :]].to_numpy(float)
    points: dict[int, FloatArray] = {}
    for label, centre in zip(lesions["label"].tolist(), centres, strict=True):
        at = np.argwhere(labels == label)  # smaller than a pixel: its centre stands for it
        points[int(label)] = frame.to_physical(at if len(at) else centre[None])
    size = "volume_mm3" if frame.ndim == 3 else "area_mm2"
    return Visit(lesions, points, frame.to_physical(np.argwhere(rim)), frame, size)
