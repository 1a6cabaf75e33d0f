"""Training items: random crops that hold all known levels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ssc_core.errors import InputError
from ssc_core.lung.lnet.contract import Contract
from ssc_core.lung.lnet.grid import Heights

__all__ = ["Gridded", "LevelItems", "crop_starts"]


@dataclass(frozen=True)
class Gridded:
    """A CT on the grid with its known levels.

    Parameters
    ----------
    case_id, patient : str
        Neutral names.
    path : Path
        ``.npy`` of HU int16 (z, y, x); read in parts.
    heights : Heights
        Of its slices.
    numbers : ndarray of float, (5,)
        Slice numbers of the levels on the grid, NaN where unknown.
    """

    case_id: str
    patient: str
    path: Path
    heights: Heights
    numbers: npt.NDArray[np.float64]

    def hu(self) -> npt.NDArray[np.int16]:
        """HU, mapped from the disk."""
        return np.asarray(np.load(self.path, mmap_mode="r", allow_pickle=False))


def crop_starts(numbers: npt.NDArray[np.float64], slices: int, crop: int) -> tuple[int, int]:
    """Least and greatest first slice of a crop that holds all known levels.

    Raises
    ------
    InputError
        If no crop does.
    """
    known = numbers[np.isfinite(numbers)]
    low, high = np.clip([known.min(), known.max()], 0, slices - 1)  # half a slice beyond is still inside
    least = max(0, int(np.ceil(high)) - crop + 1)
    greatest = min(slices - crop, int(np.floor(low)))
    if known.min() < -0.5 or known.max() > slices - 0.5:
        raise InputError("a level lies outside the CT; check that the level table belongs to it")
    if least > greatest:
        raise InputError(
            f"the levels span more than the {crop} of {slices} slices that the network sees at a time; "
            "leave this CT out, or give one that reaches further above and below the lungs"
        )
    return least, greatest


class LevelItems:
    """Items of the trainer: crop (1, z, y, x), slice numbers in it (5,), mm per slice (1,).

    Parameters
    ----------
    cases : sequence of Gridded
        Which CTs.
    contract : Contract
        Of the network.
    noise_hu : float
        Noise up to this strength in training.
    shift : float
        Shift in the plane in training, as a share of the matrix.
    """

    def __init__(
        self, cases: Sequence[Gridded], contract: Contract, *, noise_hu: float = 0.0, shift: float = 0.0
    ) -> None:
        self.cases, self.contract = tuple(cases), contract
        self.noise_hu, self.shift = noise_hu, shift

    def __len__(self) -> int:
        """Number of CTs."""
        return len(self.cases)

    def item(self, index: int, rng: np.random.Generator | None) -> tuple[npt.NDArray[Any], ...]:
        """A random crop that holds all known levels; without a generator the middle crop, as it comes."""
        case = self.cases[index]
        slices, crop = self.contract.grid[0], self.contract.crop
        if rng is None:
            start = (slices - crop) // 2
        else:
            low, high = crop_starts(case.numbers, slices, crop)
            start = int(rng.integers(low, high + 1))
        hu = case.hu()[start : start + crop]
        if rng is not None:
            hu = self._changed(hu, rng)
        numbers = (case.numbers - start).astype(np.float32)
        return self.contract.fed(hu), numbers, np.array([case.heights.spacing_mm], np.float32)

    def _changed(self, hu: npt.NDArray[Any], rng: np.random.Generator) -> npt.NDArray[Any]:
        if self.shift > 0:
            most = [round(self.shift * n) for n in hu.shape[1:]]
            y, x = (int(rng.integers(-m, m + 1)) for m in most)
            pad = [(0, 0), *((m, m) for m in most)]
            wide = np.pad(hu, pad, mode="constant", constant_values=-1000)
            hu = wide[:, most[0] + y :, most[1] + x :][:, : hu.shape[1], : hu.shape[2]]
        if self.noise_hu > 0:
            noise = rng.standard_normal(hu.shape, np.float32) * np.float32(rng.uniform(0, self.noise_hu))
            hu = hu + noise
        return hu
