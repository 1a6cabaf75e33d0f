"""One phalanx as an implicit body: how deep a point lies under its surface, in millimetres."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.interpolate import PchipInterpolator

__all__ = ["Bone", "Bump", "drawn_bone"]

FloatArray = npt.NDArray[np.float64]

# An adult lesser finger's bones in the sagittal plane: length (mm), radius of the distal end (mm), and half
# height (mm) at fractions of the length from the distal end. 1 distal, 2 middle, 3 proximal, 4 metacarpal.
_SHAPES: dict[int, tuple[float, float, tuple[float, ...], tuple[float, ...]]] = {
    1: (17.5, 1.3, (0, 0.1, 0.25, 0.5, 0.75, 0.92, 1), (1.6, 1.75, 1.45, 1.55, 2.2, 3.0, 2.9)),
    2: (24.0, 2.9, (0, 0.12, 0.26, 0.48, 0.68, 0.87, 0.95, 1), (2.9, 2.95, 2.6, 2.3, 2.5, 3.4, 3.65, 3.5)),
    3: (41.0, 3.7, (0, 0.09, 0.2, 0.45, 0.7, 0.88, 0.96, 1), (3.7, 3.75, 3.3, 3.05, 3.4, 4.5, 4.9, 4.8)),
    4: (60.0, 5.6, (0, 0.08, 0.2, 0.5, 1), (5.6, 5.8, 4.6, 4.0, 5.0)),
}
_CORTEX = {1: 0.75, 2: 1.1, 3: 1.35, 4: 1.5}  # mm at mid shaft
_CORNER = 1.1  # mm, rounding of the base's corners


@dataclass(frozen=True)
class Bump:
    """A small ball of bone on a surface (osteophyte), in the phalanx's own coordinates, mm."""

    s: float
    n: float
    radius: float


