"""``ssc skin case-report``: one page about one slide."""

from __future__ import annotations

from pathlib import Path

from ssc_core.cli.running import Out, bar
from ssc_core.io.output import staged
from ssc_core.params import parsed
from ssc_core.skin.case import SkinCase

__all__ = ["case_report"]


def case_report(
    slide: Path,
    /,
    *,
    model: Path,
    out: Out,
    roi: Path | None = None,
    mpp: float | None = None,
    scene: int | None = None,
    case_id: str = "case",
) -> None:
    """Score one slide with a frozen model and write a page: scores, where patches lie, extremes.

    Parameters
    ----------
    slide
        Whole-slide image.
    model
        Folder that 'ssc skin fit' wrote.
    roi
        Dermis drawn in QuPath (GeoJSON); without it the dermis is proposed.
    mpp
        Micrometres per pixel, where the file does not say.
    scene
        Which scene of a slide that holds several.
    case_id
        Name of the case; patches are drawn from this name. The page does not show it.
    """
    from ssc_core.skin.scores.case_report import report_case
    from ssc_core.skin.scores.model import load_model

    case = parsed(SkinCase, {"case_id": case_id, "slide": slide, "roi": roi, "mpp": mpp, "scene": scene})
    frozen = load_model(model)
    with bar() as tick, staged(out) as folder:
        found = report_case(case, frozen, folder, tick)
    for name, m in found.scores.items():
        print(f"{name.replace('_', ' ')}: {m.value:.4g} ({m.low:.4g} to {m.high:.4g}) {m.unit}")
    for flag in found.flags:
        print(f"note: {flag}")
    print(f"Report: {out / 'index.html'}")
