"""``ssc skin stability``: how much scores move when the stain does."""

from __future__ import annotations

from pathlib import Path

from ssc_core.cli.running import Out, bar
from ssc_core.errors import CasesFailed
from ssc_core.io.output import staged
from ssc_core.params import parsed
from ssc_core.skin.case import SkinCase

__all__ = ["stability"]


def stability(
    given: Path,
    /,
    *,
    model: Path,
    out: Out,
    n_patches: int | None = None,
    roi: Path | None = None,
    mpp: float | None = None,
    scene: int | None = None,
    case_id: str = "case",
) -> None:
    """Score slides as they are and with paler, deeper and turned stains, and report how far scores move.

    Parameters
    ----------
    given
        Slide, or manifest (.csv) of a cohort.
    model
        Folder that 'ssc skin fit' wrote.
    n_patches
        Patches per slide; as in the model's training by default.
    roi
        Dermis of a single slide (GeoJSON).
    mpp
        Micrometres per pixel of a single slide, where the file does not say.
    scene
        Which scene of a single slide that holds several.
    case_id
        Name of a single slide.
    """
    from ssc_core.skin.scores.making import cases_of
    from ssc_core.skin.scores.model import load_model
    from ssc_core.skin.scores.stain_stability import save_stability, stain_stability

    if given.suffix.lower() == ".csv":
        cases = cases_of(given)
    else:
        one = {"case_id": case_id, "slide": given, "roi": roi, "mpp": mpp, "scene": scene}
        cases = [parsed(SkinCase, one)]
    frozen = load_model(model)
    with bar() as tick, staged(out) as folder:
        found = stain_stability(cases, frozen, n_patches=n_patches, tick=tick)
        save_stability(found, cases, frozen, folder)
    print(found.table.to_string(index=False, float_format=lambda v: f"{v:.3g}", na_rep="-"))
    print(f"Result: {out}")
    if found.failures:
        raise CasesFailed(f"{len(found.failures)} slides failed; the reasons are in {out / 'failures.csv'}")
