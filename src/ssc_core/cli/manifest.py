"""``ssc manifest ROOM FOLDER``: list the cases of a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from ssc_core.cohort import room, write_manifest
from ssc_core.errors import EmptyError, InputError

__all__ = ["app"]

app = App(name="manifest", result_action="return_value")


@app.default
def manifest(
    room_name: Annotated[Literal["skin", "lung", "calcinosis"], Parameter(name="ROOM")],
    folder: Path,
    /,
    *,
    out: Annotated[Path, Parameter(name=["--out", "-o"])] = Path("manifest.csv"),
) -> None:
    """List the cases of a folder in a CSV that 'batch' reads.

    Cases get neutral names (case-0001 ...), because file names may identify patients. Open the CSV in a
    spreadsheet to add what is missing: pixel sizes, regions, clinical columns.

    Parameters
    ----------
    room_name
        Which analysis the cases are for.
    folder
        Searched with everything below it.
    out
        The CSV to write; an existing file is not overwritten.
    """
    if not folder.is_dir():
        raise InputError("there is no such folder; name the folder that holds the images", source=folder)
    cases = room(room_name).discover(folder)
    if not cases:
        raise EmptyError(
            f"no image that '{room_name}' can read lies in this folder; name another", source=folder
        )
    write_manifest(cases, out)
    print(f"{len(cases)} cases listed in {out}")
