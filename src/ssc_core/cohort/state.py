"""What a batch knows about each case, kept on disk beside the results.

One small file per case, so that any process on any machine can tell what is done: the key of what the case
was run with, and why it failed if it did.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from ssc_core.cohort.manifest import path_fields
from ssc_core.params import Params
from ssc_core.results import versions

__all__ = ["CASES", "ROW", "CaseState", "forget", "key_of", "read_row", "read_state", "write_state"]

CASES = "cases"
ROW = "row.json"
_STATE = ".state"


@dataclass(frozen=True)
class CaseState:
    """How a case ended: the key it was run with, and its failure ("" when it succeeded)."""

    key: str
    error: str = ""
    reason: str = ""


def key_of(room_name: str, case: Any, params: Params) -> str:
    """Digest of what a result depends on: the row, its files as they are on disk, parameters, versions."""
    files = {}
    for name in path_fields(type(case)):
        value: Path | None = getattr(case, name)
        if value is not None:
            paths = sorted(p for p in value.rglob("*") if p.is_file()) if value.is_dir() else [value]
            files[name] = [(str(p), p.stat().st_size, p.stat().st_mtime_ns) for p in paths]
    parts = [room_name, case.model_dump(mode="json"), files, params.model_dump(mode="json"), versions()]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def read_state(out: Path, case_id: str) -> CaseState | None:
    """How the case ended, None if it has not ended."""
    path = out / _STATE / case_id
    return CaseState(**json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else None


def write_state(out: Path, case_id: str, state: CaseState) -> None:
    """Remember how the case ended."""
    path = out / _STATE / case_id
    path.parent.mkdir(exist_ok=True)
    partial = path.with_name(f"{case_id}.partial")
    partial.write_text(json.dumps(asdict(state)), encoding="utf-8")
    partial.replace(path)


def forget(out: Path, case_id: str) -> None:
    """Take back what was remembered, before the case is run again."""
    (out / _STATE / case_id).unlink(missing_ok=True)


def read_row(out: Path, case: BaseModel) -> dict[str, Any] | None:
    """The summary row of a finished case, None if there is none."""
    path = out / CASES / str(getattr(case, "case_id", "")) / ROW
    if not path.is_file():
        return None
    row: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return row
