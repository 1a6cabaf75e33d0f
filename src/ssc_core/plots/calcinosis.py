"""The finger with its bones and lesions drawn over it; areas of two readers against each other."""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from ssc_core.geometry import Frame
from ssc_core.plots.agreement import bland_altman_plot
from ssc_core.plots.style import NAMED, figure
from ssc_core.stats.limits import BlandAltman
from ssc_core.stats.result import Statistic

__all__ = ["ReadPair", "figure_5", "overlay"]

_WINDOW = (-300.0, 1200.0)  # level 450, width 1500: as the paper's readers saw it


def overlay(
    hu: npt.NDArray[np.float32],
    frame: Frame,
    bones: npt.NDArray[np.int32],
    lesions: npt.NDArray[np.int32],
    areas_mm2: Mapping[int, float],
    places: Mapping[int, tuple[float, float]],
    names: Mapping[int, str],
    left_out: npt.NDArray[np.int32] | None = None,
    kinds: Mapping[int, str] | None = None,
    *,
    unit: str = "mm²",
) -> Figure:
    """Two panels: the image as read, and the same with outlines, lesion labels and areas.

    Parameters
    ----------
    hu : ndarray
        (y, x) float32.
    frame : Frame
        Its pixels, mm.
    bones, lesions : ndarray
        (y, x) int32 labels.
    areas_mm2 : mapping
        Lesion label to area, mm2.
    places : mapping
        Lesion label to (row, column) in pixels.
    names : mapping
        Bone label to name.
    left_out : ndarray, optional
        (y, x) int32 labels of findings that do not count.
    kinds : mapping, optional
        Their label to what they are.
    unit : str
        Of the sizes.

    Returns
    -------
    Figure
    """
    dy, dx = frame.spacing
    height, width = hu.shape[0] * dy, hu.shape[1] * dx
    wide = height <= width
    scale = 9.0 / max(width, height)
    size = (width * scale, 2 * height * scale) if wide else (2 * width * scale, height * scale)
    fig = figure(max(size[0], 4.0), max(size[1], 4.0))
    panels = fig.subplots(2, 1) if wide else fig.subplots(1, 2)
    extent = (-dx / 2, width - dx / 2, height - dy / 2, -dy / 2)
    for axes in panels:
        axes.imshow(
            hu, cmap="gray", vmin=_WINDOW[0], vmax=_WINDOW[1], extent=extent, interpolation="bilinear"
        )
        axes.set_axis_off()
    _scale_bar(panels[0], width, height)
    rows, columns = np.arange(hu.shape[0]) * dy, np.arange(hu.shape[1]) * dx
    drawn = panels[1]
    for label in np.unique(bones[bones > 0]):
        here = bones == label
        drawn.contour(columns, rows, here, [0.5], colors=[NAMED["sky"]], linewidths=0.8)
        y, x = np.argwhere(here).mean(0) * (dy, dx)
        _note(drawn, x, y, names.get(int(label), ""), NAMED["sky"], 7)
    for label, area in areas_mm2.items():
        here = lesions == label
        if here.any():
            drawn.contour(columns, rows, here, [0.5], colors=[NAMED["orange"]], linewidths=1.0)
        row, column = places[label]
        _note(drawn, column * dx + 1.5, row * dy - 1.5, f"{label}: {area:.2f} {unit}", NAMED["orange"], 8)
    for label, kind in (kinds or {}).items():
        here = np.zeros(hu.shape, bool) if left_out is None else left_out == label
        if here.any():
            drawn.contour(columns, rows, here, [0.5], colors=[NAMED["purple"]], linewidths=0.8)
            y, x = np.argwhere(here).mean(0) * (dy, dx)
            _note(drawn, x + 1.5, y + 2.5, f"{label}: {kind}", NAMED["purple"], 6)
    return fig


def _note(axes: object, x: float, y: float, text: str, colour: str, size: int) -> None:
    axes.text(  # type: ignore[attr-defined]
        x, y, text, color=colour, fontsize=size, clip_on=True,
        bbox={"facecolor": "black", "alpha": 0.55, "edgecolor": "none", "pad": 0.8},
    )  # fmt: skip


def _scale_bar(axes: object, width: float, height: float) -> None:
    x, y = 0.03 * width, 0.95 * height
    axes.plot([x, x + 10], [y, y], color="white", linewidth=2)  # type: ignore[attr-defined]
    axes.text(x + 5, y - 0.02 * height, "10 mm", color="white", ha="center", va="bottom", fontsize=8)  # type: ignore[attr-defined]


@dataclass(frozen=True, eq=False)
class ReadPair:
    """Areas (mm2) of two readers and how they agree."""

    names: tuple[str, str]
    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]
    rho: Statistic
    ccc: Statistic
    limits: BlandAltman


def figure_5(pairs: Sequence[ReadPair]) -> Figure:
    """Two panels per pair: areas with the line of unity, and differences (Chandrasekaran 2021, Fig. 5A-D)."""
    fig = figure(9.6, 3.9 * len(pairs))
    panels = np.atleast_2d(fig.subplots(len(pairs), 2))
    for row, pair in zip(panels, pairs, strict=True):
        top = 1.05 * float(np.nanmax([pair.x.max(), pair.y.max()]))
        row[0].plot([0, top], [0, top], color="0.55", lw=1)
        row[0].scatter(pair.x, pair.y, s=22, color=NAMED["blue"], alpha=0.65, edgecolor="white", lw=0.4)
        row[0].set(
            xlim=(0, top),
            ylim=(0, top),
            aspect="equal",
            xlabel=f"{pair.names[0]}: area [mm²]",
            ylabel=f"{pair.names[1]}: area [mm²]",
        )
        said = f"Spearman {pair.rho.value:.2f}\nCCC {pair.ccc.value:.2f}"
        said += f" ({pair.ccc.low:.2f} to {pair.ccc.high:.2f})\nn = {pair.ccc.n}"
        row[0].text(0.04, 0.96, said, transform=row[0].transAxes, va="top", fontsize="small")
        bland_altman_plot(
            row[1], pair.x, pair.y, limits=pair.limits, names=pair.names, quantity="area", unit="mm²"
        )
    for letter, axes in zip(string.ascii_uppercase, panels.ravel(), strict=False):
        axes.set_title(letter, loc="left", fontweight="bold")
    return fig
