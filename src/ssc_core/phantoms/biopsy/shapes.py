"""Closed outlines with an amount of each dye: what everything but the bundles is painted from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = [
    "CORNEUM",
    "EMPTY",
    "EPITHELIUM",
    "GROUND",
    "MUSCLE",
    "NUCLEUS",
    "Dye",
    "Shapes",
    "ellipse",
    "tube",
]

FloatArray = npt.NDArray[np.float64]
Dye = tuple[float, float, float]
"""Amounts of collagen dye, cytoplasm dye and nuclear dye."""

EMPTY: Dye = (0.0, 0.0, 0.0)
GROUND: Dye = (0.075, 0.03, 0.01)
EPITHELIUM: Dye = (0.08, 0.72, 0.42)
CORNEUM: Dye = (0.02, 1.05, 0.10)
MUSCLE: Dye = (0.10, 0.85, 0.22)
NUCLEUS: Dye = (0.15, 0.35, 1.75)


@dataclass(frozen=True, slots=True)
class Shapes:
    """Polygons in painting order.

    Attributes
    ----------
    outlines : tuple of (k, 2) ndarray
        Slide um, (y, x); ``k`` may differ.
    dyes : (n, 3)
        Amount of each dye.
    reach : (n, 4)
        Bounding boxes y0, x0, y1, x1.
    fibrous : (n,) bool
        Whether the polygon counts as collagen in the truth.
    """

    outlines: tuple[FloatArray, ...]
    dyes: FloatArray
    reach: FloatArray
    fibrous: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, items: Iterable[tuple[FloatArray, Dye]], fibrous: Iterable[bool] | None = None) -> Shapes:
        """Gather (outline, dye) pairs."""
        pairs = list(items)
        outlines = tuple(np.asarray(o, float) for o, _ in pairs)
        dyes = np.array([d for _, d in pairs], float).reshape(-1, 3)
        reach = np.array([[*o.min(0), *o.max(0)] for o in outlines], float).reshape(-1, 4)
        flags = np.zeros(len(pairs), bool) if fibrous is None else np.array(list(fibrous), bool)
        return cls(outlines, dyes, reach, flags)


_TURN = np.linspace(0.0, 2.0 * np.pi, 17)[:-1]


def ellipse(
    y: float, x: float, along: float, across: float, angle: float, wobble: FloatArray | None = None
) -> FloatArray:
    """Outline (16, 2) of an ellipse with semi-axes `along` and `across`; `angle` from +x towards -y."""
    radius = 1.0 if wobble is None else 1.0 + wobble
    u, v = along * np.cos(_TURN) * radius, across * np.sin(_TURN) * radius
    c, s = np.cos(angle), np.sin(angle)
    return np.stack([y - (u * s + v * c), x + (u * c - v * s)], -1)


def tube(path: FloatArray, half: FloatArray) -> FloatArray:
    """Outline (2k, 2) of a tube around `path` (k, 2) with half widths `half` (k,)."""
    step = np.gradient(path, axis=0)
    step /= np.linalg.norm(step, axis=1, keepdims=True)
    normal = np.stack([step[:, 1], -step[:, 0]], -1) * half[:, None]
    return np.concatenate([path + normal, (path - normal)[::-1]])
