"""A reading study on disk: which slices are read, and in whose order."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from ssc_core.errors import InputError
from ssc_core.io.output import RECORD, claim
from ssc_core.io.tables import FLOATS, read_table
from ssc_core.lung.reading.case import ReadCase, items_of
from ssc_core.lung.reading.queue import Item
from ssc_core.progress import Tick, share, silent
from ssc_core.results import record_run

__all__ = ["open_study"]

_COLUMNS = ["case_id", "patient", "level", "z_mm", "slice"]


def open_study(
    folder: str | Path, cases: Sequence[ReadCase], *, seed: int = 0, tick: Tick = silent
) -> tuple[tuple[Item, ...], int]:
    """Take up a reading study, or make it.

    Parameters
    ----------
    folder : path-like
        New, empty, or a study. ``items.csv`` (the slices) and ``run.json`` (the seed) are written once and
        hold for all readers.
    cases : sequence of ReadCase
        The CTs; a study that exists must hold the same cases.
    seed : int
        Of the readers' orders; an existing study keeps its own.
    tick : Tick
        Progress.

    Returns
    -------
    items : tuple of Item
    seed : int
        The one in effect.

    Raises
    ------
    InputError
        If a CT cannot be used, or the study was made of other cases.
    OutputError
        If the folder holds something else.
    """
    folder = claim(folder)
    listed, record = folder / "items.csv", folder / RECORD
    if not listed.is_file():
        items: list[Item] = []
        for i, case in enumerate(cases):
            items += items_of(case, share(tick, i / len(cases), (i + 1) / len(cases)))
        table = pd.DataFrame([{c: getattr(item, c) for c in _COLUMNS} for item in items], columns=_COLUMNS)
        # the record first: it is what makes the folder ours
        record.write_text(
            record_run("lung read", {"cases": len(cases)}, {}, seed=seed).to_json(), encoding="utf-8"
        )
        table.to_csv(listed, index=False, float_format=FLOATS, lineterminator="\n")
    table = read_table(listed).astype({"case_id": str, "patient": str})
    known = set(table["case_id"])
    given = {case.case_id for case in cases}
    if known != given:
        raise InputError(
            f"the study holds {len(known)} cases and the manifest {len(given)}, and they differ; a study "
            "keeps its cases, so that readers can be compared; name another folder with -o",
            source=folder,
        )
    kept = json.loads(record.read_text(encoding="utf-8"))["seed"]
    rows = table[_COLUMNS].itertuples(index=False)
    return tuple(Item(str(c), str(p), int(n), float(z), int(s)) for c, p, n, z, s in rows), int(kept)
