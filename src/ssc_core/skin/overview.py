"""The whole slide at a coarse pixel size, read in strips so that level 0 never lies in memory."""

from __future__ import annotations

import cv2
import numpy as np

from ssc_core.geometry import Box, Frame
from ssc_core.io.slide import Slide
from ssc_core.progress import Tick, silent
from ssc_core.skin.stain import Rgb

__all__ = ["read_overview"]

_STRIP = 64
"""Rows of the overview that are read at a time."""


def read_overview(slide: Slide, mpp: float, tick: Tick = silent) -> tuple[Rgb, Frame]:
    """The slide averaged down to about `mpp`.

    Parameters
    ----------
    slide : Slide
        The slide.
    mpp : float
        Wanted pixel size in um. A slide that is coarser comes at its own pixel size.
    tick : Tick
        Told after each strip.

    Returns
    -------
    rgb : (y, x, 3) uint8 array
        Mean colour of the ground that each pixel covers.
    frame : Frame
        Its frame in um. Pixels cover the same ground as level 0; their size differs a little from `mpp`.
    """
    level = 0
    for k, known in enumerate(slide.levels):
        if max(m * f for m, f in zip(slide.mpp, known.downsample, strict=True)) <= mpp * 1.01:
            level = k
    height, width = slide.levels[level].shape
    extent = [n * m for n, m in zip(slide.shape, slide.mpp, strict=True)]
    rows = min(max(round(extent[0] / mpp), 1), height)
    cols = min(max(round(extent[1] / mpp), 1), width)
    out = np.empty((rows, cols, 3), np.uint8)
    for top in range(0, rows, _STRIP):
        bottom = min(top + _STRIP, rows)
        tick(top, rows, "reading the overview")
        first, last = int(top * height / rows), -(-bottom * height // rows)
        strip = slide.read(Box((first, 0), (last, width)), level)
        out[top:bottom] = cv2.resize(strip, (cols, bottom - top), interpolation=cv2.INTER_AREA)
    tick(rows, rows, "reading the overview")
    return out, slide.frame.resampled((extent[0] / rows, extent[1] / cols))
