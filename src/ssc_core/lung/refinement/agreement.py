"""How far two masks of one CT agree: overlap, distances of their surfaces, volumes, side by side."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from ssc_core.errors import GeometryError
from ssc_core.geometry import Frame
from ssc_core.lung.refinement.change import Labels, box_around, check_labels

__all__ = ["agreement"]

SIDES: Mapping[str, tuple[int, ...]] = {"right": (1,), "left": (2,), "both": (1, 2)}
Bool = npt.NDArray[np.bool_]
Float = npt.NDArray[np.float64]


def agreement(
    one: Labels, other: Labels, frame: Frame, groups: Mapping[str, tuple[int, ...]] = SIDES
) -> pd.DataFrame:
    """Compare two masks on one grid.

    Parameters
    ----------
    one, other : array (z, y, x) of int
        The masks; the order only matters for signs.
    frame : Frame
        Of both, mm, axes at right angles.
    groups : mapping
        Name of a row to the labels that it joins; right lung, left lung and both by default.

    Returns
    -------
    DataFrame
        One row per group: ``part``, ``dice``, ``jaccard``, ``hausdorff_mm`` (largest distance from a surface
        voxel of either mask to the other's surface), ``hausdorff_95_mm`` (the larger of both directed 95th
        percentiles), ``mean_surface_mm`` (mean over the surface voxels of both), ``volume_one_ml``,
        ``volume_other_ml``, ``difference_ml`` (other minus one), ``difference_percent`` (of one), ``note``.
        What cannot be measured, since a mask is empty, is NaN, with a note.

    Raises
    ------
    GeometryError
        If the shapes differ.

    Notes
    -----
    A surface voxel is one that has a face on which another label, background or the end of the volume lies.
    Distances run between centres of voxels.
    """
    check_labels(one)
    check_labels(other)
    if one.shape != other.shape:
        raise GeometryError(f"the masks differ in size: {one.shape} and {other.shape} voxels")
    rows = [_compared(np.isin(one, g), np.isin(other, g), frame) for g in groups.values()]
    table = pd.DataFrame(rows)
    table.insert(0, "part", list(groups))
    return table


def _compared(a: Bool, b: Bool, frame: Frame) -> dict[str, float | str]:
    voxel_ml = frame.pixel_size / 1000.0
    na, nb, common = (int(np.count_nonzero(m)) for m in (a, b, a & b))
    row: dict[str, float | str] = {
        "dice": 2 * common / (na + nb) if na + nb else math.nan,
        "jaccard": common / (na + nb - common) if na + nb else math.nan,
        "hausdorff_mm": math.nan, "hausdorff_95_mm": math.nan, "mean_surface_mm": math.nan,
        "volume_one_ml": na * voxel_ml, "volume_other_ml": nb * voxel_ml,
        "difference_ml": (nb - na) * voxel_ml,
        "difference_percent": 100.0 * (nb - na) / na if na else math.nan,
        "note": "",
    }  # fmt: skip
    if not na or not nb:
        row["note"] = "both masks are empty" if na == nb else "one of the masks is empty"
        return row
    box = box_around(a | b)
    assert box is not None
    to_b, to_a = _surface_distances(a[box.slices], b[box.slices], frame.spacing)
    row["hausdorff_mm"] = float(max(to_b.max(), to_a.max()))
    row["hausdorff_95_mm"] = float(max(np.percentile(to_b, 95), np.percentile(to_a, 95)))
    row["mean_surface_mm"] = float(np.concatenate([to_b, to_a]).mean())
    return row


def _surface_distances(a: Bool, b: Bool, spacing: tuple[float, ...]) -> tuple[Float, Float]:
    """Distances in mm from the surface of each to that of the other."""
    from scipy.spatial import cKDTree

    first, second = (_surface(m) * np.asarray(spacing) for m in (a, b))
    return (
        np.asarray(cKDTree(second).query(first)[0], float),
        np.asarray(cKDTree(first).query(second)[0], float),
    )


def _surface(mask: Bool) -> npt.NDArray[np.int_]:
    """Indices (n, 3) of surface voxels."""
    padded = np.pad(mask, 1)
    inner = padded[1:-1, 1:-1, 1:-1].copy()
    for axis in range(3):
        for shift in (0, 2):
            cut = [slice(1, -1)] * 3
            cut[axis] = slice(shift, shift + mask.shape[axis])
            inner &= padded[tuple(cut)]
    return np.argwhere(mask & ~inner)
