"""Whether a CT is of the kind that a network learned on, and how its slices get the network's matrix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ssc_core.errors import InputError
from ssc_core.geometry import Frame
from ssc_core.lung.grid import AIR_HU

__all__ = ["deviations", "fit_matrix", "refuse_matrix"]

_COARSEST_MM = 2.0  # reticulation is gone; nothing that reads texture can score such pixels
_SMALLEST = 128
_SLACK = 0.02

Range = tuple[float, float]


def deviations(
    frame: Frame,
    meta: Mapping[str, Any],
    *,
    spacing_mm: Range | None = None,
    thickness_mm: Range | None = None,
    kernels: Sequence[str] = (),
    contrast: str = "",
) -> tuple[str, ...]:
    """In what a CT differs from those that a scorer learned on, one sentence each.

    Parameters
    ----------
    frame : Frame
        Of the CT, (z, y, x), mm.
    meta : mapping
        As :func:`ssc_core.lung.goh.scorer.facts_of_ct` gives it.
    spacing_mm, thickness_mm : tuple of float, optional
        Least and greatest pixel size and slice thickness of the training set.
    kernels : sequence of str
        Its reconstruction kernels.
    contrast : {"", "yes", "no", "both"}
        Whether contrast agent was given.

    Notes
    -----
    What the training set is not known for cannot be compared, and what the CT's file does not state neither:
    both are said. Files rarely state that no contrast agent was given.
    """
    told: list[str] = []
    unknown: list[str] = []
    silent: list[str] = []
    pixel = max(frame.spacing[1:])
    if spacing_mm is None:
        unknown.append("pixel size")
    elif not _within(pixel, spacing_mm):
        told.append(f"pixels of {pixel:.2f} mm; the scorer learned on {_span(spacing_mm)} mm")
    thickness = meta.get("slice thickness (mm)")
    if thickness_mm is None:
        unknown.append("slice thickness")
    elif thickness is None:
        silent.append("slice thickness")
    elif not _within(float(thickness), thickness_mm):
        told.append(f"slices {float(thickness):g} mm thick; the scorer learned on {_span(thickness_mm)} mm")
    kernel = str(meta.get("kernel") or "")
    if not kernels:
        unknown.append("kernel")
    elif not kernel:
        silent.append("kernel")
    elif kernel not in kernels:
        told.append(f"kernel {kernel}; the scorer learned on {', '.join(kernels)}")
    if meta.get("contrast") == "yes" and contrast == "no":
        told.append("contrast agent was given; the scorer learned without")
    if not contrast:
        unknown.append("contrast agent")
    if unknown:
        told.append(f"not known of the CTs that the scorer learned on: {', '.join(unknown)}")
    if silent:
        told.append(f"the CT's file does not state: {', '.join(silent)}")
    return tuple(told)


def refuse_matrix(frame: Frame, meta: Mapping[str, Any]) -> None:
    """Refuse CTs on which no texture can be seen.

    Raises
    ------
    InputError
        With fewer than 128 pixels along a side, or pixels above 2 mm.
    """
    rows, columns = (int(n) for n in meta["matrix"])
    pixel = max(frame.spacing[1:])
    if min(rows, columns) < _SMALLEST or pixel > _COARSEST_MM:
        raise InputError(
            f"this CT has {columns} x {rows} pixels of {pixel:.2f} mm, far outside what scores are made for "
            f"(at least {_SMALLEST} x {_SMALLEST}, at most {_COARSEST_MM:g} mm); take the original series"
        )


def fit_matrix(
    hu: npt.NDArray[np.float32], lung: npt.NDArray[np.bool_], matrix: int
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Slices on `matrix` x `matrix` pixels of the same size: padded with air, or cropped about the lung.

    Parameters
    ----------
    hu : ndarray of float32, (n, y, x)
        HU.
    lung : ndarray of bool, (n, y, x)
        Lung. A slice without lung is cropped about its middle.
    matrix : int
        Side.

    Raises
    ------
    InputError
        If the lung of a slice does not fit.
    """
    n, rows, columns = hu.shape
    if (rows, columns) == (matrix, matrix):
        return hu, lung
    out = np.full((n, matrix, matrix), AIR_HU, np.float32)
    mask = np.zeros((n, matrix, matrix), bool)
    for i in range(n):
        into, source = [], []
        for axis, size in enumerate((rows, columns)):
            where = np.flatnonzero(lung[i].any(axis=1 - axis))
            a, b = _placed(where, size, matrix)
            into.append(a)
            source.append(b)
        out[i][tuple(into)] = hu[i][tuple(source)]
        mask[i][tuple(into)] = lung[i][tuple(source)]
    return out, mask


def _placed(where: npt.NDArray[np.intp], size: int, matrix: int) -> tuple[slice, slice]:
    """Where one axis goes in the matrix, and what of it goes there."""
    if size <= matrix:
        start = (matrix - size) // 2
        return slice(start, start + size), slice(0, size)
    first, last = (int(where[0]), int(where[-1])) if len(where) else (size // 2, size // 2)
    if last - first + 1 > matrix:
        raise InputError(
            f"the lung is {last - first + 1} pixels wide and the network takes {matrix}; resample the CT to "
            "the pixel size that the network learned on"
        )
    start = int(np.clip((first + last + 1 - matrix) // 2, 0, size - matrix))
    return slice(0, matrix), slice(start, start + matrix)


def _within(value: float, span: Range) -> bool:
    return span[0] * (1 - _SLACK) <= value <= span[1] * (1 + _SLACK)


def _span(span: Range) -> str:
    return f"{span[0]:g}" if span[0] == span[1] else f"{span[0]:g} to {span[1]:g}"