@dataclass(frozen=True)
class Bone:
    """A phalanx in its own mm: s along the axis from the distal end, n towards the palm, w sideways.

    Parameters
    ----------
    label : int
        1 distal, 2 middle, 3 proximal, 4 metacarpal.
    length, head_radius, cortex : float
        Length, radius of the distal end, thickness of the cortex at mid shaft, mm.
    height : callable
        Half height (mm) at a fraction of the length.
    bow : float
        How far the shaft is bent towards the back, mm.
    socket : float
        Radius (mm) of the hollow in the base that takes the next head; 0 for none.
    socket_centre : float
        Position of that head's centre along s, mm.
    ripple : float
        Roughness of the tuft, mm.
    bumps : tuple of Bump
        Osteophytes.
    """

    label: int
    length: float
    head_radius: float
    cortex: float
    height: PchipInterpolator
    bow: float
    socket: float = 0.0
    socket_centre: float = 0.0
    ripple: float = 0.0
    bumps: tuple[Bump, ...] = ()

    def _half_height_squared(self, s: FloatArray) -> FloatArray:
        h = self.height(np.clip(s / self.length, 0, 1))
        if self.ripple:
            h = h + self.ripple * np.sin(2 * np.pi * s / 1.9) * np.exp(-s / 4.0)
        # (1 - distance^2) rounds both ends and is linear in s there, so that its slope stays finite
        distal = np.clip((self.head_radius - s) / self.head_radius, 0, 1)
        proximal = np.clip((s - self.length + _CORNER) / _CORNER, 0, 1)
        inside = h**2 * (1 - distal**2) * (1 - proximal**2)
        beyond = 2 * h**2 * np.maximum(-s / self.head_radius, (s - self.length) / _CORNER)
        out: FloatArray = np.where((s < 0) | (s > self.length), -beyond, inside)
        return out

    def depth(self, s: FloatArray, n: FloatArray, w: FloatArray | float) -> FloatArray:
        """Approximate depth (mm) under the surface; negative outside, zero exactly on it."""
        grid = np.linspace(-12.0, self.length + 12.0, 1600)
        squared = self._half_height_squared(grid)
        t = np.clip(s / self.length, 0, 1)
        bow = -4 * self.bow * t * (1 - t)
        wide = (2.1 - 0.9 * np.clip(t / 0.3, 0, 1) if self.label == 1 else 1.35) + 0.25 * (2 * t - 1) ** 4
        across = (n - bow) ** 2 + (w / wide) ** 2
        f = np.interp(s, grid, squared) - across
        slope = np.interp(s, grid, np.gradient(squared, grid))
        steep = np.sqrt(slope**2 + 4 * (n - bow) ** 2 + 4 * (w / wide**2) ** 2)
        # f/|f'| is the distance near the surface; deep inside it would explode, so the half height bounds it
        depth = np.clip(
            f / np.maximum(steep, 0.4), -40.0, np.sqrt(np.maximum(np.interp(s, grid, squared), 0))
        )
        if self.socket:
            to_head = np.sqrt((s - self.socket_centre) ** 2 + n**2 + np.asarray(w) ** 2)
            depth = np.minimum(depth, to_head - self.socket)
        for bump in self.bumps:
            ball = bump.radius - np.sqrt((s - bump.s) ** 2 + (n - bump.n) ** 2 + np.asarray(w) ** 2)
            depth = np.maximum(depth, ball)
        out: FloatArray = depth
        return out

    def cortex_at(self, s: FloatArray) -> FloatArray:
        """Thickness (mm) of the cortex: full at mid shaft, thin under the joints."""
        t = np.clip(s / self.length, 0, 1)
        end = np.abs(2 * t - 1)
        thin: FloatArray = 0.45 + (self.cortex - 0.45) * (1 - np.clip((end - 0.25) / 0.6, 0, 1) ** 1.3)
        return thin

    def marrow_at(self, s: FloatArray) -> FloatArray:
        """Share of spongy bone in the marrow: 1 near the joints, little at mid shaft."""
        t = np.clip(s / self.length, 0, 1)
        floor = 0.45 if self.label == 1 else 0.08
        share: FloatArray = floor + (1 - floor) * np.clip((np.abs(2 * t - 1) - 0.2) / 0.55, 0, 1)
        return share


def drawn_bone(
    label: int,
    rng: np.random.Generator,
    scale: float,
    *,
    shape: float = 0.06,
    socket: float = 0.0,
    osteophyte: bool = False,
) -> Bone:
    """A phalanx of plausible size.

    Parameters
    ----------
    label : int
        1 distal, 2 middle, 3 proximal, 4 metacarpal.
    rng : numpy.random.Generator
        Source of variation.
    scale : float
        Size of the hand, 1 for an average adult.
    shape : float
        Relative spread of length and heights.
    socket : float
        Radius (mm) of the hollow for the head behind it; 0 for none.
    osteophyte : bool
        Put a spur on the dorsal margin of the base.
    """
    length, radius, at, heights = _SHAPES[label]
    length *= scale * (1 + shape * rng.uniform(-1, 1))
    girth = scale * (1 + shape * rng.uniform(-1, 1))
    h = np.asarray(heights) * girth * (1 + 0.6 * shape * rng.uniform(-1, 1, len(heights)))
    cortex = _CORTEX[label] * scale * rng.uniform(0.85, 1.2)
    bow = rng.uniform(0.1, 0.6) if label in (2, 3) else 0.0
    radius = radius * girth
    overhang = rng.uniform(0.5, 0.9)
    centre = length + socket - overhang if socket else 0.0
    bumps = (Bump(length - 1.2, -h[-2] - 0.1, rng.uniform(0.8, 1.4)),) if osteophyte else ()
    rough = rng.uniform(0.1, 0.25) if label == 1 else 0.0
    return Bone(label, length, radius, cortex, PchipInterpolator(at, h), bow, socket, centre, rough, bumps)
