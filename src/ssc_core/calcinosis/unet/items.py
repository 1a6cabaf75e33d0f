"""Patches for training and whole images for validation, on the network's grid."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from ssc_core.calcinosis.unet.contract import CLASSES, Contract
from ssc_core.calcinosis.unet.drawn import Drawn
from ssc_core.calcinosis.unet.params import UnetTrainParams
from ssc_core.calcinosis.unet.warp import Pose, warped

__all__ = ["TrainItems", "WholeItems", "grid_shape"]

FloatArray = npt.NDArray[np.float32]
_LARGEST = 1024  # px; of a validation image larger than this, the middle is judged
_CUT = 0.35  # share of patches whose image is cut short, so that bones end at its border
_LEFT = (0.35, 0.95)  # of the bones' extent that is then left


class TrainItems:
    """Each image, and each of its turned copies, once per epoch: a patch of it.

    A patch that can hold the whole image shows it; of a larger one it shows the surroundings of a random
    point of the bones. Some images are cut short first: that is what the paper's method failed on.

    Parameters
    ----------
    drawn : sequence of Drawn
        Images with labels.
    contract : Contract
        Input of the network.
    params : UnetTrainParams
        Patch, rotations, augmentation.
    """

    def __init__(self, drawn: Sequence[Drawn], contract: Contract, params: UnetTrainParams) -> None:
        self.drawn, self.contract, self.params = drawn, contract, params
        self.copies = 1 + params.rotations

    def __len__(self) -> int:
        return len(self.drawn) * self.copies

    def item(self, index: int, rng: np.random.Generator | None) -> tuple[npt.NDArray[np.float32], ...]:
        """(1, y, x) input and (classes, y, x) shares of the classes; all zero where there is no image."""
        rng = rng or np.random.default_rng(index)
        number, copy = divmod(index, self.copies)
        one = self.drawn[number]
        side, grid, strength = self.params.patch_px, self.contract.grid_mm, self.params.augment
        if rng.random() < _CUT * strength:
            one = _cut_short(one, rng)
        centre = _centre(one, side * grid, rng)
        angle = 2 * math.pi * copy / self.copies
        zoom, mirrored = np.ones(2), False
        if strength > 0:
            angle += rng.uniform(-1, 1) * math.radians(30 * strength)
            zoom = np.exp(rng.uniform(-0.1, 0.1) * strength + rng.uniform(-0.04, 0.04, 2) * strength)
            mirrored = bool(rng.random() < 0.5)
        pose = Pose(centre, angle, (float(zoom[0]), float(zoom[1])), mirrored)
        image, shares = _on_grid(one, self.contract, pose, (side, side))
        if strength > 0:
            image = _disturbed(image, rng, strength, self.contract)
        return image[None], shares


class WholeItems:
    """Whole images, one item each, on one grid large enough for all of them.

    Parameters
    ----------
    drawn : sequence of Drawn
        Images with labels.
    contract : Contract
        Input of the network.
    multiple : int
        Sides of the grid are multiples of this.
    """

    def __init__(self, drawn: Sequence[Drawn], contract: Contract, multiple: int) -> None:
        self.drawn, self.contract = drawn, contract
        shapes = [grid_shape(d.hu.shape, d.spacing, contract.grid_mm, multiple) for d in drawn]
        self.shape = (
            min(max((s[0] for s in shapes), default=0), _LARGEST),
            min(max((s[1] for s in shapes), default=0), _LARGEST),
        )

    def __len__(self) -> int:
        return len(self.drawn)

    def item(self, index: int, rng: np.random.Generator | None) -> tuple[npt.NDArray[np.float32], ...]:
        """As :meth:`TrainItems.item`, without chance."""
        one = self.drawn[index]
        middle = tuple((n - 1) / 2 * s for n, s in zip(one.hu.shape, one.spacing, strict=True))
        image, shares = _on_grid(one, self.contract, Pose((middle[0], middle[1])), self.shape)
        return image[None], shares


def grid_shape(shape: Sequence[int], spacing: Sequence[float], step: float, multiple: int) -> tuple[int, int]:
    """Sides of a grid that covers an image, as multiples of `multiple`, with at least 2 pixels to spare."""
    sides = [math.ceil((n * s / step + 2) / multiple) * multiple for n, s in zip(shape, spacing, strict=True)]
    return sides[0], sides[1]


def _centre(one: Drawn, side_mm: float, rng: np.random.Generator) -> tuple[float, float]:
    """Middle of a patch, (y, x) mm: near the image's if the patch can hold it, else near bone."""
    size = np.asarray(one.hu.shape) * one.spacing
    middle = (size - np.asarray(one.spacing)) / 2
    bone = np.argwhere(one.labels > 0)
    at = bone[int(rng.integers(len(bone)))] * np.asarray(one.spacing)
    beyond = max(0.0, 1.0 - side_mm / float(size.max()))
    jitter = rng.uniform(-0.08, 0.08, 2) * side_mm
    centre = middle + min(2 * beyond, 1.0) * (at - middle) + jitter
    return float(centre[0]), float(centre[1])


