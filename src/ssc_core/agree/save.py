"""Tables, figures and the run record of an agreement, in one folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd

from ssc_core.agree.compare import ALL, Comparison
from ssc_core.agree.engine import Agreement
from ssc_core.agree.tables import long_table, markdown, pairs_table, paper_table
from ssc_core.io.output import RECORD
from ssc_core.progress import Tick, silent, track
from ssc_core.results import record_run
from ssc_core.stats.limits import BlandAltman
from ssc_core.stats.regression import Line

__all__ = ["FORMATS", "save", "save_cohort"]

FORMATS = ("svg", "pdf", "png")


def save(
    result: Agreement,
    folder: Path,
    inputs: Mapping[str, str],
    *,
    formats: tuple[str, ...] = FORMATS,
    tick: Tick = silent,
) -> None:
    """Write an agreement into a folder that was staged.

    ``agreement.csv`` (every statistic with its passport), ``table.csv`` and ``table.md`` (as in the papers),
    ``errors.csv`` (with a reference), ``pairs.csv`` (readings, patients by number), figures per pair of
    readers and ``run.json``.

    Parameters
    ----------
    result : Agreement
        What is written.
    folder : Path
        Existing folder.
    inputs : mapping of str to str
        Role to digest of what was read.
    formats : tuple of str, optional
        Of the figures: svg, pdf, png.
    tick : Tick, optional
        Progress.
    """
    _write(long_table(result), folder / "agreement.csv")
    table = paper_table(result)
    _write(table, folder / "table.csv")
    (folder / "table.md").write_text(markdown(table), encoding="utf-8")
    _write(pairs_table(result), folder / "pairs.csv")
    if not result.errors.empty:
        _write(result.errors, folder / "errors.csv")
    for number in track(range(len(result.pairings)), tick, "figures"):
        prefix = f"pair-{number + 1:02d}-" if len(result.pairings) > 1 else ""
        for name, figure in _figures(result, number):
            _save_figure(figure, folder / f"{prefix}{name}", formats)
    parameters = {**result.params.model_dump(), "against": result.against}
    record = record_run("agree", parameters, inputs, warnings=result.warnings)
    (folder / RECORD).write_text(record.to_json(), encoding="utf-8")


def save_cohort(
    table: pd.DataFrame, folder: Path, inputs: Mapping[str, str], *, formats: tuple[str, ...] = FORMATS
) -> None:
    """Write a cohort table: ``cohort.csv``, ``cohort.md``, the figure and ``run.json``."""
    from ssc_core.plots.agreement import cohort_plot
    from ssc_core.plots.style import figure as blank

    _write(table, folder / "cohort.csv")
    (folder / "cohort.md").write_text(markdown(table), encoding="utf-8")
    figure = blank(3.0 + 1.9 * (table.shape[1] - 1), 0.24 * (len(table) + 1))
    cohort_plot(figure.subplots(), table)
    _save_figure(figure, folder / "cohort", formats)
    left_out = table.attrs.get("left_out", ())
    said = (f"{len(left_out)} columns of free text were left out",) if left_out else ()
    record = record_run("agree cohort", {}, inputs, warnings=said)
    (folder / RECORD).write_text(record.to_json(), encoding="utf-8")


def _figures(result: Agreement, number: int) -> Iterator[tuple[str, Any]]:
    """The three figures of one pair of readers, a panel per value."""
    from ssc_core.plots.agreement import bland_altman_plot, bubble_plot, distribution_plot
    from ssc_core.plots.style import figure as blank

    pairing = result.pairings[number]
    who = (pairing.first, pairing.second, pairing.relation)
    shown = [c for c in result.comparisons if c.group == ALL and (c.first, c.second, c.relation) == who]

    def panels(width: float, height: float) -> tuple[Any, list[tuple[Any, Comparison, dict[str, Any]]]]:
        figure = blank(width * len(shown), height)
        axes = np.atleast_1d(figure.subplots(1, len(shown)))
        return figure, [(ax, c, _words(result, c)) for ax, c in zip(axes, shown, strict=True)]

    figure, parts = panels(5.4, 3.0)
    for ax, c, words in parts:
        said = tuple(c.stats[s] for s in ("kappa", "icc", "ccc") if s in c.stats)
        bubble_plot(ax, c.x, c.y, line=cast("Line", c.stats["line"]), agreement=said, **words)
    yield "scatter", figure
    figure, parts = panels(4.6, 3.6)
    for ax, c, words in parts:
        bland_altman_plot(
            ax, c.x, c.y, limits=cast("BlandAltman", c.stats["bias"]), level=_few(c.level), **words
        )
    yield "bland-altman", figure
    figure, parts = panels(4.0, 2.8)
    for ax, c, words in parts:
        distribution_plot(ax, c.x, c.y, classes=result.kind.classes, **words)
    yield "distribution", figure


def _words(result: Agreement, c: Comparison) -> dict[str, Any]:
    return {
        "names": (c.first, c.second),
        "quantity": result.kind.values[c.value],
        "unit": result.kind.units[c.value],
    }


def _few(level: Any) -> Any:
    """Groups worth telling apart by colour: two to eight."""
    return level if 1 < len(np.unique(level)) <= 8 else None


def _save_figure(figure: Any, stem: Path, formats: tuple[str, ...]) -> None:
    from ssc_core.plots.style import save_figure

    for kind in formats:
        save_figure(figure, stem.with_name(f"{stem.name}.{kind}"), dpi=300)


def _write(table: pd.DataFrame, path: Path) -> None:
    table.to_csv(path, index=False, float_format="%.10g", lineterminator="\n")
