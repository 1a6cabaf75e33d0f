"""Figures of a skin analysis: the slide with its dermis and fields, and the fields themselves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ssc_core.geometry import Frame
from ssc_core.plots.style import NAMED, figure

__all__ = ["montage", "overview"]

_COLUMNS = 10


def overview(
    rgb: npt.NDArray[np.uint8],
    frame: Frame,
    mask: npt.NDArray[np.bool_],
    boxes: npt.NDArray[np.float64],
    flagged: Sequence[bool],
) -> Figure:
    """The slide with the outline of the dermis and the fields that were measured.

    Parameters
    ----------
    rgb : (y, x, 3) uint8 array
        The slide at a coarse pixel size.
    frame : Frame
        Of `rgb` and `mask`, um.
    mask : (y, x) bool array
        The dermis.
    boxes : (n, 4) float array
        Fields as top, left, bottom, right in um from the slide's upper left corner.
    flagged : sequence of bool
        Which of them have a quality flag.
    """
    height, width = (n * s / 1000 for n, s in zip(rgb.shape, frame.spacing, strict=False))
    fig = figure(7.0, min(max(7.0 * height / width, 2.0), 12.0) + 0.5)
    axes = fig.add_subplot()
    extent = (0.0, width, height, 0.0)
    axes.imshow(rgb, extent=extent, interpolation="antialiased")
    # one pixel of background around the mask closes outlines at the border of the slide
    step_y, step_x = (s / 1000 for s in frame.spacing)
    around = (-step_x, width + step_x, height + step_y, -step_y)
    axes.contour(
        np.pad(mask, 1), levels=[0.5], colors=[NAMED["orange"]], linewidths=1.5, extent=around, origin="upper"
    )
    axes.set(xlim=extent[:2], ylim=extent[2:])
    for (top, left, bottom, right), odd in zip(boxes / 1000, flagged, strict=True):
        colour = NAMED["red"] if odd else NAMED["black"]
        axes.add_patch(
            Rectangle((left, top), right - left, bottom - top, fill=False, edgecolor=colour, linewidth=0.6)
        )
    axes.set(xlabel="mm", ylabel="mm", title=f"Dermis (orange) and {len(boxes)} fields (red: flagged)")
    return fig


def montage(thumbnails: npt.NDArray[np.uint8], flags: Sequence[str]) -> Figure:
    """Contact sheet of fields, each with its number and its flags.

    Parameters
    ----------
    thumbnails : (m, k, k, 3) uint8 array
        The first fields in the order drawn.
    flags : sequence of str
        Flags of each, "" for none.
    """
    count = len(thumbnails)
    columns = min(_COLUMNS, max(count, 1))
    rows = -(-count // columns)
    fig = figure(0.95 * columns, 0.95 * rows + 0.3)
    grid = fig.subplots(rows, columns, squeeze=False)
    for index, axes in enumerate(grid.ravel()):
        axes.set_axis_off()
        if index >= count:
            continue
        axes.imshow(thumbnails[index])
        label = f"{index + 1} {flags[index].replace(';', ' ')}".strip()
        colour = NAMED["red"] if flags[index] else "black"
        axes.set_title(label, fontsize=5, color=colour, pad=1.5, loc="left")
    return fig
