"""What the scoring of a CT returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from ssc_core.lung.goh.staging import Stage
from ssc_core.lung.levels import Level
from ssc_core.lung.results import LungResult
from ssc_core.results import Measurement, RunRecord

__all__ = ["GohResult"]


@dataclass(frozen=True, eq=False)
class GohResult:
    """Goh scores of one CT.

    Parameters
    ----------
    lung : LungResult
        Mask and what was seen of the anatomy.
    levels : tuple of Level
        The five levels that were scored: found, given, or predicted by an L-Net.
    scores : DataFrame
        A row per level: level, z_mm, slice, source_slice, tot, gg, ret (raw, percent), tot5, gg5, ret5,
        tot_low, tot_high ..., lung_mm2, flags; with a recalibration also raw_tot, raw_gg, raw_ret.
    profile : DataFrame
        A row per slice that was scored: slice, z_mm, lung_mm2, tot, gg, ret. Empty without a profile.
    patient : mapping of str to Measurement
        Mean of the five levels: "tot", "gg", "ret"; volume-weighted extent: "volume_tot", "volume_gg",
        "volume_ret".
    stage : Stage
        Limited or extensive, and why.
    scorer : str
        Name and digest of who scored.
    flags : tuple of str
        What must be known before a number is trusted.
    record : RunRecord
        How it was made.
    maps : mapping of int to ndarray of float32, (3, y, x)
        Extent maps by level, 0 to 1, of scorers that have them.
    """

    lung: LungResult
    levels: tuple[Level, ...]
    scores: pd.DataFrame
    profile: pd.DataFrame
    patient: Mapping[str, Measurement]
    stage: Stage
    scorer: str
    flags: tuple[str, ...]
    record: RunRecord
    maps: Mapping[int, npt.NDArray[np.float32]] = field(default_factory=dict)

    def __repr__(self) -> str:
        tot = self.patient["tot"]
        return f"<GohResult TOT {tot}, {self.stage.name}, {len(self.flags)} flags>"
