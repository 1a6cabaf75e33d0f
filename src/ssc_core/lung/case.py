"""One chest CT of a study: its manifest row, how CTs are found in a folder, how one is run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
from pydantic import Field, field_validator

from ssc_core.errors import InputError
from ssc_core.io.digest import array_digest
from ssc_core.io.finding import is_no_input
from ssc_core.io.store import read_mask
from ssc_core.io.volume import Volume, check_rule, open_volume
from ssc_core.lung.lnet.digests import digest_of_files
from ssc_core.lung.params import LungParams
from ssc_core.lung.pipeline import analyse
from ssc_core.lung.results import LungResult
from ssc_core.lung.save import save
from ssc_core.params import Case
from ssc_core.progress import Tick, share, silent

__all__ = ["LungCase", "analysed", "discover", "opened", "run_case"]

_VOLUMES = (".nii", ".nii.gz", ".nrrd", ".nhdr", ".mha", ".mhd")
_MASK_MARKS = ("mask", "label", "seg", "lungs")


class LungCase(Case):
    """One row of a lung manifest. Columns that are not listed here are left alone."""

    ct: Annotated[Path, Field(description="DICOM folder, NIfTI, NRRD or MHA.")]
    series: Annotated[str | None, Field(description="Which series of a folder that holds several.")] = None
    series_rule: Annotated[
        str | None, Field(description="How to choose where no series is named, as 'thinnest axial'.")
    ] = None
    resample_gaps: Annotated[bool, Field(description="Fill missing slices by interpolation.")] = False
    mask: Annotated[Path | None, Field(description="Lung mask in the CT's frame; empty to find it.")] = None

    @field_validator("resample_gaps", mode="before")
    @classmethod
    def _empty_is_no(cls, value: Any) -> Any:
        return False if isinstance(value, str) and not value.strip() else value

    @field_validator("series_rule")
    @classmethod
    def _rule_is_known(cls, value: str | None) -> str | None:
        return None if value is None else check_rule(value)

    def open(self, tick: Tick = silent) -> Volume:
        """The CT of this row.

        Raises
        ------
        InputError
            If it cannot be used.
        """
        series = int(self.series) if self.series and self.series.isdigit() else self.series
        return open_volume(
            self.ct,
            series=series,
            series_rule=self.series_rule,
            resample_gaps=self.resample_gaps,
            tick=tick,
        )


def discover(folder: str | Path) -> list[LungCase]:
    """CTs in a folder and below it: folders of DICOM files, and volume files.

    Parameters
    ----------
    folder : path-like
        Where to look. Files named as masks or labels are left out, and a mask that has a CT's name with
        ``_mask`` or ``-mask`` behind it is given to that CT.

    Returns
    -------
    list of LungCase
        In the order of their paths, named case-0001 ...: names of files may name patients.
    """
    folder = Path(folder)
    files = [p for p in sorted(folder.rglob("*")) if p.is_file() and not is_no_input(p, folder)]
    volumes = [p for p in files if _ending(p) and not any(m in p.name.lower() for m in _MASK_MARKS)]
    series = sorted({p.parent for p in files if _is_dicom(p)})
    found = sorted([*volumes, *series])
    return [
        LungCase(case_id=f"case-{i:04d}", ct=path, mask=_mask_of(path)) for i, path in enumerate(found, 1)
    ]


def analysed(
    case: LungCase, params: LungParams, tick: Tick = silent, *, mask: npt.ArrayLike | None = None
) -> LungResult:
    """Open and analyse one CT; nothing is written.

    Parameters
    ----------
    case : LungCase
        Which.
    params : LungParams
        How.
    tick : Tick
        Progress.
    mask : array of int (z, y, x), optional
        A lung mask on the CT's grid, drawn by somebody, in place of the one that `case` names. The record
        holds the digest of its voxels, which is the same once it was saved and is named in a case.

    Raises
    ------
    InputError
        If the CT or the mask cannot be used.
    """
    image = case.open(share(tick, 0.0, 0.05))
    image.prepare(share(tick, 0.0, 0.05))
    if mask is None and case.mask is not None:
        mask = read_mask(case.mask, image)
    try:
        result = analyse(image, params, mask=mask, tick=share(tick, 0.05, 1.0))
    except InputError as error:
        if error.source is not None:
            raise
        raise type(error)(error.message, source=case.ct, private=error.private) from error
    inputs = {"ct": digest_of_files(image.files)}
    if mask is not None:
        inputs["mask"] = array_digest(np.asarray(mask).astype(np.uint8))
    parameters = {**result.record.parameters, **opened(case, image)}
    record = replace(result.record, inputs=inputs, parameters=parameters)
    return replace(result, record=record)


def opened(case: LungCase, image: Volume) -> dict[str, Any]:
    """How a CT was opened, as a record tells it."""
    header = {str(k): v for k, v in image.header.items()}
    return {"ct": header, "series_rule": case.series_rule, "resample_gaps": case.resample_gaps}


def run_case(case: LungCase, params: LungParams, folder: Path, tick: Tick = silent) -> dict[str, Any]:
    """Open, analyse and save one CT.

    Parameters
    ----------
    case : LungCase
        Which.
    params : LungParams
        How.
    folder : Path
        Existing folder for the result.
    tick : Tick
        Progress.

    Returns
    -------
    dict
        The row of the study's table: case, volumes, level heights with method, areas and densities, flags.

    Raises
    ------
    InputError
        If the CT or the mask cannot be used.
    """
    result = analysed(case, params, share(tick, 0.0, 0.9))
    tick(0.9, 1.0, "writing the result")
    save(result, folder)
    tick(1.0, 1.0, "done")
    row: dict[str, Any] = {"case_id": case.case_id}
    row |= {name: m.value for name, m in result.measurements.items()}
    row |= {f"level_{level.number}_method": level.method for level in result.levels}
    density = [c for c in result.areas.columns if c not in ("level", "slice")]
    for values in result.areas.to_dict("records"):
        row |= {f"level_{values['level']}_{c}": values[c] for c in density}
    return row | {"grade": result.grade, "flags": "; ".join(result.flags)}


def _ending(path: Path) -> str:
    return next((e for e in sorted(_VOLUMES, key=len, reverse=True) if path.name.lower().endswith(e)), "")


def _is_dicom(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(132)[128:] == b"DICM"


def _mask_of(ct: Path) -> Path | None:
    if not (ending := _ending(ct)):
        return None
    stem = ct.name[: -len(ending)]
    for mark in ("_mask", "-mask"):
        for other in _VOLUMES:
            if (path := ct.with_name(stem + mark + other)).is_file():
                return path
    return None
