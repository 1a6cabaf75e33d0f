"""Figures of agreement: bubbles, Bland-Altman, distribution of readings, cohort table.

Every function draws into axes that it is given, from readings and the statistics computed of them; nothing is
computed anew. Units are the caller's.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from ssc_core.plots.style import MARKERS, NAMED
from ssc_core.stats.inputs import FloatArray
from ssc_core.stats.limits import BlandAltman
from ssc_core.stats.regression import Line
from ssc_core.stats.result import Statistic

__all__ = ["bland_altman_plot", "bubble_plot", "cohort_plot", "distribution_plot"]

_LARGEST = 320.0  # points^2, area of the largest bubble
_SINGLE = 40.0  # and of one reading, so that bubbles of a few readings do not hide one another
_FIRST, _SECOND = NAMED["blue"], NAMED["red"]
_GROUPS = [NAMED[c] for c in ("blue", "red", "green", "orange", "purple", "sky", "black", "yellow")]
_DASHED = (0, (5, 2))


def bubble_plot(
    ax: Any,
    x: FloatArray,
    y: FloatArray,
    *,
    line: Line,
    names: tuple[str, str],
    quantity: str,
    unit: str,
    agreement: tuple[Statistic, ...] = (),
) -> None:
    """Readings against each other; the area of a circle is the number of readings at that place.

    Parameters
    ----------
    ax : matplotlib Axes
        Where to draw.
    x, y : ndarray of shape (n,)
        Readings, NaN where missing.
    line : Line
        Regression of y on x, drawn dashed beside the identity line.
    names : (str, str)
        Who read x and y.
    quantity, unit : str
        What was read.
    agreement : tuple of Statistic, optional
        Printed beside the plot.
    """
    place, count = _counted(x, y)
    low, high = _span(x, y)
    ax.plot([low, high], [low, high], color="0.55", lw=1, zorder=1, label="identity")
    if not math.isnan(line.slope):
        ends = np.array([low, high])
        sign = "+" if line.slope >= 0 else "−"
        said = f"y = {_number(line.intercept)} {sign} {abs(line.slope):.2f} x"
        ax.plot(
            ends, line.intercept + line.slope * ends, color=_SECOND, lw=1.4, ls=_DASHED, zorder=3, label=said
        )
    top = max(int(count.max(initial=1)), 1)
    each = min(_LARGEST / top, _SINGLE)
    area = each * count if top > 1 else np.full(len(count), 22.0)
    ax.scatter(*place.T, s=np.maximum(area, 6), color=_FIRST, alpha=0.55, lw=0.6, edgecolor=_FIRST, zorder=2)
    if top > 1:
        for shown in sorted({1, max(round(top / 4), 1), top}):
            size = max(each * shown, 6)
            said = f"{shown} reading{'s' if shown > 1 else ''}"
            ax.scatter([], [], s=size, color=_FIRST, alpha=0.55, label=said)
    ax.set(
        xlim=(low, high),
        ylim=(low, high),
        aspect="equal",
        xlabel=_axis(f"{names[0]}: {quantity}", unit),
        ylabel=_axis(f"{names[1]}: {quantity}", unit),
    )
    ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1.02), borderaxespad=0, labelspacing=0.8, frameon=False)
    said = "\n".join(_short(s) for s in agreement)
    ax.text(1.05, 0.0, said, transform=ax.transAxes, va="bottom", fontsize="small", linespacing=1.4)


def bland_altman_plot(
    ax: Any,
    x: FloatArray,
    y: FloatArray,
    *,
    limits: BlandAltman,
    names: tuple[str, str],
    quantity: str,
    unit: str,
    level: Any = None,
) -> None:
    """Differences y - x against the mean of both, with bias, limits of agreement and their intervals.

    Parameters
    ----------
    ax : matplotlib Axes
        Where to draw.
    x, y : ndarray of shape (n,)
        Readings, NaN where missing.
    limits : BlandAltman
        Bias and limits; the shaded bands are their intervals.
    names : (str, str)
        Who read x and y.
    quantity, unit : str
        What was read.
    level : array-like of shape (n,), optional
        Group of each reading, told apart by colour and marker and set beside one another, since scores
        in steps of 5 % would hide one another.
    """
    there = ~(np.isnan(x) | np.isnan(y))
    groups = np.full(len(x), "") if level is None else np.asarray(level, dtype=str)
    found = list(dict.fromkeys(groups[there].tolist()))
    dodge = 0.011 * float(np.ptp((x + y)[there] / 2)) if there.any() else 0.0
    for i, group in enumerate(found):
        rows = there & (groups == group)
        place, count = _counted((x[rows] + y[rows]) / 2, y[rows] - x[rows])
        place[:, 0] += (i - (len(found) - 1) / 2) * dodge
        ax.scatter(*place.T, s=14 + 9 * (count - 1), marker=MARKERS[i % len(MARKERS)], alpha=0.6, lw=0.4,
                   color=_GROUPS[i % len(_GROUPS)] if len(found) > 1 else _FIRST, edgecolor="white", zorder=3,
                   label=f"level {group}" if len(found) > 1 else None)  # fmt: skip
    bands = (
        ("bias", limits.bias, (limits.low, limits.high), "-"),
        ("upper limit", limits.upper, limits.upper_exact, _DASHED),
        ("lower limit", limits.lower, limits.lower_exact, _DASHED),
    )
    for what, at, (low, high), dashes in bands:
        if math.isnan(at):
            continue
        if not math.isnan(low):
            ax.axhspan(low, high, color="0.5", alpha=0.16, lw=0, zorder=1)
        ax.axhline(at, color="0.15", lw=1.1, ls=dashes, zorder=2)
        ax.annotate(f"{what}\n{_number(at)}", (1.01, at), xycoords=("axes fraction", "data"), va="center",
                    fontsize="small", annotation_clip=False)  # fmt: skip
    ax.axhline(0, color="0.7", lw=0.7, zorder=0)
    ax.set(xlabel=_axis(f"mean {quantity} of both", unit), ylabel=_axis(f"{names[1]} − {names[0]}", unit))
    if len(found) > 1:
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.17), ncol=min(len(found), 5), frameon=False,
                  columnspacing=0.9, handletextpad=0.1)  # fmt: skip


def distribution_plot(
    ax: Any,
    x: FloatArray,
    y: FloatArray,
    *,
    names: tuple[str, str],
    quantity: str,
    unit: str,
    classes: tuple[float, ...] = (),
) -> None:
    """How often each value was read, by both; on a logarithmic scale where a class outweighs the others.

    Parameters
    ----------
    ax : matplotlib Axes
        Where to draw.
    x, y : ndarray of shape (n,)
        Readings, NaN where missing.
    names : (str, str)
        Who read x and y.
    quantity, unit : str
        What was read.
    classes : tuple of float, optional
        Categories; values between two are counted in the nearest. Without them twelve bins are used.
    """
    x, y = x[~np.isnan(x)], y[~np.isnan(y)]
    if classes:
        centres = np.asarray(classes)
        edges = np.concatenate([[-np.inf], (centres[1:] + centres[:-1]) / 2, [np.inf]])
    else:
        both = np.concatenate([x, y, np.zeros(0 if x.size + y.size else 1)])
        edges = np.linspace(both.min(), both.max() if np.ptp(both) else both.min() + 1, 13)
        centres = (edges[1:] + edges[:-1]) / 2
    width = float(np.diff(centres).min()) if len(centres) > 1 else 1.0
    largest = 0.0
    for i, (values, name) in enumerate(zip((x, y), names, strict=True)):
        counts = np.histogram(values, edges)[0]
        largest = max(largest, float(counts.max(initial=0) / max(np.median(counts[counts > 0]), 1))
                      if counts.any() else 0)  # fmt: skip
        ax.bar(centres + (i - 0.5) * 0.42 * width, counts, 0.42 * width, color=(_FIRST, _SECOND)[i],
               label=name, hatch=("", "////")[i], edgecolor="white", lw=0.3)  # fmt: skip
    scale = "readings"
    if largest > 8:
        scale = "readings (log scale)"
        ax.set_yscale("log")
        ax.set_ylim(bottom=0.6)
        ax.yaxis.set_major_formatter(lambda v, _: f"{v:g}")
    ax.set(xlabel=_axis(quantity, unit), ylabel=scale)
    ax.legend(frameon=False, loc="upper right")


def cohort_plot(ax: Any, table: pd.DataFrame) -> None:
    """The table of patients' characteristics as a figure, with rules as journals set them.

    Parameters
    ----------
    ax : matplotlib Axes
        Where to draw; its frame is removed.
    table : DataFrame
        From ``cohort_table``.
    """
    ax.set_axis_off()
    rows, columns = table.shape
    left = np.concatenate([[0.0], 0.46 + 0.54 * np.arange(columns - 1) / max(columns - 1, 1)])
    height = 1 / (rows + 1)
    for i, cells in enumerate([tuple(table.columns), *table.itertuples(index=False)]):
        y = 1 - (i + 0.5) * height
        for at, cell in zip(left, cells, strict=True):
            ax.text(at, y, str(cell), va="center", weight="bold" if i == 0 else "normal",
                    transform=ax.transAxes)  # fmt: skip
    for y, weight in ((1.0, 1.2), (1 - height, 0.7), (0.0, 1.2)):
        ax.plot([0, 1], [y, y], color="0.1", lw=weight, transform=ax.transAxes, clip_on=False)


def _counted(x: FloatArray, y: FloatArray) -> tuple[FloatArray, Any]:
    """Distinct places, shape (m, 2), and how many readings stand at each."""
    there = ~(np.isnan(x) | np.isnan(y))
    points = np.column_stack([x[there], y[there]])
    return np.unique(points, axis=0, return_counts=True) if len(points) else (points, np.zeros(0, int))


def _span(x: FloatArray, y: FloatArray) -> tuple[float, float]:
    both = np.concatenate([x, y])
    both = both[~np.isnan(both)]
    if not both.size:
        return 0.0, 1.0
    low, high = float(both.min()), float(both.max())
    room = 0.06 * (high - low) or 0.5
    return low - room, high + room


def _axis(text: str, unit: str) -> str:
    return f"{text} ({unit})" if unit else text


def _number(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")


def _short(s: Statistic) -> str:
    if math.isnan(s.value):
        return f"{s.name} –"
    interval = "" if math.isnan(s.low) else f" [{s.low:.2f}, {s.high:.2f}]"
    return f"{s.name} {s.value:.2f}{interval}".replace("-", "−")
