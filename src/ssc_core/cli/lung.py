"""``ssc lung``: chest CT."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from ssc_core.cli.running import Out, Workers, analyse_one
from ssc_core.cli.running import batch as run_manifest
from ssc_core.lung.case import LungCase
from ssc_core.lung.params import LungParams
from ssc_core.params import parsed

__all__ = ["app"]

app = App(name="lung", result_action="return_value")
Options = Annotated[LungParams, Parameter(name="*")]
_DEFAULT = LungParams()


@app.command
def analyse(
    ct: Path,
    /,
    *,
    out: Out,
    series: str | None = None,
    series_rule: str | None = None,
    resample_gaps: bool = False,
    mask: Path | None = None,
    case_id: str = "case",
    params: Options = _DEFAULT,
) -> None:
    """Find both lungs and the five Goh levels of one chest CT; measure areas and densities per level.

    Parameters
    ----------
    ct
        DICOM folder, NIfTI, NRRD or MHA.
    series
        Which series of a folder that holds several.
    series_rule
        How to choose among several where none is named, as 'thinnest axial, kernel B40f|B30f'.
    resample_gaps
        Fill missing slices by linear interpolation; the filled ones are listed.
    mask
        Lung mask in the CT's own frame (1 right lung, 2 left lung); without it the lungs are found.
    case_id
        Name of the case in the result.
    """
    given = {"case_id": case_id, "ct": ct, "series": series, "series_rule": series_rule}
    case = parsed(LungCase, {**given, "resample_gaps": resample_gaps, "mask": mask})
    analyse_one("lung", case, params, out)


@app.command
def batch(manifest: Path, /, *, out: Out, workers: Workers = 1, params: Options = _DEFAULT) -> None:
    """Analyse every CT of a manifest; finished cases are skipped when it is run again.

    Parameters
    ----------
    manifest
        CSV made by 'ssc manifest lung FOLDER'.
    """
    run_manifest("lung", manifest, out, params, workers)
