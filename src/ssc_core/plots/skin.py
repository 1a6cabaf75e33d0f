"""Figures of a skin analysis: the slide with its dermis and fields, and the fields themselves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ssc_core.geometry import Frame
from ssc_core.plots.style import NAMED, figure

__all__ = ["montage", "overview", "score_map"]

_COLUMNS = 10


def overview(
    rgb: npt.NDArray[np.uint8],
    frame: Frame,
    mask: npt.NDArray[np.bool_],
    boxes: npt.NDArray[np.float64],
    flagged: Sequence[bool] = (),
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
    flagged : sequence of bool, optional
        Which of them have a quality flag, where it was looked at.
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
    for (top, left, bottom, right), odd in zip(boxes / 1000, flagged or [False] * len(boxes), strict=True):
        colour = NAMED["red"] if odd else NAMED["black"]
        axes.add_patch(
            Rectangle((left, top), right - left, bottom - top, fill=False, edgecolor=colour, linewidth=0.6)
        )
    said = " (red: flagged)" if flagged else ""
    axes.set(xlabel="mm", ylabel="mm", title=f"Dermis (orange) and {len(boxes)} fields{said}")
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


def score_map(
    rgb: npt.NDArray[np.uint8],
    frame: Frame,
    mask: npt.NDArray[np.bool_],
    values: npt.NDArray[np.float32],
    placed: Frame,
    label: str,
) -> Figure:
    """The slide, and beside it the same with a number painted over its dermis.

    Parameters
    ----------
    rgb : (y, x, 3) uint8 array
        The slide at a coarse pixel size.
    frame : Frame
        Of `rgb` and `mask`, um.
    mask : (y, x) bool array
        The dermis.
    values : (rows, columns) float array
        The map; NaN where there is nothing.
    placed : Frame
        Of `values`, um.
    label : str
        Name and unit of the number.
    """
    height, width = (n * s / 1000 for n, s in zip(rgb.shape, frame.spacing, strict=False))
    beside = width < 1.6 * height
    each = 4.2 if beside else 7.0
    tall = min(max(each * height / width, 1.6), 9.0) + 0.5
    fig = figure(2 * each + 1.0, tall) if beside else figure(each + 1.0, 2 * tall)
    panels = fig.subplots(1, 2, sharey=True) if beside else fig.subplots(2, 1, sharex=True)
    extent = (0.0, width, height, 0.0)
    step_y, step_x = (s / 1000 for s in frame.spacing)
    around = (-step_x, width + step_x, height + step_y, -step_y)
    # frames begin at the centre of level 0's first pixel, figures at its corner
    corner = [(o - p / 2) - (f - s / 2) for o, p, f, s in
              zip(placed.origin, placed.spacing, frame.origin, frame.spacing, strict=True)]  # fmt: skip
    top, left = (c / 1000 for c in corner)
    bottom, right = (c + n * s / 1000 for c, n, s in
                     zip((top, left), values.shape, placed.spacing, strict=True))  # fmt: skip
    for axes in panels:
        axes.imshow(rgb, extent=extent, interpolation="antialiased")
        axes.contour(
            np.pad(mask, 1), levels=[0.5], colors=["black"], linewidths=0.8, extent=around, origin="upper"
        )
    low, high = np.nanquantile(values, [0.01, 0.99])
    shown = panels[1].imshow(
        values, extent=(left, right, bottom, top), cmap="viridis", alpha=0.8, interpolation="nearest",
        vmin=low, vmax=max(high, low + 1e-9),
    )  # fmt: skip
    for axes in panels:
        axes.set(xlim=extent[:2], ylim=extent[2:])
    panels[0].set(title="Slide, dermis outlined", ylabel="mm")
    panels[1].set(title="Each field's number at its centre", xlabel="mm")
    if beside:
        panels[0].set(xlabel="mm")
    else:
        panels[1].set(ylabel="mm")
    fig.colorbar(shown, ax=panels[1], label=label, shrink=0.9, extend="both")
    return fig
