"""Measured against true, with the line where both are equal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from ssc_core.plots.style import NAMED, figure

__all__ = ["Pairs", "against_truth"]


@dataclass(frozen=True)
class Pairs:
    """One panel: what it shows (with unit), true values and measured values, (n,) float each."""

    label: str
    true: npt.NDArray[np.float64]
    measured: npt.NDArray[np.float64]


def against_truth(panels: Sequence[Pairs]) -> Figure:
    """One square panel for each of `panels`."""
    fig = figure(3.6 * len(panels), 3.5)
    for i, pairs in enumerate(panels, 1):
        axes = fig.add_subplot(1, len(panels), i)
        values = np.concatenate([pairs.true, pairs.measured])
        low, high = float(np.nanmin(values)), float(np.nanmax(values))
        margin = 0.05 * (high - low) or 1.0
        line = (low - margin, high + margin)
        axes.plot(line, line, color=NAMED["black"], linewidth=0.8)
        axes.scatter(pairs.true, pairs.measured, s=28, color=NAMED["blue"], edgecolor="white", linewidth=0.6)
        axes.set(xlim=line, ylim=line, aspect="equal", title=pairs.label, xlabel="true", ylabel="measured")
    return fig
