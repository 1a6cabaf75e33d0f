"""Which slices of a mask to look at first."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ssc_core.errors import GeometryError
from ssc_core.geometry import Frame
from ssc_core.lung.refinement.change import Labels, check_labels

__all__ = ["suspicious_slices"]

_SMALL_MM2 = 100.0
"""Areas are compared on top of this, so that the tips of a lung do not outrank everything."""
_FULL_JUMP = 0.5
_FULL_BORDER = 0.05
_FULL_DENSITY_HU = 150.0
"""Where each of the three reasons counts as a full point."""

Float = npt.NDArray[np.float64]


def suspicious_slices(
    labels: Labels, frame: Frame, hu: Any = None, *, label: int | tuple[int, ...] = (1, 2)
) -> pd.DataFrame:
    """Rank axial slices by what speaks against the mask in them.

    Parameters
    ----------
    labels : array (z, y, x) of int
        The mask.
    frame : Frame
        Of it, mm.
    hu : array (z, y, x), optional
        The CT, NumPy or lazy, read slice by slice; without it density does not count.
    label : int or tuple of int
        What is judged; each label by itself, a slice by its worst.

    Returns
    -------
    DataFrame
        One row per slice that holds `label` or lies between two that do, most suspicious first (ties by
        slice): ``slice``, ``score`` (0 to 3), ``label`` (the worst), ``area_mm2``, ``area_jump`` (difference
        of the area from the median of two neighbours on either side, over that + 100 mm2), ``border_share``
        (of the area, on the edge of the image), ``mean_hu``, ``density_jump_hu`` (difference of the mean HU
        from the median of those neighbours), ``reason``.
        The score adds, each up to 1: jump / 0.5, border share / 0.05, density jump / 150 HU.

    Raises
    ------
    GeometryError
        If mask and CT differ in shape.
    """
    check_labels(labels)
    if hu is not None and tuple(hu.shape) != labels.shape:
        raise GeometryError(f"the mask has {labels.shape} voxels and the CT {tuple(hu.shape)}")
    wanted = (label,) if isinstance(label, int) else tuple(label)
    areas, borders, means = _profiles(labels, frame, hu, wanted)
    rows = []
    for i, value in enumerate(wanted):
        held = np.flatnonzero(areas[i])
        if not len(held):
            continue
        for z in range(int(held[0]), int(held[-1]) + 1):
            rows.append({"slice": z, "label": value} | _judged(z, areas[i], borders[i], means[i]))
    columns = [
        "slice", "score", "label", "area_mm2", "area_jump", "border_share", "mean_hu", "density_jump_hu",
        "reason",
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=columns).sort_values(
        ["score", "slice", "label"], ascending=[False, True, True], kind="stable"
    )
    return table.drop_duplicates("slice").reset_index(drop=True)


def _profiles(labels: Labels, frame: Frame, hu: Any, wanted: tuple[int, ...]) -> tuple[Float, Float, Float]:
    """Per label and slice: area in mm2, share on the image's edge, mean HU (NaN for none)."""
    n = len(labels)
    areas, borders, means = np.zeros((len(wanted), n)), np.zeros((len(wanted), n)), np.zeros((len(wanted), n))
    means[:] = np.nan
    pixel = frame.pixel_size / frame.spacing[0]
    for z in range(n):
        plane = labels[z]
        masks = [plane == value for value in wanted]
        values = np.asarray(hu[z]) if hu is not None and any(m.any() for m in masks) else None
        for i, mask in enumerate(masks):
            pixels = int(np.count_nonzero(mask))
            if not pixels:
                continue
            inner = int(np.count_nonzero(mask[1:-1, 1:-1]))
            areas[i, z], borders[i, z] = pixels * pixel, (pixels - inner) / pixels
            if values is not None:
                means[i, z] = float(values[mask].mean())
    return areas, borders, means


def _judged(z: int, areas: Float, borders: Float, means: Float) -> dict[str, Any]:
    # of four neighbours one may be wrong itself
    neighbours = [k for k in (z - 2, z - 1, z + 1, z + 2) if 0 <= k < len(areas)]
    around = float(np.median(areas[neighbours])) if neighbours else float(areas[z])
    jump = abs(float(areas[z]) - around) / (around + _SMALL_MM2)
    known = [means[k] for k in neighbours if not np.isnan(means[k])]
    density = abs(float(means[z]) - float(np.median(known))) if known and not np.isnan(means[z]) else np.nan
    points = {
        "area jumps": min(1.0, jump / _FULL_JUMP),
        "touches the edge of the image": min(1.0, float(borders[z]) / _FULL_BORDER),
        "density jumps": 0.0 if np.isnan(density) else min(1.0, density / _FULL_DENSITY_HU),
    }
    reasons = ["empty between slices that are not"] if not areas[z] else []
    reasons += [name for name, point in points.items() if point >= 0.5]
    return {
        "score": sum(points.values()), "area_mm2": float(areas[z]), "area_jump": jump,
        "border_share": float(borders[z]), "mean_hu": float(means[z]), "density_jump_hu": density,
        "reason": "; ".join(reasons),
    }  # fmt: skip
