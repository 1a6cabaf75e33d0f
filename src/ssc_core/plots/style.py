"""One look for all figures, without pyplot or global settings; the same bytes for the same result."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Final

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ssc_core.errors import OutputError

__all__ = ["COLOURS", "MARKERS", "NAMED", "figure", "save_figure"]

NAMED: Final[dict[str, str]] = {
    "blue": "#0072B2",
    "red": "#D55E00",
    "green": "#009E73",
    "orange": "#E69F00",
    "purple": "#CC79A7",
    "sky": "#56B4E9",
    "yellow": "#F0E442",
    "black": "#000000",
}
"""Okabe and Ito's colours, which the colour-blind can tell apart, by name."""
COLOURS: Final[tuple[str, ...]] = tuple(NAMED.values())
"""The same in the order in which groups take them."""
MARKERS: Final[tuple[str, ...]] = ("o", "s", "^", "D", "v", "P", "X", "*")
"""Shapes for groups, so that a figure can be read in grey too."""

_LOOK: Final[dict[str, object]] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "svg.fonttype": "path",
    "svg.hashsalt": "ssc",
}
_WRITING = threading.Lock()
_METADATA: Final[dict[str, dict[str, None]]] = {
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    "png": {"Software": None},
    "svg": {"Date": None},
}


def figure(width: float, height: float) -> Figure:
    """An empty figure of `width` x `height` inches that no window manager knows.

    Axes added to it are laid out without overlap.
    """
    fig = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(fig)
    return fig


def save_figure(fig: Figure, path: str | Path, *, dpi: int = 150) -> None:
    """Write a figure as ``.png``, ``.svg`` or ``.pdf``, without date and program name.

    Parameters
    ----------
    fig : Figure
        The figure.
    path : path-like
        Its ending chooses the format.
    dpi : int
        Dots per inch of a PNG.

    Raises
    ------
    OutputError
        If the ending is another one.
    """
    path = Path(path)
    kind = path.suffix.lower().lstrip(".")
    if kind not in _METADATA:
        raise OutputError("figures are written as .png, .svg or .pdf; name the file so", source=path)
    # settings of matplotlib belong to all threads: one figure is written at a time
    with _WRITING, mpl.rc_context(_LOOK):
        fig.savefig(path, format=kind, dpi=dpi, metadata=_METADATA[kind])
