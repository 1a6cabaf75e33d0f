"""Parameters out of an earlier result's ``run.json``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ssc_core.errors import FormatError, InputError

__all__ = ["parameters_of"]


def parameters_of(path: Path, room: str) -> dict[str, Any]:
    """Every parameter of a run record of this room.

    Raises
    ------
    FormatError
        If it is no run record.
    InputError
        If it belongs to another room or cannot be read.
    """
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        what, parameters = str(record["what"]), dict(record["parameters"])
    except OSError as error:
        raise InputError("the record cannot be read; choose a run.json", source=path) from error
    except (ValueError, KeyError, TypeError) as error:
        raise FormatError("this is no run record; choose the run.json of a result", source=path) from error
    if what.split()[:1] != [room]:
        raise InputError(f"this is a record of '{what}', not of the {room} panel", source=path)
    return parameters
