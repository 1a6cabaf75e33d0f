"""``ssc lung evaluate-levels``: levels against a reader's."""

from __future__ import annotations

import tempfile
from pathlib import Path

from ssc_core.errors import FormatError

__all__ = ["compare_levels"]


def compare_levels(reference: Path, levels: Path, out: Path) -> None:
    """Compare two tables of levels after both are counted from within the patient.

    Raises
    ------
    FormatError
        If a table has no patient (or case) or no height.
    """
    from ssc_core.agree.params import AgreeParams
    from ssc_core.agree.reading import read_table
    from ssc_core.cli.agree import agree
    from ssc_core.lung.heights import from_the_patient

    tables = []
    for path in (reference, levels):
        table = read_table(path)
        for needed in ("patient", "level", "z_mm"):
            if needed not in table.columns:
                raise FormatError(f"the table has no column {needed}; add it", source=path)
        tables.append(table)
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in ("reference.csv", "levels.csv")]
        for path, table in zip(paths, from_the_patient(*tables), strict=True):
            table.to_csv(path, index=False)
        agree(*paths, out=out, names=["reader", "levels"], params=AgreeParams(kind="position", by="level"))