def _cut_short(one: Drawn, rng: np.random.Generator) -> Drawn:
    """The image without what lies beyond a line across its bones, square to their longer side."""
    bone = np.argwhere(one.labels > 0)
    low, high = bone.min(0), bone.max(0)
    axis = int(np.argmax((high - low) * one.spacing))
    length = max(int(rng.uniform(*_LEFT) * (high[axis] - low[axis])), 1)
    part: list[slice] = [slice(None), slice(None)]
    if rng.random() < 0.5:
        part[axis] = slice(0, low[axis] + length)
    else:
        part[axis] = slice(high[axis] + 1 - length, None)
    return replace(one, hu=one.hu[tuple(part)], labels=one.labels[tuple(part)])


def _on_grid(
    one: Drawn, contract: Contract, pose: Pose, shape: tuple[int, int]
) -> tuple[FloatArray, FloatArray]:
    """Input (y, x) and shares (classes, y, x)."""
    inside = np.ones(one.hu.shape, np.float32)
    classes = [(one.labels == k).astype(np.float32) for k in range(1, len(CLASSES))]
    layers = np.dstack([contract.scaled(one.hu), inside])
    step, spacing = contract.grid_mm, (one.spacing[0], one.spacing[1])
    image, inside = np.moveaxis(warped(layers, spacing, pose, shape, step, 0.0), -1, 0)
    bones = np.moveaxis(warped(np.dstack(classes), spacing, pose, shape, step, 0.0), -1, 0)
    there = inside > 0.5
    image = np.where(there, image / np.maximum(inside, 0.5), np.float32(contract.outside))
    shares = np.concatenate([np.clip(inside - bones.sum(0), 0, 1)[None], bones]) * there
    return np.asarray(image, np.float32), np.ascontiguousarray(shares, np.float32)


def _disturbed(
    image: FloatArray, rng: np.random.Generator, strength: float, contract: Contract
) -> FloatArray:
    """Other contrast, blur and noise, where there is an image."""
    there = image > contract.outside / 2
    gain = 1 + rng.uniform(-0.12, 0.12) * strength
    offset = rng.uniform(-40, 40) * strength / contract.window
    sigma = rng.uniform(0, 0.3) * strength / contract.grid_mm  # px; the image has its own blur before
    noise = rng.uniform(0, 35) * strength / contract.window
    soft = cv2.GaussianBlur(np.where(there, image, 0), (0, 0), sigma) if sigma > 0.2 else image
    grain = rng.standard_normal(image.shape, dtype=np.float32) * np.float32(noise)
    changed = np.clip(soft * np.float32(gain) + np.float32(offset) + grain, 0, 1)
    return np.asarray(np.where(there, changed, image), np.float32)
