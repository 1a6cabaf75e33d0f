"""Run a room over a manifest: attempt all, resume, list failures, same results in any order.

Every case is one task of a dask graph. A task is given only picklable things (a manifest row, parameters, a
folder) and opens its files itself, so that the same graph runs on threads and on a cluster.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ssc_core.cohort.manifest import read_manifest
from ssc_core.cohort.rooms import room
from ssc_core.cohort.state import CASES, forget, key_of, read_row, read_state
from ssc_core.cohort.tables import FAILURES, RESULTS, write_tables
from ssc_core.cohort.task import PROGRESS, STOPPED, run_one
from ssc_core.errors import Cancelled, InputError
from ssc_core.io.output import RECORD, claim, sweep
from ssc_core.params import Params
from ssc_core.progress import Tick, silent
from ssc_core.results import record_run

__all__ = ["BatchOutcome", "run_batch"]

_POLL_S = 0.1
_FLUSH_S = 5.0


@dataclass(frozen=True)
class BatchOutcome:
    """How a batch ended: counts, and where the tables are."""

    folder: Path
    finished: int
    skipped: int
    failed: int

    @property
    def results(self) -> Path:
        """The table with one row per finished case, in the manifest's order."""
        return self.folder / RESULTS

    @property
    def failures(self) -> Path:
        """The table with one row per failed case and its reason."""
        return self.folder / FAILURES


def run_batch(
    room_name: str,
    manifest: str | Path,
    folder: str | Path,
    params: Params | None = None,
    *,
    workers: int = 1,
    tick: Tick = silent,
) -> BatchOutcome:
    """Analyse every case of a manifest.

    Parameters
    ----------
    room_name : {"skin", "lung", "calcinosis"}
        Which analysis.
    manifest : path-like
        CSV with one row per case, see :func:`~ssc_core.cohort.manifest.read_manifest`.
    folder : path-like
        Where results go: ``results.csv`` and ``.parquet``, ``failures.csv``, ``run.json`` and one folder per
        case. Cases that an earlier run finished with the same inputs and parameters are not run again.
    params : Params, optional
        The room's parameters; its defaults if None.
    workers : int
        Number of cases at a time. Results do not depend on it.
    tick : Tick
        Told the number of cases done (fractions included); raising ``Cancelled`` keeps what is finished.

    Returns
    -------
    BatchOutcome
        Also when cases failed: look at ``failed``.

    Raises
    ------
    InputError
        If the manifest has problems (all are listed) or `workers` is below 1.
    OutputError
        If the folder holds other people's files or cannot be written.
    Cancelled
        If `tick` or the user stopped the run; what was finished is in the tables.
    """
    if workers < 1:
        raise InputError(f"--workers must be at least 1 (given {workers})")
    chosen = room(room_name)
    params = params if params is not None else chosen.params()
    cases: list[Any] = list(read_manifest(manifest, chosen.case))
    out = Path(folder)
    claim(out)
    todo = [c for c in cases if not _is_finished(c, room_name, params, out)]
    for case in todo:
        forget(out, case.case_id)
    _write(out, room_name, params, cases)
    try:
        _compute(out, room_name, params, cases, todo, workers, tick)
    finally:
        _write(out, room_name, params, cases)
    for case in todo:
        sweep(out / CASES / case.case_id)
    failed = sum(bool(s and s.error) for s in (read_state(out, c.case_id) for c in todo))
    return BatchOutcome(out, len(todo) - failed, len(cases) - len(todo), failed)


def _compute(
    out: Path,
    room_name: str,
    params: Params,
    cases: Sequence[Any],
    todo: Sequence[Any],
    workers: int,
    tick: Tick,
) -> None:
    """Run the graph in a thread of its own, so that this one can tell progress and be stopped."""
    import dask

    token = uuid.uuid4().hex
    tasks = [dask.delayed(run_one, pure=False)(room_name, case, params, out, token) for case in todo]
    broken: list[BaseException] = []

    def work() -> None:
        try:
            dask.compute(*tasks, scheduler="threads", num_workers=workers)
        except BaseException as error:  # noqa: BLE001 (handed to the thread that waits)
            broken.append(error)

    thread = threading.Thread(target=work, name="ssc-batch", daemon=True)
    PROGRESS[token] = {}
    thread.start()
    flushed = time.monotonic()
    try:
        while thread.is_alive():
            thread.join(_POLL_S)
            tick(sum(list(PROGRESS[token].values())), len(todo), "cases")
            if time.monotonic() - flushed > _FLUSH_S:
                _write(out, room_name, params, cases)
                flushed = time.monotonic()
    except KeyboardInterrupt:
        raise Cancelled("stopped; finished cases are kept, run again to do the rest") from None
    finally:
        STOPPED.add(token)
        thread.join()
        PROGRESS.pop(token)
        STOPPED.discard(token)
    if broken:
        raise broken[0]


def _write(out: Path, room_name: str, params: Params, cases: Sequence[Any]) -> None:
    """Bring the tables up to date from what is on disk: any order of finishing gives the same bytes."""
    rows, failures = [], []
    for case in cases:
        state = read_state(out, case.case_id)
        if state is None:
            continue
        if state.error:
            failures.append({"case_id": case.case_id, "error": state.error, "reason": state.reason})
        elif (row := read_row(out, case)) is not None:
            rows.append({**row, "case_id": case.case_id})
    write_tables(out, rows, failures)
    warnings = tuple(f"{f['case_id']}: {f['reason']}" for f in failures)
    record = record_run(f"{room_name} batch", params.model_dump(mode="json"), {}, warnings=warnings)
    (out / RECORD).write_text(record.to_json(), encoding="utf-8")


def _is_finished(case: Any, room_name: str, params: Params, out: Path) -> bool:
    state = read_state(out, case.case_id)
    if state is None or state.error or read_row(out, case) is None:
        return False
    return state.key == key_of(room_name, case, params)
