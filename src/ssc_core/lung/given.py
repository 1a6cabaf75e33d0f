"""A lung mask that somebody else made, brought onto the working grid."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import numpy.typing as npt

from ssc_core.errors import InputError
from ssc_core.io.volume import Volume
from ssc_core.lung.airway import find_airway
from ssc_core.lung.body import body_mask
from ssc_core.lung.grid import Int16, WorkGrid, slabs
from ssc_core.lung.mask import CoarseMask, midline_of
from ssc_core.lung.params import LungParams
from ssc_core.lung.sides import LEFT, RIGHT, Labels
from ssc_core.progress import Tick

__all__ = ["coarse_from", "given_slabs"]

_BOTH_SIDES = 0.15


def coarse_from(mask: npt.NDArray[np.uint8], grid: WorkGrid, params: LungParams) -> CoarseMask:
    """The given mask on the working grid, with the airway found in the CT.

    Raises
    ------
    InputError
        If one label covers both lungs.
    """
    body = body_mask(grid)
    airway = find_airway(grid, body, params.bronchi_mm)
    rows, columns = grid.hu.shape[1:]
    labels = np.zeros(grid.hu.shape, np.uint8)
    for z in range(len(labels)):
        source = int(np.clip(round(grid.to_source_slice(z)), 0, len(mask) - 1))
        labels[z] = cv2.resize(mask[source], (columns, rows), interpolation=cv2.INTER_NEAREST)
    midline = midline_of(airway, body, grid)
    coarse = CoarseMask(
        labels, np.isin(labels, (RIGHT, LEFT)) & (grid.hu >= params.lung_hu), airway, body, True, midline
    )
    x = np.arange(columns) * grid.spacing[2]
    for side, other in ((RIGHT, LEFT), (LEFT, RIGHT)):
        profile = (labels == side).sum(axis=(0, 1))
        right = profile[x < midline].sum() / max(1, profile.sum())
        if not (labels == other).any() and _BOTH_SIDES < right < 1 - _BOTH_SIDES:
            raise InputError("the mask gives both lungs one label; 1 must be the right lung and 2 the left")
    return coarse


def given_slabs(
    image: Volume, mask: npt.NDArray[np.uint8], tick: Tick
) -> Iterator[tuple[int, Int16, Labels]]:
    """Yield (first slice, HU, labels) as the refinement of the own mask does."""
    for first, hu in slabs(image, tick, "measuring in the given mask"):
        yield first, hu, mask[first : first + len(hu)]
