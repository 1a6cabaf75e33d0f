"""Smooth random functions of position, the same wherever and in whatever order they are evaluated."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["Curve", "Waves", "grain", "sensor", "sheet"]

FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]


class Waves:
    """A smooth random field over the plane: a sum of plane waves, standard deviation 1.

    Parameters
    ----------
    rng : numpy.random.Generator
        Draws directions and phases.
    scale_um : float
        Typical wavelength.
    n : int
        Number of waves.
    """

    def __init__(self, rng: np.random.Generator, scale_um: float, n: int = 7) -> None:
        angle = rng.uniform(0.0, np.pi, n)
        wave = 2.0 * np.pi / (scale_um * rng.uniform(0.6, 1.8, n))
        self._k = np.stack([np.sin(angle) * wave, np.cos(angle) * wave], -1)
        self._phase = rng.uniform(0.0, 2.0 * np.pi, n)

    def __call__(self, points: FloatArray) -> FloatArray:
        """Values (...,) at `points` (..., 2) in um, (y, x)."""
        values: FloatArray = np.cos(points @ self._k.T + self._phase).sum(-1)
        values *= np.sqrt(2.0 / len(self._phase))
        return values


class Curve:
    """A smooth random function of one coordinate, standard deviation 1."""

    def __init__(self, rng: np.random.Generator, scale_um: float, n: int = 6) -> None:
        self._k = 2.0 * np.pi / (scale_um * rng.uniform(0.6, 1.7, n))
        self._phase = rng.uniform(0.0, 2.0 * np.pi, n)

    def __call__(self, t: FloatArray) -> FloatArray:
        """Values at `t` in um."""
        values: FloatArray = np.cos(np.asarray(t)[..., None] * self._k + self._phase).sum(-1)
        values *= np.sqrt(2.0 / len(self._phase))
        return values


@lru_cache(maxsize=1)
def _tables() -> tuple[Float32Array, Float32Array, npt.NDArray[np.int8]]:
    """Fine grain (0.5 um), stain sheet (4 um) and sensor noise, periodic, shared by all phantoms."""
    rng = np.random.default_rng(20200707)
    fine = _octaves(rng, 1024, (2, 5, 14))
    coarse = _octaves(rng, 2048, (16, 50, 160))
    noise = np.clip(rng.normal(0.0, 32.0, (1024, 1024, 3)), -127, 127).astype(np.int8)
    return fine, coarse, noise


def _octaves(rng: np.random.Generator, n: int, cells: tuple[int, ...]) -> Float32Array:
    total = np.zeros((n, n), np.float32)
    for cell in cells:
        m = n // cell
        knots = np.pad(rng.normal(size=(m, m)).astype(np.float32), 3, mode="wrap")
        size = round(n * (m + 6) / m)
        edge = round(3 * n / m)
        total += cv2.resize(knots, (size, size), interpolation=cv2.INTER_CUBIC)[
            edge : edge + n, edge : edge + n
        ]
    total -= total.mean()
    total /= total.std()
    return total


def _looked_up(table: npt.NDArray[np.float32], cell_um: float, y: FloatArray, x: FloatArray) -> Float32Array:
    n = len(table)
    rows = np.floor(y / cell_um).astype(np.int64) % n
    columns = np.floor(x / cell_um).astype(np.int64) % n
    return table.take(rows, 0).take(columns, 1)


def grain(y: FloatArray, x: FloatArray) -> Float32Array:
    """Fine texture (len(y), len(x)) at positions in um; standard deviation 1."""
    return _looked_up(_tables()[0], 0.5, y, x)


def sheet(y: FloatArray, x: FloatArray) -> Float32Array:
    """Slow unevenness (len(y), len(x)) over hundreds of um; standard deviation 1."""
    return _looked_up(_tables()[1], 4.0, y, x)


def sensor(height: int, width: int, row: int, column: int) -> Float32Array:
    """White noise (height, width, 3), standard deviation 1, that depends on the pixel's place."""
    table = _tables()[2]
    n = len(table)
    rows = np.arange(row, row + height) % n
    columns = np.arange(column, column + width) % n
    return table.take(rows, 0).take(columns, 1).astype(np.float32) * np.float32(1 / 32)
