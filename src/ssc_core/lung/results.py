"""What a lung analysis returns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from ssc_core.geometry import Frame
from ssc_core.io.volume import Volume
from ssc_core.lung.checks import Grade
from ssc_core.lung.levels import Level
from ssc_core.results import Measurement, RunRecord

__all__ = ["LungResult", "levels_frame"]

_COLUMNS = ("number", "name", "z_mm", "slice", "source_slice", "method", "uncertainty_mm", "note")


def levels_frame(levels: Sequence[Level]) -> pd.DataFrame:
    """Levels as a table: level, name, z_mm, slice, source_slice, method, uncertainty_mm, note."""
    table = pd.DataFrame([{c: getattr(level, c) for c in _COLUMNS} for level in levels])
    return table.astype({"slice": "Int64", "source_slice": "Int64"}).rename(columns={"number": "level"})


@dataclass(frozen=True, eq=False)
class LungResult:
    """Lungs, levels and densities of one CT.

    Parameters
    ----------
    mask : ndarray of uint8, (z, y, x)
        On the CT's grid: 0, 1 right lung, 2 left lung, 3 trachea and main bronchi.
    frame : Frame
        Of the mask: mm, LPS, from feet to head.
    levels : tuple of Level
        The five Goh levels, 1 to 5.
    areas : DataFrame
        One row per level: areas in mm2, mean HU, share of the lung's area above each threshold.
    volumes : DataFrame
        The same for the whole right lung, left lung and both, in ml.
    measurements : mapping of str to Measurement
        Volumes and level heights with their uncertainty.
    flags : tuple of str
        What is odd about this scan, in plain sentences.
    record : RunRecord
        How it was made.
    image : Volume
        The CT itself, still lazy: figures read single slices of it.
    grade : {"good", "check", "poor"}
        How far the mask can be trusted unseen.
    reasons : tuple of str
        Why it is not "good"; among the flags.
    landmarks : mapping of str to tuple of float
        What was seen: "carina" and "right dome" as (z, y, x) index in the CT, fractions allowed.
    """

    mask: npt.NDArray[np.uint8]
    frame: Frame
    levels: tuple[Level, ...]
    areas: pd.DataFrame
    volumes: pd.DataFrame
    measurements: Mapping[str, Measurement]
    flags: tuple[str, ...]
    record: RunRecord
    image: Volume
    grade: Grade = "good"
    reasons: tuple[str, ...] = ()
    landmarks: Mapping[str, tuple[float, float, float]] = field(default_factory=dict)

    def level_frame(self) -> pd.DataFrame:
        """The levels as a table: level, name, z_mm, slice, source_slice, method, uncertainty_mm, note."""
        return levels_frame(self.levels)

    def __repr__(self) -> str:
        found = sum(not level.missing for level in self.levels)
        volume = self.measurements["lung_volume"]
        flags = f", {len(self.flags)} flag{'s' * (len(self.flags) > 1)}" if self.flags else ""
        return f"<LungResult {volume}, {found} of 5 levels{flags}>"
