"""Heat maps of one chest CT, or of a single slice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import Field

from ssc_core.errors import InputError
from ssc_core.io.digest import array_digest, file_digest
from ssc_core.io.store import read_mask
from ssc_core.io.volume import Volume
from ssc_core.lung.case import analysed, opened
from ssc_core.lung.goh.cascade import lung_flags
from ssc_core.lung.goh.case import GohCase
from ssc_core.lung.goh.engines import identity, scorer_of
from ssc_core.lung.goh.levels import chosen_levels
from ssc_core.lung.goh.params import GohParams
from ssc_core.lung.goh.planes import lung_of, planes
from ssc_core.lung.goh.scorer import SliceScorer, facts_of_ct
from ssc_core.lung.heatmap.params import HeatmapParams
from ssc_core.lung.heatmap.results import HeatmapResult, map_record
from ssc_core.lung.heatmap.single import single_slice
from ssc_core.lung.heatmap.slice_map import slice_heatmap
from ssc_core.lung.heatmap.source import healthy_texture, replacing
from ssc_core.lung.lnet.case import read_levels
from ssc_core.lung.lnet.digests import digest_of_files
from ssc_core.progress import Tick, share, silent
from ssc_core.results import RunRecord, record_run

__all__ = ["HeatmapCase", "MappedLungs", "heatmaps_of_case", "heatmaps_of_slices", "mapped_lungs"]


class HeatmapCase(GohCase):
    """A CT, or a single slice with a lung mask."""

    slices: Annotated[
        tuple[int, ...], Field(description="Slices, 0 nearest to the feet; empty for the five levels.")
    ] = ()
    healthy: Annotated[
        Path | None, Field(description="CT of healthy lungs to cut the texture from; empty to choose one.")
    ] = None


def heatmaps_of_case(case: HeatmapCase, params: HeatmapParams, tick: Tick = silent) -> HeatmapResult:
    """Open, score and map one CT; nothing is written.

    Raises
    ------
    InputError
        If the CT, the mask, the scorer or the healthy CT cannot be used.
    """
    scorer = scorer_of(params.scorer, params.device)
    on = mapped_lungs(case, params, scorer, share(tick, 0.0, 0.3))
    result = heatmaps_of_slices(
        on.image, on.labels, on.slices, scorer, params, levels=on.levels, healthy=case.healthy,
        tick=share(tick, 0.3, 1.0),
    )  # fmt: skip
    flags = tuple(dict.fromkeys((*on.told, *result.flags)))
    return replace(result, flags=flags, record=_record(on.record, params, case, scorer, flags))


@dataclass(frozen=True, eq=False)
class MappedLungs:
    """What is mapped.

    Parameters
    ----------
    image : Volume
        The CT.
    labels : ndarray of uint8, (z, y, x)
        1 right lung, 2 left lung, 3 airway.
    slices : tuple of int
        0 nearest to the feet; each holds lung.
    levels : dict
        Slice to Goh level.
    told : tuple of str
        What must be known of CT and lungs.
    record : RunRecord
        Of the lungs.
    """

    image: Volume
    labels: npt.NDArray[np.uint8]
    slices: tuple[int, ...]
    levels: dict[int, int]
    told: tuple[str, ...]
    record: RunRecord


def mapped_lungs(
    case: HeatmapCase, params: GohParams, scorer: SliceScorer, tick: Tick = silent
) -> MappedLungs:
    """Open a CT or a single slice; find its lungs and levels, or take the mask for slices that are named.

    Raises
    ------
    InputError
        If the CT or the mask cannot be used.
    """
    image = single_slice(case.ct) or case.open(share(tick, 0.0, 0.1))
    if case.mask is not None and (case.slices or image.shape[0] < 3):
        labels = np.asarray(read_mask(case.mask, image)).astype(np.uint8)
        told = (*image.warnings, *scorer.outside(image.frame, facts_of_ct(image)))
        inputs = {"mask": array_digest(labels)}
        inputs["ct"] = digest_of_files(image.files) if image.files else file_digest(case.ct)
        record = record_run("lung heatmap", opened(case, image), inputs, weights=scorer.digests)
        levels: dict[int, int] = {}
        chosen = case.slices or tuple(range(image.shape[0]))
    elif image.shape[0] < 3:
        raise InputError(
            "the lungs of a single slice cannot be found; draw them and give --mask", source=case.ct
        )
    else:
        lung = analysed(case, params, share(tick, 0.1, 0.8))
        given = None if case.levels is None else read_levels(case.levels)
        found, doubts, weights = chosen_levels(
            lung, given=given, network=params.level_net or None, device=params.device,
            tick=share(tick, 0.8, 1.0),
        )  # fmt: skip
        image, labels = lung.image, lung.mask
        told = lung_flags(lung, doubts, scorer.outside(image.frame, facts_of_ct(image)))
        record = replace(lung.record, weights={**scorer.digests, **weights})
        levels = {level.slice: level.number for level in found if level.slice is not None}
        chosen = case.slices or tuple(sorted(levels))
    _check(image, labels, chosen)
    return MappedLungs(image, labels, tuple(chosen), levels, tuple(told), record)


def heatmaps_of_slices(
    image: Volume,
    labels: npt.NDArray[np.uint8],
    slices: Sequence[int],
    scorer: SliceScorer,
    params: HeatmapParams,
    *,
    levels: dict[int, int] | None = None,
    healthy: Path | None = None,
    tick: Tick = silent,
) -> HeatmapResult:
    """Heat maps of some slices of a CT whose lungs are known.

    Parameters
    ----------
    image : Volume
        The CT.
    labels : ndarray of uint8, (z, y, x)
        1 right lung, 2 left lung, 3 airway.
    slices : sequence of int
        0 nearest to the feet.
    scorer : SliceScorer
        Who scores.
    params : HeatmapParams
        How.
    levels : dict, optional
        Slice to Goh level.
    healthy : Path, optional
        CT of healthy lungs.
    tick : Tick
        Progress.

    Raises
    ------
    InputError
        If a slice does not exist or holds no lung.
    """
    _check(image, labels, slices)
    texture = healthy_texture(
        scorer, params, image=image, mask=labels, given=healthy, tick=share(tick, 0.0, 0.1)
    )
    spacing = (image.frame.spacing[1], image.frame.spacing[2])
    pattern = replacing(texture, params, spacing)
    maps, lungs = {}, {}
    for k, z in enumerate(slices):
        _, hu = next(planes(image, [z]))
        lungs[z] = lung_of(labels[z])
        part = share(tick, 0.1 + 0.9 * k / len(slices), 0.1 + 0.9 * (k + 1) / len(slices))
        maps[z] = slice_heatmap(scorer, hu[0], lungs[z], spacing, pattern, params, tick=part)
    notes = [n for one in maps.values() for n in one.notes]
    flags = tuple(dict.fromkeys(filter(None, (texture.note, *notes))))
    return HeatmapResult(
        maps=maps,
        lungs=lungs,
        levels=levels or {},
        image=image,
        healthy=texture,
        threshold=params.threshold,
        scorer=identity(scorer),
        flags=flags,
        record=record_run("lung heatmap", params.model_dump(mode="json"), {}, warnings=flags),
    )


def _check(image: Volume, labels: npt.NDArray[np.uint8], slices: Sequence[int]) -> None:
    for z in slices:
        if not 0 <= z < image.shape[0] or not lung_of(labels[z]).any():
            raise InputError(f"slice {z} does not exist or holds no lung; the CT has {image.shape[0]} slices")


def _record(
    record: RunRecord, params: HeatmapParams, case: HeatmapCase, scorer: SliceScorer, flags: tuple[str, ...]
) -> RunRecord:
    if case.healthy is not None and case.healthy.is_file():
        record = replace(record, inputs={**record.inputs, "healthy": file_digest(case.healthy)})
    return map_record(record, params, case.slices, identity(scorer), flags)
