"""One biopsy of a study: its manifest row, how biopsies are found in a folder, how one is run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from ssc_core.io.digest import file_digest
from ssc_core.io.finding import folders_above, is_no_input
from ssc_core.io.roi import read_rois
from ssc_core.io.slide import Slide, open_slide
from ssc_core.params import Case
from ssc_core.progress import Tick, share, silent
from ssc_core.seeds import seed_of
from ssc_core.skin.params import SkinParams
from ssc_core.skin.pipeline import analyse
from ssc_core.skin.results import SkinResult
from ssc_core.skin.save import save

__all__ = ["SkinCase", "analysed", "discover", "run_case"]

_SLIDES = (
    ".svs", ".scn", ".ndpi", ".mrxs", ".bif", ".vms", ".vmu", ".svslide", ".czi", ".tif", ".tiff", ".png",
    ".jpg", ".jpeg",
)  # fmt: skip
_FOLDERS = (".zarr",)
_REGIONS = (".geojson", ".json")


class SkinCase(Case):
    """One row of a skin manifest. Columns that are not listed here are left alone."""

    case_id: Annotated[str, Field(description="Neutral name of the case; its fields are drawn from it.")]
    slide: Annotated[Path, Field(description="Whole-slide image or field.")]
    roi: Annotated[Path | None, Field(description="Regions as GeoJSON; empty to have them proposed.")] = None
    mpp: Annotated[float | None, Field(description="um per pixel, where the file does not say.", gt=0)] = None
    scene: Annotated[int | None, Field(description="Which of several scenes, from 0.", ge=0)] = None


def discover(folder: str | Path) -> list[SkinCase]:
    """Slides in a folder and below it, each with the regions that lie beside it.

    Parameters
    ----------
    folder : path-like
        Where to look. A region belongs to a slide when it has the slide's name (``A.svs`` and ``A.geojson``).

    Returns
    -------
    list of SkinCase
        In the order of their paths, named case-0001 ...: names of files may name patients.
    """
    folder = Path(folder)
    found = sorted(p for p in folder.rglob("*") if _is_slide(p, folder))
    return [
        SkinCase(case_id=f"case-{number:04d}", slide=path, roi=_region_of(path))
        for number, path in enumerate(found, 1)
    ]


def analysed(case: SkinCase, params: SkinParams, tick: Tick = silent) -> tuple[SkinResult, Slide]:
    """Open and analyse one biopsy; nothing is written.

    Returns
    -------
    SkinResult
        With its record complete.
    Slide
        What it was measured on.
    """
    slide = open_slide(case.slide, mpp=case.mpp, scene=case.scene)
    rois = None if case.roi is None else read_rois(case.roi, offset=slide.qupath_offset)
    seed = seed_of(params.seed, case.case_id, "fields")
    result = analyse(slide, params, mask=rois, seed=seed, tick=tick)
    inputs = {"slide": file_digest(case.slide)}
    if case.roi is not None:
        inputs["roi"] = file_digest(case.roi)
    given = {"mpp": case.mpp, "scene": case.scene, "slide": dict(slide.identifier_free)}
    record = replace(result.record, inputs=inputs, parameters={**result.record.parameters, "given": given})
    return replace(result, record=record), slide


def run_case(case: SkinCase, params: SkinParams, folder: Path, tick: Tick = silent) -> dict[str, Any]:
    """Open, analyse and save one biopsy.

    Parameters
    ----------
    case : SkinCase
        Which.
    params : SkinParams
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
    result, slide = analysed(case, params, share(tick, 0.0, 0.9))
    save(result, folder, qupath_offset=slide.qupath_offset)
    tick(1.0, 1.0, "done")
    values = {name: m.value for name, m in result.measurements.items()}
    return {"case_id": case.case_id, **values, "flags": "; ".join(result.flags)}


def _is_slide(path: Path, root: Path) -> bool:
    if is_no_input(path, root):
        return False
    if path.is_dir():
        return path.suffix.lower() in _FOLDERS
    # the index of a MIRAX slide is a file, its data lie in a folder of the same name
    of_mirax = any(f.with_suffix(".mrxs").is_file() for f in folders_above(path, root)[1:])
    return path.suffix.lower() in _SLIDES and not of_mirax


def _region_of(slide: Path) -> Path | None:
    stems = {slide.stem, slide.name, slide.name.split(".")[0]}
    for stem in sorted(stems, key=len, reverse=True):
        for ending in _REGIONS:
            path = slide.with_name(stem + ending)
            if path.is_file():
                return path
    return None
