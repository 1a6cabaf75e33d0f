"""Stored tables of statistics as a reader wants them: few columns, intervals in one, short words."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

__all__ = ["readable"]

_WORDS = {
    "score": "score", "with": "with", "where": "in", "model": "model", "term": "term", "measure": "measure",
    "name": "statistic", "value": "value", "rho": "rho", "se": "SE", "p": "p", "p_holm": "p (Holm)", "n": "n",
    "n_subjects": "patients", "note": "note",
}  # fmt: skip
"""Columns that are shown, in this order, and their headings."""
_WITH = {"mrss": "mRSS", "status": "SSc or control", "biopsy": "biopsies"}
"""What a score is set against, in words."""
_REPEATED = (
    "interval and p take rows as independent (cluster_bootstrap does not)",
    "no patient named: every row is taken as another patient",
)
"""Said once below the table instead of in every row."""


def readable(table: pd.DataFrame) -> pd.DataFrame:
    """Rows as stored, made to be read."""
    out: dict[str, list[Any]] = {}
    for name, heading in _WORDS.items():
        if name not in table:
            continue
        values = table[name].tolist()
        if name in ("p", "p_holm"):
            values = [_p(v) for v in values]
        elif name == "where":
            values = [str(v).split(" (")[0] for v in values]
        elif name in ("with", "measure"):
            values = [_words(str(v)) for v in values]
        elif name == "n_subjects":
            values = ["" if _missing(v) else f"{int(v)}" for v in values]
        elif name == "note":
            values = [_note(v) for v in values]
        out[heading] = values
        if name in ("value", "rho") and {"low", "high"} <= set(table.columns):
            ends = zip(table["low"], table["high"], strict=True)
            out["95 % interval"] = ["" if _missing(a) else f"{a:.3g} to {b:.3g}" for a, b in ends]
    shown = pd.DataFrame(out)
    empty = [c for c in ("patients", "note", "p") if c in shown and (shown[c] == "").all()]
    return shown.drop(columns=empty)


def _words(name: str) -> str:
    """A column's name in words; the name of a gene and its probe as it is."""
    column = name.islower() and " " not in name
    return _WITH.get(name, name.replace("_", " ") if column else name)


def _missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _p(value: Any) -> str:
    if _missing(value):
        return ""
    return "< 0.0001" if value < 1e-4 else f"{value:.2g}"


def _note(value: Any) -> str:
    """Without what is said below the table."""
    parts = [] if _missing(value) else str(value).split("; ")
    kept = [p for p in parts if not any(p.endswith(r) for r in _REPEATED)]
    return "; ".join(kept)
