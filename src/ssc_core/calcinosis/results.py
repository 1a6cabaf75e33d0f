"""What a calcinosis analysis found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ssc_core.geometry import Frame
from ssc_core.results import Measurement, RunRecord

__all__ = ["BONE_NAMES", "CalcinosisResult"]

BONE_NAMES = {
    1: "distal phalanx",
    2: "middle phalanx",
    3: "proximal phalanx",
    4: "other bone",
    5: "bone, not numbered",
}
"""Bone labels of the first finger; those of the second are 10 higher, and so on."""


@dataclass(frozen=True, eq=False)
class CalcinosisResult:
    """Lesions and bones of one image.

    Parameters
    ----------
    lesions : pandas.DataFrame
        One row per lesion, largest first; columns and units in ``measure.UNITS``.
    bones : pandas.DataFrame
        One row per bone: finger, phalanx (name), sure, cut, grade, seen, area_mm2.
    lesion_labels : ndarray
        (y, x) int32 on the image's pixels; the label of `lesions`. A lesion too small to cover half of any
        pixel is in the table and not here.
    bone_labels : ndarray
        (y, x) int32, :data:`BONE_NAMES` plus 10 for each further finger.
    hu : ndarray
        (y, x) float32, the image.
    frame : Frame
        Its pixels, mm.
    measurements : mapping
        Name to :class:`~ssc_core.results.Measurement`.
    flags : tuple of str
        What must be known before the numbers are used.
    record : RunRecord
        How it was done.
    left_out : pandas.DataFrame
        Findings that belong to bone (or are no calcium) and do not count; columns as `lesions`. Labels are
        unique over both tables, so that a reader can toggle one by its label.
    left_out_labels : ndarray
        (y, x) int32, where they lie.
    calcium : ndarray or None
        (y, x) float32, HU of calcium, where two energies were given.
    """

    lesions: pd.DataFrame
    bones: pd.DataFrame
    lesion_labels: npt.NDArray[np.int32]
    bone_labels: npt.NDArray[np.int32]
    hu: npt.NDArray[np.float32]
    frame: Frame
    measurements: Mapping[str, Measurement]
    flags: tuple[str, ...]
    record: RunRecord
    left_out: pd.DataFrame
    left_out_labels: npt.NDArray[np.int32]
    calcium: npt.NDArray[np.float32] | None = None

    def __repr__(self) -> str:
        total = self.measurements["total_area"]
        return f"<CalcinosisResult {len(self.lesions)} lesions, {total}, {len(self.bones)} bones>"
