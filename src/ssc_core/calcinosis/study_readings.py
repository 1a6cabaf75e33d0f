"""What the software measured in a whole study, in the form in which a reader's table is read."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from ssc_core.errors import EmptyError, FormatError
from ssc_core.io.tables import read_table

__all__ = ["study_table"]

_TABLE, _FAILURES = "lesions.csv", "failures.csv"


def study_table(folder: str | Path) -> pd.DataFrame:
    """Lesions of all images of a batch, and the images that could not be measured.

    Parameters
    ----------
    folder : path-like
        What ``ssc calcinosis batch`` wrote.

    Returns
    -------
    DataFrame
        case_id, lesion (its label), area_mm2, unusable (why an image has no result; else empty).

    Raises
    ------
    FormatError
        If it holds no results of a batch, or results of volumes, which have no areas.
    EmptyError
        If no lesion was found in it.
    """
    folder = Path(folder)
    paths = sorted((folder / "cases").glob(f"*/{_TABLE}"))
    if not paths:
        raise FormatError("this folder holds no results of 'ssc calcinosis batch'", source=folder)
    parts = []
    for path in paths:
        table = read_table(path)
        if "area_mm2" not in table:
            raise FormatError("areas are compared, and these are results of volumes", source=folder)
        area, label = table["area_mm2"].map("{:.9g}".format), table["label"].astype(str)
        names = pd.Series(path.parent.name, table.index)
        parts.append(pd.DataFrame({"case_id": names, "lesion": label, "area_mm2": area, "unusable": ""}))
    failures = folder / _FAILURES
    if failures.is_file():
        failed = read_table(failures)
        parts.append(failed[["case_id"]].assign(lesion="", area_mm2="", unusable=failed["reason"]))
    whole = pd.concat(parts, ignore_index=True)
    if not (whole["unusable"] == "").any():
        raise EmptyError("no lesion was found in any image of this study", source=folder)
    return whole[["case_id", "lesion", "area_mm2", "unusable"]].astype("string")
