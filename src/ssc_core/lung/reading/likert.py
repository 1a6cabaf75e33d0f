"""How far readers agree with the heat maps, and with one another."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from pathlib import Path

import pandas as pd

from ssc_core import stats
from ssc_core.errors import EmptyError
from ssc_core.io.output import RECORD
from ssc_core.io.tables import write_table
from ssc_core.lung.goh.scores import PATTERNS
from ssc_core.lung.reading.rating import LIKERT
from ssc_core.plots.likert import pies
from ssc_core.plots.style import save_figure
from ssc_core.results import record_run

__all__ = ["agreement_with_maps", "kappa_between_readers", "save_ratings", "shares"]

_AGREES = 4


def shares(ratings: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Share of each rating, by reader and pattern: the pies of figure 7.

    Parameters
    ----------
    ratings : mapping of str to DataFrame
        Reader to :func:`~ssc_core.lung.reading.rating.read_ratings`.

    Returns
    -------
    DataFrame
        reader, pattern, rating (1 to 5), label, n, percent.
    """
    rows = []
    for reader, table in ratings.items():
        for pattern in PATTERNS:
            given = table[pattern].dropna()
            for value, label in LIKERT.items():
                n = int((given == value).sum())
                percent = 100 * n / len(given) if len(given) else float("nan")
                rows.append({"reader": reader, "pattern": pattern, "rating": value, "label": label, "n": n,
                             "percent": percent})  # fmt: skip
    return pd.DataFrame(rows)


def agreement_with_maps(ratings: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Share of slices whose map readers agree with (rated 4 or 5), counted both ways.

    The 2024 abstract says that "both experts agreed" in 91/90/80 %, which is the mean of the two readers'
    shares; how often both agreed on the same slice is another, smaller number. Both are given.

    Returns
    -------
    DataFrame
        pattern, reader (each one; "mean of readers"; "all agree"), agree_percent, n.

    Raises
    ------
    EmptyError
        If no slice was rated by all readers.
    """
    rows: list[dict[str, object]] = []
    joined = _joined(ratings)
    for pattern in PATTERNS:
        per_reader = []
        for reader, table in ratings.items():
            given = table[pattern].dropna()
            share = 100 * float((given >= _AGREES).mean()) if len(given) else float("nan")
            per_reader.append(share)
            rows.append({"pattern": pattern, "reader": reader, "agree_percent": share, "n": len(given)})
        if len(ratings) < 2:
            continue
        columns = joined[[f"{pattern}_{r}" for r in ratings]].dropna()
        rows.append({"pattern": pattern, "reader": "mean of readers",
                     "agree_percent": sum(per_reader) / len(per_reader), "n": len(columns)})  # fmt: skip
        both = 100 * float((columns >= _AGREES).all(axis=1).mean()) if len(columns) else float("nan")
        rows.append({"pattern": pattern, "reader": "all agree", "agree_percent": both, "n": len(columns)})
    return pd.DataFrame(rows)


def kappa_between_readers(ratings: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Linearly weighted kappa of every two readers' ratings, categories 1 to 5, per pattern.

    Returns
    -------
    DataFrame
        pattern, reader_1, reader_2, kappa, low, high, n, note; the interval knows that the slices of a case
        belong together.
    """
    rows = []
    for one, two in combinations(ratings, 2):
        table = _joined({r: ratings[r] for r in (one, two)})
        for pattern in PATTERNS:
            both = table[["case_id", f"{pattern}_{one}", f"{pattern}_{two}"]].dropna()
            k = stats.weighted_kappa(
                both[f"{pattern}_{one}"].to_numpy(float), both[f"{pattern}_{two}"].to_numpy(float),
                categories=[float(v) for v in LIKERT], subject=both["case_id"].to_numpy(),
            )  # fmt: skip
            rows.append({"pattern": pattern, "reader_1": one, "reader_2": two, "kappa": k.value, "low": k.low,
                         "high": k.high, "n": k.n, "note": k.note})  # fmt: skip
    columns = ["pattern", "reader_1", "reader_2", "kappa", "low", "high", "n", "note"]
    return pd.DataFrame(rows, columns=columns)


def _joined(ratings: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    joined: pd.DataFrame | None = None
    for reader, table in ratings.items():
        named = table.rename(columns={p: f"{p}_{reader}" for p in PATTERNS})
        joined = named if joined is None else joined.merge(named, on=["case_id", "level"])
    if joined is None or joined.empty:
        raise EmptyError("no slice was rated by all readers; check that the files belong to the same maps")
    return joined


def save_ratings(
    ratings: Mapping[str, pd.DataFrame], folder: Path, inputs: Mapping[str, str]
) -> pd.DataFrame:
    """Write ``shares.csv``, ``agreement.csv``, ``kappa.csv``, ``pies.png``/``.svg`` and ``run.json``.

    Returns
    -------
    DataFrame
        The agreement table.
    """
    table, part = agreement_with_maps(ratings), shares(ratings)
    write_table(folder, "shares", part, {"percent": "%"})
    write_table(folder, "agreement", table, {"agree_percent": "%"})
    write_table(folder, "kappa", kappa_between_readers(ratings))
    fig = pies(part)
    for ending in ("png", "svg"):
        save_figure(fig, folder / f"pies.{ending}")
    (folder / RECORD).write_text(record_run("lung ratings", {}, inputs).to_json(), encoding="utf-8")
    return table
