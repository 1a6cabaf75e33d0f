"""One CT of a reading study: a manifest row, and the slices at its five levels."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import Field

from ssc_core.errors import InputError
from ssc_core.lung.case import LungCase, analysed
from ssc_core.lung.lnet.case import read_levels
from ssc_core.lung.params import LungParams
from ssc_core.lung.reading.queue import Item
from ssc_core.progress import Tick, share, silent

__all__ = ["ReadCase", "items_of", "slice_hu"]


class ReadCase(LungCase):
    """One row of the manifest of ``ssc lung read``."""

    patient: Annotated[str | None, Field(description="Alias of the patient, where one has several CTs.")] = (
        None
    )
    levels: Annotated[
        Path | None, Field(description="Level table (level, z_mm); without it the levels are found.")
    ] = None

    @property
    def who(self) -> str:
        """Patient, or the case where no patient is named."""
        return self.patient or self.case_id


def items_of(case: ReadCase, tick: Tick = silent) -> tuple[Item, ...]:
    """The slices of a CT that are nearest to its five levels.

    Levels that are missing are not read. Heights outside the CT are refused rather than moved.

    Raises
    ------
    InputError
        If the CT or its level table cannot be used, or no level lies in it.
    """
    if case.levels is None:
        result = analysed(case, LungParams(), tick)
        found = tuple(
            Item(case.case_id, case.who, lv.number, lv.z_mm, lv.slice)
            for lv in result.levels
            if lv.slice is not None
        )
    else:
        image = case.open(share(tick, 0.0, 0.9))
        nz, ny, nx = image.hu.shape
        middle = [(ny - 1) / 2, (nx - 1) / 2]
        ends = [float(image.frame.to_physical([z, *middle])[0]) for z in (0, nz - 1)]
        heights = read_levels(case.levels).array
        # z is linear in the slice at the image's middle
        index = (heights - ends[0]) / (ends[1] - ends[0]) * (nz - 1) if nz > 1 else np.zeros_like(heights)
        outside = [n for n, i in enumerate(index, 1) if np.isfinite(i) and not -0.5 <= i <= nz - 0.5]
        if outside:
            raise InputError(
                f"level {outside[0]} lies outside the CT; the table belongs to another CT",
                source=case.levels,
            )
        found = tuple(
            Item(case.case_id, case.who, n, float(z), round(i))
            for n, (z, i) in enumerate(zip(heights, index, strict=True), 1)
            if np.isfinite(i)
        )
    if not found:
        raise InputError(f"no level was found in {case.case_id}; give a level table", source=case.ct)
    return found


def slice_hu(case: ReadCase, index: int) -> tuple[npt.NDArray[np.float32], tuple[float, float]]:
    """One axial slice in HU, (y, x), the patient's right on the left, and its pixel size (y, x) in mm."""
    image = case.open()
    hu = np.asarray(image.hu[index].compute(), np.float32)
    return hu, (image.frame.spacing[1], image.frame.spacing[2])
