"""Random ellipses: the candidate regions of a lesion."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Ellipse", "covered", "draw_ellipses"]

Bool = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Ellipse:
    """An ellipse in a slice.

    Parameters
    ----------
    centre : tuple of float
        (y, x), pixels.
    axes : tuple of float
        Two full axes, pixels.
    angle : float
        Of the first axis against x, radians.
    """

    centre: tuple[float, float]
    axes: tuple[float, float]
    angle: float


def draw_ellipses(
    weights: npt.NDArray[np.floating],
    count: int,
    axes_px: tuple[float, float],
    rng: np.random.Generator,
) -> tuple[Ellipse, ...]:
    """Ellipses with independent centres, orientations and full axes (Jia et al. 2024, data synthesis).

    Parameters
    ----------
    weights : ndarray, (y, x)
        Probability of a centre per pixel, up to a factor; not all zero.
    count : int
        How many.
    axes_px : tuple of float
        Least and greatest full axis; both axes are uniform between them.
    rng : numpy.random.Generator
        Draws.
    """
    total = np.cumsum(weights.ravel(), dtype=np.float64)
    out = []
    for _ in range(count):
        at = int(np.searchsorted(total, rng.uniform(0, total[-1]), side="right"))
        y, x = divmod(min(at, len(total) - 1), weights.shape[1])
        centre = (y + float(rng.uniform(-0.5, 0.5)), x + float(rng.uniform(-0.5, 0.5)))
        a, b = (float(v) for v in rng.uniform(*axes_px, 2))
        out.append(Ellipse(centre, (a, b), float(rng.uniform(0, math.pi))))
    return tuple(out)


def covered(shape: tuple[int, int], ellipses: Sequence[Ellipse]) -> Bool:
    """Pixels whose centre lies in one of the ellipses; however small it is, the pixel at its centre does."""
    out = np.zeros(shape, bool)
    for one in ellipses:
        (cy, cx), reach = one.centre, max(one.axes) / 2
        rows = slice(max(0, math.floor(cy - reach)), max(0, math.ceil(cy + reach) + 1))
        columns = slice(max(0, math.floor(cx - reach)), max(0, math.ceil(cx + reach) + 1))
        y, x = np.ogrid[rows.start : min(rows.stop, shape[0]), columns.start : min(columns.stop, shape[1])]
        along = (x - cx) * math.cos(one.angle) + (y - cy) * math.sin(one.angle)
        across = (y - cy) * math.cos(one.angle) - (x - cx) * math.sin(one.angle)
        a, b = one.axes
        out[rows, columns] |= (2 * along / a) ** 2 + (2 * across / b) ** 2 <= 1
        near = round(cy), round(cx)
        if 0 <= near[0] < shape[0] and 0 <= near[1] < shape[1]:
            out[near] = True
    return out
