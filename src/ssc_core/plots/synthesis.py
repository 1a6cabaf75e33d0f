"""Contact sheet of synthetic slices: healthy, with disease inserted, and what was inserted where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ssc_core.plots.style import NAMED, figure

__all__ = ["Example", "contact_sheet"]

_WINDOW_HU = (-1350.0, 150.0)  # level -600, width 1500
_PER_ROW = 4
_MARGIN_MM = 12.0


@dataclass(frozen=True, eq=False)
class Example:
    """One synthetic slice.

    Parameters
    ----------
    before, after : ndarray, (y, x)
        HU without and with the inserted patterns.
    gg, ret : ndarray of bool, (y, x)
        Inserted ground glass and reticulation.
    scores : tuple of float
        TOT, GG, RET, percent.
    pixel_mm : tuple of float
        (y, x).
    lung : ndarray of bool, (y, x)
        The picture is cropped around it.
    """

    before: npt.NDArray[np.generic]
    after: npt.NDArray[np.generic]
    gg: npt.NDArray[np.bool_]
    ret: npt.NDArray[np.bool_]
    scores: tuple[float, float, float]
    pixel_mm: tuple[float, float]
    lung: npt.NDArray[np.bool_]


def contact_sheet(examples: Sequence[Example]) -> Figure:
    """As Jia et al. 2024, Fig. 4-B: the healthy slice, the synthetic one, and outlines of what was inserted.

    Ground glass is outlined in green, reticulation in orange; the scores stand above as TOT, GG, RET.
    """
    columns = min(_PER_ROW, max(1, len(examples)))
    bands = -(-len(examples) // columns) if examples else 1
    fig = figure(3.3 * columns, 7.4 * bands)
    for i, example in enumerate(examples):
        band, column = divmod(i, columns)
        tot, gg, ret = example.scores
        crop = _crop(example)
        titles = ("healthy", f"TOT {tot:.1f}, GG {gg:.1f}, RET {ret:.1f} %", "inserted")
        for row, title in enumerate(titles):
            axes = fig.add_subplot(3 * bands, columns, (3 * band + row) * columns + column + 1)
            _show(axes, example.before if row == 0 else example.after, example.pixel_mm, crop)
            axes.set_title(title, fontsize=9)
            if row == 2:
                for region, colour in ((example.gg, "green"), (example.ret, "orange")):
                    part = region[crop] & example.lung[crop]
                    if part.any() and not part.all():
                        axes.contour(part, levels=[0.5], colors=NAMED[colour], linewidths=1.2)
    lines = [Line2D([], [], color=NAMED[c]) for c in ("green", "orange")]
    fig.legend(
        lines, ["ground glass (GG)", "reticulation (RET)"], loc="outside lower center", ncols=2, frameon=False
    )
    return fig


def _show(
    axes: Axes, hu: npt.NDArray[np.generic], pixel_mm: tuple[float, float], crop: tuple[slice, slice]
) -> None:
    low, high = _WINDOW_HU
    axes.imshow(
        hu[crop], cmap="gray", vmin=low, vmax=high, aspect=pixel_mm[0] / pixel_mm[1], interpolation="nearest"
    )
    axes.set_axis_off()


def _crop(example: Example) -> tuple[slice, slice]:
    """The lungs with a margin; the whole slice where there are none."""
    if not example.lung.any():
        return slice(None), slice(None)
    out = []
    for axis, pixel in enumerate(example.pixel_mm):
        at = np.flatnonzero(example.lung.any(axis=1 - axis))
        margin = round(_MARGIN_MM / pixel)
        out.append(slice(max(0, int(at[0]) - margin), int(at[-1]) + margin + 1))
    return out[0], out[1]
