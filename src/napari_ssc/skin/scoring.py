"""What the tab of scores runs, saves and says as commands. No Qt."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari_ssc._command import line_of, options_of
from napari_ssc._drawn_files import case_with
from ssc_core.progress import Tick

__all__ = ["Picked", "commands", "mapped", "save_mapped", "save_report", "save_scored", "scored"]


@dataclass(frozen=True, eq=False)
class Picked:
    """A slide and the region of it that is scored.

    Parameters
    ----------
    name : str
        For people.
    source : Slide
        The opened slide.
    case : SkinCase
        The manifest row that opened it.
    drawn : mapping
        ``roi`` where a dermis was drawn.
    """

    name: str
    source: Any
    case: Any
    drawn: Mapping[str, Any]


def scored(picked: Picked, model: Any, tick: Tick) -> Any:
    """The slide's scores (``SlideScore``), as ``ssc skin score`` computes them."""
    from ssc_core.io.roi import read_rois
    from ssc_core.skin.scores.slide_score import score_slide

    with tempfile.TemporaryDirectory() as folder:
        case = case_with(picked.case, picked.drawn, picked.source, Path(folder))
        mask = None if case.roi is None else read_rois(case.roi, offset=picked.source.qupath_offset)
        return score_slide(picked.source, model, case_id=case.case_id, mask=mask, tick=tick)


def mapped(picked: Picked, model: Any, step_um: float, tick: Tick) -> tuple[Any, Any, Any]:
    """The map of the model's main score, its record and the slide, as ``ssc skin map`` makes them."""
    from ssc_core.skin.scores.map_case import mapped_case
    from ssc_core.skin.scores.map_params import MapParams
    from ssc_core.skin.scores.mapped import of_model

    with tempfile.TemporaryDirectory() as folder:
        case = case_with(picked.case, picked.drawn, picked.source, Path(folder))
        return mapped_case(case, of_model(model), MapParams.make(step_um=step_um), tick=tick)


def save_scored(found: Any, model: Path, folder: Path) -> None:
    """Write what ``ssc skin score`` writes, into a folder that does not exist yet."""
    from ssc_core.io.output import staged
    from ssc_core.skin.scores.scoring import save_scores

    with staged(folder) as staging:
        save_scores(found.table, {}, model, staging)


def save_mapped(made: tuple[Any, Any, Any], folder: Path) -> None:
    """Write what ``ssc skin map`` writes, into a folder that does not exist yet."""
    from ssc_core.io.output import staged
    from ssc_core.skin.scores.map_case import save_map

    found, record, slide = made
    with staged(folder) as staging:
        save_map(found, record, staging, qupath_offset=slide.qupath_offset)


def save_report(picked: Picked, found: Any, folder: Path) -> None:
    """Write the page that ``ssc skin case-report`` writes, into a folder that does not exist yet."""
    from ssc_core.io.output import staged
    from ssc_core.skin.feature_case import inputs_of
    from ssc_core.skin.scores.case_report import case_report

    with staged(folder) as staging, tempfile.TemporaryDirectory() as drawn:
        case = case_with(picked.case, picked.drawn, picked.source, Path(drawn))
        case_report(found, staging, inputs=inputs_of(case))


def commands(picked: Picked, model: Path, step_um: float, folder: Path | None) -> str:
    """The lines of the shell that score, map and report the same; a drawn dermis is written into `folder`."""
    from ssc_core.skin.scores.map_params import MapParams

    case = picked.case if folder is None else case_with(picked.case, picked.drawn, picked.source, folder)
    said = {"model": model, **options_of(case, "slide")}
    step = {} if step_um == MapParams.model_fields["step_um"].default else {"step_um": step_um}
    return "\n".join(
        line_of(["ssc", "skin", what, str(case.slide)], {**said, **more}, f"skin-{what}")
        for what, more in (("score", {}), ("map", step), ("case-report", {}))
    )
