"""What a person has done with the cases of a manifest, kept beside it and safe against a kill."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

from ssc_core.cohort import ROOMS, read_manifest, room
from ssc_core.errors import FormatError, InputError, OutputError

__all__ = ["STATES", "Ledger"]

STATES = ("open", "seen", "approved", "excluded")


class Ledger:
    """Cases of a manifest with a state and a note each.

    Parameters
    ----------
    manifest : Path
        CSV as ``ssc manifest`` writes it; the room follows from its columns.

    Raises
    ------
    InputError
        If the manifest has problems, or belongs to no room.
    """

    def __init__(self, manifest: Path) -> None:
        self.manifest = manifest
        self.room = _room_of(manifest)
        self.cases: list[Any] = read_manifest(manifest, room(self.room).case)
        self.clinical = _clinical(manifest, set(room(self.room).case.model_fields))
        self._path = manifest.with_suffix(".worklist.json")
        self._kept = self._load()
        self.at = min(int(self._kept.get("at", 0)), len(self.cases) - 1)

    @property
    def case(self) -> Any:
        """The case in hand."""
        return self.cases[self.at]

    def state(self, case_id: str) -> str:
        """One of :data:`STATES`."""
        return str(self._entry(case_id).get("state", STATES[0]))

    def note(self, case_id: str) -> str:
        """What was noted."""
        return str(self._entry(case_id).get("note", ""))

    def keep(self, case_id: str, *, state: str | None = None, note: str | None = None) -> None:
        """Change an entry and write everything at once."""
        given = {"state": state, "note": note}
        self._entry(case_id).update({k: v for k, v in given.items() if v is not None})
        self._save()

    def go_to(self, at: int) -> None:
        """Take another case in hand; it is where the work reopens."""
        self.at = max(0, min(at, len(self.cases) - 1))
        if self.state(self.case.case_id) == "open":
            self._entry(self.case.case_id)["state"] = "seen"
        self._save()

    def _entry(self, case_id: str) -> dict[str, Any]:
        entries: dict[str, dict[str, Any]] = self._kept.setdefault("cases", {})
        return entries.setdefault(case_id, {})

    def _load(self) -> dict[str, Any]:
        if not self._path.is_file():
            return {}
        try:
            kept = json.loads(self._path.read_text(encoding="utf-8"))
            return {"at": int(kept.get("at", 0)), "cases": dict(kept["cases"])}
        except (ValueError, KeyError, TypeError) as error:
            raise FormatError(
                "the worklist file is damaged; rename or remove it", source=self._path
            ) from error

    def _save(self) -> None:
        self._kept["at"] = self.at
        text = json.dumps(self._kept, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
        partial = self._path.with_suffix(".partial")
        try:
            partial.write_text(text, encoding="utf-8")
            partial.replace(self._path)
        except OSError as error:
            raise OutputError("notes cannot be written beside the manifest", source=self._path) from error


def _rows(manifest: Path) -> list[dict[str, str]]:
    try:
        with manifest.open(encoding="utf-8-sig", newline="") as file:
            first = file.readline()
            file.seek(0)
            return list(csv.DictReader(file, delimiter=max(",;\t", key=first.count)))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("the manifest cannot be read; choose a CSV file", source=manifest) from error


def _room_of(manifest: Path) -> str:
    columns = {str(c).strip() for c in (_rows(manifest) or [{}])[0]}
    for name in ROOMS:
        fields = room(name).case.model_fields
        if {n for n, f in fields.items() if f.is_required()} <= columns:
            return name
    raise InputError(
        "the manifest needs case_id and one of slide, ct, image; make one with 'ssc manifest ROOM FOLDER'",
        source=manifest,
    )


def _clinical(manifest: Path, known: set[str]) -> dict[str, dict[str, str]]:
    """Columns that no room reads (mRSS, status ...), by case."""
    return {
        str(row.get("case_id", "")).strip(): {k: v for k, v in row.items() if k and k.strip() not in known}
        for row in _rows(manifest)
    }
