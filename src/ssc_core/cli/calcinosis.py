"""``ssc calcinosis``: finger CT images."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from ssc_core.calcinosis.case import CalcinosisCase
from ssc_core.calcinosis.params import CalcinosisParams
from ssc_core.cli.running import Out, Workers, analyse_one
from ssc_core.cli.running import batch as run_manifest
from ssc_core.params import parsed

__all__ = ["app"]

app = App(name="calcinosis", result_action="return_value")
Options = Annotated[CalcinosisParams, Parameter(name="*")]
_DEFAULT = CalcinosisParams()


@app.command
def analyse(
    image: Path,
    /,
    *,
    out: Out,
    pixel_spacing: float | None = None,
    window: float | None = None,
    level: float | None = None,
    bones: Path | None = None,
    case_id: str = "case",
    params: Options = _DEFAULT,
) -> None:
    """Find bones and calcinosis lesions in one finger image; measure each lesion in mm2.

    Parameters
    ----------
    image
        DICOM image, or a PNG, JPEG or TIFF picture of one.
    pixel_spacing
        Millimetres per pixel, where the file does not say.
    window
        Width in HU of the window that a picture was saved with (1500 in the paper).
    level
        Its centre in HU (450 in the paper).
    bones
        Mask of the bones; without it they are found.
    case_id
        Name of the case in the result.
    """
    given = {"pixel_spacing": pixel_spacing, "window": window, "level": level, "bones": bones}
    case = parsed(CalcinosisCase, {"case_id": case_id, "image": image, **given})
    analyse_one("calcinosis", case, params, out)


@app.command
def batch(manifest: Path, /, *, out: Out, workers: Workers = 1, params: Options = _DEFAULT) -> None:
    """Analyse every image of a manifest; finished cases are skipped when it is run again.

    Parameters
    ----------
    manifest
        CSV made by 'ssc manifest calcinosis FOLDER'.
    """
    run_manifest("calcinosis", manifest, out, params, workers)
