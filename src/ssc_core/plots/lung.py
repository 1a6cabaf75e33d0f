"""Pictures of a lung analysis: the five levels, and a coronal overview that shows where they lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ssc_core.plots.style import NAMED, figure

__all__ = ["LABEL_COLOURS", "Line", "Mark", "Section", "coronal_figure", "levels_figure", "show_section"]

LABEL_COLOURS = {1: NAMED["red"], 2: NAMED["sky"], 3: NAMED["yellow"]}
"""Colour of each label: right lung, left lung, trachea and main bronchi."""

_LUNG_WINDOW_HU = (-1350.0, 150.0)  # level -600, width 1500


@dataclass(frozen=True)
class Mark:
    """A landmark in a section: its row and column, its name."""

    row: float
    column: float
    name: str


@dataclass(frozen=True)
class Section:
    """A plane of the CT with its labels.

    Parameters
    ----------
    title : str
        Above it.
    hu : ndarray (rows, columns) or None
        HU, the first row on top; None for a level that is missing.
    labels : ndarray of uint8 or None
        0, 1 right lung, 2 left lung, 3 airway.
    pixel_mm : tuple of float
        Size of a pixel: (rows, columns).
    note : str
        Below it.
    marks : tuple of Mark
        Landmarks.
    """

    title: str
    hu: npt.NDArray[np.float32] | None
    labels: npt.NDArray[np.uint8] | None
    pixel_mm: tuple[float, float]
    note: str = ""
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True)
class Line:
    """A level drawn over the coronal section: its row, the half width of its band in rows, its name."""

    row: float
    spread: float
    name: str


def levels_figure(sections: Sequence[Section]) -> Figure:
    """The level sections side by side in the lung window, with the outlines of the labels.

    The patient's right is on the left of the picture, as radiologists look at it.
    """
    fig = figure(3.1 * len(sections), 3.5)
    for i, section in enumerate(sections, start=1):
        axes = fig.add_subplot(1, len(sections), i)
        show_section(axes, section)
        axes.set_title(section.title, fontsize=9)
        axes.set_xlabel(section.note, fontsize=7, wrap=True)
    return fig


def coronal_figure(section: Section, lines: Sequence[Line]) -> Figure:
    """A coronal section, head up, with a line and an uncertainty band for each level."""
    fig = figure(6.0, 5.5)
    axes = fig.add_subplot(1, 1, 1)
    show_section(axes, section)
    axes.set_title(section.title, fontsize=9)
    if section.hu is not None:
        for i, line in enumerate(lines):
            axes.axhspan(
                line.row - line.spread, line.row + line.spread, color=NAMED["orange"], alpha=0.12, lw=0
            )
            axes.axhline(line.row, color=NAMED["orange"], lw=1.0)
            box = {"facecolor": "black", "alpha": 0.7, "lw": 0, "pad": 1.5}
            axes.text(4 + 14 * i, line.row, line.name, color="white", fontsize=8, va="center", bbox=box)
        axes.set_ylim(section.hu.shape[0] - 0.5, -0.5)
    axes.set_xlabel(section.note, fontsize=7)
    return fig


def show_section(axes: Axes, section: Section) -> None:
    """A section in the lung window with the outlines of its labels, R and L as radiologists have them."""
    axes.set_xticks([])
    axes.set_yticks([])
    if section.hu is None:
        axes.set_frame_on(True)
        axes.text(0.5, 0.5, "missing", ha="center", va="center", transform=axes.transAxes)
        return
    low, high = _LUNG_WINDOW_HU
    aspect = section.pixel_mm[0] / section.pixel_mm[1]
    axes.imshow(section.hu, cmap="gray", vmin=low, vmax=high, aspect=aspect)
    if section.labels is not None:
        for value, colour in LABEL_COLOURS.items():
            part = section.labels == value
            if part.any() and not part.all():
                axes.contour(part, levels=[0.5], colors=[colour], linewidths=0.7)
    for mark in section.marks:
        axes.plot(mark.column, mark.row, "+", color=NAMED["orange"], ms=11, mew=1.6)
        at, shift = (mark.column, mark.row), (6, -9)
        axes.annotate(
            mark.name, at, xytext=shift, textcoords="offset points", color=NAMED["orange"], fontsize=7
        )
    box = {"facecolor": "black", "alpha": 0.5, "lw": 0, "pad": 1.5}
    for x, side in ((0.015, "R"), (0.955, "L")):
        axes.text(x, 0.97, side, color="white", fontsize=8, va="top", transform=axes.transAxes, bbox=box)
