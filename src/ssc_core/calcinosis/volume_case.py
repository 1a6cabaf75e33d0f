"""One volume of a study: opened, analysed in three dimensions and as sagittal images, saved."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from ssc_core.calcinosis.params import CalcinosisParams
from ssc_core.calcinosis.points import read_seeds, toggled
from ssc_core.calcinosis.solid.pipeline import analyse_volume
from ssc_core.calcinosis.solid.reformat import sagittal_table
from ssc_core.calcinosis.solid.save import save_volume
from ssc_core.errors import InputError
from ssc_core.io.digest import file_digest
from ssc_core.io.store import read_mask
from ssc_core.io.volume import check_hu, open_volume
from ssc_core.progress import Tick, share, silent

__all__ = ["is_volume", "run_volume"]

_VOLUMES = (".nii", ".nii.gz", ".mha", ".mhd", ".nrrd")


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
    def seeds(self) -> Path | None:
        """A CSV of seeds."""

    @property
    def toggles(self) -> str | None:
        """Labels turned round."""

    @property
    def image_high(self) -> Path | None:
        """Not read for volumes."""


def is_volume(path: Path) -> bool:
    """Whether a case's image is a volume: a folder of slices, or a file of one."""
    return path.is_dir() or path.name.lower().endswith(_VOLUMES)


def run_volume(
    case: VolumeCase, params: CalcinosisParams, folder: Path, tick: Tick = silent
) -> dict[str, Any]:
    """Open, analyse and save one volume; the row of the study's table.

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
    warnings = (*volume.warnings, *check_hu(volume))
    hu = np.asarray(volume.hu, np.float32)
    hu = np.where(np.asarray(volume.outside), np.float32(-1024.0), hu)
    mask = None if case.bones is None else np.asarray(read_mask(case.bones, volume)) > 0
    seeds = None if case.seeds is None else read_seeds(case.seeds, 3, case.case_id)
    result = analyse_volume(
        hu,
        volume.frame,
        params,
        mask=mask,
        seeds=seeds,
        toggles=toggled(case.toggles),
        warnings=warnings,
        tick=share(tick, 0.0, 0.7),
    )
    table = None
    if len(result.bones) and mask is None:
        table, _ = sagittal_table(hu, result, params)
    inputs = {"image": _digest(volume.files)}
    inputs |= {r: file_digest(p) for r, p in (("bones", case.bones), ("seeds", case.seeds)) if p is not None}
    told = {"voxel_mm": list(volume.frame.spacing), "kind": volume.kind}
    parameters = {**result.record.parameters, "image": told}
    saved = replace(result, record=replace(result.record, inputs=inputs, parameters=parameters))
    save_volume(saved, hu, folder, table)
    tick(1.0, 1.0, "done")
    total = result.measurements["total_volume"]
    return {
        "case_id": case.case_id,
        **{name: m.value for name, m in result.measurements.items()},
        "total_volume_low": total.low,
        "total_volume_high": total.high,
        "flags": "; ".join(result.flags),
    }


def _digest(files: tuple[Path, ...]) -> str:
    """One digest for all files of a volume, whatever their names."""
    if len(files) == 1:
        return file_digest(files[0])
    return "sha256:" + hashlib.sha256("\n".join(sorted(map(file_digest, files))).encode()).hexdigest()
