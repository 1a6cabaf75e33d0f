"""One finger of a study: its manifest row, how images are found in a folder, how one is run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from ssc_core.calcinosis.drawn_masks import PICTURES, read_bones, read_lesions_drawn
from ssc_core.calcinosis.edited import with_lesions
from ssc_core.calcinosis.energy import EnergyPair, joined
from ssc_core.calcinosis.inputs import is_volume
from ssc_core.calcinosis.params import CalcinosisParams
from ssc_core.calcinosis.pipeline import analyse
from ssc_core.calcinosis.points import read_seeds, toggled
from ssc_core.calcinosis.results import CalcinosisResult
from ssc_core.calcinosis.save import save
from ssc_core.calcinosis.told import study_row
from ssc_core.calcinosis.volume_case import run_volume
from ssc_core.errors import InputError
from ssc_core.io.digest import file_digest
from ssc_core.io.finding import is_no_input
from ssc_core.io.image import FingerImage, open_finger
from ssc_core.params import Case
from ssc_core.progress import Tick, share, silent

__all__ = ["CalcinosisCase", "analysed", "discover", "run_case"]

_DICOM = (".dcm", ".dicom", ".ima", "")
_MASK = "_bones"  # A.dcm and A_bones.png belong together


class CalcinosisCase(Case):
    """One row of a calcinosis manifest. Columns that are not listed here are left alone."""

    image: Annotated[
        Path,
        Field(description="DICOM image, or PNG, JPEG or TIFF picture of one; or a volume (folder, NIfTI)."),
    ]
    pixel_spacing: Annotated[
        float | None, Field(description="mm per pixel, where the file does not say.", gt=0)
    ] = None
    window: Annotated[float | None, Field(description="Width of a picture's window, HU.", gt=0)] = None
    level: Annotated[float | None, Field(description="Centre of a picture's window, HU.")] = None
    bones: Annotated[
        Path | None, Field(description="Mask of the bones (picture or OME-Zarr); empty to have them found.")
    ] = None
    lesions: Annotated[
        Path | None,
        Field(
            description="Lesions as a reader drew them, one number each (OME-Zarr or PNG; of a volume NIfTI"
            " too); they are measured in place of those that were found."
        ),
    ] = None
    seeds: Annotated[
        Path | None,
        Field(description="CSV of seeds (row, column; plane too in volumes); empty: found."),
    ] = None
    toggles: Annotated[
        str | None, Field(description="Labels of findings whose verdict is turned round, as '2 5'.")
    ] = None
    image_high: Annotated[
        Path | None, Field(description="The same slice at high energy; `image` is then the low one.")
    ] = None
    energy: Annotated[
        Literal["mixed", "low", "high"] | None, Field(description="What `image` is, if it is one of several.")
    ] = None


def discover(folder: str | Path) -> list[CalcinosisCase]:
    """Images in a folder and below it.

    Parameters
    ----------
    folder : path-like
        Where to look. A mask belongs to an image when it has its name and ``_bones`` (``A.dcm`` and
        ``A_bones.png``). What lies in an earlier result is left alone.

    Returns
    -------
    list of CalcinosisCase
        In the order of their paths, named case-0001 ...: names of files may name patients.
    """
    folder = Path(folder)
    found = sorted(p for p in folder.rglob("*") if _is_image(p, folder))
    return [
        CalcinosisCase(case_id=f"case-{number:04d}", image=path, bones=_mask_of(path))
        for number, path in enumerate(found, 1)
    ]


def analysed(case: CalcinosisCase, params: CalcinosisParams, tick: Tick = silent) -> CalcinosisResult:
    """Open and analyse one finger image; nothing is written."""
    image, pair = _opened(case)
    mask = None if case.bones is None else read_bones(case.bones, image)
    drawn = None if case.lesions is None else read_lesions_drawn(case.lesions, image)
    seeds = None if case.seeds is None else [(s[0], s[1]) for s in read_seeds(case.seeds, 2, case.case_id)]
    turned = toggled(case.toggles)
    part = tick if drawn is None else share(tick, 0.0, 0.9)
    result = analyse(image, params, mask=mask, seeds=seeds, toggles=turned, pair=pair, tick=part)
    if drawn is not None:
        saturated = np.asarray(image.saturated, bool)
        result = with_lesions(result, drawn, result.hu, saturated, share(tick, 0.9, 1.0))
    roles = ("image", "bones", "lesions", "seeds", "image_high")
    named = {role: getattr(case, role) for role in roles}
    inputs = {role: file_digest(path) for role, path in named.items() if path is not None}
    given = {
        "pixel_spacing": case.pixel_spacing,
        "window": case.window,
        "level": case.level,
        "energy": case.energy,
    }
    told = {"pixel_mm": list(image.frame.spacing), "step_hu": image.step_hu, "kind": image.kind}
    parameters = {**result.record.parameters, "given": given, "image": told}
    return replace(result, record=replace(result.record, inputs=inputs, parameters=parameters))


def run_case(
    case: CalcinosisCase, params: CalcinosisParams, folder: Path, tick: Tick = silent
) -> dict[str, Any]:
    """Open, analyse and save one finger image or volume.

    Parameters
    ----------
    case : CalcinosisCase
        Which.
    params : CalcinosisParams
        How.
    folder : Path
        Existing folder for the result.
    tick : Tick
        Progress.

    Returns
    -------
    dict
        The row of the study's table: case, every measurement, flags.
    """
    if is_volume(case.image):
        return run_volume(case, params, folder, tick)
    result = analysed(case, params, share(tick, 0.0, 0.9))
    save(result, folder)
    tick(1.0, 1.0, "done")
    return study_row(case.case_id, result.measurements, "total_area", result.flags)


def _opened(case: CalcinosisCase) -> tuple[FingerImage, EnergyPair | None]:
    def one(path: Path) -> FingerImage:
        return open_finger(path, pixel_spacing=case.pixel_spacing, window=case.window, level=case.level)

    image = one(case.image)
    if case.image_high is None:
        if case.energy in ("low", "high"):
            said = f"the {case.energy} energy alone was used: its HU are not those of the mixed image"
            image = replace(image, warnings=(*image.warnings, said))
        return image, None
    if case.energy in ("mixed", "high"):
        raise InputError(
            "image_high needs the low energy as image; give that, or leave image_high empty",
            source=case.image,
        )
    return joined(image, one(case.image_high))


def _is_image(path: Path, root: Path) -> bool:
    if is_no_input(path, root) or not path.is_file() or path.stem.endswith(_MASK):
        return False
    suffix = path.suffix.lower()
    if path.name.lower().endswith((".nii", ".nii.gz")):
        return True
    return suffix in PICTURES or (suffix in _DICOM and _is_dicom(path))


def _is_dicom(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(132)[128:] == b"DICM"


def _mask_of(image: Path) -> Path | None:
    for ending in (*PICTURES, ".ome.zarr"):
        path = image.with_name(image.stem + _MASK + ending)
        if path.exists():
            return path
    return None
