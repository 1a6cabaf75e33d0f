"""Figures 3, 7, A1 and A3 of Jia et al. 2024 from tables of scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from ssc_core.plots.agreement import bland_altman_plot
from ssc_core.plots.style import NAMED, figure
from ssc_core.stats.limits import BlandAltman
from ssc_core.stats.regression import Line

__all__ = ["bland_altman_row", "derived_row", "label_distribution", "networks_figure"]

_PATTERNS = ("tot", "gg", "ret")
_COLOURS = {"tot": NAMED["black"], "gg": NAMED["blue"], "ret": NAMED["red"]}


def label_distribution(scores: pd.DataFrame) -> Figure:
    """How often each 5 % class was given, per pattern (figure A1).

    Parameters
    ----------
    scores : DataFrame
        tot, gg, ret in percent.
    """
    fig = figure(9.0, 2.9)
    classes = np.arange(0, 105, 5)
    axes = fig.subplots(1, 3, sharey=True)
    for ax, pattern in zip(axes, _PATTERNS, strict=True):
        values = scores[pattern].dropna().to_numpy(float)
        counts, _ = np.histogram(values, bins=np.arange(-2.5, 105, 5))
        ax.bar(classes, counts, width=4.2, color=_COLOURS[pattern])
        zero = 100 * counts[0] / max(counts.sum(), 1)
        ax.set_title(f"{pattern.upper()} (n = {len(values)}, {zero:.0f} % zero)", fontsize=9)
        ax.set_xlabel("score (%)")
        ax.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel("slices")
    return fig


def networks_figure(table: pd.DataFrame, first: str) -> Figure:
    """MAE of TOT against the number of parameters, circles by FLOPs, p against `first` (figure 3).

    Parameters
    ----------
    table : DataFrame
        arm, parameters_m, gflops, tot_mae, p.
    first : str
        The network that the others are tested against.
    """
    fig = figure(6.4, 4.0)
    ax = fig.subplots()
    known = table.dropna(subset=["parameters_m", "gflops", "tot_mae"])
    most = max(float(known["gflops"].max()), 1e-9) if len(known) else 1.0
    for row in known.to_dict("records"):
        own = row["arm"] == first
        ax.scatter(row["parameters_m"], row["tot_mae"], s=30 + 500 * row["gflops"] / most, alpha=0.6,
                   color=NAMED["red"] if own else NAMED["blue"])  # fmt: skip
        p = ""
        if not own and not pd.isna(row["p"]):
            p = "\np < 0.001" if row["p"] < 0.001 else f"\np = {row['p']:.2g}"
        ax.annotate(f"{row['arm']}{p}", (row["parameters_m"], row["tot_mae"]), xytext=(6, 6),
                    textcoords="offset points", fontsize=8)  # fmt: skip
    ax.set_xscale("log")
    ax.set(xlabel="parameters (million)", ylabel="MAE of TOT (percent points)")
    ax.set_title(f"area of a circle: FLOPs, the largest {most:.3g} G; p against {first}", fontsize=8)
    ax.margins(0.2)
    _plain_ticks(ax)
    ax.spines[["top", "right"]].set_visible(False)
    return fig


def _plain_ticks(ax: Any) -> None:
    """Numbers as one writes them along a logarithmic axis, as many as there is room for."""
    low, high = ax.get_xlim()
    if high > 4 * low:
        ax.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        ax.xaxis.set_minor_locator(NullLocator())
    for which in (ax.xaxis.set_major_formatter, ax.xaxis.set_minor_formatter):
        which(FuncFormatter(lambda value, _: f"{value:.3g}"))


def bland_altman_row(comparisons: Sequence[Any]) -> Figure:
    """Bland-Altman plots of one pair of readers, a panel per pattern (figure A3).

    Parameters
    ----------
    comparisons : sequence of Comparison
        Of ``ssc_core.agree``, one per pattern.
    """
    fig = figure(4.6 * len(comparisons), 3.6)
    axes = np.atleast_1d(fig.subplots(1, len(comparisons)))
    for ax, c in zip(axes, comparisons, strict=True):
        bland_altman_plot(
            ax, c.x, c.y, limits=cast("BlandAltman", c.stats["bias"]), names=(c.first, c.second),
            quantity=str(c.value).upper(), unit="%",
        )  # fmt: skip
    return fig


def derived_row(table: pd.DataFrame, lines: Mapping[str, Line]) -> Figure:
    """Score derived from the heat map against the network's, a panel per pattern (figure 7, below).

    Parameters
    ----------
    table : DataFrame
        Per pattern the network's score (``tot``) and the derived one (``tot_derived``).
    lines : mapping of str to Line
        Regression by pattern.
    """
    fig = figure(10.0, 3.5)
    axes = fig.subplots(1, 3)
    for ax, pattern in zip(axes, _PATTERNS, strict=True):
        x, y, line = (
            table[pattern].to_numpy(float),
            table[f"{pattern}_derived"].to_numpy(float),
            lines[pattern],
        )
        top = float(np.nanmax([*x, *y, 1.0])) * 1.05
        ax.plot([0, top], [0, top], color="0.6", lw=1)
        ax.scatter(x, y, s=14, alpha=0.5, color=_COLOURS[pattern], lw=0)
        if np.isfinite(line.slope):
            ends = np.array([0, top])
            ax.plot(ends, line.intercept + line.slope * ends, color=_COLOURS[pattern], lw=1.3, ls="--")
        ax.set_title(f"{pattern.upper()}: r² = {line.r2:.2f}, n = {line.n}", fontsize=9)
        ax.set(xlim=(-0.02 * top, top), ylim=(-0.02 * top, top), aspect="equal")
        ax.set_xlabel("network's score (%)")
        ax.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel("derived from the heat map (%)")
    return fig
