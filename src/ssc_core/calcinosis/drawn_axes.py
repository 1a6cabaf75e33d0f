"""Axes that a reader draws on a lesion: two lines, the ellipse they stand for, the area counted beside it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ssc_core.calcinosis.axes import ellipse_mm2
from ssc_core.errors import InputError
from ssc_core.geometry import Frame

__all__ = ["DrawnAxes", "axes_drawn", "counted_mm2", "label_under"]

FloatArray = npt.NDArray[np.float64]

_SAMPLES = 65


@dataclass(frozen=True, eq=False)
class DrawnAxes:
    """What a reader drew on one lesion.

    Parameters
    ----------
    lesion : int
        Its number.
    long_mm, short_mm : float
        Length of the longer and of the shorter line; NaN where the second is missing.
    aslant_deg : float
        How far the lines are from square.
    lines : tuple of ndarray
        Ends of the long and the short line, (2, axes) indices.
    """

    lesion: int
    long_mm: float
    short_mm: float
    aslant_deg: float
    lines: tuple[FloatArray, ...]

    @property
    def ellipse_mm2(self) -> float:
        """Area by the radiologists' formula; NaN where a line is missing."""
        return ellipse_mm2(self.long_mm, self.short_mm)


def axes_drawn(lesion: int, lines: Sequence[FloatArray], frame: Frame) -> DrawnAxes:
    """One or two lines as axes; the longer one is the long axis, whichever was drawn first.

    Parameters
    ----------
    lesion : int
        Its number.
    lines : sequence of ndarray
        One or two times (2, axes): ends, as indices of `frame`.
    frame : Frame
        The image, mm.

    Raises
    ------
    InputError
        If there are more than two lines.
    """
    if not 1 <= len(lines) <= 2:
        raise InputError(f"lesion {lesion} has {len(lines)} lines; draw one long and one short axis")
    spans = [np.subtract(*frame.to_physical(np.asarray(line, float))[::-1]) for line in lines]
    lengths = [float(np.linalg.norm(s)) for s in spans]
    order = sorted(range(len(lines)), key=lambda k: -lengths[k])
    short = lengths[order[1]] if len(lines) == 2 else math.nan
    aslant = math.nan
    if len(lines) == 2 and min(lengths) > 0:
        lean = abs(float(spans[0] @ spans[1])) / (lengths[0] * lengths[1])
        aslant = math.degrees(math.asin(min(lean, 1.0)))
    drawn = tuple(np.asarray(lines[k], float) for k in order)
    return DrawnAxes(lesion, lengths[order[0]], short, aslant, drawn)


def label_under(line: FloatArray, labels: npt.NDArray[np.int32]) -> int:
    """The label that a line runs over for longest; 0 if it meets none.

    Parameters
    ----------
    line : ndarray
        (2, axes) indices of `labels`.
    labels : ndarray
        Label image.
    """
    share = np.linspace(0, 1, _SAMPLES)[:, None]
    at = np.rint(line[0] * (1 - share) + line[1] * share).astype(int)
    inside = ((at >= 0) & (at < labels.shape)).all(1)
    met = labels[tuple(at[inside].T)]
    met = met[met > 0]
    return int(np.bincount(met).argmax()) if met.size else 0


def counted_mm2(label: int, line: FloatArray, lesions: pd.DataFrame, labels: npt.NDArray[np.int32],
                frame: Frame) -> float:  # fmt: skip
    """Area that the software counts for a lesion: of the image, or in a volume's plane that holds the line.

    Parameters
    ----------
    label : int
        Which lesion.
    line : ndarray
        (2, axes) indices, drawn in one plane.
    lesions : DataFrame
        The result's table.
    labels, frame : ndarray, Frame
        Its label image.

    Returns
    -------
    float
        mm2; NaN where there is no such lesion.
    """
    row = lesions[lesions["label"] == label]
    if not len(row):
        return math.nan
    if labels.ndim == 2:
        return float(row["area_mm2"].iloc[0])
    axis = int(np.abs(line[1] - line[0]).argmin())
    plane = round(float(line[:, axis].mean()))
    pixels = int((labels.take(plane, axis) == label).sum())
    return pixels * frame.pixel_size / frame.spacing[axis]
