"""``ssc calcinosis burden``."""

from __future__ import annotations

from pathlib import Path

from ssc_core.cli.running import Out

__all__ = ["burden"]


def burden(manifest: Path, study: Path, /, *, out: Out) -> None:
    """Sum the lesions of a study per finger, hand and visit: count, area or volume, mean HU.

    Parameters
    ----------
    manifest
        The CSV that 'ssc calcinosis batch' ran, with a column patient and, where known, visit, hand, finger.
    study
        Folder that 'ssc calcinosis batch' wrote.
    """
    from ssc_core.calcinosis.visits.study import BurdenCase, study_burden
    from ssc_core.cohort.manifest import read_manifest
    from ssc_core.io.digest import file_digest
    from ssc_core.io.output import RECORD, staged
    from ssc_core.io.tables import write_table
    from ssc_core.results import record_run

    table = study_burden(read_manifest(manifest, BurdenCase), study)
    with staged(out) as folder:
        write_table(folder, "burden", table)
        record = record_run("calcinosis burden", {}, {"manifest": file_digest(manifest)})
        (folder / RECORD).write_text(record.to_json(), encoding="utf-8", newline="\n")
    print(table.to_string(index=False, float_format=lambda v: f"{v:.4g}", na_rep="-"))
    print(f"Result: {out}")
