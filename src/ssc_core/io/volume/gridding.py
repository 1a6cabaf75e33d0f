"""The pixels of a stack on its grid: moved, filled, or as they are."""

from __future__ import annotations

import math

from ssc_core.io.volume.pixels import Pixels
from ssc_core.io.volume.regridded import Filled, Straightened
from ssc_core.io.volume.stack import Stack

__all__ = ["on_grid"]


def on_grid(
    stack: Stack, pixels: Pixels, padding: tuple[float, ...]
) -> tuple[Pixels, tuple[float, ...], tuple[str, ...]]:
    """Pixels and declared padding per slice of the stack's grid, and what must be known.

    Parameters
    ----------
    stack : Stack
        From :func:`~ssc_core.io.volume.stack.stacked`.
    pixels : Pixels
        Of its slices, in order.
    padding : tuple of float
        Of its slices, HU, NaN for none.
    """
    if any(shift != (0, 0) for shift in stack.shifts):
        pixels = Straightened(pixels, stack.shifts)
    missing = stack.missing
    if not missing:
        return pixels, padding, ()
    filled = Filled(pixels, stack.places, padding)
    everywhere = [math.nan] * filled.shape[0]
    for place, value in zip(stack.places, padding, strict=True):
        everywhere[place] = value
    n = len(missing)
    text = (
        f"{n} missing slice{'s were' if n > 1 else ' was'} filled by linear interpolation: number"
        f"{'s' if n > 1 else ''} {_ranges(missing)} of {filled.shape[0]}, counted from 0 along the slice axis"
        " of the source"
    )
    return filled, tuple(everywhere), (text,)


def _ranges(numbers: tuple[int, ...]) -> str:
    """Whole numbers as "3, 5-7"."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)
