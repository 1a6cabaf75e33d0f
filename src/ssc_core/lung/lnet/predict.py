"""The five levels of a CT by sliding crops: one vote per crop and network, their median, their spread."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from ssc_core.io.volume import Volume, check_hu
from ssc_core.lung.levels import LEVEL_NAMES, Level
from ssc_core.lung.lnet.digests import digest_of_files
from ssc_core.lung.lnet.grid import Heights, heights_of, low_resolution
from ssc_core.lung.lnet.params import LevelNetParams
from ssc_core.lung.lnet.weights import LevelNets, load_level_nets
from ssc_core.progress import Tick, share, silent
from ssc_core.results import RunRecord, record_run

__all__ = ["LevelPrediction", "predict_levels", "votes"]

_FAR = 0.1  # a scan this much lower or higher than all of the training set is told


@dataclass(frozen=True, eq=False)
class LevelPrediction:
    """What the networks say.

    Parameters
    ----------
    levels : tuple of Level
        The five, with method "predicted by the L-Net".
    votes_mm : ndarray of float, (votes, 5)
        Height that each crop of each network gave.
    spread_mm : ndarray of float, (5,)
        Half the distance between the quartiles of the votes. It tells whether the crops agree, not how
        wrong they are.
    flags : tuple of str
        What the user must know.
    record : RunRecord
        How it was made.
    """

    levels: tuple[Level, ...]
    votes_mm: npt.NDArray[np.float64]
    spread_mm: npt.NDArray[np.float64]
    flags: tuple[str, ...]
    record: RunRecord

    def table(self) -> pd.DataFrame:
        """Level, name, z_mm, slice, source_slice, method, uncertainty_mm, spread_mm, note."""
        columns = ("number", "name", "z_mm", "slice", "source_slice", "method", "uncertainty_mm", "note")
        table = pd.DataFrame([{c: getattr(level, c) for c in columns} for level in self.levels])
        for column in ("slice", "source_slice"):
            table[column] = table[column].astype("Int64")
        table.insert(7, "spread_mm", self.spread_mm)
        return table.rename(columns={"number": "level"})


def votes(
    nets: LevelNets, hu: npt.NDArray[np.int16], step: int, tick: Tick = silent
) -> npt.NDArray[np.float64]:
    """Slice numbers (votes, 5) on the grid from every crop of every network.

    Crops start at 0, `step`, 2 `step` ... up to the last that fits (the published code leaves the last out).

    Parameters
    ----------
    nets : LevelNets
        Who votes.
    hu : ndarray of int16, (z, y, x)
        CT on the grid of the networks' contract.
    step : int
        Of the sliding crops, in slices.
    tick : Tick
        Called before each crop.
    """
    import torch

    crop = nets.contract.crop
    starts = range(0, nets.contract.grid[0] - crop + 1, step)
    found = []
    with torch.inference_mode():
        for i, start in enumerate(starts):
            tick(i, len(starts), "levels by the L-Net")
            fed = torch.from_numpy(nets.contract.fed(hu[start : start + crop]))[None].to(nets.device)
            found += [net(fed)[0].double().cpu().numpy() + start for net in nets.networks]
    tick(len(starts), len(starts), "levels by the L-Net")
    return np.asarray(found, np.float64)


def predict_levels(
    image: Volume,
    weights: str | Path | LevelNets,
    params: LevelNetParams | None = None,
    *,
    tick: Tick = silent,
) -> LevelPrediction:
    """Heights of the five levels, as Jia et al. 2024 cascade them: slice number, height, nearest slice.

    Parameters
    ----------
    image : Volume
        The CT.
    weights : path-like or LevelNets
        Folder of a training run (all its networks vote), a weight file, or loaded networks.
    params : LevelNetParams, optional
        How.
    tick : Tick
        Progress.

    Returns
    -------
    LevelPrediction

    Raises
    ------
    InputError, FormatError
        If weights or CT cannot be used.

    Notes
    -----
    A prediction outside the scan is missing. Levels that do not follow one another downwards are told in the
    flags and left as they are.
    """
    params = params or LevelNetParams()
    nets = (
        weights
        if isinstance(weights, LevelNets)
        else load_level_nets(weights, params.architecture, params.device)
    )
    odd = check_hu(image)
    hu = low_resolution(image, nets.contract.grid, share(tick, 0.0, 0.4))
    heights = heights_of(image, nets.contract.grid[0])
    numbers = votes(nets, hu, params.step, share(tick, 0.4, 1.0))
    median = np.median(numbers, axis=0)
    low, high = np.percentile(numbers, [25, 75], axis=0)
    spread = (high - low) / 2 * heights.spacing_mm
    levels = tuple(_level(n, float(median[n - 1]), nets, heights, image) for n in LEVEL_NAMES)
    flags = tuple(dict.fromkeys((*image.warnings, *odd, *_flags(levels, nets, heights, numbers))))
    inputs = {"ct": digest_of_files(image.files)} if image.files else {}
    record = record_run(
        "lung levels", {**params.model_dump(mode="json"), "network": nets.architecture}, inputs,
        warnings=flags, weights=nets.digests, device=str(nets.device),
    )  # fmt: skip
    return LevelPrediction(levels, heights.to_mm(numbers), spread, flags, record)


def _level(number: int, grid: float, nets: LevelNets, heights: Heights, image: Volume) -> Level:
    name = LEVEL_NAMES[number]
    source = float(heights.to_slice(grid))
    if not (math.isfinite(source) and -0.5 <= source <= heights.slices - 0.5):
        return Level(
            number, name, math.nan, None, None, "missing", math.nan, "the L-Net puts it outside the scan"
        )
    nearest = int(np.clip(round(source), 0, heights.slices - 1))
    axial = image.orientation.order[0] == 0
    band = nets.error_mm[number - 1] if nets.error_mm else math.nan
    if not nets.error_mm:
        note = "error of these weights unknown"
    elif math.isnan(band):
        note = "error unknown: too few validation patients"
    else:
        note = "9 of 10 errors on validation patients were smaller"
    return Level(
        number, name, float(heights.to_mm(grid)), nearest,
        image.source_slice(nearest) if axial else None, "predicted by the L-Net", band, note,
    )  # fmt: skip


def _flags(
    levels: tuple[Level, ...], nets: LevelNets, heights: Heights, numbers: npt.NDArray[np.float64]
) -> list[str]:
    flags = []
    given = [level for level in levels if not level.missing]
    if any(a.z_mm <= b.z_mm for a, b in itertools.pairwise(given)):
        flags.append("the predicted levels do not follow one another from head to feet; check all of them")
    if not nets.error_mm:
        flags.append("the error of these weights on patients is unknown")
    elif any(math.isnan(level.uncertainty_mm) for level in given):
        flags.append(
            "fewer than 10 validation patients had a level: its error is unknown, and no band is stated"
        )
    known = nets.contract.reach_mm
    if known and not (1 - _FAR) * known[0] <= heights.reach_mm <= (1 + _FAR) * known[1]:
        flags.append(
            f"the scan is {heights.reach_mm:.0f} mm high, those that the L-Net was trained on "
            f"{known[0]:.0f} to {known[1]:.0f} mm: it may be wrong"
        )
    return flags
