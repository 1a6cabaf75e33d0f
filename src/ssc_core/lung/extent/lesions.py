"""Where disease lies: outlines of a wanted extent, in the shapes that interstitial lung disease takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["SHAPES", "Ground", "fade"]

Field = npt.NDArray[np.float32]
Bool = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Ground:
    """A lung (y, x) on pixels of 1 mm, with what lesions orient themselves by.

    Parameters
    ----------
    lung : ndarray of bool
        Where lesions may lie.
    depth : ndarray of float32
        Distance to the edge of the lung, mm.
    y, x : ndarray of float32
        Coordinates, mm; y grows to the back of a person who lies supine.
    """

    lung: Bool
    depth: Field
    y: Field
    x: Field

    @classmethod
    def of(cls, lung: Bool) -> Ground:
        """Of a lung on the grid."""
        padded = np.pad(lung.astype(np.uint8), 1)
        depth = cv2.distanceTransform(padded, cv2.DIST_L2, 5)[1:-1, 1:-1]
        y, x = np.meshgrid(*(np.arange(n, dtype=np.float32) for n in lung.shape), indexing="ij")
        return cls(lung, np.asarray(depth, np.float32), y, x)

    def noise(self, scale_mm: float, rng: np.random.Generator) -> Field:
        """Smooth noise of about unit variance that changes over `scale_mm`."""
        return smooth_noise(self.lung.shape, scale_mm, rng)


def smooth_noise(shape: tuple[int, ...], scale: float, rng: np.random.Generator) -> Field:
    """Noise of about unit variance that changes over `scale` pixels."""
    step = max(1.0, scale / 4)
    coarse = rng.standard_normal([int(n / step) + 4 for n in shape], dtype=np.float32)
    coarse = cv2.GaussianBlur(coarse, (0, 0), 1.2)
    coarse /= max(float(coarse.std()), 1e-6)
    full = cv2.resize(coarse, None, fx=step, fy=step, interpolation=cv2.INTER_CUBIC)
    oy, ox = (int(rng.integers(0, a - b + 1)) for a, b in zip(full.shape, shape, strict=True))
    return np.asarray(full[oy : oy + shape[0], ox : ox + shape[1]], np.float32)


def _subpleural(g: Ground, rng: np.random.Generator) -> Field:
    out = -g.depth + float(rng.uniform(0, 0.3)) * g.y + float(rng.uniform(2, 7)) * g.noise(22, rng)
    return np.asarray(out, np.float32)


def _ellipses(g: Ground, rng: np.random.Generator) -> Field:
    inside = np.argwhere(g.lung)
    best: Field = np.full(g.lung.shape, -1e6, np.float32)
    for cy, cx in inside[rng.integers(0, len(inside), int(rng.integers(1, 6)))].tolist():
        turn, size, stretch = rng.uniform(0, np.pi), rng.uniform(0, 25), rng.uniform(1, 2.5)
        u = np.cos(turn) * (g.x - cx) + np.sin(turn) * (g.y - cy)
        v = -np.sin(turn) * (g.x - cx) + np.cos(turn) * (g.y - cy)
        best = np.maximum(best, np.float32(size) - np.hypot(u / stretch, v))
    return best + float(rng.uniform(0.5, 4)) * g.noise(12, rng)


def _blobs(g: Ground, rng: np.random.Generator) -> Field:
    scale = float(rng.uniform(15, 55))
    return scale / 3 * g.noise(scale, rng) + float(rng.uniform(-0.02, 0.12)) * g.y


def _part(g: Ground, rng: np.random.Generator) -> Field:
    """One side of a slanting border, of one lung first or of both alike."""
    turn = rng.normal(0, 0.7)
    away = np.cos(turn) * g.y + np.sin(turn) * g.x
    if rng.random() < 0.5:
        away = away + float(rng.choice([-1, 1]) * rng.uniform(30, 200)) * np.sign(g.x - g.x[g.lung].mean())
    return np.asarray(away + float(rng.uniform(2, 10)) * g.noise(25, rng), np.float32)


def _core(g: Ground, rng: np.random.Generator) -> Field:
    return g.depth + float(rng.uniform(3, 8)) * g.noise(20, rng)


SHAPES: dict[str, Callable[[Ground, np.random.Generator], Field]] = {
    "subpleural": _subpleural,
    "ellipses": _ellipses,
    "blobs": _blobs,
    "part": _part,
    "core": _core,
}
_OFTEN = (0.36, 0.28, 0.16, 0.14, 0.06)


def fade(
    ground: Ground,
    share: float,
    rng: np.random.Generator,
    *,
    within: Bool | None = None,
    shape: str | None = None,
) -> Field:
    """Fade (0 outside, 1 inside, 0.5 at the outline) of lesions that take `share` (0-1) of the lung.

    Parameters
    ----------
    ground : Ground
        The lung.
    share : float
        Share of the area where the fade is at least 0.5; exact to a pixel, but for ties.
    rng : numpy.random.Generator
        Draws shape, place and softness of the edge.
    within : ndarray of bool, optional
        Lesions grow here first.
    shape : str, optional
        One of :data:`SHAPES`; drawn by default, subpleural most often.
    """
    name = shape or str(rng.choice(list(SHAPES), p=_OFTEN))
    wish = SHAPES[name](ground, rng)
    if within is not None:
        wish = np.asarray(wish + np.float32(1e3) * within, np.float32)
    dy, dx = np.gradient(wish)
    slope = float(np.median(np.hypot(dy, dx)[ground.lung])) or 1.0
    border = np.quantile(wish[ground.lung], 1 - min(max(share, 0.0), 1.0))
    rim = float(np.exp(rng.uniform(np.log(0.5), np.log(6.0))))
    out = 0.5 + (wish - np.float32(border)) / np.float32(2 * slope * rim)
    return np.asarray(np.clip(out, 0, 1) * ground.lung, np.float32)
