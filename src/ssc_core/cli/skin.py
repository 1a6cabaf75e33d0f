"""``ssc skin``: trichrome biopsies."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from ssc_core.cli.running import Out, Workers, analyse_one
from ssc_core.cli.running import batch as run_manifest
from ssc_core.cli.skin_case_report import case_report
from ssc_core.cli.skin_map import map_
from ssc_core.cli.skin_scores import discover, features, fit, report, score, validate
from ssc_core.cli.skin_stability import stability
from ssc_core.params import parsed
from ssc_core.skin.case import SkinCase
from ssc_core.skin.params import SkinParams

__all__ = ["app"]

app = App(name="skin", result_action="return_value")
for _command in (features, discover, fit, score, validate, stability, report, case_report):
    app.command(_command)
app.command(map_, name="map")
Options = Annotated[SkinParams, Parameter(name="*")]
_DEFAULT = SkinParams()


@app.command
def analyse(
    slide: Path,
    /,
    *,
    out: Out,
    roi: Path | None = None,
    mpp: float | None = None,
    scene: int | None = None,
    case_id: str = "case",
    params: Options = _DEFAULT,
) -> None:
    """Measure the dermis of one trichrome biopsy: patches, collagen, bundles, texture.

    Parameters
    ----------
    slide
        Whole-slide image, OME-TIFF, OME-Zarr or a single field.
    roi
        Regions drawn in QuPath (GeoJSON); without it the dermis is proposed.
    mpp
        Micrometres per pixel, where the file does not say; never derived from "40x".
    scene
        Which scene of a slide that holds several.
    case_id
        Name of the case; patches are drawn from --seed and this name.
    """
    case = parsed(SkinCase, {"case_id": case_id, "slide": slide, "roi": roi, "mpp": mpp, "scene": scene})
    analyse_one("skin", case, params, out)


@app.command
def batch(manifest: Path, /, *, out: Out, workers: Workers = 1, params: Options = _DEFAULT) -> None:
    """Analyse every slide of a manifest; finished cases are skipped when it is run again.

    Parameters
    ----------
    manifest
        CSV made by 'ssc manifest skin FOLDER'.
    """
    run_manifest("skin", manifest, out, params, workers)
