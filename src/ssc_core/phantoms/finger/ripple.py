"""Smooth random texture that can be asked for at any point, so that every grid sees the same finger."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Ripple"]

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Ripple:
    """A sum of plane waves: mean 0, standard deviation about 1, band limited.

    Parameters
    ----------
    waves : ndarray
        (k, 3) wave vectors in radians per mm.
    phases : ndarray
        (k,) phases in radians.
    """

    waves: FloatArray
    phases: FloatArray

    @classmethod
    def drawn(
        cls, rng: np.random.Generator, length_mm: float | tuple[float, float, float], k: int = 20
    ) -> Ripple:
        """Random waves whose wavelengths lie around `length_mm` (one, or one per axis)."""
        direction = rng.normal(size=(k, 3))
        direction /= np.linalg.norm(direction, axis=1, keepdims=True)
        stretch = rng.uniform(0.7, 1.6, size=(k, 1))
        waves = 2 * np.pi * direction * stretch / np.broadcast_to(np.asarray(length_mm, float), 3)
        return cls(waves, rng.uniform(0, 2 * np.pi, k))

    def __call__(self, x: FloatArray, y: FloatArray, w: FloatArray | float) -> FloatArray:
        """Value at positions in mm (broadcast together)."""
        total = np.zeros(np.broadcast_shapes(np.shape(x), np.shape(y), np.shape(w)))
        for (a, b, c), phase in zip(self.waves, self.phases, strict=True):
            total += np.cos(a * x + b * y + c * w + phase)
        out: FloatArray = total * np.sqrt(2.0 / len(self.phases))
        return out
