"""What the heat maps of a CT are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from ssc_core.io.volume import Volume
from ssc_core.lung.goh.params import GohParams
from ssc_core.lung.heatmap.derived import derived_scores
from ssc_core.lung.heatmap.replacement import HeatMap
from ssc_core.lung.heatmap.source import Healthy
from ssc_core.results import RunRecord

__all__ = ["HeatmapResult", "map_record"]


@dataclass(frozen=True, eq=False)
class HeatmapResult:
    """Heat maps of some slices of a CT.

    Parameters
    ----------
    maps : mapping of int to HeatMap
        By slice, 0 nearest to the feet.
    lungs : mapping of int to ndarray of bool, (y, x)
        By slice.
    levels : mapping of int to int
        Slice to Goh level, where it is one.
    image : Volume
        The CT.
    healthy : Healthy
        What replaced.
    threshold : tuple of float
        For derived scores and masks: TOT, GG, RET.
    scorer : str
        Name and digest.
    flags : tuple of str
        What must be said.
    record : RunRecord
        How it was made.
    """

    maps: Mapping[int, HeatMap]
    lungs: Mapping[int, npt.NDArray[np.bool_]]
    levels: Mapping[int, int]
    image: Volume
    healthy: Healthy
    threshold: tuple[float, float, float]
    scorer: str
    flags: tuple[str, ...]
    record: RunRecord

    def table(self) -> pd.DataFrame:
        """One row per slice: level, slice, z_mm, network's and derived scores, least change, mode."""
        rows = []
        for z, one in self.maps.items():
            derived = derived_scores(one.maps, self.lungs[z], self.threshold)
            at = self.image.frame.to_physical([z, 0, 0])[0]
            row: dict[str, object] = {"level": self.levels.get(z, pd.NA), "slice": z, "z_mm": float(at)}
            row |= dict(zip(("tot", "gg", "ret"), one.scores, strict=True))
            row |= dict(zip(("tot_derived", "gg_derived", "ret_derived"), derived, strict=True))
            least = np.nanmin(one.maps, axis=(1, 2))
            row |= dict(zip(("tot_least", "gg_least", "ret_least"), least, strict=True))
            rows.append(row | {"mode": one.mode, "squares": len(one.starts)})
        return pd.DataFrame(rows).astype({"level": "Int64"})


def map_record(
    record: RunRecord,
    params: GohParams,
    slices: Sequence[int],
    scorer: str,
    flags: tuple[str, ...],
    what: str = "lung heatmap",
) -> RunRecord:
    """The record of maps, from that of the lungs they were made on; no path is written.

    Parameters
    ----------
    record : RunRecord
        Of the lungs: how the CT was opened, digests, weights.
    params : GohParams
        Of the maps.
    slices : sequence of int
        That were asked for; none for the levels.
    scorer : str
        Name and digest.
    flags : tuple of str
        What must be said.
    what : str
        Which command makes them.
    """
    opened = {k: v for k, v in record.parameters.items() if k in ("ct", "series_rule", "resample_gaps")}
    told = params.model_dump(mode="json", exclude={"recalibrate"})
    told |= {"scorer": scorer, "slices": list(slices), "level_net": bool(params.level_net)}
    return replace(record, what=what, parameters={**opened, **told}, warnings=flags)
