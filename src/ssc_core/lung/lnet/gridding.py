"""Bring the CTs of a training to the grid, once, beside the run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from ssc_core.errors import EmptyError, InputError
from ssc_core.io.volume import Volume
from ssc_core.lung.lnet.case import KnownLevels, LevelCase, read_levels
from ssc_core.lung.lnet.contract import Contract
from ssc_core.lung.lnet.digests import digest_of_files, joined
from ssc_core.lung.lnet.grid import Heights, heights_of, low_resolution
from ssc_core.lung.lnet.items import Gridded, crop_starts
from ssc_core.progress import Tick, silent, track
from ssc_core.training.state import replace_file

__all__ = ["gridded"]


def gridded(
    cases: Sequence[LevelCase], contract: Contract, folder: Path, tick: Tick = silent
) -> tuple[list[Gridded], dict[str, str], list[KnownLevels]]:
    """Resample all CTs into `folder`; those that lie there from an earlier call are taken as they are.

    Parameters
    ----------
    cases : sequence of LevelCase
        Which.
    contract : Contract
        Of the network.
    folder : Path
        For the grids, named by the digest of the CT.
    tick : Tick
        Called before each CT.

    Returns
    -------
    list of Gridded
        In the order of `cases`.
    dict of str to str
        Digests of all CTs and of all level tables.
    list of KnownLevels
        In the order of `cases`.

    Raises
    ------
    InputError
        That lists all cases that cannot be used, or the error of the first CT that cannot be read.
    EmptyError
        If there is no case.
    """
    if not cases:
        raise EmptyError("there is no case to train on; add rows to the manifest")
    folder.mkdir(parents=True, exist_ok=True)
    known = [read_levels(case.table, case.case_id) for case in cases]
    out: list[Gridded] = []
    digests: list[str] = []
    problems: list[str] = []
    for case, levels in track(list(zip(cases, known, strict=True)), tick, "CTs to the grid"):
        image = case.open()
        digests.append(digest_of_files(image.files))
        path, heights = _grid(image, digests[-1], contract, folder)
        numbers = heights.from_mm(levels.array)
        try:
            crop_starts(numbers, contract.grid[0], contract.crop)
        except InputError as error:
            problems.append(f"{case.case_id}: {error.message}")
        out.append(Gridded(case.case_id, case.who, path, heights, numbers))
    if problems:
        raise InputError("some cases cannot be trained on:\n  " + "\n  ".join(problems))
    return out, {"ct": joined(digests), "levels": digest_of_files(case.table for case in cases)}, known


def _grid(image: Volume, digest: str, contract: Contract, folder: Path) -> tuple[Path, Heights]:
    shape = "x".join(map(str, contract.grid))
    path = folder / f"{digest[-24:]}-{shape}.npy"
    note = path.with_suffix(".json")
    heights = heights_of(image, contract.grid[0])
    if not note.is_file():  # written after the grid, so that a grid with a note is whole
        values = low_resolution(image, contract.grid)
        with path.open("wb") as file:
            np.save(file, values, allow_pickle=False)
        replace_file(note, json.dumps(asdict(heights), sort_keys=True).encode())
    return path, heights
