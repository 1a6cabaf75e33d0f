"""Pictures of Goh scores: the sheet of five levels, the profile along the lung, the change of a patient."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ssc_core.plots.lung import Section, show_section
from ssc_core.plots.style import NAMED, figure

__all__ = [
    "PATTERN_COLOURS",
    "LevelPanel",
    "change_figure",
    "profile_figure",
    "recalibration_figure",
    "sheet_figure",
]

PATTERN_COLOURS = {"tot": NAMED["black"], "gg": NAMED["blue"], "ret": NAMED["red"]}
_WORDS = {"tot": "TOT (total extent)", "gg": "GG (ground glass)", "ret": "RET (reticulation)"}
_MARKERS = {"tot": "o", "gg": "s", "ret": "^"}
_SLIVER = 0.05  # shares of slivers of lung at apex and base say little: drawn pale
_STYLES = {"tot": "-", "gg": "--", "ret": ":"}


@dataclass(frozen=True)
class LevelPanel:
    """One level of the sheet.

    Parameters
    ----------
    section : Section
        Its slice.
    scores : mapping of str to tuple of float
        Pattern to (raw, on the 5 % scale, low, high).
    extent : ndarray of float32, (3, rows, columns) or None
        Extent map on the section, 0 to 1.
    flag : str
        What is odd about the scores.
    """

    section: Section
    scores: Mapping[str, tuple[float, float, float, float]]
    extent: npt.NDArray[np.float32] | None = None
    flag: str = ""


def sheet_figure(panels: Sequence[LevelPanel], title: str, note: str) -> Figure:
    """The five level slices with their scores; below them, where there are maps, what counted as what.

    Ground glass is tinted blue and reticulation red, the stronger the surer; where both lie it is purple.
    """
    mapped = any(p.extent is not None for p in panels)
    fig = figure(3.1 * len(panels), 6.6 if mapped else 3.9)
    rows = 2 if mapped else 1
    for i, panel in enumerate(panels, start=1):
        axes = fig.add_subplot(rows, len(panels), i)
        show_section(axes, panel.section)
        axes.set_title(panel.section.title, fontsize=9)
        axes.set_xlabel(_score_text(panel), fontsize=8, family="monospace")
        if mapped:
            below = fig.add_subplot(rows, len(panels), len(panels) + i)
            _tinted(below, panel)
            below.set_xlabel(panel.section.note.split("\n")[0], fontsize=7)
    fig.suptitle(title, fontsize=11)
    legend = "blue: ground glass, red: reticulation (extent map of the scorer)   " if mapped else ""
    fig.supxlabel(legend + note, fontsize=7)
    return fig


def _score_text(panel: LevelPanel) -> str:
    lines = []
    for name, (raw, coarse, low, high) in panel.scores.items():
        if math.isnan(raw):
            lines.append(f"{name.upper():3}  no score")
            continue
        span = "" if math.isnan(low) else f"  ({low:.0f}-{high:.0f})"
        lines.append(f"{name.upper():3} {raw:5.1f} % -> {coarse:3.0f} %{span}")
    return "\n".join([*lines, *textwrap.wrap(panel.flag, 44)])


def _tinted(axes: Axes, panel: LevelPanel) -> None:
    show_section(axes, replace(panel.section, labels=None, marks=()))  # outlines would pass for findings
    if panel.extent is None or panel.section.hu is None:
        return
    aspect = panel.section.pixel_mm[0] / panel.section.pixel_mm[1]
    for at, colour in ((1, (0.1, 0.55, 1.0)), (2, (1.0, 0.2, 0.1))):
        layer = np.zeros((*panel.extent.shape[1:], 4), np.float32)
        layer[..., :3] = colour
        layer[..., 3] = 0.55 * np.clip(panel.extent[at], 0, 1)
        axes.imshow(layer, aspect=aspect, interpolation="nearest")


def profile_figure(profile: pd.DataFrame, scores: pd.DataFrame, note: str) -> Figure:
    """Every scored slice: extent against height, head on top, the five levels marked with their intervals.

    Parameters
    ----------
    profile : DataFrame
        z_mm, lung_mm2, tot, gg, ret.
    scores : DataFrame
        level, z_mm, tot, gg, ret, tot_low, tot_high.
    note : str
        Below it.
    """
    fig = figure(7.5, 6.0)
    left, right = fig.subplots(1, 2, sharey=True, width_ratios=(1, 3.2))
    left.fill_betweenx(profile["z_mm"], 0, profile["lung_mm2"] / 100, color="0.8", lw=0)
    left.set_xlabel("lung in the slice (cm²)", fontsize=9)
    left.set_ylabel("height z of the CT (mm), head on top", fontsize=9)
    left.invert_xaxis()
    ample = profile["lung_mm2"] >= _SLIVER * profile["lung_mm2"].max()
    for p, word in _WORDS.items():
        look = {"color": PATTERN_COLOURS[p], "lw": 1.2}
        right.plot(profile[p], profile["z_mm"], _STYLES[p], alpha=0.2, **look)
        right.plot(profile[p].where(ample), profile["z_mm"], _STYLES[p], label=word, **look)
    for row in scores.to_dict("records"):
        if math.isnan(row["z_mm"]):
            continue
        for axes in (left, right):
            axes.axhline(row["z_mm"], color=NAMED["orange"], lw=0.8, zorder=0)
        right.text(
            1.01, row["z_mm"], f"level {row['level']}", fontsize=8, va="center",
            transform=right.get_yaxis_transform(), color="0.3",
        )  # fmt: skip
        if not math.isnan(row["tot_low"]):
            right.plot([row["tot_low"], row["tot_high"]], [row["z_mm"]] * 2, color="0.5", lw=3, alpha=0.5)
        for p in _WORDS:
            right.plot(row[p], row["z_mm"], _MARKERS[p], color=PATTERN_COLOURS[p], ms=5)
    top = float(np.nanmax([profile[[*_WORDS]].max().max(), scores[["tot", "tot_high"]].max().max(), 10.0]))
    low = float(np.nanmin([profile[[*_WORDS]].min().min(), 0.0]))
    right.set_xlim(low - 0.02 * top, top * 1.08)
    right.set_xlabel("share of the slice's lung area (%)", fontsize=9)
    right.legend(loc="best", fontsize=8, framealpha=0.85)
    right.grid(axis="x", color="0.9", lw=0.6)
    fig.supxlabel(note, fontsize=8)
    return fig


def change_figure(first: pd.DataFrame, second: pd.DataFrame, note: str) -> Figure:
    """Scores of two CTs against relative height: 0 is the base and 100 the top of the lung."""
    fig = figure(9.0, 4.6)
    for i, (p, word) in enumerate(_WORDS.items(), start=1):
        axes = fig.add_subplot(1, 3, i)
        for profile, style, name in ((first, "--", "first CT"), (second, "-", "second CT")):
            axes.plot(profile[p], _relative(profile), style, color=PATTERN_COLOURS[p], lw=1.3, label=name)
        axes.set_title(word, fontsize=9)
        axes.set_xlabel("share of the slice's lung area (%)", fontsize=8)
        axes.set_ylabel("height in the lung (%)" if i == 1 else "", fontsize=8)
        axes.legend(fontsize=8)
        axes.grid(axis="x", color="0.9", lw=0.6)
    fig.supxlabel(note, fontsize=8)
    return fig


def _relative(profile: pd.DataFrame) -> npt.NDArray[np.float64]:
    z = profile["z_mm"].to_numpy(np.float64)
    return np.asarray(100 * (z - z.min()) / max(float(np.ptp(z)), 1e-9))


def recalibration_figure(
    pairs: pd.DataFrame, curves: Mapping[str, Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]]]
) -> Figure:
    """Readers against raw scores, and the map from the one to the other.

    Parameters
    ----------
    pairs : DataFrame
        tot, gg, ret and tot_reader, gg_reader, ret_reader.
    curves : mapping of str to callable
        Raw scores to recalibrated ones.
    """
    fig = figure(10.0, 3.8)
    for i, (p, word) in enumerate(_WORDS.items(), start=1):
        axes = fig.add_subplot(1, 3, i)
        axes.plot([0, 100], [0, 100], color="0.7", lw=0.8)
        axes.plot(pairs[p], pairs[f"{p}_reader"], "o", ms=3, alpha=0.5, color=PATTERN_COLOURS[p])
        x = np.linspace(min(0.0, float(pairs[p].min())), max(100.0, float(pairs[p].max())), 200)
        axes.plot(x, curves[p](x), color=NAMED["orange"], lw=1.8, label="recalibration")
        axes.set_title(word, fontsize=9)
        axes.set_xlabel("raw score (%)", fontsize=8)
        axes.set_ylabel("readers (%)" if i == 1 else "", fontsize=8)
        axes.set_ylim(-5, 105)
        axes.legend(fontsize=8)
    return fig
