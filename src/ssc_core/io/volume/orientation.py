"""From the axes of a file to one orientation inside, and back, without touching a value.

Inside, a volume's axes run (z, y, x): feet to head, front to back, right to left. A file's axes are permuted
and flipped until each runs closest to its own; the direction cosines keep what is left (an oblique scan stays
oblique). Nothing is resampled.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ssc_core.errors import GeometryError
from ssc_core.geometry import Frame

__all__ = ["ItkGeometry", "Orientation", "itk_geometry", "orient", "require_orthogonal"]

ORTHOGONALITY = 2e-3
"""Largest cosine between two axes of a volume (0.11 degrees): rounding in headers, not a gantry tilt."""


@dataclass(frozen=True, slots=True)
class ItkGeometry:
    """Spacing, origin and direction in ITK's order (x, y, z; LPS; direction row by row)."""

    spacing: tuple[float, float, float]
    origin: tuple[float, float, float]
    direction: tuple[float, ...]

    @property
    def frame(self) -> Frame:
        """The same, in array order (z, y, x)."""
        cosines = np.asarray(self.direction, float).reshape(3, 3)[::-1, ::-1]
        return Frame(self.spacing[::-1], self.origin[::-1], tuple(map(tuple, cosines.tolist())))


def itk_geometry(frame: Frame) -> ItkGeometry:
    """A (z, y, x) frame as ITK writes it."""
    cosines = np.asarray(frame.direction)[::-1, ::-1].ravel()
    (dz, dy, dx), (oz, oy, ox) = frame.spacing, frame.origin
    return ItkGeometry((dx, dy, dz), (ox, oy, oz), tuple(float(c) + 0.0 for c in cosines))


@dataclass(frozen=True, slots=True)
class Orientation:
    """Axis permutation and flips that take a file's array to the inside orientation.

    Parameters
    ----------
    order : tuple of int
        ``order[i]`` is the file's axis that becomes axis ``i``.
    flipped : tuple of bool
        Whether inside axis ``i`` runs against the file's axis.
    """

    order: tuple[int, ...] = (0, 1, 2)
    flipped: tuple[bool, ...] = (False, False, False)

    def apply(self, array: Any) -> Any:
        """File order to inside order (NumPy or dask)."""
        return array.transpose(self.order)[self._steps]

    def undo(self, array: Any) -> Any:
        """Inside order to file order: the exact inverse of :meth:`apply`."""
        return array[self._steps].transpose(tuple(int(i) for i in np.argsort(self.order)))

    def frame(self, source: Frame, shape: Sequence[int]) -> Frame:
        """Frame of the reoriented array, for a file's `source` frame and array `shape`."""
        cosines = np.asarray(source.direction)[:, self.order]
        signs = np.where(self.flipped, -1.0, 1.0)
        corner = np.zeros(3)
        for axis, flip in zip(self.order, self.flipped, strict=True):
            corner[axis] = shape[axis] - 1 if flip else 0
        origin = source.to_physical(corner)
        spacing = tuple(source.spacing[axis] for axis in self.order)
        return Frame(
            spacing, tuple(origin.tolist()), tuple(map(tuple, (cosines * signs).tolist())), source.unit
        )

    @property
    def _steps(self) -> tuple[slice, ...]:
        return tuple(slice(None, None, -1) if flip else slice(None) for flip in self.flipped)


def orient(source: Frame) -> Orientation:
    """How the array of a file's `source` frame is turned so that each axis runs closest to its own."""
    cosines = np.asarray(source.direction)

    def fit(order: tuple[int, ...]) -> float:
        return float(sum(abs(cosines[i, axis]) for i, axis in enumerate(order)))

    order = max(itertools.permutations(range(3)), key=lambda o: round(fit(o), 6))
    return Orientation(order, tuple(bool(cosines[i, axis] < 0) for i, axis in enumerate(order)))


def require_orthogonal(frame: Frame, source: Any = None) -> None:
    """Refuse a grid whose axes are not at right angles.

    Raises
    ------
    GeometryError
        If two axes differ from a right angle by more than :data:`ORTHOGONALITY`.
    """
    cosines = np.asarray(frame.direction)
    dots = np.abs(cosines.T @ cosines - np.eye(3))
    if dots.max() > ORTHOGONALITY:
        raise GeometryError(
            "the axes of the volume are not at right angles (a sheared affine, as from an uncorrected gantry"
            " tilt); open the original DICOM series or resample the volume to a straight grid first",
            source=source,
        )
