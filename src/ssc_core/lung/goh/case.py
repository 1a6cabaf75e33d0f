"""One chest CT of a study that is scored: its manifest row, and how it is run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from ssc_core.errors import InputError
from ssc_core.lung.case import LungCase, analysed
from ssc_core.lung.goh.cascade import score_lungs, with_inputs
from ssc_core.lung.goh.engines import scorer_of
from ssc_core.lung.goh.params import GohParams
from ssc_core.lung.goh.recalibration import read_recalibration
from ssc_core.lung.goh.results import GohResult
from ssc_core.lung.goh.save import save
from ssc_core.lung.goh.scores import PATTERNS
from ssc_core.lung.lnet.case import read_levels
from ssc_core.progress import Tick, share, silent

__all__ = ["GohCase", "discover", "run_case", "scored"]


class GohCase(LungCase):
    """One row of a manifest of CTs to be scored: that of the lung analysis, and what the stage needs."""

    levels: Annotated[
        Path | None, Field(description="Level table that a reader made: level, z_mm; empty to find them.")
    ] = None
    fvc_percent: Annotated[
        float | None, Field(description="Forced vital capacity in percent of predicted.", gt=0, le=250)
    ] = None


def discover(folder: str | Path) -> list[GohCase]:
    """CTs in a folder and below it, as :func:`ssc_core.lung.case.discover` finds them."""
    from ssc_core.lung.case import discover as found

    return [GohCase(**case.model_dump()) for case in found(folder)]


def scored(case: GohCase, params: GohParams, tick: Tick = silent) -> GohResult:
    """Open, analyse and score one CT; nothing is written.

    Raises
    ------
    InputError
        If CT, mask, levels, scorer or recalibration cannot be used.
    """
    scorer = scorer_of(params.scorer, params.device)
    recalibration = read_recalibration(params.recalibrate) if params.recalibrate else None
    levels = None if case.levels is None else read_levels(case.levels)
    try:
        lung = analysed(case, params, share(tick, 0.0, 0.4))
        result = score_lungs(
            lung, scorer, params, levels=levels, fvc_percent=case.fvc_percent, recalibration=recalibration,
            tick=share(tick, 0.4, 1.0),
        )  # fmt: skip
    except InputError as error:
        if error.source is not None:
            raise
        raise type(error)(error.message, source=case.ct, private=error.private) from error
    return with_inputs(result, lung.record)


def run_case(case: GohCase, params: GohParams, folder: Path, tick: Tick = silent) -> dict[str, Any]:
    """Open, score and save one CT.

    Parameters
    ----------
    case : GohCase
        Which.
    params : GohParams
        How.
    folder : Path
        Existing folder for the result.
    tick : Tick
        Progress.

    Returns
    -------
    dict
        The row of the study's table: patient scores with intervals, stage, scores per level, flags.

    Raises
    ------
    InputError
        As :func:`scored`.
    """
    result = scored(case, params, share(tick, 0.0, 0.95))
    tick(0.95, 1.0, "writing the result")
    save(result, folder, case.case_id)
    tick(1.0, 1.0, "done")
    row: dict[str, Any] = {"case_id": case.case_id, "scorer": result.scorer}
    for name, m in result.patient.items():
        row[f"mean_{name}" if name in PATTERNS else name] = m.value
        if name in PATTERNS:
            row |= {f"mean_{name}_low": m.low, f"mean_{name}_high": m.high}
    row |= {"stage": result.stage.name, "stage_why": result.stage.why}
    for values in result.scores.to_dict("records"):
        row |= {f"level_{values['level']}_{p}": values[p] for p in PATTERNS}
    return row | {"grade": result.lung.grade, "flags": "; ".join(result.flags)}
