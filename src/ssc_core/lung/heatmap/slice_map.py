"""The heat map of one slice by any scorer, in HU."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from ssc_core.lung.goh.scorer import SliceScorer
from ssc_core.lung.heatmap.params import HeatmapParams
from ssc_core.lung.heatmap.replacement import HeatMap, replacement_heatmap
from ssc_core.lung.heatmap.scorer_network import network_of
from ssc_core.lung.heatmap.texture import HealthyCheck, check_healthy
from ssc_core.progress import Tick, share, silent

__all__ = ["check_texture", "mean_map", "slice_heatmap"]

Field = npt.NDArray[np.float32]
Bool = npt.NDArray[np.bool_]


def slice_heatmap(
    scorer: SliceScorer,
    hu: Field,
    lung: Bool,
    spacing_mm: tuple[float, float],
    texture: Field,
    params: HeatmapParams,
    *,
    tick: Tick = silent,
) -> HeatMap:
    """The replacement map of a slice.

    Parameters
    ----------
    scorer : SliceScorer
        Who scores; if it is the mean of several networks, the map is the mean of theirs.
    hu : ndarray of float32, (y, x)
        HU; what was never measured is air.
    lung : ndarray of bool, (y, x)
        Both lungs.
    spacing_mm : tuple of float
        (y, x).
    texture : ndarray of float32, (y, x)
        What replaces, HU; mirrored where it is smaller.
    params : HeatmapParams
        Window, stride, fade, mode, compiled.
    tick : Tick
        Progress.
    """
    window, stride = params.pixels(spacing_mm)
    fed = network_of(scorer, hu, lung, spacing_mm)
    found = []
    for k, network in enumerate(fed.networks):
        part = share(tick, k, k + 1, len(fed.networks))
        found.append(
            replacement_heatmap(
                network, fed.image, lung, fed.units(texture), window=window, stride=stride, mode=params.mode,
                fade=params.fade, compiled=params.compiled, tick=part,
            )
        )  # fmt: skip
    return mean_map(found)


def check_texture(
    scorer: SliceScorer,
    hu: Field,
    lung: Bool,
    spacing_mm: tuple[float, float],
    texture: Field,
    params: HeatmapParams,
) -> HealthyCheck:
    """How far `texture` moves the scores of the healthy slice `hu`; parameters as :func:`slice_heatmap`."""
    window, _ = params.pixels(spacing_mm)
    fed = network_of(scorer, hu, lung, spacing_mm)
    moves = [
        check_healthy(n, fed.image, lung, fed.units(texture), window=window, fade=params.fade).moves
        for n in fed.networks
    ]
    return HealthyCheck(np.mean(moves, axis=0))


def mean_map(found: list[HeatMap]) -> HeatMap:
    """The map of several networks of one slice, whose score is their mean."""
    if len(found) == 1:
        return found[0]
    checks = [f.check for f in found if f.check is not None]
    return replace(
        found[0],
        maps=np.mean([f.maps for f in found], axis=0, dtype=np.float32),
        scores=np.mean([f.scores for f in found], axis=0),
        changes=np.mean([f.changes for f in found], axis=0, dtype=np.float32),
        mode="fast" if all(f.mode == "fast" for f in found) else "exact",
        check=max(checks, key=lambda c: c.rms) if checks else None,
        notes=tuple(dict.fromkeys(note for f in found for note in f.notes)),
    )
