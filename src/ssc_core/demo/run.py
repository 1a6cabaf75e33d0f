"""Build the study, run the three batches, write the report. A second run does only what is missing."""

from __future__ import annotations

from pathlib import Path

import ssc_core
from ssc_core.cohort import run_batch
from ssc_core.demo import calcinosis, lung, skin
from ssc_core.demo.study import Part
from ssc_core.errors import CasesFailed
from ssc_core.io.output import RECORD, claim
from ssc_core.progress import Tick, share, silent
from ssc_core.report import Page
from ssc_core.results import record_run

__all__ = ["run_demo"]

_ROOMS = {"skin": (skin, 0.35), "lung": (lung, 0.5), "calcinosis": (calcinosis, 0.15)}
_BUILDING = 0.6  # share of a room's time that goes into its phantoms


def run_demo(folder: str | Path, *, seed: int = 0, workers: int = 2, tick: Tick = silent) -> Path:
    """Analyse a small synthetic study and compare the results with the truth.

    Parameters
    ----------
    folder : path-like
        Gets ``study/`` (images with their truth), ``results/`` (as any batch writes them), ``report.html``
        and ``run.json``.
    seed : int
        Of the phantoms.
    workers : int
        Cases at a time; the results do not depend on it.
    tick : Tick
        Progress; may raise ``Cancelled``.

    Returns
    -------
    Path
        The report.

    Raises
    ------
    OutputError
        If the folder holds other people's files or cannot be written.
    CasesFailed
        If a case failed: a defect of ours.
    """
    folder = Path(folder)
    claim(folder)
    (folder / RECORD).write_text(_record(seed).to_json(), encoding="utf-8")
    sections, done = [], 0.0
    for name, (room, weight) in _ROOMS.items():
        part = Part(name, folder, seed)
        middle = done + weight * _BUILDING
        part.build(room.build, share(tick, done, middle))
        outcome = run_batch(
            name, part.manifest, part.results, workers=workers, tick=share(tick, middle, done + weight)
        )
        if outcome.failed:
            raise CasesFailed(f"{outcome.failed} cases failed; the reasons are in {outcome.failures}")
        sections.append(room.section(part))
        done += weight
    page = Page(
        "A small study with known answers",
        "Three kinds of synthetic images, analysed by the same commands that real ones go through, and what "
        "was measured beside what is true. Phantoms are not patients: nothing here says how well the "
        "software agrees with experts.",
        sections,
        {"demo": _record(seed)},
    )
    report = page.write(folder / "report.html")
    tick(1, 1, "done")
    return report


def _record(seed: int) -> ssc_core.RunRecord:
    return record_run("demo", {"seed": seed}, {}, seed=seed)
