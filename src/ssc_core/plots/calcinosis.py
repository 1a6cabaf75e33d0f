"""The finger with its bones and lesions drawn over it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from ssc_core.geometry import Frame
from ssc_core.plots.style import NAMED, figure

__all__ = ["overlay"]

_WINDOW = (-300.0, 1200.0)  # level 450, width 1500: as the paper's readers saw it


def overlay(
    hu: npt.NDArray[np.float32],
    frame: Frame,
    bones: npt.NDArray[np.int32],
    lesions: npt.NDArray[np.int32],
    areas_mm2: Mapping[int, float],
    places: Mapping[int, tuple[float, float]],
    names: Mapping[int, str],
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
        _note(drawn, column * dx + 1.5, row * dy - 1.5, f"{label}: {area:.2f} mm²", NAMED["orange"], 8)
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
