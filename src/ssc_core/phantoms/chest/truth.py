"""A rendered phantom with everything that is true about it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from ssc_core.geometry import Frame
from ssc_core.phantoms.chest.disease import DENSE, GROUND_GLASS, RETICULATION

__all__ = ["ChestPhantom", "extent_table"]


@dataclass(frozen=True)
class ChestPhantom:
    """A synthetic chest CT with everything that is true about it.

    Attributes
    ----------
    hu : numpy.ndarray
        (z, y, x) int16, HU; z runs from feet to head.
    frame : Frame
        mm, LPS.
    lungs : numpy.ndarray
        uint8: 0 elsewhere, 1 right lung, 2 left lung, 3 trachea and main bronchi with their walls. Vessels
        and bronchi inside the lungs belong to the lungs.
    bones : numpy.ndarray
        bool: rib cage, spine, sternum, shoulder girdle.
    disease : numpy.ndarray
        uint8 bits: 1 ground glass, 2 reticulation, 4 dense fibrosis (which carries 2 as well).
    levels_mm : dict
        Height z of the five levels (1-5), None where the scan does not reach it.
    landmarks_mm : dict
        Heights z of arch_top, carina, venous_confluence, right_dome, left_dome, apex, in or out of the scan.
    thickness_mm : float
        Thickness of a slice.
    padding : int or None
        Value outside the round field of view.
    seed : int
        Of the person.
    prone : bool
        Whether the person lies on the front.
    """

    hu: npt.NDArray[np.int16]
    frame: Frame
    lungs: npt.NDArray[np.uint8]
    bones: npt.NDArray[np.bool_]
    disease: npt.NDArray[np.uint8]
    levels_mm: dict[int, float | None]
    landmarks_mm: dict[str, float]
    thickness_mm: float
    padding: int | None
    seed: int
    prone: bool

    @property
    def lung_mask(self) -> npt.NDArray[np.bool_]:
        """(z, y, x) bool: both lungs without trachea and main bronchi."""
        return np.asarray((self.lungs == 1) | (self.lungs == 2))

    @property
    def level_slices(self) -> dict[int, float | None]:
        """Slice index, with a fraction, of each level."""
        z0, dz = self.frame.origin[0], self.frame.spacing[0]
        return {k: None if z is None else (z - z0) / dz for k, z in self.levels_mm.items()}

    @cached_property
    def extent(self) -> pd.DataFrame:
        """See :func:`extent_table`."""
        return extent_table(self.lungs, self.disease, self.frame)


def extent_table(lungs: npt.NDArray[np.uint8], disease: npt.NDArray[np.uint8], frame: Frame) -> pd.DataFrame:
    """Share of each slice's lung area that each pattern takes, counted in voxels.

    Parameters
    ----------
    lungs, disease : numpy.ndarray
        (z, y, x) labels as in :class:`ChestPhantom`.
    frame : Frame
        Of both.

    Returns
    -------
    pandas.DataFrame
        One row per slice: slice, z_mm, lung_area_mm2, tot, gg, ret, dense (percent, NaN without lung). TOT is
        the union of GG and RET, so that max(GG, RET) <= TOT <= GG + RET; dense is part of RET.
    """
    lung = (lungs == 1) | (lungs == 2)
    count = lung.sum(axis=(1, 2))
    patterns = {"tot": GROUND_GLASS | RETICULATION, "gg": GROUND_GLASS, "ret": RETICULATION, "dense": DENSE}
    area = frame.spacing[1] * frame.spacing[2]
    table: dict[str, npt.NDArray[np.generic]] = {
        "slice": np.arange(len(lungs)),
        "z_mm": frame.origin[0] + frame.spacing[0] * np.arange(len(lungs)),
        "lung_area_mm2": count * area,
    }
    for name, bits in patterns.items():
        inside = (((disease & bits) > 0) & lung).sum(axis=(1, 2))
        table[name] = np.where(count > 0, 100.0 * inside / np.maximum(count, 1), np.nan)
    return pd.DataFrame(table)
