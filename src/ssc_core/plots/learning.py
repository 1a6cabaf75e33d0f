"""The learning curve of a training."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ssc_core.plots.style import NAMED, figure

__all__ = ["learning_figure"]


def learning_figure(curve: pd.DataFrame, monitor: str, unit: str = "") -> Figure:
    """Training loss above, the monitored metric of the validation set below, the kept epoch marked.

    Parameters
    ----------
    curve : DataFrame
        One row per epoch, as ``ssc_core.training`` writes it: epoch, train_loss, valid_*, best.
    monitor : str
        Name of the metric without ``valid_``.
    unit : str
        Its unit, for the axis.
    """
    fig = figure(6.4, 4.8)
    top, bottom = fig.subplots(2, 1, sharex=True)
    marker = "o" if len(curve) < 20 else None
    top.plot(curve["epoch"], curve["train_loss"], color=NAMED["blue"], marker=marker, markersize=3)
    if (curve["train_loss"] > 0).all() and np.ptp(np.log10(curve["train_loss"])) > 1:
        top.set_yscale("log")
    top.set(ylabel="training loss")
    judged = curve[curve[f"valid_{monitor}"].notna()]
    values = judged[f"valid_{monitor}"]
    bottom.plot(judged["epoch"], values, color=NAMED["red"], marker=marker, markersize=3)
    best = judged[judged["best"].astype(bool)]
    if len(best):
        value = best[f"valid_{monitor}"].iloc[-1]
        label = f"kept: epoch {best['epoch'].iloc[-1]}, {value:.3g} {unit}".rstrip()
        bottom.plot(best["epoch"], best[f"valid_{monitor}"], "D", color=NAMED["black"], label=label)
        bottom.legend(frameon=False)
    name = monitor.removesuffix(f"_{unit}").upper()
    bottom.set(xlabel="epoch", ylabel=f"validation {name}" + (f", {unit}" if unit else ""))
    return fig
