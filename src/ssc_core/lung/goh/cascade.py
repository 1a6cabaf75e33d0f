"""A CT in, Goh scores out: lungs, five levels, nearest slices, scores, patient, stage, profile. No files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from ssc_core.errors import InputError
from ssc_core.io.volume import Volume
from ssc_core.lung.goh.engines import identity
from ssc_core.lung.goh.intervals import UNKNOWN, Intervals
from ssc_core.lung.goh.levels import chosen_levels
from ssc_core.lung.goh.params import GohParams
from ssc_core.lung.goh.planes import lung_of, planes, score_slices
from ssc_core.lung.goh.recalibration import Recalibration
from ssc_core.lung.goh.results import GohResult
from ssc_core.lung.goh.scorer import SliceScorer, facts_of_ct
from ssc_core.lung.goh.scores import ROUNDING
from ssc_core.lung.goh.staging import stage_of
from ssc_core.lung.goh.tables import level_scores, patient_scores, profile_table, volume_extent
from ssc_core.lung.levels import Level
from ssc_core.lung.lnet.case import KnownLevels
from ssc_core.lung.pipeline import analyse
from ssc_core.lung.results import LungResult
from ssc_core.progress import Tick, share, silent
from ssc_core.results import RunRecord, record_run

__all__ = ["lung_flags", "score_ct", "score_lungs", "with_inputs"]


def score_ct(
    image: Volume,
    scorer: SliceScorer,
    params: GohParams | None = None,
    *,
    mask: npt.ArrayLike | None = None,
    levels: KnownLevels | None = None,
    fvc_percent: float | None = None,
    recalibration: Recalibration | None = None,
    tick: Tick = silent,
) -> GohResult:
    """Score a chest CT as Jia et al. 2024 cascade it: levels, heights in mm, nearest slices, three scores.

    Parameters
    ----------
    image : Volume
        The CT: HU, (z, y, x).
    scorer : SliceScorer
        Who scores (:func:`ssc_core.lung.goh.engines.scorer_of`).
    params : GohParams, optional
        How; ``scorer``, ``recalibrate`` and ``device`` of it are not looked at.
    mask : array of int, (z, y, x), optional
        A lung mask to use: 1 right lung, 2 left lung, 3 airway.
    levels : KnownLevels, optional
        Heights that a reader set.
    fvc_percent : float, optional
        Forced vital capacity in percent of predicted, for the stage.
    recalibration : Recalibration, optional
        Applied to all scores; raw ones stay beside.
    tick : Tick
        Progress; may raise ``Cancelled``.

    Returns
    -------
    GohResult

    Raises
    ------
    InputError
        If the CT or the mask cannot be used, lies outside what the scorer can take, or the recalibration
        belongs to another scorer.
    """
    params = params or GohParams()
    scorer.outside(image.frame, facts_of_ct(image))  # refuse before the search for lungs
    lung = analyse(image, params, mask=mask, tick=share(tick, 0.0, 0.4))
    return score_lungs(
        lung, scorer, params, levels=levels, fvc_percent=fvc_percent, recalibration=recalibration,
        tick=share(tick, 0.4, 1.0),
    )  # fmt: skip


def score_lungs(
    lung: LungResult,
    scorer: SliceScorer,
    params: GohParams | None = None,
    *,
    levels: KnownLevels | None = None,
    fvc_percent: float | None = None,
    recalibration: Recalibration | None = None,
    tick: Tick = silent,
) -> GohResult:
    """The same from lungs that were found before (and perhaps corrected); see :func:`score_ct`."""
    params = params or GohParams()
    image, who = lung.image, identity(scorer)
    _check(recalibration, who)
    outside = scorer.outside(image.frame, facts_of_ct(image))
    network = params.level_net or None
    chosen, told, level_weights = chosen_levels(
        lung, given=levels, network=network, device=params.device, tick=share(tick, 0.0, 0.1)
    )
    area = image.frame.spacing[1] * image.frame.spacing[2]
    per_slice = lung_of(lung.mask).sum(axis=(1, 2))
    lung_mm2 = {z: float(n) * area for z, n in enumerate(per_slice)}
    at_levels = [level.slice for level in chosen if level.slice is not None]
    z_mm = _heights(image)
    wanted = _profile_slices(per_slice, z_mm, params.profile_step_mm) if params.profile else []
    raw = score_slices(image, lung.mask, [*at_levels, *wanted], scorer, share(tick, 0.1, 0.95))

    intervals = _intervals(scorer, recalibration)
    table = level_scores(chosen, raw, lung_mm2, intervals, recalibration)
    profile = profile_table({z: raw[z] for z in wanted}, lung_mm2, z_mm, recalibration)
    patient = patient_scores(table, intervals)
    stage = stage_of(patient["tot"].value, fvc_percent, low=patient["tot"].low, high=patient["tot"].high)
    patient |= volume_extent(profile, image.frame.spacing[0])
    flags = _all_flags(lung, told, outside, table, intervals, recalibration)
    return GohResult(
        lung=lung,
        levels=chosen,
        scores=table,
        profile=profile,
        patient=patient,
        stage=stage,
        scorer=who,
        flags=flags,
        record=_record(params, scorer, recalibration, levels, fvc_percent, level_weights, flags),
        maps=_maps(lung, chosen, scorer) if params.maps else {},
    )


def _check(recalibration: Recalibration | None, who: str) -> None:
    if recalibration is not None and recalibration.scorer != who:
        raise InputError(
            f"the recalibration was fitted on scores of {recalibration.scorer}, and {who} scores here; fit "
            "one for this scorer with 'ssc lung recalibrate'"
        )


def _intervals(scorer: SliceScorer, recalibration: Recalibration | None) -> Intervals | None:
    """Those of the scores that are shown: raw errors say nothing about recalibrated scores."""
    return scorer.intervals if recalibration is None else recalibration.intervals


def _heights(image: Volume) -> npt.NDArray[np.float64]:
    middle = [(n - 1) / 2 for n in image.shape[1:]]
    return np.asarray(image.frame.to_physical([[z, *middle] for z in range(image.shape[0])])[:, 0])


def _profile_slices(
    lung_pixels: npt.NDArray[np.intp], z_mm: npt.NDArray[np.float64], step_mm: float
) -> list[int]:
    """Slices with lung, at least `step_mm` apart."""
    out: list[int] = []
    for z in np.flatnonzero(lung_pixels):
        if not out or abs(z_mm[z] - z_mm[out[-1]]) >= step_mm * (1 - 1e-9):
            out.append(int(z))
    return out


def _all_flags(
    lung: LungResult,
    told: Sequence[str],
    outside: Sequence[str],
    table: pd.DataFrame,
    intervals: Intervals | None,
    recalibration: Recalibration | None,
) -> tuple[str, ...]:
    scores = [f"level {n}: {t}" for n, t in zip(table["level"], table["flags"], strict=True) if t]
    if recalibration is not None:
        scores.append(
            f"scores were recalibrated on {recalibration.slices} slices of {recalibration.patients} patients;"
            " raw scores stand beside them"
        )
    missing = [] if intervals is not None else [UNKNOWN]
    return tuple(dict.fromkeys((*lung_flags(lung, told, outside), *scores, *missing)))


def lung_flags(lung: LungResult, told: Sequence[str], outside: Sequence[str]) -> tuple[str, ...]:
    """What must be known of lungs and levels before a scorer is believed.

    Parameters
    ----------
    lung : LungResult
        The lungs.
    told : sequence of str
        About the levels, as from ``chosen_levels``.
    outside : sequence of str
        In what the CT is not as the scorer's training set.
    """
    grade = [] if lung.grade == "good" else [f"the lung mask is graded {lung.grade}: look at it"]
    return tuple(dict.fromkeys((*outside, *grade, *lung.flags, *told)))


def _record(
    params: GohParams,
    scorer: SliceScorer,
    recalibration: Recalibration | None,
    levels: KnownLevels | None,
    fvc_percent: float | None,
    level_weights: dict[str, str],
    flags: tuple[str, ...],
) -> RunRecord:
    told = params.model_dump(mode="json", exclude={"level_net", "recalibrate"}) | {
        "scorer": identity(scorer),  # never a path
        "levels": "given" if levels is not None else "L-Net" if level_weights else "anatomy",
        "recalibration": None if recalibration is None else recalibration.model_dump(mode="json"),
        "fvc_percent": fvc_percent,
        "rounding": ROUNDING,
    }
    weights = {**scorer.digests, **level_weights}
    return record_run("lung score", told, {}, warnings=flags, weights=weights)


def _maps(
    lung: LungResult, levels: Sequence[Level], scorer: SliceScorer
) -> dict[int, npt.NDArray[np.float32]]:
    _, dy, dx = lung.frame.spacing
    by_slice = {level.slice: level.number for level in levels if level.slice is not None}
    out: dict[int, npt.NDArray[np.float32]] = {}
    for part, hu in planes(lung.image, list(by_slice)):
        made = scorer.extent(hu, lung_of(lung.mask[part]), (dy, dx))
        if made is not None:
            out |= {by_slice[z]: np.asarray(m, np.float32) for z, m in zip(part, made, strict=True)}
    return dict(sorted(out.items()))


def with_inputs(result: GohResult, record: RunRecord) -> GohResult:
    """`result` with the digests of what was read, which `record` of the lung analysis holds."""
    paths = ("level_net", "recalibrate")  # of the analysis with the same parameters; never written
    before = {name: value for name, value in record.parameters.items() if name not in paths}
    merged = {**before, **result.record.parameters}
    return replace(result, record=replace(result.record, inputs=record.inputs, parameters=merged))
