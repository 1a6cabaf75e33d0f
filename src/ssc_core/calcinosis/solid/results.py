"""What the analysis of a volume found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ssc_core.geometry import Frame
from ssc_core.results import Measurement, RunRecord

__all__ = ["SolidResult"]


@dataclass(frozen=True, eq=False)
class SolidResult:
    """Lesions and bones of one volume.

    Parameters
    ----------
    lesions : pandas.DataFrame
        One row per lesion, largest first; columns and units in ``solid.measure.UNITS_3D``.
    bones : pandas.DataFrame
        One row per bone: label, finger, phalanx, sure, cut, seen, volume_mm3.
    burden : pandas.DataFrame
        One row per finger and one for the whole: count, volume, mean HU, mass.
    lesion_labels, bone_labels : ndarray
        (z, y, x) int32 on the volume's voxels: labels of both tables.
    frame : Frame
        The voxels, mm.
    measurements : mapping
        Name to :class:`~ssc_core.results.Measurement`.
    flags : tuple of str
        What must be known before the numbers are used.
    record : RunRecord
        How it was done.
    left_out : pandas.DataFrame
        Findings that belong to bone and do not count; columns as `lesions`, labels unique over both.
    left_out_labels : ndarray
        (z, y, x) int32, where they lie.
    """

    lesions: pd.DataFrame
    bones: pd.DataFrame
    burden: pd.DataFrame
    lesion_labels: npt.NDArray[np.int32]
    bone_labels: npt.NDArray[np.int32]
    frame: Frame
    measurements: Mapping[str, Measurement]
    flags: tuple[str, ...]
    record: RunRecord
    left_out: pd.DataFrame
    left_out_labels: npt.NDArray[np.int32]

    def __repr__(self) -> str:
        total = self.measurements["total_volume"]
        return f"<SolidResult {len(self.lesions)} lesions, {total}, {len(self.bones)} bones>"
