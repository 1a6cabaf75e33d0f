"""Volumes on the grid of a 3-D network: cubes for training, whole volumes for validation."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import ndimage as ndi

from ssc_core.calcinosis.unet.contract import CLASSES, Contract
from ssc_core.calcinosis.unet.drawn import Drawn
from ssc_core.calcinosis.unet.params import UnetTrainParams
from ssc_core.errors import InputError

__all__ = ["CubeItems", "WholeCubes", "from_grid", "to_grid"]

FloatArray = npt.NDArray[np.float32]
_LARGEST_PATCH, _LARGEST = 128, 160  # px; a network that sees more needs more memory than most computers have


def to_grid(a: npt.NDArray[np.float32], spacing: Sequence[float], step: float) -> FloatArray:
    """(z, y, x) on cubes of `step` mm; finer voxels are averaged first."""
    ratio = np.array([step / s for s in spacing])
    soft = ndi.gaussian_filter(a, 0.4 * np.maximum(ratio - 1, 0), mode="nearest")
    shape = tuple(max(1, math.ceil(n / r)) for n, r in zip(a.shape, ratio, strict=True))
    out = ndi.affine_transform(soft, ratio, 0.5 * ratio - 0.5, shape, order=1, mode="nearest")
    return np.asarray(out, np.float32)


def from_grid(
    a: npt.NDArray[np.float32], spacing: Sequence[float], shape: tuple[int, ...], step: float
) -> FloatArray:
    """The way back to voxels."""
    ratio = np.array([s / step for s in spacing])
    out = ndi.affine_transform(a, ratio, 0.5 * ratio - 0.5, shape, order=1, mode="nearest")
    return np.asarray(out, np.float32)


class _Cubes:
    """Volumes on the grid: (1 + classes, z, y, x), input first."""

    def __init__(self, drawn: Sequence[Drawn], contract: Contract) -> None:
        self.contract = contract
        self.volumes = [_layers(one, contract) for one in drawn]

    def cut_out(self, layers: FloatArray, low: npt.NDArray[np.int64], shape: Sequence[int]) -> FloatArray:
        """The part from `low` on; beyond the volume there is no image."""
        out = np.zeros((len(layers), *shape), np.float32)
        out[0] = self.contract.outside
        high = np.minimum(low + shape, layers.shape[1:])
        first = np.maximum(low, 0)
        if (high > first).all():
            source = tuple(slice(a, b) for a, b in zip(first, high, strict=True))
            target = tuple(slice(a, b) for a, b in zip(first - low, high - low, strict=True))
            out[(slice(None), *target)] = layers[(slice(None), *source)]
        return out


class CubeItems(_Cubes):
    """Each volume, and each of its turned copies, once per epoch: a cube around a random point of its bones.

    Parameters
    ----------
    drawn : sequence of Drawn
        Volumes with labels.
    contract : Contract
        Input of the network.
    params : UnetTrainParams
        Patch, rotations (in the plane of the slices), augmentation.

    Raises
    ------
    InputError
        If the cubes would be too large.
    """

    def __init__(self, drawn: Sequence[Drawn], contract: Contract, params: UnetTrainParams) -> None:
        if params.patch_px > _LARGEST_PATCH:
            raise InputError(
                f"a cube of {params.patch_px} pixels is too large to train with; give --patch-px 64"
            )
        super().__init__(drawn, contract)
        self.params, self.copies = params, 1 + params.rotations

    def __len__(self) -> int:
        return len(self.volumes) * self.copies

    def item(self, index: int, rng: np.random.Generator | None) -> tuple[FloatArray, ...]:
        """(1, z, y, x) input and (classes, z, y, x) shares of the classes; all zero beyond the volume."""
        rng = rng or np.random.default_rng(index)
        number, copy = divmod(index, self.copies)
        layers, side = self.volumes[number], self.params.patch_px
        bone = np.argwhere(layers[2:].sum(0) > 0.5)
        at = bone[int(rng.integers(len(bone)))] + rng.integers(-side // 4, side // 4 + 1, 3)
        cube = self.cut_out(layers, np.asarray(at - side // 2, np.int64), (side,) * 3)
        strength, angle = self.params.augment, 360.0 * copy / self.copies
        if strength > 0:
            angle += float(rng.uniform(-15, 15)) * strength
        cube = _turned(cube, angle, self.contract.outside)
        if strength > 0:
            cube = _disturbed(cube, rng, strength, self.contract)
        return cube[:1], cube[1:]


class WholeCubes(_Cubes):
    """Whole volumes, one item each, on one grid large enough for all; of larger ones the middle.

    Parameters
    ----------
    drawn : sequence of Drawn
        Volumes with labels.
    contract : Contract
        Input of the network.
    multiple : int
        Sides of the grid are multiples of this.
    """

    def __init__(self, drawn: Sequence[Drawn], contract: Contract, multiple: int) -> None:
        super().__init__(drawn, contract)
        sides = np.max([v.shape[1:] for v in self.volumes], axis=0) if self.volumes else np.zeros(3, int)
        up = [math.ceil(min(int(n), _LARGEST) / multiple) * multiple for n in sides]
        self.shape = (up[0], up[1], up[2])

    def __len__(self) -> int:
        return len(self.volumes)

    def item(self, index: int, rng: np.random.Generator | None) -> tuple[FloatArray, ...]:
        """As :meth:`CubeItems.item`, without chance."""
        layers = self.volumes[index]
        whole = self.cut_out(layers, (np.array(layers.shape[1:]) - np.array(self.shape)) // 2, self.shape)
        return whole[:1], whole[1:]


def _layers(one: Drawn, contract: Contract) -> FloatArray:
    shares = [
        to_grid((one.labels == k).astype(np.float32), one.spacing, contract.grid_mm)
        for k in range(len(CLASSES))
    ]
    image = to_grid(contract.scaled(one.hu), one.spacing, contract.grid_mm)
    return np.stack([image, *shares])


def _turned(cube: FloatArray, angle: float, outside: float) -> FloatArray:
    if angle % 90 == 0:
        return np.ascontiguousarray(np.rot90(cube, round(angle / 90), (2, 3)))
    filled = [
        ndi.rotate(layer, angle, (1, 2), reshape=False, order=1, cval=outside if k == 0 else 0.0)
        for k, layer in enumerate(cube)
    ]
    out = np.stack(filled)
    out[0][out[1:].sum(0) < 0.5] = outside
    return np.asarray(out, np.float32)


def _disturbed(cube: FloatArray, rng: np.random.Generator, strength: float, contract: Contract) -> FloatArray:
    """Mirrored, with other contrast and noise, where there is an image."""
    flipped = tuple(axis for axis in (1, 2, 3) if rng.random() < 0.5)
    cube = np.flip(cube, flipped).copy()
    there = cube[1:].sum(0) > 0.5
    gain = 1 + rng.uniform(-0.12, 0.12) * strength
    offset = rng.uniform(-40, 40) * strength / contract.window
    noise = rng.uniform(0, 35) * strength / contract.window
    grain = rng.standard_normal(there.shape, dtype=np.float32) * np.float32(noise)
    changed = np.clip(cube[0] * np.float32(gain) + np.float32(offset) + grain, 0, 1)
    cube[0] = np.where(there, changed, cube[0])
    return np.asarray(cube, np.float32)
