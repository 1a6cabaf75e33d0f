"""From single slices to one even grid, or a refusal that names the slices at fault.

A slice lies where ImagePositionPatient, projected on the normal of the image, puts it. File names, instance
numbers, SliceLocation, SliceThickness and SpacingBetweenSlices play no part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ssc_core.errors import GeometryError
from ssc_core.geometry import Frame
from ssc_core.io.volume.headers import Slice
from ssc_core.io.volume.shear import sideways_shifts
from ssc_core.io.volume.steps import even_grid
from ssc_core.io.volume.uniform import axes_of, require_complete, require_uniform

__all__ = ["Stack", "median_gap", "stacked"]


@dataclass(frozen=True)
class Stack:
    """Slices on one even, straight grid.

    Parameters
    ----------
    slices : tuple of Slice
        In order along their normal.
    frame : Frame
        Of the (slice, row, column) grid, mm, LPS in array order.
    places : tuple of int
        Grid slice of each slice; without gaps 0, 1, 2 ...
    shifts : tuple of (int, int)
        Rows and columns by which each slice lies inside the grid; all (0, 0) unless the gantry was tilted.
    warnings : tuple of str
        What was done to the stack, free of names.
    """

    slices: tuple[Slice, ...]
    frame: Frame
    places: tuple[int, ...]
    shifts: tuple[tuple[int, int], ...]
    warnings: tuple[str, ...] = ()

    @property
    def missing(self) -> tuple[int, ...]:
        """Grid slices that no file holds."""
        return tuple(sorted(set(range(self.places[-1] + 1)) - set(self.places)))


def stacked(
    slices: Sequence[Slice], source: Path, *, allow_single: bool = False, resample_gaps: bool = False
) -> Stack:
    """Slices in order along their normal, with the frame of the (slice, row, column) array.

    Parameters
    ----------
    slices : sequence of Slice
        One series, in any order.
    source : Path
        For messages.
    allow_single : bool
        Accept a single slice, taking its thickness as the slice distance.
    resample_gaps : bool
        Accept missing slices; they are then places of the grid without a slice.

    Raises
    ------
    ScaleUnknown
        If a slice has no PixelSpacing.
    GeometryError
        If positions, orientations, spacings or sizes are missing or do not fit; names the slice files.
    """
    require_complete(slices, source)
    require_uniform(slices, source)
    row, column, normal = axes_of(slices[0], source)
    positions = np.array([s.position for s in slices], float)
    order = sorted(range(len(slices)), key=lambda i: (float(positions[i] @ normal), slices[i].name))
    slices = [slices[i] for i in order]
    positions = positions[order]
    dy, dx = slices[0].spacing or (0.0, 0.0)
    places, shifts, warnings = np.zeros(1, int), np.zeros((1, 2), int), list[str]()
    if len(slices) == 1:
        distance = _single(slices[0], source, allow_single)
    else:
        distance, places = even_grid(slices, positions @ normal, source, resample_gaps)
        shifts, warnings = sideways_shifts(slices, positions, (row, column, normal), source)
    corner = shifts.min(axis=0)
    first = positions[0] + (corner[0] * dy) * column + (corner[1] * dx) * row
    cosines = np.column_stack([normal, column, row])[::-1]
    frame = Frame((distance, dy, dx), tuple(first[::-1].tolist()), tuple(map(tuple, cosines.tolist())))
    moved = tuple((int(j), int(i)) for j, i in shifts - corner)
    stack = Stack(tuple(slices), frame, tuple(int(p) for p in places), moved, tuple(warnings))
    return stack


def median_gap(slices: Sequence[Slice]) -> float | None:
    """Median distance of neighbouring slices in mm, for a listing; None where it cannot be told."""
    placed = [s for s in slices if s.position is not None and s.cosines is not None]
    if len(placed) < 2:
        return None
    c = placed[0].cosines or ()
    normal = np.cross(c[:3], c[3:])
    along: npt.NDArray[np.float64] = np.sort(np.array([s.position for s in placed]) @ normal)
    return float(np.median(np.diff(along)))


def _single(s: Slice, source: Path, allowed: bool) -> float:
    if not allowed:
        raise GeometryError(
            f"only one slice ({s.name}) was found, and a volume needs several; give the folder of the whole"
            " series",
            source=source,
            private=[s.file.name],
        )
    thickness = s.facts.get("slice thickness (mm)")
    return float(thickness) if thickness and thickness > 0 else 1.0
