"""Single slices of a CT as scorers take them, read in order and a few at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from ssc_core.io.volume import Volume
from ssc_core.lung.goh.scorer import SliceScorer
from ssc_core.lung.grid import AIR_HU
from ssc_core.lung.sides import LEFT, RIGHT
from ssc_core.progress import Tick, share, silent

__all__ = ["lung_of", "planes", "score_slices"]

_AT_A_TIME = 16


def planes(image: Volume, wanted: Sequence[int]) -> Iterator[tuple[list[int], npt.NDArray[np.float32]]]:
    """Yield (slices, HU (n, y, x) float32), slices that lie together at a time; padding is air."""
    ordered = sorted(set(wanted))
    while ordered:
        first = ordered[0]
        part = [z for z in ordered if z < first + _AT_A_TIME]
        ordered = ordered[len(part) :]
        span = slice(first, part[-1] + 1)
        at = [z - first for z in part]
        hu = np.asarray(image.hu[span], np.float32)[at]
        never = np.asarray(image.outside[span])[at] | ~np.isfinite(hu)
        yield part, np.where(never, np.float32(AIR_HU), hu)


def lung_of(mask: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """Both lungs of a mask, without trachea and main bronchi."""
    return np.asarray((mask == RIGHT) | (mask == LEFT))


def score_slices(
    image: Volume,
    mask: npt.NDArray[np.uint8],
    wanted: Sequence[int],
    scorer: SliceScorer,
    tick: Tick = silent,
) -> dict[int, npt.NDArray[np.float64]]:
    """Raw scores (3,) of slices; NaN where a slice holds no lung.

    Parameters
    ----------
    image : Volume
        The CT.
    mask : ndarray of uint8, (z, y, x)
        As :class:`~ssc_core.lung.results.LungResult` holds it.
    wanted : sequence of int
        Slices.
    scorer : SliceScorer
        Who scores.
    tick : Tick
        Progress.
    """
    _, dy, dx = image.frame.spacing
    total, done = len(set(wanted)), 0
    out: dict[int, npt.NDArray[np.float64]] = {}
    for part, hu in planes(image, wanted):
        step = share(tick, done, done + len(part), max(total, 1))
        values = scorer.score(hu, lung_of(mask[part]), (dy, dx), tick=step)
        out |= dict(zip(part, np.asarray(values, np.float64), strict=True))
        done += len(part)
    tick(total, max(total, 1), "scores")
    return out
