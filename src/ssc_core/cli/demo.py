"""``ssc demo``: the main job."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from ssc_core.cli.running import Workers, bar
from ssc_core.demo import run_demo

__all__ = ["app"]

app = App(name="demo", result_action="return_value")


@app.default
def demo(
    *,
    out: Annotated[Path, Parameter(name=["--out", "-o"])] = Path("demo-output"),
    seed: int = 0,
    workers: Workers = 2,
) -> None:
    """Build a small study with known answers, analyse it, write a report.

    Parameters
    ----------
    out
        Folder for the study, its results and the report. Run again, only what is missing is done.
    seed
        Of the synthetic images.
    """
    with bar() as tick:
        report = run_demo(out, seed=seed, workers=workers, tick=tick)
    print(f"The report is ready: open {report} in a browser.")
