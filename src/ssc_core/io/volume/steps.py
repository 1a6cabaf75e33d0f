"""The distances between slices: one even grid, one with missing slices, or a refusal by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import numpy as np
import numpy.typing as npt

from ssc_core.errors import GeometryError
from ssc_core.io.volume.headers import Slice

__all__ = ["JITTER_MM", "JITTER_SHARE", "LARGEST_GAP_MM", "even_grid"]

JITTER_SHARE = 0.05
"""A slice may lie this share of the slice distance off the even grid (and :data:`JITTER_MM` in any case)."""

JITTER_MM = 0.08
"""Positions are often written with one decimal, which moves a slice by up to 0.05 mm (and the grid)."""

LARGEST_GAP_MM = 25.0
"""Wider gaps are never filled: a level or a lesion could lie in them."""

Array = npt.NDArray[np.float64]
Places = npt.NDArray[np.int_]


def even_grid(
    slices: Sequence[Slice], along: Array, source: Path, resample_gaps: bool
) -> tuple[float, Places]:
    """The one distance between neighbours and the grid slice of each slice.

    Parameters
    ----------
    slices : sequence of Slice
        In order.
    along : array
        Their positions along the normal in mm, ascending.
    source : Path
        For messages.
    resample_gaps : bool
        Accept missing slices.

    Raises
    ------
    GeometryError
        Naming the two slices between which the grid breaks.
    """
    steps = np.diff(along)
    usual = float(np.percentile(steps, 50, method="lower"))
    nearest = int(np.argmin(steps))
    if steps[nearest] < max(0.01, 0.02 * usual):
        _refuse_duplicates(slices, steps, nearest, source)
    even = float((along[-1] - along[0]) / (len(along) - 1))
    places = np.arange(len(along))
    if _fits(along, places, even) and steps.max() < 1.5 * usual:
        return even, places
    if resample_gaps:
        single = float(steps[steps < 1.5 * steps.min()].mean())
        places = np.concatenate([[0], np.cumsum(np.rint(steps / single).astype(int))])
        even = float((along[-1] - along[0]) / places[-1])
        few = places[-1] + 1 <= 2 * len(along)
        if few and steps.max() <= LARGEST_GAP_MM and np.diff(places).min() > 0 and _fits(along, places, even):
            return even, places
    _refuse_steps(slices, steps, usual, source, resample_gaps)


def _fits(along: Array, places: Places, even: float) -> bool:
    fitted = np.polyval(np.polyfit(places, along, 1), places)
    return bool(np.abs(along - fitted).max() <= max(JITTER_MM, JITTER_SHARE * even))


def _refuse_steps(
    slices: Sequence[Slice], steps: Array, usual: float, source: Path, resample_gaps: bool
) -> NoReturn:
    worst = int(np.argmax(np.abs(steps - usual)))
    a, b = slices[worst], slices[worst + 1]
    share = float(steps[worst]) / usual
    missing = max(0, round(share) - 1)
    levels = Counter(round(float(s), 1) for s in steps)
    frequent = [step for step, n in levels.most_common(2) if n >= 3]
    way = "export the whole series again"
    if len(frequent) == 2 and abs(frequent[0] - frequent[1]) > 0.2 * usual:
        lead = f"the slice distance changes within the series (mostly {frequent[0]:g} and {frequent[1]:g} mm)"
    elif missing:
        lead = f"{missing} slice{'s are' if missing > 1 else ' is'} missing"
        if not resample_gaps and steps[worst] <= LARGEST_GAP_MM:
            way += ", or give --resample-gaps to interpolate"
    else:
        lead = "the slice distance is uneven"
    if resample_gaps:
        way = (
            f"--resample-gaps fills gaps of up to {LARGEST_GAP_MM:g} mm on an even grid, at most one slice in"
            " two; export the whole series again"
        )
    raise GeometryError(
        f"{lead}: between {a.name} and {b.name} {usual:.2f} mm were expected and {steps[worst]:.2f} mm found;"
        f" {way}",
        source=source,
        private=[a.file.name, b.file.name],
    )


def _refuse_duplicates(slices: Sequence[Slice], steps: Array, at: int, source: Path) -> NoReturn:
    a, b = slices[at], slices[at + 1]
    doubles = int(np.count_nonzero(steps < max(0.01, 0.02 * float(np.median(steps)))))
    acquisitions = len({s.acquisition for s in slices})
    if doubles > len(slices) // 3:
        how = f"{doubles} slices lie on top of others, as {a.name} and {b.name}"
        hint = f" (the series holds {acquisitions} acquisitions)" if acquisitions > 1 else ""
        way = "separate the acquisitions or phases into folders of their own"
    else:
        how, hint = f"slices {a.name} and {b.name} lie at the same position", ""
        way = "remove one" if doubles == 1 else f"remove one of each of the {doubles} pairs"
    raise GeometryError(f"{how}{hint}; {way}", source=source, private=[a.file.name, b.file.name])
