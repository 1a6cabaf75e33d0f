"""Who the patients are: the table of characteristics that opens a paper."""

from __future__ import annotations

import pandas as pd

__all__ = ["cohort_table"]

_FEW = 12
_YES = frozenset({"yes", "true", "positive", "1"})
_NO = frozenset({"no", "false", "negative", "0"})


def cohort_table(patients: pd.DataFrame, by: str | None = None) -> pd.DataFrame:
    """Characteristics of a cohort, one patient per row.

    Numbers become mean (SD) and median (IQR), yes/no columns n (%), and other text n (%) for each of its
    values. Percentages are of the patients in whom the characteristic is known; missing ones are counted.

    Parameters
    ----------
    patients : DataFrame
        One row per patient, columns as text or numbers. A column of text with more than twelve values, or
        with more values than half the patients (names, dates), is left out and listed in
        ``attrs["left_out"]``.
    by : str, optional
        Column whose values become the table's columns, as healthy and SSc.

    Returns
    -------
    DataFrame
        Columns ``characteristic``, one per group, and ``missing``.
    """
    groups = {"all": patients}
    if by is not None:
        groups = {str(name): part for name, part in patients.groupby(by, sort=True)}
    rows: list[dict[str, str]] = [
        {"characteristic": "patients", **{g: str(len(p)) for g, p in groups.items()}}
    ]
    left_out = []
    written = patients.attrs.get("written", {})
    for name in (c for c in patients.columns if c not in (by, "patient")):
        column, label = patients[name], written.get(name, str(name))
        known = column.dropna().astype(str).str.strip().str.lower()
        numbers = pd.to_numeric(column, errors="coerce")
        missing = int(column.isna().sum())
        if len(known) and set(known) <= _YES | _NO:
            new = [_share(name, groups, _YES, label)]
        elif len(known) and numbers.notna().sum() == len(known):
            new = [_mean(name, groups, label), _median(name, groups, label)]
        elif 0 < known.nunique() <= min(_FEW, len(known) / 2):
            new = [_share(name, groups, frozenset({v}), f"{label}: {v}") for v in sorted(set(known))]
        else:
            left_out.append(label)
            continue
        rows += [{**row, "missing": str(missing) if i == 0 and missing else ""} for i, row in enumerate(new)]
    table = pd.DataFrame(rows).fillna("")
    if "missing" not in table:
        table["missing"] = ""
    table.attrs["left_out"] = tuple(left_out)
    return table


def _share(name: str, groups: dict[str, pd.DataFrame], wanted: frozenset[str], label: str) -> dict[str, str]:
    out = {"characteristic": f"{label}, n (%)"}
    for group, part in groups.items():
        known = part[name].dropna().astype(str).str.strip().str.lower()
        n = int(known.isin(wanted).sum())
        out[group] = f"{n} ({100 * n / len(known):.1f})" if len(known) else "-"
    return out


def _mean(name: str, groups: dict[str, pd.DataFrame], label: str) -> dict[str, str]:
    out = {"characteristic": f"{label}, mean (SD)"}
    for group, part in groups.items():
        x = pd.to_numeric(part[name], errors="coerce").dropna()
        spread = f"{x.std(ddof=1):.1f}" if len(x) > 1 else "-"
        out[group] = f"{x.mean():.1f} ({spread})" if len(x) else "-"
    return out


def _median(name: str, groups: dict[str, pd.DataFrame], label: str) -> dict[str, str]:
    out = {"characteristic": f"{label}, median (IQR)"}
    for group, part in groups.items():
        x = pd.to_numeric(part[name], errors="coerce").dropna()
        low, middle, high = x.quantile([0.25, 0.5, 0.75]) if len(x) else (0, 0, 0)
        out[group] = f"{middle:.1f} ({low:.1f} to {high:.1f})" if len(x) else "-"
    return out
