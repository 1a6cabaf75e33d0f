"""Who the patients were: Table 2 of Correia et al. 2020, and how the controls match."""

from __future__ import annotations

from typing import Any

import pandas as pd

__all__ = ["matching", "population", "table_two"]

EARLY_MONTHS = 24
"""Early SSc is a disease duration below this (Correia et al. 2020, Methods)."""

_COLUMNS = {"SSc": "SSc patients", "control": "Healthy controls"}


def table_two(biopsies: pd.DataFrame) -> pd.DataFrame:
    """Clinical characteristics of patients and controls at their first biopsy.

    Parameters
    ----------
    biopsies : DataFrame
        One row per biopsy, see :class:`~ssc_core.skin.scores.cohort_table.Cohort`.

    Returns
    -------
    DataFrame
        ``characteristic``, a column per group, ``missing``. Shares are of those in whom it is known.
    """
    people = _first_visits(biopsies)
    groups = {s: people[people["status"] == s] for s in _COLUMNS if (people["status"] == s).any()}
    head = {s: f"{_COLUMNS[s]} (n = {len(g)})" for s, g in groups.items()}
    races = people["race"].dropna().str.lower()
    bodies = sorted({b for text in people["autoantibodies"].dropna() for b in _several(text)} - {"none"})
    lines = [
        ("Age, years, mean ± SD", "age", _mean),
        ("Women, n (%)", "sex", lambda c: _share(c == "F", c)),
        *(
            (f"Race: {r}, n (%)", "race", lambda c, r=r: _share(c.str.lower() == r, c))
            for r in races.value_counts().index
        ),
        ("SSc disease duration, months, mean ± SD", "duration_months", _mean),
        ("Early SSc (< 24 months), n (%)", "duration_months", lambda c: _share(c < EARLY_MONTHS, c)),
        ("dcSSc, n (%)", "subset", lambda c: _share(c == "diffuse", c)),
        ("mRSS, median (IQR)", "mrss", _median),
        ("Local skin score, median (IQR)", "local_skin_score", _median),
        *(
            (f"{b}, n (%)", "autoantibodies", lambda c, b=b: _share(c.map(lambda t: b in _several(t)), c))
            for b in bodies
        ),
        ("Biopsies", "n_biopsies", lambda c: str(int(c.sum()))),
    ]  # fmt: skip
    rows = []
    for title, column, said in lines:
        row = {"characteristic": title}
        for status, group in groups.items():
            known = group[column].dropna()
            row[head[status]] = said(known) if len(known) else "–"
        missing = {s: int(g[column].isna().sum()) for s, g in groups.items() if g[column].notna().any()}
        row["missing"] = ", ".join(f"{n} {s}" for s, n in missing.items() if n)
        rows.append(row)
    return pd.DataFrame(rows)


def matching(biopsies: pd.DataFrame, years: float = 10) -> str:
    """How many controls have a patient of the same sex and race within `years` of age, as in the paper."""
    people = _first_visits(biopsies)
    controls, patients = people[people["status"] == "control"], people[people["status"] == "SSc"]
    complete = controls.dropna(subset=["age", "sex", "race"])
    if not len(controls):
        return "there are no controls"
    found = 0
    for age, sex, race in zip(complete["age"], complete["sex"], complete["race"], strict=True):
        alike = (patients["sex"] == sex) & (patients["race"].str.lower() == race.lower())
        found += bool((alike & patients["age"].between(age - years, age + years)).any())
    unknown = len(controls) - len(complete)
    tail = f"; age, sex or race of {unknown} is unknown" if unknown else ""
    return (
        f"{found} of {len(controls)} controls have a patient of the same sex and race within {years:g} years"
        f" of age{tail}"
    )


def population(biopsies: pd.DataFrame) -> dict[str, object]:
    """What a model's card says of the people it was made from: numbers and ranges, nobody in particular."""
    people = _first_visits(biopsies)
    ssc = people[people["status"] == "SSc"]

    def span(column: str, of: pd.DataFrame) -> list[float] | None:
        known = of[column].dropna()
        return [float(known.min()), float(known.max())] if len(known) else None

    def share(hits: pd.Series[bool], known: pd.Series[bool]) -> float | None:
        return round(float(hits.sum() / known.sum()), 4) if known.any() else None

    return {
        "patients": len(ssc),
        "controls": int((people["status"] == "control").sum()),
        "biopsies": len(biopsies),
        "age": span("age", people),
        "mrss": span("mrss", biopsies[biopsies["status"] == "SSc"]),
        "women": share(people["sex"] == "F", people["sex"].notna()),
        "diffuse": share(ssc["subset"] == "diffuse", ssc["subset"].notna()),
        "early": share(ssc["duration_months"] < EARLY_MONTHS, ssc["duration_months"].notna()),
        "sites": int(biopsies["site"].nunique()),
        "stain_batches": int(biopsies["stain_batch"].nunique()),
    }


def _first_visits(biopsies: pd.DataFrame) -> pd.DataFrame:
    """Each patient's first row, every optional column there."""
    wanted = ("age", "sex", "race", "duration_months", "subset", "mrss", "local_skin_score", "autoantibodies",
              "site", "stain_batch")  # fmt: skip
    table = biopsies.copy()
    for name in wanted:
        if name not in table:
            table[name] = None
    for name in ("race", "autoantibodies", "sex", "subset"):
        table[name] = table[name].astype(object).where(table[name].notna() & (table[name] != ""), None)
    for name in ("age", "duration_months", "mrss", "local_skin_score"):
        table[name] = pd.to_numeric(table[name])
    table["n_biopsies"] = table.groupby("patient_id")["biopsy_id"].transform("size")
    return table.sort_values(["visit_months", "biopsy_id"], kind="stable").drop_duplicates("patient_id")


def _several(text: object) -> list[str]:
    return [part.strip() for part in str(text).split(";") if part.strip()]


def _mean(column: pd.Series[float]) -> str:
    spread = f" ± {column.std():.0f}" if len(column) > 1 else ""
    return f"{column.mean():.0f}{spread}"


def _median(column: pd.Series[float]) -> str:
    low, middle, high = column.quantile([0.25, 0.5, 0.75])
    return f"{middle:g} ({high - low:g})"


def _share(hits: pd.Series[bool], known: pd.Series[Any]) -> str:
    return f"{int(hits.sum())} ({100 * hits.sum() / len(known):.0f} %)"
