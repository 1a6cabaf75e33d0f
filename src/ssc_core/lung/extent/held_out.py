"""Slices for the final judgement: other lungs, textures, outlines, noise and kernels than training has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ssc_core.lung.extent import late, unseen
from ssc_core.lung.extent.grid import AIR_HU, TOP_HU, box_of
from ssc_core.lung.extent.lesions import Ground
from ssc_core.lung.sides import LEFT, RIGHT
from ssc_core.lung.synthesis.compositing import INSERTED, blend, extents
from ssc_core.phantoms.chest import Chest
from ssc_core.progress import Tick, silent, track
from ssc_core.seeds import seed_of

__all__ = ["FAMILIES", "HeldOut", "NativeSlice", "Textures", "held_out", "native", "phantom_slices"]

Textures = Literal["unseen", "late"]
FAMILIES = {"unseen": unseen, "late": late}
"""Modules that draw textures which training never shows; nothing at all was chosen by those of "late"."""

_LEAST_CM2, _MARGIN_MM = 40.0, 25.0
_STEP = 5.0


@dataclass(frozen=True)
class NativeSlice:
    """A healthy slice on its own pixels.

    Parameters
    ----------
    hu : ndarray of float32, (y, x)
        HU.
    lung : ndarray of bool, (y, x)
        Lung without the central airways.
    mm : float
        Pixel size.
    owner : str
        Neutral name of the person.
    noisy : bool
        Whether it has a scanner's noise already.
    """

    hu: npt.NDArray[np.float32]
    lung: npt.NDArray[np.bool_]
    mm: float
    owner: str
    noisy: bool


@dataclass(frozen=True)
class HeldOut:
    """A slice with inserted patterns and its true scores.

    Parameters
    ----------
    image : NativeSlice
        As scanned.
    before : NativeSlice
        The healthy slice, before anything was added.
    truth : tuple of float
        TOT, GG, RET in percent.
    gg, ret : ndarray of bool, (y, x)
        Where they lie.
    ground_glass, reticulation : str
        Family of the texture, "" where there is none.
    noise_hu, sharpness : float
        Look that was added.
    """

    image: NativeSlice
    before: NativeSlice
    truth: tuple[float, float, float]
    gg: npt.NDArray[np.bool_]
    ret: npt.NDArray[np.bool_]
    ground_glass: str
    reticulation: str
    noise_hu: float
    sharpness: float


def native(
    hu: npt.NDArray[Any], lung: npt.NDArray[np.bool_], mm: float, owner: str, *, noisy: bool
) -> NativeSlice:
    """A slice cut to its lungs and 25 mm around them."""
    margin = round(_MARGIN_MM / mm)
    top, bottom, left, right = box_of(lung)
    box = (slice(max(0, top - margin), bottom + margin + 1), slice(max(0, left - margin), right + margin + 1))
    return NativeSlice(np.clip(hu[box], AIR_HU, TOP_HU).astype(np.float32), lung[box], mm, owner, noisy)


def phantom_slices(persons: Sequence[int], seed: int, tick: Tick = silent) -> list[NativeSlice]:
    """Some slices of each phantom, without noise, their thickness 1 to 5 mm."""
    out = []
    for person in track(persons, tick, "drawing chests"):
        rng = np.random.default_rng(seed_of(seed, "held out", person))
        mm = float(rng.uniform(0.62, 0.92))
        scan = Chest(person).render(
            (float(rng.uniform(30, 40)), mm, mm), thickness_mm=float(rng.uniform(1, 5)), noise_hu=0.0
        )
        for hu, labels in zip(scan.hu, scan.lungs, strict=True):
            lung = (labels == RIGHT) | (labels == LEFT)
            if np.count_nonzero(lung) * mm**2 >= 100 * _LEAST_CM2:
                out.append(native(hu, lung, mm, f"phantom {person}", noisy=False))
    return out


def held_out(
    slices: Sequence[NativeSlice],
    count: int,
    seed: int,
    healthy: float = 0.2,
    textures: Textures = "unseen",
) -> Iterator[HeldOut]:
    """Slices whose TOT is spread evenly over the 21 classes, and healthy ones.

    Parameters
    ----------
    slices : sequence of NativeSlice
        Of lungs that were never trained on; taken in turn by person.
    count : int
        How many.
    seed : int
        A fresh one for the final judgement.
    healthy : float
        Share without disease.
    textures : {"unseen", "late"}
        Which of :data:`FAMILIES`.
    """
    owners: dict[str, list[NativeSlice]] = {}
    for one in slices:
        owners.setdefault(one.owner, []).append(one)
    names = sorted(owners)
    for k in range(count):
        rng = np.random.default_rng(seed_of(seed, "item", k))
        own = owners[names[k % len(names)]]
        base = own[int(rng.integers(len(own)))]
        share = (
            0.0 if rng.random() < healthy else (_STEP * rng.integers(1, 21) + rng.uniform(-2.5, 2.4)) / 100
        )
        yield _one(base, min(float(share), 1.0), rng, textures)


def _one(base: NativeSlice, share: float, rng: np.random.Generator, textures: Textures) -> HeldOut:
    ground, family = Ground.of(base.lung), FAMILIES[textures]
    kind = int(rng.choice(4, p=(0.3, 0.3, 0.2, 0.2)))
    names = {"gg": "", "ret": ""}
    fades = {name: np.zeros(base.lung.shape, np.float32) for name in names}
    if share > 0:
        outer = unseen.lobules(ground, share, rng)
        part = replace(ground, lung=outer >= INSERTED)
        inner = unseen.lobules(part, float(rng.uniform(0.15, 0.9)), rng) if kind > 1 else None
        first, second = ("gg", "ret") if kind in (0, 2) else ("ret", "gg")
        fades[first] = outer
        if inner is not None:
            fades[second] = np.minimum(inner, outer)
    hu = base.hu
    if fades["gg"].any():
        names["gg"] = str(rng.choice(family.GROUND_GLASS))
        density = float(np.exp(rng.uniform(np.log(0.09), np.log(0.38))))
        hu = blend(hu, family.ground_glass(names["gg"], hu.shape, base.mm, density, rng), fades["gg"])
    if fades["ret"].any():
        names["ret"] = str(rng.choice(family.RETICULATION))
        mesh, strength = float(rng.uniform(3.5, 10)), float(rng.uniform(0.3, 0.8))
        lines = family.reticulation(names["ret"], hu.shape, base.mm, mesh, strength, rng)
        hu = blend(hu, lines, fades["ret"])
    low, high = (1.0, 25.0) if base.noisy else (4.0, 55.0)
    noise, sharp = float(np.exp(rng.uniform(np.log(low), np.log(high)))), float(rng.uniform(-1, 1))
    shown = unseen.scanned(hu, base.mm, sharp, noise, rng)
    return HeldOut(
        image=replace(base, hu=shown, noisy=True),
        before=base,
        truth=extents(fades["gg"], fades["ret"], base.lung),
        gg=(fades["gg"] >= INSERTED) & base.lung,
        ret=(fades["ret"] >= INSERTED) & base.lung,
        ground_glass=names["gg"],
        reticulation=names["ret"],
        noise_hu=noise,
        sharpness=sharp,
    )
