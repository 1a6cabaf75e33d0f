"""Healthy slices to put patterns into: from CTs that were read as healthy, and from chest phantoms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from ssc_core.errors import EmptyError, InputError
from ssc_core.io.volume import open_volume
from ssc_core.lung.extent.grid import resized
from ssc_core.lung.pipeline import analyse
from ssc_core.lung.sides import LEFT, RIGHT
from ssc_core.params import Case
from ssc_core.phantoms.chest import Chest
from ssc_core.progress import Tick, silent, track
from ssc_core.seeds import seed_of

__all__ = ["HealthyCase", "HealthySlice", "from_ct", "from_phantoms"]

_LEAST_CM2 = 25.0
_THICKNESSES = (1.0, 1.25, 2.0, 3.0, 5.0)


@dataclass(frozen=True)
class HealthySlice:
    """A slice without disease on the network's grid.

    Parameters
    ----------
    hu : ndarray of float32, (y, x)
        HU, pixels of 1 mm.
    lung : ndarray of bool, (y, x)
        Lung without the central airways.
    thickness_mm : float
        Of the slice.
    origin : str
        "ct" or "phantom".
    """

    hu: npt.NDArray[np.float32]
    lung: npt.NDArray[np.bool_]
    thickness_mm: float
    origin: str


class HealthyCase(Case):
    """One row of the manifest of healthy CTs.

    ``first`` and ``last`` are slices counted from the feet, ``side`` the lung that is healthy there: a CT
    with a lesion on one side can still give the other.
    """

    ct: Path
    first: int = 0
    last: int | None = None
    side: Literal["both", "right", "left"] = "both"


def from_ct(case: HealthyCase, tick: Tick = silent) -> list[HealthySlice]:
    """Slices of a CT with enough lung.

    Raises
    ------
    InputError, FormatError, GeometryError
        If the CT cannot be read.
    EmptyError
        If no slice between `first` and `last` holds lung.
    """
    image = open_volume(case.ct)
    found = analyse(image, tick=tick)
    sides = {"both": (RIGHT, LEFT), "right": (RIGHT,), "left": (LEFT,)}[case.side]
    dz, dy, dx = image.frame.spacing
    last = image.shape[0] - 1 if case.last is None else case.last
    if not 0 <= case.first <= last < image.shape[0]:
        raise InputError(
            f"slices {case.first} to {last} do not lie in a CT of {image.shape[0]}; correct the manifest",
            source=case.ct,
        )
    out = []
    for z in range(case.first, last + 1):
        lung = np.isin(found.mask[z], sides)
        if np.count_nonzero(lung) * dy * dx >= 100 * _LEAST_CM2:
            hu = np.clip(np.asarray(image.hu[z], np.float32), -1024, 3071)
            out.append(HealthySlice(*resized(hu, lung, (dy, dx)), dz, "ct"))
    if not out:
        raise EmptyError("no slice of this CT holds enough lung; correct the manifest", source=case.ct)
    return out


def from_phantoms(seeds: Sequence[int], seed: int, tick: Tick = silent) -> Iterator[HealthySlice]:
    """About ten slices of each phantom, without noise, of a thickness and pixel size of its own.

    Parameters
    ----------
    seeds : sequence of int
        Persons.
    seed : int
        Draws how they are scanned.
    tick : Tick
        Told per person.
    """
    for person in track(seeds, tick, "drawing chests"):
        rng = np.random.default_rng(seed_of(seed, "scan", person))
        thickness, pixel = float(rng.choice(_THICKNESSES)), float(rng.uniform(0.65, 0.95))
        scan = Chest(person).render(
            (float(rng.uniform(18, 26)), pixel, pixel), thickness_mm=thickness, noise_hu=0.0
        )
        for hu, labels in zip(scan.hu, scan.lungs, strict=True):
            lung = (labels == RIGHT) | (labels == LEFT)
            if np.count_nonzero(lung) * pixel**2 >= 100 * _LEAST_CM2:
                yield HealthySlice(
                    *resized(hu.astype(np.float32), lung, (pixel, pixel)), thickness, "phantom"
                )
