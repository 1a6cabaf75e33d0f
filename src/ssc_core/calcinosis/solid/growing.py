"""Region growing in a volume, from given or automatic seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cc3d
import numpy as np
import numpy.typing as npt
import SimpleITK as sitk
from scipy import ndimage as ndi

from ssc_core.calcinosis.params import CalcinosisParams
from ssc_core.calcinosis.solid.grid import Block
from ssc_core.errors import InputError
from ssc_core.progress import Tick, silent, track

__all__ = ["GrownBody", "grow_bodies"]

FloatArray = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]

_RIM_MM = 0.45
_SMALLEST_PARTS = 6


@dataclass(frozen=True)
class GrownBody:
    """One grown body: seed (z, y, x) in parts, box, mask in it, lowest HU, whether a person chose it."""

    seed: tuple[int, int, int]
    box: tuple[slice, ...]
    mask: BoolArray
    lower_hu: float
    chosen: bool


def grow_bodies(
    rest: FloatArray,
    distance: FloatArray,
    block: Block,
    params: CalcinosisParams,
    soft_hu: float,
    seeds: Sequence[Sequence[float]] | None = None,
    tick: Tick = silent,
) -> list[GrownBody]:
    """Grow a body from every seed, brightest first.

    Parameters
    ----------
    rest : ndarray
        (z, y, x) float32, HU above soft tissue without bone.
    distance : ndarray
        (z, y, x) float32, mm to the nearest bone.
    block : Block
        Geometry of both.
    params : CalcinosisParams
        ``seed_hu``, ``floor_hu``, ``tolerance_hu``, ``connectivity`` (8 stands for 26, 4 for 6).
    soft_hu : float
        HU of soft tissue.
    seeds : sequence of (z, y, x), optional
        Indices in the volume; automatic when not given.
    tick : Tick
        Told once pools are found, and before each seed.

    Raises
    ------
    InputError
        If a given seed lies outside the tissue.
    """
    free = distance > 0
    links = 26 if params.connectivity == 8 else 6
    floor = (rest + soft_hu > params.floor_hu) & free
    pools = cc3d.connected_components(floor, connectivity=links)
    tick(0, 1, "growing lesions")
    boxes = ndi.find_objects(pools)
    tick(0, 1, "growing lesions")
    points = _given(seeds, block) if seeds is not None else _brightest(rest, distance, params, soft_hu, links)
    tick(0, 1, "growing lesions")
    done = np.zeros(rest.shape, bool)
    grown = []
    for point in track(points, tick, "growing lesions"):
        pool = int(pools[point])
        if not pool or done[point]:
            continue
        box = boxes[pool - 1]
        peak = float(rest[point]) + soft_hu
        lower = max(params.floor_hu, peak - params.tolerance_hu)
        local = np.where((pools[box] == pool) & ~done[box], rest[box] + soft_hu, -1024.0).astype(np.float32)
        at = [int(p - s.start) for p, s in zip(point, box, strict=True)]
        region = sitk.ConnectedThreshold(
            sitk.GetImageFromArray(local),
            [at[::-1]],
            lower,
            1e5,
            1,
            sitk.ConnectedThresholdImageFilter.FullConnectivity
            if links == 26
            else sitk.ConnectedThresholdImageFilter.FaceConnectivity,
        )
        mask = sitk.GetArrayFromImage(region) > 0
        done[box] |= mask
        if mask.sum() >= _SMALLEST_PARTS or seeds is not None:
            grown.append(GrownBody(point, box, mask, lower, seeds is not None))
    return grown


def _given(seeds: Sequence[Sequence[float]], block: Block) -> list[tuple[int, int, int]]:
    points = []
    for seed in seeds:
        at = np.rint(block.part_of(seed)).astype(int)
        if not all(0 <= a < n for a, n in zip(at, block.hu.shape, strict=True)):
            raise InputError(
                f"the seed at plane {seed[0]:g}, row {seed[1]:g}, column {seed[2]:g} lies outside the tissue"
            )
        points.append((int(at[0]), int(at[1]), int(at[2])))
    return points


def _brightest(
    rest: FloatArray, distance: FloatArray, params: CalcinosisParams, soft_hu: float, links: int
) -> list[tuple[int, int, int]]:
    above = (rest + soft_hu > params.seed_hu) & (distance > _RIM_MM)
    labels = cc3d.connected_components(above, connectivity=links)
    n = int(labels.max())
    if n == 0:
        return []
    where = np.nonzero(labels)
    best = ndi.maximum_position(rest[where], labels[where], range(1, n + 1))
    at = np.transpose(where)[np.ravel(best)]
    return sorted(((int(z), int(y), int(x)) for z, y, x in at), key=lambda p: (-float(rest[p]), p))
