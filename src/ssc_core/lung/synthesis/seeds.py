"""Seed patches of ground glass and reticulation: cut from the user's own CTs, or generated."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field as Declared
from scipy.ndimage import gaussian_filter

from ssc_core.errors import InputError
from ssc_core.io.digest import array_digest
from ssc_core.io.volume import open_volume
from ssc_core.lung.synthesis.compositing import AIR_HU, SPAN_HU
from ssc_core.lung.synthesis.textures import Kind, ground_glass, reticulation
from ssc_core.params import Case
from ssc_core.seeds import seed_of

__all__ = ["Pattern", "Seed", "SeedBank", "SeedRow", "cut_seeds", "generated_seeds"]

Field = npt.NDArray[np.float32]
Pattern = Literal["gg", "ret"]
_SIZE_PX, _PIXEL_MM = 224, 0.64
_LEAST_PX = 8
_TISSUE_HU, _MOST_TISSUE = 0.0, 0.5


@dataclass(frozen=True, eq=False)
class Seed:
    """One patch of a pattern.

    Parameters
    ----------
    pattern : {"gg", "ret"}
        Which.
    values : ndarray of float32, (y, x)
        HU of diseased lung, or the tissue fraction that the pattern adds.
    spacing_mm : tuple of float
        (y, x).
    is_hu : bool
        Which of the two.
    patient : str
        Whose; empty for a generated patch.
    """

    pattern: Pattern
    values: Field
    spacing_mm: tuple[float, float]
    is_hu: bool = False
    patient: str = ""

    def added(self, canvas: Field, healthy_hu: float) -> Field:
        """Tissue fraction that a canvas of this seed adds to lung of `healthy_hu`.

        Chosen so that healthy lung becomes as dense as the patch: g = 1 - (1 - f) / (1 - f0). What is less
        dense than the healthy lung adds nothing.
        """
        if not self.is_hu:
            return canvas
        air, room = 1 - (canvas - AIR_HU) / SPAN_HU, 1 - (healthy_hu - AIR_HU) / SPAN_HU
        return np.asarray(np.clip(1 - air / max(room, 1e-3), 0, 1), np.float32)


@dataclass(frozen=True)
class SeedBank:
    """The seeds that a synthesis may use.

    Raises
    ------
    InputError
        If a pattern has none.
    """

    gg: tuple[Seed, ...]
    ret: tuple[Seed, ...]
    told: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        for name, seeds in (("ground glass (gg)", self.gg), ("reticulation (ret)", self.ret)):
            if not seeds:
                raise InputError(f"there is no seed patch of {name}; give one, or leave all away")

    @property
    def digest(self) -> str:
        """``sha256:...`` of all patches."""
        each = sorted(f"{s.pattern} {s.spacing_mm} {array_digest(s.values)}" for s in (*self.gg, *self.ret))
        return "sha256:" + hashlib.sha256("\n".join(each).encode()).hexdigest()

    def draw(self, pattern: Pattern, rng: np.random.Generator) -> Seed:
        """One seed of a pattern."""
        seeds = self.gg if pattern == "gg" else self.ret
        return seeds[int(rng.integers(len(seeds)))]

    def of(self, patients: Sequence[str]) -> tuple[SeedBank | None, int]:
        """The part whose patients are among `patients`, and how many seeds were left out.

        Validation and test must not lend their texture to the training set. Generated seeds belong to nobody
        and stay. None where a pattern would have no seed.
        """
        allowed = {"", *patients}
        gg, ret = (tuple(s for s in seeds if s.patient in allowed) for seeds in (self.gg, self.ret))
        out = len(self.gg) + len(self.ret) - len(gg) - len(ret)
        return (SeedBank(gg, ret, self.told) if gg and ret else None), out


class SeedRow(Case):
    """One row of a table of seed patches: a box in a slice of a CT that is full of one pattern."""

    pattern: Annotated[Pattern, Declared(description="gg or ret.")]
    ct: Annotated[Path, Declared(description="DICOM folder, NIfTI, NRRD or MHA.")]
    slice: Annotated[int, Declared(description="Counted from 0 at the feet.", ge=0)]
    y: Annotated[int, Declared(description="First row of the box.", ge=0)]
    x: Annotated[int, Declared(description="First column of the box.", ge=0)]
    height: Annotated[int, Declared(description="Rows.", ge=_LEAST_PX)]
    width: Annotated[int, Declared(description="Columns.", ge=_LEAST_PX)]
    patient: Annotated[str | None, Declared(description="Alias, as in the manifest of a training.")] = None
    series: Annotated[str | None, Declared(description="Which series of a folder.")] = None


def cut_seeds(rows: Sequence[SeedRow]) -> SeedBank:
    """Seeds cut from CTs (Jia et al. 2024: patches cut by hand from slices with high scores).

    Raises
    ------
    InputError
        If a box lies outside its slice or does not hold lung, or a pattern has no seed.
    """
    found: dict[str, list[Seed]] = {"gg": [], "ret": []}
    for row in rows:
        series: Any = int(row.series) if row.series and row.series.isdigit() else row.series
        image = open_volume(row.ct, series=series)
        n, rows_, columns = image.shape
        if row.slice >= n or row.y + row.height > rows_ or row.x + row.width > columns:
            raise InputError(
                f"the seed {row.case_id} lies outside its CT of {n} slices of {rows_} x {columns} pixels; "
                "correct slice, y, x, height, width",
                source=row.ct,
            )
        plane = np.asarray(image.hu[row.slice])
        values = plane[row.y : row.y + row.height, row.x : row.x + row.width].astype(np.float32)
        if (values > _TISSUE_HU).mean() > _MOST_TISSUE:
            raise InputError(
                f"the seed {row.case_id} is mostly soft tissue; place its box inside the lung", source=row.ct
            )
        spacing = image.frame.spacing[1], image.frame.spacing[2]
        found[row.pattern].append(Seed(row.pattern, values, spacing, True, row.patient or row.case_id))
    told = f"{len(found['gg'])} ground glass and {len(found['ret'])} reticulation patches cut from CTs"
    return SeedBank(tuple(found["gg"]), tuple(found["ret"]), told)


@lru_cache(maxsize=4)
def generated_seeds(seed: int, count: int = 8, pixel_mm: float = _PIXEL_MM) -> SeedBank:
    """Procedural seeds that need no diseased CT: faint to heavy ground glass; meshes, ridges and honeycombs.

    Parameters
    ----------
    seed : int
        Draws them.
    count : int
        Per pattern.
    pixel_mm : float
        Pixel of the patches of 224 x 224.
    """
    shape, spacing = (_SIZE_PX, _SIZE_PX), (pixel_mm, pixel_mm)
    gg, ret = [], []
    for i in range(count):
        rng = np.random.default_rng(seed_of(seed, "seed", "gg", i))
        density, grain = float(rng.uniform(0.10, 0.36)), float(rng.uniform(8, 20))
        haze = ground_glass(shape, spacing, rng, density=density, grain_mm=grain)
        gg.append(Seed("gg", haze, spacing))
        rng = np.random.default_rng(seed_of(seed, "seed", "ret", i))
        ret.append(Seed("ret", _lines(shape, spacing, rng, "honeycomb" if i % 4 == 3 else "mesh"), spacing))
    return SeedBank(tuple(gg), tuple(ret), f"{count} generated patches per pattern")


def _lines(
    shape: tuple[int, int], spacing: tuple[float, float], rng: np.random.Generator, kind: Kind
) -> Field:
    """Septa of uneven strength, coarser wavy lines among them, and the faint haze that goes with both.

    Blurred by a little, as the kernel of a scanner would.
    """
    u = rng.uniform
    uneven = ground_glass(shape, spacing, rng, density=0.5, grain_mm=float(u(10, 30)), unevenness=0.5) / 0.5
    thick = float(u(0.5, 3))
    septa = reticulation(
        shape,
        spacing,
        rng,
        mesh_mm=float(u(4.5, 8) if kind == "honeycomb" else u(2.5, 6)),
        wall_mm=float(u(0.8, 1.5)),
        strength=float(u(0.25, 0.55)),
        kind=kind,
        thickness_mm=thick,
    )
    waves = reticulation(
        shape,
        spacing,
        rng,
        mesh_mm=float(u(5, 10)),
        wall_mm=float(u(0.8, 1.4)),
        strength=float(u(0.1, 0.3)),
        kind="ridges",
        thickness_mm=thick,
    )
    air = (1 - septa * uneven) * (1 - waves * uneven[::-1]) * (1 - float(u(0, 0.08)))
    soft = gaussian_filter(1 - air, float(u(0.2, 0.7)) / spacing[0], mode="mirror")
    return np.asarray(np.clip(soft, 0, 1), np.float32)
