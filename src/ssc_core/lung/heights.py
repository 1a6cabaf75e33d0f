"""Level heights counted from within the patient, so that agreement does not hang on where the table stood."""

from __future__ import annotations

import pandas as pd

__all__ = ["from_the_patient"]


def from_the_patient(reference: pd.DataFrame, levels: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Both tables with ``z_mm`` and ``slice`` counted from the mean of the patient's reference levels.

    The coordinates of a scanner differ by hundreds of mm between patients. An ICC over them is near 1 for any
    method, since it weighs errors against that spread. The same shift is taken from both tables, so that
    differences, MAE, bias and limits stay as they are, and ICC and correlation tell of the body alone.

    Parameters
    ----------
    reference, levels : DataFrame
        With columns patient, level, z_mm and perhaps slice, as text or numbers; "image" tells several CTs of
        one patient apart where both tables have it.

    Returns
    -------
    reference, levels : DataFrame
        Copies. A patient without a reference height has none in `levels` either.
    """
    keys = [c for c in ("patient", "image") if c in reference.columns and c in levels.columns]
    out = reference.copy(), levels.copy()
    for column in ("z_mm", "slice"):
        if column not in reference.columns:
            continue
        height = pd.to_numeric(reference[column], errors="coerce")
        middle = height.groupby([reference[k] for k in keys]).mean().rename("middle")
        for table in out:
            if column in table.columns:
                shift = table[keys].merge(middle.reset_index(), on=keys, how="left")["middle"].to_numpy()
                table[column] = pd.to_numeric(table[column], errors="coerce") - shift
    return out
