"""The heat map of one slice by any scorer from coarse to fine, and what was mapped so far as one result."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ssc_core.io.store import write_mask
from ssc_core.io.tables import write_table
from ssc_core.io.volume import Volume
from ssc_core.io.volume.source import write_nifti
from ssc_core.lung.goh.cascade import lung_flags
from ssc_core.lung.goh.engines import identity
from ssc_core.lung.goh.levels import chosen_levels
from ssc_core.lung.goh.scorer import SliceScorer, facts_of_ct
from ssc_core.lung.goh.scores import PATTERNS
from ssc_core.lung.heatmap.derived import LABELS
from ssc_core.lung.heatmap.params import HeatmapParams
from ssc_core.lung.heatmap.replacement import HeatMap, refined_heatmaps
from ssc_core.lung.heatmap.results import HeatmapResult, map_record
from ssc_core.lung.heatmap.scorer_network import network_of
from ssc_core.lung.heatmap.slice_map import mean_map
from ssc_core.lung.heatmap.source import Healthy
from ssc_core.lung.heatmap.study import scores_of_edited
from ssc_core.lung.levels import Level
from ssc_core.lung.results import LungResult
from ssc_core.progress import Tick, silent

__all__ = ["gathered", "refined_slice_heatmaps", "save_edited", "told_of"]

Field = npt.NDArray[np.float32]
Bool = npt.NDArray[np.bool_]


def refined_slice_heatmaps(
    scorer: SliceScorer,
    hu: Field,
    lung: Bool,
    spacing_mm: tuple[float, float],
    texture: Field,
    params: HeatmapParams,
    *,
    tick: Tick = silent,
) -> Iterator[HeatMap]:
    """Pictures of a slice from coarse to fine; the last one is that of ``slice_map.slice_heatmap``.

    Parameters
    ----------
    scorer : SliceScorer
        Who scores; if it is the mean of several networks, each picture is the mean of theirs.
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
        Progress; may raise ``Cancelled``.

    Yields
    ------
    HeatMap
    """
    window, stride = params.pixels(spacing_mm)
    fed = network_of(scorer, hu, lung, spacing_mm)
    done = [0.0] * len(fed.networks)

    def told(k: int) -> Tick:
        def part(fraction: float, total: float, what: str, /) -> None:
            done[k] = fraction / total if total else 0.0
            tick(sum(done), len(done), what)

        return part

    series = [
        refined_heatmaps(
            network, fed.image, lung, fed.units(texture), window=window, stride=stride, mode=params.mode,
            fade=params.fade, compiled=params.compiled, tick=told(k),
        )
        for k, network in enumerate(fed.networks)
    ]  # fmt: skip
    for pictures in zip(*series, strict=True):
        yield mean_map(list(pictures))


def gathered(
    lung: LungResult,
    scorer: SliceScorer,
    params: HeatmapParams,
    maps: Mapping[int, HeatMap],
    lungs: Mapping[int, Bool],
    healthy: Healthy,
) -> HeatmapResult:
    """Maps of single slices, made one after another, as one result to be saved.

    Parameters
    ----------
    lung : LungResult
        The CT, its lungs and levels.
    scorer : SliceScorer
        Whose maps these are.
    params : HeatmapParams
        Of all of them.
    maps, lungs : mapping
        By slice. A map that was stopped is kept, and a flag says so.
    healthy : Healthy
        What replaced.
    """
    maps = dict(sorted(maps.items()))
    stopped = [
        f"slice {z} was stopped: {int(np.isfinite(one.changes[:, 0]).sum())} of {len(one.starts)} squares"
        for z, one in maps.items()
        if not one.complete
    ]
    notes = [note for one in maps.values() for note in one.notes]
    image, who = lung.image, identity(scorer)
    told, levels = told_of(lung, scorer)
    flags = tuple(dict.fromkeys(filter(None, (*told, healthy.note, *notes, *stopped))))
    record = replace(lung.record, weights=scorer.digests)
    return HeatmapResult(
        maps=maps,
        lungs={z: lungs[z] for z in maps},
        levels={v.slice: v.number for v in levels if v.slice in maps and v.slice is not None},
        image=image,
        healthy=healthy,
        threshold=params.threshold,
        scorer=who,
        flags=flags,
        record=map_record(record, params, tuple(maps), who, flags),
    )


def told_of(lung: LungResult, scorer: SliceScorer) -> tuple[tuple[str, ...], tuple[Level, ...]]:
    """What must be known of lungs whose slices are mapped, and their levels.

    Slices that were chosen in a mask that somebody drew are mapped without levels, as in the command line.
    """
    outside = scorer.outside(lung.image.frame, facts_of_ct(lung.image))
    if "mask" in lung.record.inputs:
        return tuple(dict.fromkeys((*lung.image.warnings, *outside))), ()
    return lung_flags(lung, chosen_levels(lung)[1], outside), tuple(lung.levels)


def save_edited(
    labels: npt.NDArray[np.uint8], lungs: Mapping[int, Bool], image: Volume, folder: str | Path
) -> None:
    """Write patterns that were painted into an existing folder.

    ``patterns-edited.nii.gz`` in the source's own frame, the same as ``.ome.zarr``, and what it counts on
    each slice in ``edited_scores.csv``.

    Parameters
    ----------
    labels : ndarray of uint8, (z, y, x)
        On the CT's grid; see ``derived.LABELS``.
    lungs : mapping
        Slice to lung (y, x): the slices that are counted.
    image : Volume
        The CT.
    folder : path-like
        Where.

    Raises
    ------
    InputError
        If the mask holds other labels.
    OutputError
        If something cannot be written.
    """
    folder = Path(folder)
    whole = np.zeros(image.shape, bool)
    for z, lung in lungs.items():
        whole[z] = lung
    table = scores_of_edited(labels, whole)
    write_table(folder, "edited_scores", table, dict.fromkeys(PATTERNS, "%"))
    write_mask(folder / "patterns-edited.ome.zarr", labels, image.frame, LABELS)
    write_nifti(folder / "patterns-edited.nii.gz", labels, image)
