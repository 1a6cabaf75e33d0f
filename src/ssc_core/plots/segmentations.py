"""Several segmentations of one finger beside each other, and how good each was over many."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.figure import Figure

from ssc_core.plots.style import COLOURS, NAMED, figure

__all__ = ["segmentations_figure"]

_WINDOW = (-300.0, 1200.0)  # level 450, width 1500
_KINDS = {1: "orange", 2: "sky", 3: "green", 4: "purple", 5: "red"}


def segmentations_figure(
    hu: npt.NDArray[np.float32],
    truth: npt.NDArray[np.int32],
    drawn: Mapping[str, npt.NDArray[np.int32]],
    table: pd.DataFrame,
) -> Figure:
    """Outlines on one image, one panel per method, and below the bone Dice of every image.

    Parameters
    ----------
    hu : ndarray
        (y, x) float32.
    truth : ndarray
        (y, x) labels of the bones.
    drawn : mapping
        Method to its labels (y, x): 1 to 4 phalanges and other bone, 5 bone without a number.
    table : DataFrame
        Columns ``method`` and ``bone``.
    """
    panels = {"truth": truth, **drawn}
    columns = 3
    rows = -(-len(panels) // columns)
    tall = 3.2 * hu.shape[0] / hu.shape[1]
    fig = figure(10.0, min(rows * (tall + 0.3) + 2.8, 16.0))
    grid = fig.add_gridspec(rows + 1, columns, height_ratios=[*[tall + 0.3] * rows, 2.8])
    for i, (name, labels) in enumerate(panels.items()):
        axes = fig.add_subplot(grid[i // columns, i % columns])
        axes.imshow(hu, cmap="gray", vmin=_WINDOW[0], vmax=_WINDOW[1])
        for value in np.unique(labels[labels > 0]):
            colour = NAMED[_KINDS[int(value) % 10]]
            axes.contour(labels == value, [0.5], colors=[colour], linewidths=1.0)
        axes.set_title(name, fontsize=9)
        axes.set_axis_off()
    axes = fig.add_subplot(grid[rows, :])
    methods = list(dict.fromkeys(table["method"]))
    for i, method in enumerate(methods):
        values = table.loc[table["method"] == method, "bone"].to_numpy()
        spread = (np.arange(len(values)) - (len(values) - 1) / 2) / max(len(values), 1) * 0.5
        axes.plot(i + spread, values, "o", color=COLOURS[i % len(COLOURS)], markersize=3, alpha=0.8)
        axes.plot([i - 0.3, i + 0.3], [values.mean()] * 2, color=NAMED["black"], linewidth=1.2)
    axes.set(ylabel="Dice of all bone", ylim=(None, 1.0))
    axes.set_xticks(range(len(methods)), methods)
    return fig
