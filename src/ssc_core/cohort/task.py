"""One case of a batch, as a task that any dask worker can run: picklable in, everything else on disk."""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from ssc_core.cohort.manifest import path_fields
from ssc_core.cohort.rooms import room
from ssc_core.cohort.state import CASES, ROW, CaseState, key_of, write_state
from ssc_core.errors import Cancelled, SscError
from ssc_core.io.output import staged
from ssc_core.params import Params

__all__ = ["PROGRESS", "STOPPED", "run_one"]

# What tasks in this process share with the thread that waits for them, by run.
STOPPED: set[str] = set()
PROGRESS: dict[str, dict[str, float]] = {}


@dataclass(frozen=True)
class _CaseTick:
    """Progress of one case inside a batch; stops the case when the batch is stopped."""

    token: str
    case_id: str

    def __call__(self, done: float, total: float, what: str, /) -> None:
        if self.token in STOPPED:
            raise Cancelled
        if self.token in PROGRESS:
            PROGRESS[self.token][self.case_id] = min(done / total, 0.99) if total else 0.0


def run_one(room_name: str, case: Any, params: Params, out: Path, token: str) -> None:
    """Run one case into its own folder. Never raises: a failure is remembered, and the rest goes on."""
    tick = _CaseTick(token, case.case_id)
    target = out / CASES / case.case_id
    key = ""
    try:
        tick(0, 1, "case")
        key = key_of(room_name, case, params)
        with staged(target) as folder:
            row = room(room_name).run_case(case, params, folder, tick)
            text = json.dumps({k: _plain(v) for k, v in row.items()})
            (folder / ROW).write_text(text + "\n", encoding="utf-8")
        state = CaseState(key)
    except Cancelled:
        return
    except SscError as error:
        state = CaseState(key, type(error).__name__, _without_paths(error.storable, case))
    except Exception as error:  # noqa: BLE001 (one broken case must not end the batch)
        command = room_name if " " in room_name else f"{room_name} analyse"
        advice = f"run this case alone with 'ssc {command}'"
        state = CaseState(key, "Unexpected", f"unexpected {type(error).__name__}; {advice}")
    if state.error:
        shutil.rmtree(target, ignore_errors=True)  # the result of an earlier run with other inputs
    write_state(out, case.case_id, state)
    if token in PROGRESS:
        PROGRESS[token][case.case_id] = 1.0


def _without_paths(reason: str, case: BaseModel) -> str:
    """`reason` without the names of the case's files, which may identify a patient."""
    for name in path_fields(type(case)):
        value = getattr(case, name)
        if value is not None:
            for text in (str(value), value.name, value.stem):
                reason = reason.replace(text, f"<{name}>") if len(text) > 2 else reason
    return reason


def _plain(value: Any) -> Any:
    """Numpy scalars as JSON values; a missing number is null."""
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, str | int | float | bool | None) else str(value)
