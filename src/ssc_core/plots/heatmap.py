"""Pictures of heat maps: slices with three maps, the threshold's curve, derived against network scores.

Colours as in Jia et al. 2024 (Fig. 6): yellow to red where the score falls when the place is replaced by
healthy tissue, which means disease; green to blue where it rises, which means a false positive.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from ssc_core.plots.style import NAMED, figure

__all__ = ["HEAT", "Row", "explained_figure", "heatmap_rows", "threshold_figure", "truth_figure"]

Field = npt.NDArray[np.floating]

_LUNG_WINDOW_HU = (-1350.0, 150.0)
_NAMES = ("TOT", "GG", "RET")

HEAT = LinearSegmentedColormap.from_list(
    "heat", [(0.0, "#B2000B"), (0.25, "#FF5A00"), (0.47, "#FFE600"), (0.5, "#FFFFFF"),
             (0.53, "#7CE26B"), (0.75, "#009E73"), (1.0, "#0033B2")],
)  # fmt: skip
"""Red, yellow, (white at no change), green, blue from negative to positive change."""


@dataclass(frozen=True)
class Row:
    """A slice with its maps.

    Parameters
    ----------
    title : str
        Beside the slice.
    hu : ndarray, (y, x)
        HU.
    lung : ndarray of bool, (y, x)
        The lung.
    maps : ndarray, (3, y, x)
        Percent points; NaN outside the lung.
    scores : sequence of float
        TOT, GG and RET of the network, percent.
    truth : sequence of float, optional
        Those of the reader, or planted; written in parentheses behind.
    lesions : ndarray of bool, (3, y, x), optional
        Known lesions, outlined.
    """

    title: str
    hu: Field
    lung: npt.NDArray[np.bool_]
    maps: Field
    scores: Sequence[float]
    truth: Sequence[float] | None = None
    lesions: npt.NDArray[np.bool_] | None = None


def heatmap_rows(rows: Sequence[Row], *, limit: float = 4.0, alpha: float = 0.45) -> Figure:
    """Each slice and its three maps (Fig. 6); scores above the maps, the reader's in parentheses.

    Parameters
    ----------
    rows : sequence of Row
        From top to bottom.
    limit : float
        Percent points at both ends of the colours.
    alpha : float
        Opacity of strong changes; weak ones fade, so that the lung below stays visible.
    """
    fig = _roomy(11.5, 2.9 * len(rows) + 0.9)
    grid = fig.add_gridspec(len(rows) + 1, 4, height_ratios=[1.0] * len(rows) + [0.05])
    for i, row in enumerate(rows):
        box = _box(row.lung)
        axes = fig.add_subplot(grid[i, 0])
        _grey(axes, row.hu[box])
        axes.set_title(row.title, fontsize=8)
        for p, name in enumerate(_NAMES):
            axes = fig.add_subplot(grid[i, p + 1])
            _grey(axes, row.hu[box])
            _overlay(axes, row.maps[p][box], limit, alpha)
            if row.lesions is not None and row.lesions[p][box].any():
                axes.contour(row.lesions[p][box], levels=[0.5], colors=["white"], linewidths=0.8)
            known = "" if row.truth is None else f" ({row.truth[p]:.0f} %)"
            axes.set_title(f"{name} {row.scores[p]:.0f} %{known}", fontsize=8)
    _scale(fig, fig.add_subplot(grid[-1, 1:]), limit)
    outlined = any(row.lesions is not None for row in rows)
    key = fig.add_subplot(grid[-1, 0])
    key.set_axis_off()
    key.text(0, 0.5, "white: planted lesions" if outlined else "patient's right is on the left", fontsize=7)
    return fig


def truth_figure(row: Row, threshold: Sequence[float]) -> Figure:
    """Found, missed and falsely found places of each pattern against known lesions (Fig. A4)."""
    if row.lesions is None:
        raise TypeError("known lesions are needed")
    fig = _roomy(10.5, 4.4)
    box = _box(row.lung)
    kinds = (("found", NAMED["green"]), ("missed", NAMED["red"]), ("falsely found", NAMED["sky"]))
    for p, name in enumerate(_NAMES):
        axes = fig.add_subplot(1, 3, p + 1)
        _grey(axes, row.hu[box])
        hot = (row.maps[p] < threshold[p]) & row.lung
        there = row.lesions[p] & row.lung
        parts = (hot & there, there & ~hot, hot & ~there)
        for part, (_, colour) in zip(parts, kinds, strict=True):
            layer = np.ma.masked_where(~part[box], np.ones(part[box].shape))
            axes.imshow(layer, cmap=LinearSegmentedColormap.from_list("one", [colour, colour]), alpha=0.55)
        shares = [100 * np.count_nonzero(part) / np.count_nonzero(row.lung) for part in parts]
        told = ", ".join(f"{k} {s:.0f} %" for (k, _), s in zip(kinds, shares, strict=True))
        axes.set_title(f"{name}: {told}\nof the lung, threshold {threshold[p]:.2f} points", fontsize=8)
    from matplotlib.patches import Patch

    fig.legend(handles=[Patch(color=c, label=k) for k, c in kinds], loc="outside lower center", ncols=3)
    return fig


def threshold_figure(curve: pd.DataFrame, chosen: Sequence[float]) -> Figure:
    """Mean absolute error of derived scores by threshold, and the chosen ones (Fig. A5)."""
    fig = figure(6.0, 4.0)
    axes = fig.add_subplot(1, 1, 1)
    for name, colour, at in zip(("tot", "gg", "ret"), ("blue", "orange", "green"), chosen, strict=True):
        axes.plot(curve["threshold"], curve[name], color=NAMED[colour], label=f"{name.upper()}: {at:.2f}")
        axes.plot(at, curve[name].min(), "o", color=NAMED[colour], ms=5)
        axes.axvline(at, color=NAMED[colour], lw=0.7, ls=":")
    axes.set_xlabel("threshold on the heat map, percent points")
    axes.set_ylabel("mean absolute error to the network's score, points")
    axes.legend(title="least error at", fontsize=8)
    return fig


def explained_figure(derived: Field, network: Field, table: pd.DataFrame) -> Figure:
    """Derived against network scores (Fig. 7, lower row); `table` as from ``derived.explained``."""
    fig = figure(10.5, 3.8)
    for p, (name, r2) in enumerate(zip(_NAMES, table["r2"], strict=True)):
        axes = fig.add_subplot(1, 3, p + 1)
        axes.plot([0, 100], [0, 100], color="0.7", lw=0.8)
        axes.plot(network[:, p], derived[:, p], "o", color=NAMED["blue"], ms=4, alpha=0.6)
        axes.set_title(f"{name}: r² = {r2:.2f} (n = {len(derived)})", fontsize=9)
        axes.set_xlabel("network's score, %")
        axes.set_ylabel("score derived from the heat map, %" if p == 0 else "")
        top = max(10.0, float(np.nanmax([network[:, p].max(), derived[:, p].max()])) * 1.05)
        axes.set_xlim(min(0.0, float(network[:, p].min())) - 1, top)
        axes.set_ylim(-1, top)
    return fig


def _roomy(width: float, height: float) -> Figure:
    """A figure with space for titles of two lines at its border."""
    fig = figure(width, height)
    fig.set_layout_engine("constrained", h_pad=0.12, w_pad=0.05)
    return fig


def _grey(axes: Axes, hu: Field) -> None:
    low, high = _LUNG_WINDOW_HU
    axes.imshow(hu, cmap="gray", vmin=low, vmax=high)
    axes.set_xticks([])
    axes.set_yticks([])


def _overlay(axes: Axes, heat: Field, limit: float, alpha: float) -> None:
    strength = np.clip(np.abs(np.nan_to_num(heat)) / (0.15 * limit), 0, 1)
    axes.imshow(np.nan_to_num(heat), cmap=HEAT, vmin=-limit, vmax=limit, alpha=alpha * strength)


def _scale(fig: Figure, axes: Axes, limit: float) -> None:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    bar = fig.colorbar(ScalarMappable(Normalize(-limit, limit), HEAT), cax=axes, orientation="horizontal")
    bar.set_label(
        "change of the score when the place is replaced by healthy lung, percent points\n"
        "(red, yellow: disease was there; green, blue: the healthy lung looks like disease)",
        fontsize=8,
    )


def _box(lung: npt.NDArray[np.bool_], margin: int = 20) -> tuple[slice, slice]:
    out = []
    for axis in (0, 1):
        where = np.flatnonzero(lung.any(axis=1 - axis))
        out.append(slice(max(0, int(where[0]) - margin), int(where[-1]) + 1 + margin))
    return out[0], out[1]
