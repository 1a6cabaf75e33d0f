"""Slices of one stack are alike: complete, of one size, one pixel spacing, one orientation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ssc_core.errors import GeometryError, ScaleUnknown
from ssc_core.io.volume.headers import Slice

__all__ = ["axes_of", "require_complete", "require_uniform"]

Array = npt.NDArray[np.float64]


def require_complete(slices: Sequence[Slice], source: Path) -> None:
    """Refuse a slice without position, orientation or pixel spacing.

    Raises
    ------
    GeometryError, ScaleUnknown
        Naming the slice.
    """
    for s in slices:
        if s.position is None or s.cosines is None:
            tag = "ImagePositionPatient" if s.position is None else "ImageOrientationPatient"
            raise GeometryError(
                f"slice {s.name} has no usable {tag}, so nobody knows where it lies; export the series again",
                source=source,
                private=[s.file.name],
            )
        if s.spacing is None or min(s.spacing) <= 0:
            raise ScaleUnknown(
                f"slice {s.name} has no usable PixelSpacing, so its scale is unknown; export the series"
                " again",
                source=source,
                private=[s.file.name],
            )


def require_uniform(slices: Sequence[Slice], source: Path) -> None:
    """All slices share matrix, pixel spacing, orientation and frame of reference, or the odd one is named."""
    checks: list[tuple[str, Callable[[Slice], object]]] = [
        ("matrix sizes", lambda s: s.shape),
        ("pixel spacings", lambda s: tuple(round(v, 4) for v in s.spacing or ())),
        ("orientations", lambda s: tuple(round(v, 2) + 0.0 for v in s.cosines or ())),
        ("frames of reference", lambda s: s.reference),
    ]
    for what, key in checks:
        counts = Counter(key(s) for s in slices)
        if len(counts) > 1:
            common = counts.most_common(1)[0][0]
            odd = next(s for s in slices if key(s) != common)
            usual = next(s for s in slices if key(s) == common)
            shown = "" if what == "frames of reference" else f" ({_plain(key(odd))} against {_plain(common)})"
            raise GeometryError(
                f"the series mixes {what}: {odd.name} differs from {usual.name}{shown}; separate them into"
                " folders of their own",
                source=source,
                private=[odd.file.name, usual.file.name],
            )


def axes_of(s: Slice, source: Path) -> tuple[Array, Array, Array]:
    """Unit vectors (LPS) along a row, down a column, and along the normal of a slice."""
    cosines = np.asarray(s.cosines, float)
    row, column = cosines[:3], cosines[3:]
    lengths = np.linalg.norm(row), np.linalg.norm(column)
    if not np.allclose(lengths, 1.0, atol=1e-2) or abs(row @ column) > 1e-2:
        raise GeometryError(
            f"slice {s.name} has an ImageOrientationPatient that is not two unit vectors at right angles;"
            " export the series again",
            source=source,
            private=[s.file.name],
        )
    normal = np.cross(row, column)
    return row / lengths[0], column / lengths[1], normal / np.linalg.norm(normal)


def _plain(value: object) -> str:
    return " x ".join(f"{v:g}" for v in value) if isinstance(value, tuple) else str(value)
