"""One page about one scored slide."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ssc_core.io.output import RECORD
from ssc_core.io.roi import read_rois
from ssc_core.io.slide import open_slide
from ssc_core.io.tables import write_table
from ssc_core.plots.skin import overview
from ssc_core.plots.skin_scores import histograms, patch_montage
from ssc_core.plots.style import save_figure
from ssc_core.progress import Tick, share, silent
from ssc_core.report import Figure, Note, Numbers, Page, Section, Table
from ssc_core.results import record_run
from ssc_core.skin.case import SkinCase
from ssc_core.skin.drawing import boxes_um
from ssc_core.skin.feature_case import inputs_of
from ssc_core.skin.scores.model import ScoreModel
from ssc_core.skin.scores.slide_score import SlideScore, score_slide

__all__ = ["case_report", "report_case"]


def report_case(case: SkinCase, model: ScoreModel, folder: Path, tick: Tick = silent) -> SlideScore:
    """Open and score the slide of a case, and write its page.

    Parameters
    ----------
    case : SkinCase
        Slide and, where somebody drew it, dermis.
    model : ScoreModel
        A frozen model.
    folder : Path
        Existing folder, as ``staged`` yields it.
    tick : Tick
        Progress.
    """
    slide = open_slide(case.slide, mpp=case.mpp, scene=case.scene)
    mask = None if case.roi is None else read_rois(case.roi, offset=slide.qupath_offset)
    found = score_slide(slide, model, case_id=case.case_id, mask=mask, tick=share(tick, 0.0, 0.9))
    tick(0.9, 1.0, "writing the page")
    case_report(found, folder, inputs=inputs_of(case))
    tick(1.0, 1.0, "done")
    return found


def case_report(found: SlideScore, folder: Path, *, title: str = "Biopsy", inputs: dict[str, str]) -> Page:
    """Write the page ``index.html``, its figures, ``patches.csv/.parquet`` and ``run.json``.

    Parameters
    ----------
    found : SlideScore
        What is reported.
    folder : Path
        Existing folder, as ``staged`` yields it.
    title : str
        Neutral name; never a patient's.
    inputs : dict of str to str
        Role to digest.
    """
    name, drawn = found.score_name, found.drawn
    label = name.replace("_", " ")
    low, high = found.extremes()
    rows = np.concatenate([low, high])
    figures = {
        "slide": overview(drawn.overview, drawn.frame, drawn.mask, boxes_um(drawn.fields)),
        "histogram": histograms(
            {title: found.patches[name].to_numpy(float)}, label=f"{label} of patches (AU)"
        ),
        "extremes": patch_montage(found.pictures[rows], ["lowest", "highest"], len(low)),
    }
    for stem, fig in figures.items():
        for ending in ("png", "svg"):
            save_figure(fig, folder / f"{stem}.{ending}")
    shown = [
        c for c in found.patches.columns if c in ("field", "y_um", "x_um", "inside_share", *found.scores)
    ]
    write_table(folder, "patches", found.patches[shown])
    record = record_run(
        "skin score", {"case": title, "patches": len(found.patches)}, inputs, seed=drawn.fields.seed,
        warnings=found.flags, weights={"scores": found.model},
    )  # fmt: skip
    (folder / RECORD).write_text(record.to_json(), encoding="utf-8", newline="\n")
    unit_of_work = (
        "Arbitrary units of the cohort that the model was trained on: not mRSS, and not comparable between "
        "laboratories without validation. Not for clinical use."
    )
    page = Page(
        title,
        unit_of_work,
        [
            Section("Scores", [Numbers(found.scores), *(Note(f, "warning") for f in found.flags)]),
            Section("Where the patches lie", [Figure(figures["slide"], "Dermis and patches, in true size.")]),
            Section("How the patches score", [
                Figure(figures["histogram"], "The dotted line is the biopsy's score."),
                Figure(figures["extremes"], "Patches with the lowest and the highest score."),
            ]),
            Section("The patches", [Table(found.patches[shown].describe().reset_index(), "In numbers.")]),
        ],
        {"score": record},
    )  # fmt: skip
    page.write(folder / "index.html")
    return page
