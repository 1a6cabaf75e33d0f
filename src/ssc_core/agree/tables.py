"""The tables: one long with every passport, one laid out as in the papers."""

from __future__ import annotations

import math

import pandas as pd

from ssc_core.agree.compare import ALL, Comparison
from ssc_core.agree.engine import Agreement
from ssc_core.agree.pairing import common_patients
from ssc_core.stats.absolute_error import MeanAbsoluteError
from ssc_core.stats.limits import BlandAltman
from ssc_core.stats.regression import Line
from ssc_core.stats.result import Statistic

__all__ = ["long_table", "markdown", "pairs_table", "paper_table"]

_COLUMNS = [
    "relation", "first", "second", "value", "group", "statistic", "estimate", "low", "high", "p", "n",
    "n_patients", "n_missing", "unit", "method", "test", "note",
]  # fmt: skip


def long_table(result: Agreement) -> pd.DataFrame:
    """Every statistic of every comparison, one per row, with interval, p, sample, method and note."""
    rows = []
    for c in result.comparisons:
        for name, s in c.stats.items():
            unit = result.kind.units[c.value] if name in ("mae", "bias", "sdc") else ""
            rows.append(_row(c, name, s, unit))
            rows.extend(_row(c, *extra, result.kind.units[c.value]) for extra in _extras(name, s))
    return pd.DataFrame(rows, columns=_COLUMNS)


def paper_table(result: Agreement) -> pd.DataFrame:
    """A row per pair of readers and group, laid out as in the papers: MAE (SD), kappa, ICC, bias per value.

    Intervals stand in brackets; p in the last column of each value is that of the bias or, where readers were
    tested against the reader named by ``against``, that of Wilcoxon's test of their absolute errors.
    """
    rows: dict[tuple[str, str, str], dict[str, str]] = {}
    for c in result.comparisons:
        row = rows.setdefault(
            (c.relation, c.pair, c.group), {"relation": c.relation, "comparison": c.pair, "group": c.group}
        )
        name, unit = result.kind.values[c.value], result.kind.units[c.value]
        of = f"{name} " if len(result.kind.values) > 1 else ""
        row[f"{of}MAE (SD){f' [{unit}]' if unit else ''}"] = _mae(c.stats["mae"])
        if "kappa" in c.stats:
            row[f"{of}kappa"] = _with_interval(c.stats["kappa"])
        row[f"{of}ICC({result.params.icc_form})"] = _with_interval(c.stats["icc"])
        if not result.kind.classes:
            row[f"{of}CCC"] = _with_interval(c.stats["ccc"])
            row[f"{of}Spearman"] = _with_interval(c.stats["spearman"])
        row[f"{of}bias [limits]"] = _limits(c.stats["bias"])
        row[f"{of}p (bias)"] = _p(c.stats["bias"].p)
        if result.against:
            row[f"{of}p (error vs {result.against})"] = _error_p(result, c)
    return pd.DataFrame(list(rows.values())).fillna("")


def pairs_table(result: Agreement) -> pd.DataFrame:
    """The paired readings themselves; patients by running number, so that nothing names them."""
    numbers = {p: i + 1 for i, p in enumerate(common_patients([p.table for p in result.pairings]))}
    parts = []
    for pairing in result.pairings:
        table = pairing.table.assign(patient=pairing.table["patient"].map(numbers))
        for column in ("image", "lesion", "finger", "visit"):  # free text may hold a name: number it too
            if column in table:
                table[column] = pd.factorize(table[column], sort=True)[0] + 1
        table.insert(0, "second", pairing.second)
        table.insert(0, "first", pairing.first)
        parts.append(table)
    return pd.concat(parts, ignore_index=True)


def markdown(table: pd.DataFrame) -> str:
    """A table as Markdown text."""
    lines = ["| " + " | ".join(map(str, table.columns)) + " |", "|" + "---|" * table.shape[1]]
    lines += ["| " + " | ".join(map(str, row)) + " |" for row in table.itertuples(index=False)]
    return "\n".join(lines) + "\n"


def _row(c: Comparison, name: str, s: Statistic, unit: str) -> dict[str, object]:
    return {
        "relation": c.relation,
        "first": c.first,
        "second": c.second,
        "value": c.value,
        "group": c.group,
        "statistic": name,
        "estimate": s.value,
        "low": s.low,
        "high": s.high,
        "p": s.p,
        "n": s.n,
        "n_patients": s.n_subjects,
        "n_missing": s.n_missing,
        "unit": unit,
        "method": s.method,
        "test": s.test,
        "note": s.note,
    }


def _extras(name: str, s: Statistic) -> list[tuple[str, Statistic]]:
    """What a result holds beside its main value, as statistics of their own."""

    def made(label: str, value: float, low: float = math.nan, high: float = math.nan,
             p: float = math.nan, test: str = "") -> tuple[str, Statistic]:  # fmt: skip
        return label, Statistic(name=label, value=value, low=low, high=high, p=p, test=test, n=s.n,
                                n_subjects=s.n_subjects, n_missing=s.n_missing, method=s.method)  # fmt: skip

    if isinstance(s, MeanAbsoluteError):
        return [made("mae_sd", s.sd)]
    if isinstance(s, Line):
        return [
            made("intercept", s.intercept, s.intercept_low, s.intercept_high),
            made("r2", s.r2),
            made("slope_is_1", s.value, s.low, s.high, s.p_identity, "t against slope 1"),
        ]
    if isinstance(s, BlandAltman):
        return [
            made("bias_sd", s.sd),
            made("lower_limit", s.lower, *s.lower_exact),
            made("upper_limit", s.upper, *s.upper_exact),
            made("proportional_bias", s.slope, s.slope_low, s.slope_high, s.slope_p,
                 "slope of difference on mean against 0"),
        ]  # fmt: skip
    return []


def _mae(s: Statistic) -> str:
    return f"{s.value:.2f} ({s.sd:.2f})" if isinstance(s, MeanAbsoluteError) and s.n else "-"


def _with_interval(s: Statistic) -> str:
    if math.isnan(s.value):
        return "-"
    interval = "" if math.isnan(s.low) else f" [{s.low:.2f}, {s.high:.2f}]"
    return f"{s.value:.2f}{interval}"


def _limits(s: Statistic) -> str:
    if not isinstance(s, BlandAltman) or math.isnan(s.value):
        return "-"
    return f"{s.value:.2f} [{s.lower:.2f}, {s.upper:.2f}]"


def _p(p: float) -> str:
    if math.isnan(p):
        return "-"
    return "<0.001" if p < 0.001 else f"{p:.3f}" if p < 0.1 else f"{p:.2f}"


def _error_p(result: Agreement, c: Comparison) -> str:
    """How the reader's errors compare with the chosen reader's: p, and a dagger where they are smaller."""
    if c.relation != "against the reference" or c.second == result.against:
        return ""
    e = result.errors
    row = e[(e["reader_1"] == c.second) & (e["value"] == c.value) & (e["group"] == (c.group or ALL))]
    if row.empty:
        return ""
    p, better = float(row["p_wilcoxon"].iloc[0]), float(row["mae_1"].iloc[0]) < float(row["mae_2"].iloc[0])
    return _p(p) + ("†" if p < 0.05 and better else "")
