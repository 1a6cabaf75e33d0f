"""``ssc lung evaluate-levels``: levels against a reader's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ssc_core.cli.running import bar
from ssc_core.errors import ChoiceNeeded, FormatError
from ssc_core.io.digest import file_digest
from ssc_core.io.output import staged

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["compare_levels"]


def compare_levels(reference: Path, levels: Path, out: Path) -> None:
    """Compare two tables of levels after both are counted from within the patient.

    Raises
    ------
    FormatError
        If a table has no patient (or case) or no height.
    ChoiceNeeded
        If a table holds several raters or sessions.
    """
    from ssc_core.agree.engine import agree
    from ssc_core.agree.kinds import kind_named
    from ssc_core.agree.params import AgreeParams
    from ssc_core.agree.reading import readings_of
    from ssc_core.agree.save import save
    from ssc_core.agree.tables import paper_table
    from ssc_core.lung.heights import from_the_patient

    params = AgreeParams(kind="position", by="level")
    files = {"reader": reference, "levels": levels}
    counted = from_the_patient(*map(_heights, files.values()))
    given: list[Any] = []
    for (name, path), table in zip(files.items(), counted, strict=True):
        found = readings_of(table, kind_named(params.kind), name, source=path)
        if len(found) > 1:
            raise ChoiceNeeded("it holds several raters or sessions; give one", source=path)
        given += found
    inputs = {name: file_digest(path) for name, path in files.items()}
    with bar() as tick, staged(out) as folder:
        result = agree(given[0], given[1], params, tick=tick)
        save(result, folder, inputs, tick=tick)
    print(paper_table(result).T.to_string(header=False))
    for warning in result.warnings:
        print(f"note: {warning}")
    print(f"Result: {out}")


def _heights(path: Path) -> pd.DataFrame:
    from ssc_core.agree.reading import read_table

    table = read_table(path)
    for needed in ("patient", "level", "z_mm"):
        if needed not in table.columns:
            raise FormatError(f"the table has no column {needed}; add it", source=path)
    return table
