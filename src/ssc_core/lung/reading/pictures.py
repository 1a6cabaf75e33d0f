"""What a reader sees of a slice where there is no viewer: two windows, no name."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from ssc_core.plots.style import figure

__all__ = ["slice_figure"]

_WINDOWS = (
    ("lung window (-600, 1500 HU)", -1350.0, 150.0),
    ("narrow window (-700, 700 HU)", -1050.0, -350.0),
)


def slice_figure(hu: npt.NDArray[np.float32], pixel_mm: tuple[float, float], title: str) -> Figure:
    """One axial slice (y, x) in HU in two windows, with a scale of 5 cm and the patient's sides.

    Parameters
    ----------
    hu : ndarray (y, x)
        HU, the patient's right in the first columns.
    pixel_mm : tuple of float
        Size of a pixel (y, x).
    title : str
        Above it; never a patient's name.
    """
    fig = figure(13.0, 6.9)
    fig.suptitle(title, fontsize=11)
    rows, columns = hu.shape
    for i, (name, low, high) in enumerate(_WINDOWS, 1):
        axes = fig.add_subplot(1, 2, i)
        axes.imshow(hu, cmap="gray", vmin=low, vmax=high, aspect=pixel_mm[0] / pixel_mm[1])
        axes.set_title(name, fontsize=9)
        axes.set_xticks([])
        axes.set_yticks([])
        axes.plot([0.03 * columns, 0.03 * columns + 50 / pixel_mm[1]], [0.97 * rows] * 2, color="white", lw=2)
        axes.text(0.03 * columns, 0.955 * rows, "5 cm", color="white", fontsize=8, va="bottom")
        for x, side in ((0.02, "R"), (0.96, "L")):
            axes.text(x, 0.5, side, color="white", fontsize=11, transform=axes.transAxes)
    return fig
