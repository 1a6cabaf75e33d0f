"""Burden of a study: each finger, hand and visit, from the results of a batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
from pydantic import Field

from ssc_core.calcinosis.burden import ALL, size_of, summed
from ssc_core.errors import EmptyError
from ssc_core.io.tables import read_table
from ssc_core.params import Case

__all__ = ["BurdenCase", "study_burden"]


class BurdenCase(Case):
    """Whose finger an image shows: columns of the manifest that ``ssc calcinosis batch`` ran."""

    patient: Annotated[str, Field(description="Neutral name of the patient.")]
    visit: Annotated[str | None, Field(description="Which visit; empty if there is one only.")] = None
    hand: Annotated[str | None, Field(description="left or right; empty if unknown.")] = None
    finger: Annotated[
        str | None, Field(description="Which finger the image shows; empty: as counted in the image.")
    ] = None


def study_burden(cases: Sequence[BurdenCase], folder: str | Path) -> pd.DataFrame:
    """Sums of a study.

    Parameters
    ----------
    cases : sequence of BurdenCase
        The manifest.
    folder : path-like
        What ``ssc calcinosis batch`` wrote for it.

    Returns
    -------
    DataFrame
        patient, visit, hand, finger ("all" in the sums of a hand and of a visit), images, not_measured
        (images of it without a result: then the sum is a lower bound), lesions, area_mm2 or volume_mm3,
        low, high, mean_hu. Images and volumes are summed apart.

    Raises
    ------
    EmptyError
        If no case has a result.
    """
    opened = [(case, _lesions(case, Path(folder))) for case in cases]
    if all(table is None for _, table in opened):
        raise EmptyError(
            "no case of the manifest has a result here; run 'ssc calcinosis batch' first", source=folder
        )
    keys = [(c.patient, c.visit or "", c.hand or "") for c in cases]
    rows: list[dict[str, Any]] = []
    for patient, visit in dict.fromkeys(k[:2] for k in keys):
        mine = [(k[2], o) for k, o in zip(keys, opened, strict=True) if k[:2] == (patient, visit)]
        place = {"patient": patient, "visit": visit}
        for hand in dict.fromkeys(h for h, _ in mine):
            here = [o for h, o in mine if h == hand]
            rows += [{**place, "hand": hand, **row} for row in _fingers(here)]
        rows += [{**place, "hand": ALL, "finger": ALL, **row} for row in _sums([o for _, o in mine])]
    return pd.DataFrame(rows)


_Opened = tuple[BurdenCase, pd.DataFrame | None]


def _lesions(case: BurdenCase, folder: Path) -> pd.DataFrame | None:
    path = folder / "cases" / case.case_id / "lesions.csv"
    if not path.is_file():
        return None
    table = read_table(path)
    return table.assign(finger=case.finger or table["finger"].astype(str))


def _fingers(opened: Sequence[_Opened]) -> Iterator[dict[str, Any]]:
    """Rows of one hand: each finger, then all."""
    names = {c.finger for c, _ in opened if c.finger}
    names |= {str(f) for _, t in opened if t is not None for f in t["finger"]}
    for name in sorted(names):
        shown = [(c, t) for c, t in opened if c.finger in (None, name)]
        parts = [(c, None if t is None else t[t["finger"] == name]) for c, t in shown]
        yield from ({"finger": name, **row} for row in _sums(parts))
    yield from ({"finger": ALL, **row} for row in _sums(opened))


def _sums(opened: Sequence[_Opened]) -> Iterator[dict[str, Any]]:
    """One row for images, one for volumes, if there are any."""
    tables = [t for _, t in opened if t is not None]
    told = {"images": len(tables), "not_measured": len(opened) - len(tables)}
    for size in sorted({size_of(t) for t in tables}):
        some = [t for t in tables if size_of(t) == size]
        yield {**told, "images": len(some), **summed(pd.concat(some, ignore_index=True))}
    if not tables:
        yield told
