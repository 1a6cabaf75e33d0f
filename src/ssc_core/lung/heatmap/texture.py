"""What a square is replaced by, and whether the network takes it for healthy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.ndimage import uniform_filter

from ssc_core.errors import EmptyError, InputError

__all__ = ["HealthyCheck", "check_healthy", "find_healthy", "mirrored", "pattern_tile"]

Field = npt.NDArray[np.float32]
Bool = npt.NDArray[np.bool_]

LARGEST_MOVE = 0.5
"""Percent points by which healthy texture may move the scores of a healthy slice."""


def mirrored(texture: npt.ArrayLike, shape: tuple[int, ...]) -> Field:
    """A texture, or a constant, of the size `shape`; smaller ones are mirrored at their borders: no seam.

    Raises
    ------
    InputError
        If it is no picture, or holds values that are no numbers.
    """
    values = np.asarray(texture, np.float32)
    if not np.isfinite(values).all() or values.ndim not in (0, 2) or 0 in values.shape:
        raise InputError("the replacing texture must be a picture (y, x) of numbers, or one number")
    if values.ndim == 0:
        return np.full(shape, values, np.float32)
    more = [(0, max(0, n - m)) for n, m in zip(shape, values.shape, strict=True)]
    rows, columns = shape
    return np.ascontiguousarray(np.pad(values, more, mode="symmetric")[:rows, :columns])


def find_healthy(hu: Field, lung: Bool, size: int = 48) -> tuple[int, int, int]:
    """The most ordinary healthy-looking square in the lung of a slice: (row, column, side).

    All of it is lung, its mean lies between -950 and -750 HU, and among those it has the least share above
    -700 HU (vessels) and then the least spread. The side halves until one is found.

    Raises
    ------
    EmptyError
        If no square of eight pixels fits.
    """
    while size >= 8:
        inside = uniform_filter(lung.astype(np.float64), size, mode="constant") > 1 - 1e-9
        mean = uniform_filter(hu.astype(np.float64), size)
        dense = uniform_filter((hu > -700).astype(np.float64), size)
        spread = np.sqrt(np.maximum(uniform_filter(hu.astype(np.float64) ** 2, size) - mean**2, 0))
        allowed = inside & (mean > -950) & (mean < -750)
        if allowed.any():
            cost = np.where(allowed, dense + spread / 1000, np.inf)
            y, x = np.unravel_index(int(np.argmin(cost)), cost.shape)
            return int(y) - size // 2, int(x) - size // 2, size
        size //= 2
    raise EmptyError(
        "no healthy-looking square was found in the lung; give a healthy texture, or use "
        "--replacement constant"
    )


def pattern_tile(healthy: Field, pattern: str, spacing_mm: tuple[float, float], seed: int = 0) -> Field:
    """Healthy texture filled with ground glass ("gg") or reticulation ("ret"), HU.

    With it the map shows where the network would see a pattern if there were one: places that stay at zero
    are blind, places that do not change were read as that pattern before (Fig. A4).
    """
    from ssc_core.lung.synthesis.compositing import blend
    from ssc_core.lung.synthesis.textures import ground_glass, reticulation
    from ssc_core.seeds import seed_of

    shape = (healthy.shape[0], healthy.shape[1])
    rng = np.random.default_rng(seed_of(seed, "heat map", pattern))
    drawn = (ground_glass if pattern == "gg" else reticulation)(shape, spacing_mm, rng)
    return blend(healthy, drawn, 1.0)


@dataclass(frozen=True)
class HealthyCheck:
    """How far a texture moves the scores of a slice that is healthy."""

    moves: npt.NDArray[np.float64]
    """Largest change of TOT, GG and RET by any square, percent points, with its sign."""

    @property
    def passed(self) -> bool:
        """Whether all stay below half a percent point."""
        return bool((np.abs(self.moves) < LARGEST_MOVE).all())

    @property
    def note(self) -> str:
        """What must be said, "" if nothing."""
        if self.passed:
            return ""
        names = ("TOT", "GG", "RET")
        told = ", ".join(f"{n} {v:+.2f}" for n, v in zip(names, self.moves, strict=True))
        return (
            f"the network does not take this texture for healthy: it moves a healthy slice by {told} points "
            f"(allowed {LARGEST_MOVE}); the map holds that much that is not disease, choose another texture"
        )


def check_healthy(
    network: Any,
    image: npt.ArrayLike,
    lung_mask: npt.ArrayLike,
    texture: npt.ArrayLike,
    *,
    window: int = 64,
    fade: int = 4,
) -> HealthyCheck:
    """Put the texture over a healthy slice, square by square side by side, and see what the scores do.

    Parameters as :func:`~ssc_core.lung.heatmap.replacement.replacement_heatmap`; the slice must be healthy.
    """
    from ssc_core.lung.heatmap.replacement import replacement_heatmap

    found = replacement_heatmap(
        network, image, lung_mask, texture, window=window, stride=window, mode="exact", fade=fade
    )
    at = np.argmax(np.abs(found.changes), axis=0)
    return HealthyCheck(found.changes[at, np.arange(found.changes.shape[1])].astype(np.float64))
