"""Lesions: region growing from seeds in what is left beside the bones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cc3d
import numpy as np
import numpy.typing as npt
import SimpleITK as sitk
from scipy import ndimage as ndi

from ssc_core.calcinosis.grid import FineGrid
from ssc_core.calcinosis.params import CalcinosisParams
from ssc_core.errors import InputError

__all__ = ["Grown", "grow"]

FloatArray = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]

_RIM_MM = 0.35  # nearer to bone than this, an error of the outline looks like a deposit


@dataclass(frozen=True)
class Grown:
    """One grown region.

    Parameters
    ----------
    seed : tuple of int
        (y, x) on the fine grid.
    mask : ndarray
        (y, x) bool, fine grid.
    lower_hu : float
        How far down it was grown, HU.
    chosen : bool
        The seed was given by a person.
    """

    seed: tuple[int, int]
    mask: BoolArray
    lower_hu: float
    chosen: bool


def grow(
    rest: FloatArray,
    distance: FloatArray,
    grid: FineGrid,
    params: CalcinosisParams,
    soft_hu: float,
    seeds: Sequence[tuple[float, float]] | None = None,
) -> list[Grown]:
    """Grow a region from every seed.

    Parameters
    ----------
    rest : ndarray
        (y, x) float32, HU above soft tissue without bone (``residual``).
    distance : ndarray
        (y, x) float32, mm to the nearest bone.
    grid : FineGrid
        Geometry of both.
    params : CalcinosisParams
        ``seed_hu``, ``floor_hu``, ``tolerance_hu``, ``connectivity``.
    soft_hu : float
        HU of soft tissue.
    seeds : sequence of (y, x), optional
        Positions in pixels of the image; automatic (the brightest point of each remainder) when not given.

    Returns
    -------
    list of Grown
        Brightest first; a seed that lies in an earlier region adds nothing.

    Raises
    ------
    InputError
        If a given seed lies outside the image.
    """
    free = distance > 0
    points = _given(seeds, grid) if seeds is not None else _brightest(rest, distance, params, soft_hu)
    image = sitk.GetImageFromArray(np.where(free, rest + soft_hu, -1024.0).astype(np.float32))
    done = np.zeros(rest.shape, bool)
    grown = []
    for y, x in points:
        if done[y, x] or not free[y, x]:
            continue
        peak = float(rest[y, x]) + soft_hu
        lower = max(params.floor_hu, peak - params.tolerance_hu)
        if peak <= lower:
            continue
        region = sitk.ConnectedThreshold(
            image,
            [(int(x), int(y))],
            lower,
            1e5,
            1,
            sitk.ConnectedThresholdImageFilter.FullConnectivity
            if params.connectivity == 8
            else sitk.ConnectedThresholdImageFilter.FaceConnectivity,
        )
        mask = (sitk.GetArrayFromImage(region) > 0) & ~done
        done |= mask
        grown.append(Grown((int(y), int(x)), mask, lower, seeds is not None))
    return grown


def _given(seeds: Sequence[tuple[float, float]], grid: FineGrid) -> list[tuple[int, int]]:
    points = []
    for y, x in seeds:
        at = tuple(round((v + 0.5) * f - 0.5) for v, f in zip((y, x), grid.factor, strict=True))
        if not all(0 <= a < n * f for a, n, f in zip(at, grid.shape, grid.factor, strict=True)):
            raise InputError(
                f"the seed at row {y:g}, column {x:g} lies outside the image of"
                f" {grid.shape[0]} x {grid.shape[1]} pixels"
            )
        points.append((at[0], at[1]))
    return points


def _brightest(
    rest: FloatArray, distance: FloatArray, params: CalcinosisParams, soft_hu: float
) -> list[tuple[int, int]]:
    """The brightest point of every remainder that rises above ``seed_hu`` away from the bone's rim."""
    above = (rest + soft_hu > params.seed_hu) & (distance > _RIM_MM)
    labels = cc3d.connected_components(above, connectivity=params.connectivity)
    n = int(labels.max())
    if n == 0:
        return []
    at = ndi.maximum_position(rest, labels, range(1, n + 1))
    return sorted(((int(y), int(x)) for y, x in at), key=lambda p: (-float(rest[p]), p))
