"""One volume of a study: opened, analysed in three dimensions and as sagittal images, saved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from ssc_core.calcinosis.drawn_masks import whole_numbers
from ssc_core.calcinosis.edited import with_lesions
from ssc_core.calcinosis.inputs import files_digest
from ssc_core.calcinosis.params import CalcinosisParams
from ssc_core.calcinosis.points import read_seeds, toggled
from ssc_core.calcinosis.solid.pipeline import analyse_volume
from ssc_core.calcinosis.solid.reformat import sagittal_table
from ssc_core.calcinosis.solid.results import SolidResult
from ssc_core.calcinosis.solid.save import save_volume
from ssc_core.calcinosis.told import study_row
from ssc_core.errors import InputError
from ssc_core.io.digest import file_digest
from ssc_core.io.store import read_mask
from ssc_core.io.volume import Volume, check_hu, open_volume
from ssc_core.progress import Tick, share, silent

__all__ = ["MeasuredVolume", "analysed_volume", "measured_volume", "run_volume"]


class VolumeCase(Protocol):
    """What is asked of a case (attributes of ``case.CalcinosisCase``)."""

    @property
    def case_id(self) -> str:
        """Its neutral name."""

    @property
    def image(self) -> Path:
        """The volume."""

    @property
    def bones(self) -> Path | None:
        """A mask of bones on it."""

    @property
    def lesions(self) -> Path | None:
        """Lesions as a reader drew them."""

    @property
    def seeds(self) -> Path | None:
        """A CSV of seeds."""

    @property
    def toggles(self) -> str | None:
        """Labels turned round."""

    @property
    def image_high(self) -> Path | None:
        """Not read for volumes."""


@dataclass(frozen=True, eq=False)
class MeasuredVolume:
    """A volume with what was found in it.

    Parameters
    ----------
    result : SolidResult
        What was found, with the digests of its inputs.
    hu : ndarray
        (z, y, x) float32, what was measured; -1024 outside the scanner's field.
    sagittal : DataFrame or None
        The 2-D method on the same volume (``solid.reformat.sagittal_table``).
    """

    result: SolidResult
    hu: npt.NDArray[np.float32]
    sagittal: pd.DataFrame | None


def run_volume(
    case: VolumeCase, params: CalcinosisParams, folder: Path, tick: Tick = silent
) -> dict[str, Any]:
    """Open, analyse and save one volume; the row of the study's table.

    Raises
    ------
    InputError
        If a second energy is given, which is read for images only.
    """
    done = analysed_volume(case, params, share(tick, 0.0, 0.9))
    save_volume(done.result, done.hu, folder, done.sagittal)
    tick(1.0, 1.0, "done")
    return study_row(case.case_id, done.result.measurements, "total_volume", done.result.flags)


def analysed_volume(case: VolumeCase, params: CalcinosisParams, tick: Tick = silent) -> MeasuredVolume:
    """Open and analyse one volume; nothing is written.

    Raises
    ------
    InputError
        If a second energy is given, which is read for images only.
    """
    if case.image_high is not None:
        raise InputError(
            "two energies are read for images only; give the mixed volume alone", source=case.image_high
        )
    volume = open_volume(case.image)
    mask = None if case.bones is None else np.asarray(read_mask(case.bones, volume)) > 0
    drawn = None if case.lesions is None else whole_numbers(read_mask(case.lesions, volume), case.lesions)
    seeds = None if case.seeds is None else read_seeds(case.seeds, 3, case.case_id)
    part = tick if drawn is None else share(tick, 0.0, 0.9)
    done = measured_volume(volume, params, mask, seeds, toggled(case.toggles), part)
    if drawn is not None:
        result = with_lesions(done.result, drawn, done.hu, tick=share(tick, 0.9, 1.0))
        done = replace(done, result=result)
    inputs = {"image": files_digest(volume.files)}
    given = (("bones", case.bones), ("lesions", case.lesions), ("seeds", case.seeds))
    inputs |= {role: file_digest(path) for role, path in given if path is not None}
    record = replace(done.result.record, inputs=inputs)
    return replace(done, result=replace(done.result, record=record))


def measured_volume(
    volume: Volume,
    params: CalcinosisParams,
    mask: npt.NDArray[np.bool_] | None = None,
    seeds: Sequence[Sequence[float]] | None = None,
    toggles: Sequence[int] = (),
    tick: Tick = silent,
) -> MeasuredVolume:
    """Analyse an open volume in three dimensions and, where its bones were found, as sagittal images."""
    tick(0.0, 1.0, "reading the volume")
    warnings = (*volume.warnings, *check_hu(volume))
    hu = np.asarray(volume.hu, np.float32)
    tick(0.02, 1.0, "reading the volume")
    hu = np.where(np.asarray(volume.outside), np.float32(-1024.0), hu)
    result = analyse_volume(
        hu,
        volume.frame,
        params,
        mask=mask,
        seeds=seeds,
        toggles=toggles,
        warnings=warnings,
        tick=share(tick, 0.05, 0.8),
    )
    table = None
    if len(result.bones) and mask is None:
        classical = _for_images(params, result.record.parameters["engine"])
        table, _ = sagittal_table(hu, result, classical, tick=share(tick, 0.8, 1.0))
    told = {"voxel_mm": list(volume.frame.spacing), "kind": volume.kind}
    parameters = {**result.record.parameters, "image": told}
    record = replace(result.record, parameters=parameters)
    return MeasuredVolume(replace(result, record=record), hu, table)


def _for_images(params: CalcinosisParams, engine: Any) -> CalcinosisParams:
    """Parameters of the 2-D method: a network that sees volumes cannot see the sagittal images."""
    return params.model_copy(update={"engine": "classical"}) if engine == "unet" else params
