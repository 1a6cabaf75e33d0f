"""Healthy slices that patterns are put into: from CTs without disease, or from chest phantoms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ssc_core.errors import EmptyError
from ssc_core.geometry import Frame
from ssc_core.io.store import read_mask
from ssc_core.io.volume import Volume
from ssc_core.lung.case import LungCase
from ssc_core.lung.grid import AIR_HU
from ssc_core.lung.params import LungParams
from ssc_core.lung.pipeline import analyse
from ssc_core.lung.sides import LEFT, RIGHT
from ssc_core.phantoms.chest import Chest
from ssc_core.progress import Tick, share, silent
from ssc_core.seeds import seed_of

__all__ = ["LungSlice", "healthy_slices", "looks_healthy", "lungs_of", "phantom_slices"]

Bool = npt.NDArray[np.bool_]
_LEAST_SHARE = 0.3
_DENSE_HU, _MOST_DENSE = -700.0, 0.3


@dataclass(frozen=True, eq=False)
class LungSlice:
    """One axial slice with its lungs.

    Parameters
    ----------
    case_id, patient : str
        Neutral names.
    hu : ndarray of int16, (y, x)
        HU.
    lung : ndarray of bool, (y, x)
        Both lungs without the central airways.
    frame : Frame
        Of the slice as a volume of one: (z, y, x), mm.
    height : float
        In the lungs: 0 at the base, 1 at the apex; NaN where unknown.
    """

    case_id: str
    patient: str
    hu: npt.NDArray[np.int16]
    lung: Bool
    frame: Frame
    height: float = float("nan")

    @property
    def spacing_mm(self) -> tuple[float, float]:
        """(y, x)."""
        return self.frame.spacing[1], self.frame.spacing[2]


def lungs_of(case: LungCase, image: Volume, params: LungParams | None = None, tick: Tick = silent) -> Bool:
    """(z, y, x) bool: both lungs without the central airways, from the case's mask or found in the CT.

    Raises
    ------
    InputError
        If they cannot be found, or the mask does not fit.
    EmptyError
        If the mask holds no lung.
    """
    if case.mask is None:
        labels = analyse(image, params, tick=tick).mask
    else:
        labels = read_mask(case.mask, image)
    lungs = np.isin(labels, (RIGHT, LEFT))
    if not lungs.any():
        raise EmptyError("the mask holds no lung (1 right, 2 left); draw one", source=case.mask)
    return np.asarray(lungs)


def _spread_over(areas: npt.NDArray[np.integer], count: int) -> list[int]:
    """`count` slices spread evenly over those that show at least 30 % of the largest lung area."""
    enough = np.flatnonzero(areas >= _LEAST_SHARE * areas.max()) if areas.max() > 0 else np.zeros(0, int)
    if len(enough) <= count:
        return [int(i) for i in enough]
    at = np.linspace(0, len(enough) - 1, count + 2)[1:-1] if count < len(enough) - 1 else np.arange(count)
    return [int(enough[round(i)]) for i in at]


def healthy_slices(
    cases: Sequence[LungCase], count: int, tick: Tick = silent
) -> tuple[list[LungSlice], list[str]]:
    """`count` slices of each CT, and sentences about those that do not look healthy.

    The CTs are taken for healthy because the user says so.

    Raises
    ------
    InputError
        If a CT cannot be used.
    """
    out: list[LungSlice] = []
    doubts: list[str] = []
    for i, case in enumerate(cases):
        part = share(tick, i / len(cases), (i + 1) / len(cases))
        image = case.open(share(part, 0.0, 0.1))
        lungs = lungs_of(case, image, tick=share(part, 0.1, 1.0))
        filled = np.flatnonzero(lungs.any(axis=(1, 2)))
        for z in _spread_over(lungs.sum(axis=(1, 2)), count):
            hu = np.maximum(np.asarray(image.hu[z]), AIR_HU).astype(np.int16)  # padding counts as air
            height = (z - filled[0]) / max(1, filled[-1] - filled[0]) if len(filled) > 1 else np.nan
            one = LungSlice(
                case.case_id, case.case_id, hu, lungs[z], image.frame.cropped((z, 0, 0)), float(height)
            )
            if not looks_healthy(one):
                doubts.append(f"slice {z} of {case.case_id} is denser than healthy lung; look at it")
            out.append(one)
    return out, doubts


def looks_healthy(one: LungSlice) -> bool:
    """Whether less than 30 % of the lung lies above -700 HU."""
    return bool((one.hu[one.lung] > _DENSE_HU).mean() < _MOST_DENSE) if one.lung.any() else False


def phantom_slices(
    people: int, count: int, pixels: int, seed: int, tick: Tick = silent
) -> Iterator[LungSlice]:
    """Healthy phantom slices: `count` heights of each of `people` chests, 360 mm wide, level 5 to level 1.

    Parameters
    ----------
    people, count : int
        Persons, and slices of each.
    pixels : int
        Rows and columns.
    seed : int
        Draws persons, noise and sharpness.
    tick : Tick
        Called before each slice.
    """
    for person in range(people):
        rng = np.random.default_rng(seed_of(seed, "phantom", person))
        chest = Chest(int(rng.integers(2**31)))
        bottom, top = chest.lung_range
        levels = chest.levels()
        heights = np.linspace(levels[5], levels[1], count) if count > 1 else np.array([levels[3]])
        noise, sharp = rng.uniform(8, 30), rng.uniform(-0.3, 0.8)
        for k, z in enumerate(heights):
            tick(person * count + k, people * count, "healthy phantoms")
            made = chest.render(
                (1.0, 360 / pixels, 360 / pixels),
                (1, pixels, pixels),
                below_mm=bottom - float(z),
                noise_hu=float(noise),
                sharpness=float(sharp),
            )
            height = float((z - bottom) / (top - bottom))
            name = f"phantom-{person + 1:03d}"
            yield LungSlice(name, name, made.hu[0], made.lung_mask[0], made.frame, height)
