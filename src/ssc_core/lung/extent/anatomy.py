"""Other people from one healthy slice: turned, stretched, denser or lighter, with finer vessels."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from ssc_core.lung.extent.grid import AIR_HU
from ssc_core.lung.extent.healthy import HealthySlice
from ssc_core.lung.extent.lesions import Ground, smooth_noise
from ssc_core.lung.synthesis.compositing import blend

__all__ = ["varied", "warped"]

Field = npt.NDArray[np.float32]
Bool = npt.NDArray[np.bool_]


def warped(slice_: HealthySlice, rng: np.random.Generator) -> tuple[Field, Bool]:
    """The slice turned, scaled, sheared, mirrored and bent; its lung with it."""
    rows, columns = slice_.hu.shape
    turn, scale = np.deg2rad(rng.uniform(-20, 20)), np.exp(rng.uniform(-0.16, 0.16))
    stretch, shear = np.exp(rng.uniform(-0.1, 0.1)), rng.uniform(-0.1, 0.1)
    mirror = -1.0 if rng.random() < 0.5 else 1.0
    if rng.random() < 0.1:  # prone
        turn += np.pi
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    matrix = matrix @ np.array([[mirror * stretch, shear], [0, 1 / stretch]]) / scale
    y, x = np.meshgrid(
        np.arange(rows, dtype=np.float32) - rows / 2,
        np.arange(columns, dtype=np.float32) - columns / 2,
        indexing="ij",
    )
    bend = float(rng.uniform(0, 5))
    by, bx = (bend * smooth_noise((rows, columns), 70, rng) for _ in range(2))
    at_x = matrix[0, 0] * x + matrix[0, 1] * y + bx + columns / 2
    at_y = matrix[1, 0] * x + matrix[1, 1] * y + by + rows / 2
    at = (at_x.astype(np.float32), at_y.astype(np.float32))
    hu = cv2.remap(slice_.hu, *at, cv2.INTER_CUBIC, borderValue=AIR_HU)
    lung = cv2.remap(slice_.lung.astype(np.float32), *at, cv2.INTER_LINEAR, borderValue=0.0) >= 0.5
    return np.asarray(hu, np.float32), np.asarray(lung)


def varied(hu: Field, ground: Ground, rng: np.random.Generator) -> Field:
    """What healthy lungs differ in: density, its slope to the back, fine vessels, dependent opacity."""
    lung = ground.lung
    span = max(float(np.ptp(ground.y[lung])), 1.0)
    back = (ground.y - ground.y[lung].min()) / np.float32(span)
    # with the phantoms' own spread about 30 HU between persons, as published for full inspiration
    dense = float(np.clip(rng.normal(0.005, 0.025), -0.05, 0.07)) + float(rng.uniform(0, 0.06)) * (
        back if rng.random() < 0.85 else 1 - back
    )
    dense = dense + float(rng.uniform(0, 0.015)) * ground.noise(30, rng)
    dense = dense + float(rng.uniform(0, 0.03)) * ground.noise(float(rng.uniform(3, 8)), rng)
    if rng.random() < 0.25:  # a smooth band of dependent lung, as anybody who lies may have
        band = np.clip(1 - ground.depth / float(rng.uniform(3, 8)), 0, 1) * np.clip(2.5 * back - 1.4, 0, 1)
        dense = dense + float(rng.uniform(0.1, 0.35)) * band
    if rng.random() < 0.15:  # emphysema
        dense = dense - 0.06 * np.clip(ground.noise(float(rng.uniform(6, 25)), rng) - 0.5, 0, 1)
    dense = dense + _vessels(ground, rng)
    return np.asarray(np.where(lung, blend(hu, np.clip(dense, -0.1, 1), 1.0), hu), np.float32)


def _vessels(ground: Ground, rng: np.random.Generator) -> Field:
    """Short tapering lines and dots, as vessels below the size that phantoms show."""
    rows, columns = ground.lung.shape
    canvas = np.zeros((2 * rows, 2 * columns), np.uint8)
    count = int(float(rng.uniform(0, 1)) ** 2 * 0.012 * np.count_nonzero(ground.lung))
    inside = np.argwhere(ground.lung)
    length = float(rng.uniform(1, 9))
    for y, x in inside[rng.integers(0, len(inside), count)].tolist():
        turn, reach = rng.uniform(0, 2 * np.pi), rng.exponential(length)
        end = (round(2 * x + 2 * reach * np.cos(turn)), round(2 * y + 2 * reach * np.sin(turn)))
        shade, width = int(rng.integers(60, 256)), 1 + int(rng.random() < 0.35) + int(rng.random() < 0.12)
        cv2.line(canvas, (2 * x, 2 * y), end, shade, width, cv2.LINE_AA)
    small = cv2.resize(canvas, (columns, rows), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32) * np.float32(rng.uniform(0.3, 0.9) / 255)
