"""Reader against reader and reader against software, as in the paper's Fig. 5."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pandas as pd

from ssc_core.agree.compare import Comparison
from ssc_core.agree.engine import Agreement, agree
from ssc_core.agree.params import AgreeParams
from ssc_core.agree.save import save as save_agreement
from ssc_core.calcinosis.readers import LineReadings
from ssc_core.io.output import RECORD
from ssc_core.io.tables import write_table
from ssc_core.plots.calcinosis import ReadPair, figure_5
from ssc_core.plots.style import save_figure
from ssc_core.progress import Tick, silent
from ssc_core.results import record_run
from ssc_core.stats.limits import BlandAltman

__all__ = ["Compared", "compare", "save"]


@dataclass(frozen=True, eq=False)
class Compared:
    """Pairs of readings with their agreement.

    Parameters
    ----------
    pairs : tuple of Agreement
        First reader against the second, then first reader against the software if there is one.
    unusable : DataFrame
        who, reason, readings: what was not read, counted.
    counts : DataFrame
        who, given, used, unusable, share_unusable.
    warnings : tuple of str
        What must be known.
    """

    pairs: tuple[Agreement, ...]
    unusable: pd.DataFrame
    counts: pd.DataFrame
    warnings: tuple[str, ...]

    def table(self) -> pd.DataFrame:
        """One row per pair: n, Spearman, CCC with interval, mean difference, limits."""
        return pd.DataFrame([_row(pair) for pair in self.pairs])


def compare(
    first: LineReadings,
    second: LineReadings,
    software: LineReadings | None = None,
    *,
    confidence: float = 0.95,
    tick: Tick = silent,
) -> Compared:
    """Compare areas; differences are the second minus the first.

    Parameters
    ----------
    first, second : LineReadings
        Two readers, or a reader and the software.
    software : LineReadings, optional
        Compared with the first.
    confidence : float
        Level of the intervals.
    tick : Tick
        Progress.

    Raises
    ------
    InputError
        If readings cannot be paired.
    """
    params = AgreeParams(kind="area", confidence=confidence)
    others = [second] if software is None else [second, software]
    pairs = tuple(agree(first.readings, other.readings, params, tick=tick) for other in others)
    everyone = [first, *others]
    counts = pd.DataFrame([_count(r) for r in everyone])
    lost = [
        {"who": r.readings.label, "reason": reason, "readings": len(part)}
        for r in everyone
        for reason, part in r.unusable.groupby("reason", sort=True)
    ]
    said = tuple(f"{r.readings.label}: {w}" for r in everyone for w in r.warnings)
    warnings = tuple(dict.fromkeys((*said, *(w for p in pairs for w in p.warnings))))
    return Compared(pairs, pd.DataFrame(lost, columns=["who", "reason", "readings"]), counts, warnings)


def save(result: Compared, folder: Path, inputs: Mapping[str, str], tick: Tick = silent) -> None:
    """Write ``compare.csv``, ``unusable.csv``, ``counts.csv``, the figure, and a folder for each pair."""
    write_table(folder, "compare", result.table())
    write_table(folder, "unusable", result.unusable)
    write_table(folder, "counts", result.counts)
    drawn = figure_5([_drawn(p) for p in result.pairs])
    for ending in ("png", "svg", "pdf"):
        save_figure(drawn, folder / f"figure-5.{ending}")
    for number, pair in enumerate(result.pairs, 1):
        inner = folder / f"pair-{number}"
        inner.mkdir()
        save_agreement(pair, inner, inputs, tick=tick)
    level = {"confidence": result.pairs[0].params.confidence}
    record = record_run("calcinosis compare", level, inputs, warnings=result.warnings)
    (folder / RECORD).write_text(record.to_json(), encoding="utf-8", newline="\n")


def _count(r: LineReadings) -> dict[str, object]:
    used, lost = len(r.readings.table), len(r.unusable)
    return {
        "who": r.readings.label,
        "from": r.how,
        "given": used + lost,
        "used": used,
        "unusable": lost,
        "share_unusable": lost / (used + lost),
    }


def _whole(pair: Agreement) -> Comparison:
    return next(c for c in pair.comparisons if c.group == "all")


def _drawn(pair: Agreement) -> ReadPair:
    c = _whole(pair)
    limits = cast("BlandAltman", c.stats["bias"])
    return ReadPair((c.first, c.second), c.x, c.y, c.stats["spearman"], c.stats["ccc"], limits)


def _row(pair: Agreement) -> dict[str, object]:
    c = _whole(pair)
    rho, ccc, limits = c.stats["spearman"], c.stats["ccc"], cast("BlandAltman", c.stats["bias"])
    return {
        "comparison": c.pair,
        "n": ccc.n,
        "patients": ccc.n_subjects,
        "spearman": rho.value,
        "spearman_p": rho.p,
        "ccc": ccc.value,
        "ccc_low": ccc.low,
        "ccc_high": ccc.high,
        "difference_mm2": limits.value,
        "lower_limit_mm2": limits.lower,
        "upper_limit_mm2": limits.upper,
    }
