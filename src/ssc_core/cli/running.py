"""What all rooms' commands do: run with a progress bar, print the main table, say where the rest is."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
from cyclopts import Parameter
from tqdm import tqdm

from ssc_core.cohort import room, run_batch
from ssc_core.cohort.manifest import path_fields
from ssc_core.errors import CasesFailed, InputError
from ssc_core.io.output import staged
from ssc_core.params import Params
from ssc_core.progress import Tick

__all__ = ["Out", "Workers", "analyse_one", "bar", "batch"]

Out = Annotated[Path, Parameter(name=["--out", "-o"], help="Folder for the result.")]
Workers = Annotated[int, Parameter(name=["--workers", "-j"], help="Number of cases at a time.")]

_WIDTH = 160


@contextmanager
def bar() -> Iterator[Tick]:
    """A progress bar with the time left on the standard error; silent when that is not a terminal."""
    with tqdm(
        total=1.0,
        disable=None,
        leave=False,
        file=sys.stderr,
        bar_format="{desc:<28.28} {percentage:3.0f}% |{bar}| {elapsed} so far, {remaining} left",
    ) as shown:

        def tick(done: float, total: float, what: str, /) -> None:
            shown.set_description(what, refresh=False)
            shown.update(max(done / total if total else 0.0, shown.n) - shown.n)
            shown.refresh()

        yield tick


def analyse_one(room_name: str, case: Any, params: Params, out: Path) -> None:
    """Analyse one case into `out` and print its main table."""
    chosen = room(room_name)
    with bar() as tick, staged(out) as folder:
        try:
            row = chosen.run_case(case, params, folder, tick)
        except InputError as error:
            raise _named(error, case) from error
    table = pd.read_csv(out / chosen.main_table)
    print(_text(table) if len(table) else "(nothing found)")
    print()
    for name, value in row.items():
        if isinstance(value, str) and value and name != "case_id":
            print(f"{name}: {value}")
    print(f"Result: {out}")


def _named(error: InputError, case: Any) -> InputError:
    """`error` with the name of the case's image, if it names no file yet."""
    if error.source is not None:
        return error
    image = next(getattr(case, name) for name in path_fields(type(case)))
    return type(error)(error.message, source=image, private=error.private)


def batch(room_name: str, manifest: Path, out: Path, params: Params, workers: int) -> None:
    """Run a manifest and print how it ended.

    Raises
    ------
    CasesFailed
        If any case failed; the others are done.
    """
    with bar() as tick:
        outcome = run_batch(room_name, manifest, out, params, workers=workers, tick=tick)
    table = pd.read_csv(outcome.results)
    print(_text(table) if len(table) else "(no case finished)")
    print(f"\n{outcome.finished} finished, {outcome.skipped} finished before, {outcome.failed} failed")
    print(f"Results: {outcome.results}")
    if outcome.failed:
        number = "1 case" if outcome.failed == 1 else f"{outcome.failed} cases"
        raise CasesFailed(f"{number} failed; the reasons are in {outcome.failures}")


def _text(table: pd.DataFrame) -> str:
    return table.to_string(
        index=False, float_format=lambda v: f"{v:.4g}", na_rep="-", max_colwidth=48, line_width=_WIDTH
    )
