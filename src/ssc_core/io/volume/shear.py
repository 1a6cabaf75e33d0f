"""Gantry tilt: slices that shift sideways from one to the next by the same amount.

Such a stack is laid on a straight grid by moving each slice by a whole number of pixels. No value is
interpolated, so HU, areas and textures stay as they were, and the way back is exact; a slice lies at most
half a pixel beside its true place. Positions alone decide: the tilt that a header states is not for
computation (DICOM PS3.3 C.8.2.1, Gantry/Detector Tilt).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import numpy as np
import numpy.typing as npt

from ssc_core.errors import GeometryError
from ssc_core.io.volume.headers import Slice
from ssc_core.io.volume.steps import JITTER_MM

__all__ = ["LARGEST_TILT_DEGREES", "SHEAR_PIXELS", "sideways_shifts"]

SHEAR_PIXELS = 0.25
"""Slices may drift sideways by this many pixels over the whole stack before it counts as sheared."""

LARGEST_TILT_DEGREES = 35.0
"""Gantries tilt by up to 30 degrees; more is another fault."""

Array = npt.NDArray[np.float64]


def sideways_shifts(
    slices: Sequence[Slice], positions: Array, axes: tuple[Array, Array, Array], source: Path
) -> tuple[npt.NDArray[np.int_], list[str]]:
    """Rows and columns (n, 2) by which each slice lies beside the first, and what must be known.

    Parameters
    ----------
    slices : sequence of Slice
        In order, at least two.
    positions : array (n, 3)
        Of their first pixels, LPS (x, y, z), mm.
    axes : tuple of array
        Unit vectors along a row, down a column, along the normal.
    source : Path
        For messages.

    Raises
    ------
    GeometryError
        If the slices shift unevenly, or by more than :data:`LARGEST_TILT_DEGREES`.
    """
    row, column, normal = axes
    offset = positions - positions[0]
    along = offset @ normal
    drift = np.column_stack([offset @ column, offset @ row])
    spacing = np.asarray(slices[0].spacing, float)
    limit = SHEAR_PIXELS * float(spacing.min())
    if np.linalg.norm(drift, axis=1).max() <= limit:
        return np.zeros((len(slices), 2), int), []
    slope = drift[-1] / along[-1]
    angle = float(np.degrees(np.arctan(np.linalg.norm(slope))))
    if np.linalg.norm(drift - along[:, None] * slope, axis=1).max() > max(limit, JITTER_MM):
        _refuse_aside(slices, drift, source)
    if angle > LARGEST_TILT_DEGREES:
        raise GeometryError(
            f"the slices are sheared by {angle:.1f} degrees, more than a gantry tilts: from {slices[0].name}"
            f" to {slices[-1].name} they shift sideways by {np.linalg.norm(drift[-1]):.1f} mm; ask for a"
            " reconstruction without tilt",
            source=source,
            private=[slices[0].file.name, slices[-1].file.name],
        )
    shifts = np.rint(drift / spacing).astype(int)
    rest = float(np.linalg.norm(drift - shifts * spacing, axis=1).max())
    text = (
        f"the slices are sheared by {angle:.1f} degrees (gantry tilt): each was moved sideways by whole"
        f" pixels onto a straight grid, with HU unchanged and at most {rest:.2f} mm beside its place"
    )
    return shifts, [text]


def _refuse_aside(slices: Sequence[Slice], drift: Array, source: Path) -> NoReturn:
    jumps = np.linalg.norm(np.diff(drift, axis=0), axis=1)
    worst = int(np.argmax(jumps))
    raise GeometryError(
        f"the slices do not lie behind one another: from {slices[worst].name} to {slices[worst + 1].name} the"
        f" image shifts sideways by {jumps[worst]:.1f} mm; export the series again",
        source=source,
        private=[slices[worst].file.name, slices[worst + 1].file.name],
    )
