"""Where the layers of the skin lie: outlines of corneum, epidermis, dermis and fat in um."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ssc_core.phantoms.biopsy.noise import Curve

__all__ = ["Anatomy", "Tilt", "build_anatomy"]

FloatArray = npt.NDArray[np.float64]
STEP_UM = 3.0
PAPILLARY_UM = 90.0
EDGE_UM = 18.0


@dataclass(frozen=True, slots=True)
class Tilt:
    """Turns upright tissue into the slide: a rotation by `angle` about `centre` (y, x)."""

    angle: float
    centre: tuple[float, float]

    def __call__(self, points: FloatArray) -> FloatArray:
        """Slide positions of tissue `points` (..., 2) in um, (y, x)."""
        c, s = np.cos(self.angle), np.sin(self.angle)
        turned: FloatArray = (points - self.centre) @ np.array([[c, -s], [s, c]]) + self.centre
        return turned


@dataclass(frozen=True, slots=True)
class Anatomy:
    """The layers of an upright section; curves give y in um for x in um.

    Attributes
    ----------
    size_um : (height, width)
        The canvas, glass included.
    x : ndarray
        Positions of the curves' samples.
    surface, granular, junction, bottom, fat_end : ndarray
        Top of the corneum, top of the living epidermis, dermo-epidermal junction, end of the dermis, end of
        the specimen, at `x`.
    tilt : Tilt
        From upright tissue to the slide.
    """

    size_um: tuple[float, float]
    x: FloatArray
    surface: FloatArray
    granular: FloatArray
    junction: FloatArray
    bottom: FloatArray
    fat_end: FloatArray
    left: float
    right: float
    left_edge: Curve
    right_edge: Curve
    tilt: Tilt

    def at(self, curve: FloatArray, x: FloatArray) -> FloatArray:
        """`curve` at `x`."""
        return np.interp(x, self.x, curve)

    def band(self, upper: FloatArray, lower: FloatArray) -> FloatArray:
        """Outline (n, 2) of what lies between two curves, with the cut edges of the punch; upright."""
        top, floor = self._cut(upper), self._cut(lower)
        down = self._side(self.right, self.right_edge, top[-1, 0], floor[-1, 0])
        up = self._side(self.left, self.left_edge, top[0, 0], floor[0, 0])[::-1]
        return np.concatenate([top, down, floor[::-1], up])

    def within(self, points: FloatArray, keep: float) -> npt.NDArray[np.bool_]:
        """Which upright `points` (n, 2) lie between the cut edges, `keep` um away from them."""
        y, x = points[:, 0], points[:, 1]
        inside: npt.NDArray[np.bool_] = x > self._edge(self.left, self.left_edge, y) + keep
        return inside & (x < self._edge(self.right, self.right_edge, y) - keep)

    def _cut(self, curve: FloatArray) -> FloatArray:
        """The part of a curve (n, 2) that lies between the cut edges."""
        inside = self.x > self._edge(self.left, self.left_edge, curve) + STEP_UM
        inside &= self.x < self._edge(self.right, self.right_edge, curve) - STEP_UM
        return np.stack([curve, self.x], -1)[inside]

    def _edge(self, x: float, edge: Curve, y: FloatArray) -> FloatArray:
        return x + np.clip(9.0 * edge(y), -EDGE_UM, EDGE_UM)

    def _side(self, x: float, edge: Curve, y0: float, y1: float) -> FloatArray:
        y = np.linspace(y0, y1, max(3, int(abs(y1 - y0) / STEP_UM)))[1:-1]
        return np.stack([y, self._edge(x, edge, y)], -1)

    @property
    def dermal_thickness_um(self) -> float:
        """Mean distance from the junction to the end of the dermis, along the upright axis."""
        return float(np.mean(self.bottom - self.junction))


def build_anatomy(
    rng: np.random.Generator, fibrosis: float, size_mm: tuple[float, float], margin_um: float = 220.0
) -> Anatomy:
    """Draw the layers of one biopsy.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the individual variation.
    fibrosis : float
        0-1: flattens the rete ridges and thickens the dermis, each with individual spread.
    size_mm : (height, width)
        Of the tissue.
    margin_um : float
        Glass around it.
    """
    height, width = size_mm[0] * 1000.0, size_mm[1] * 1000.0
    n = max(8, int(width / STEP_UM))
    x = np.linspace(margin_um, margin_um + width, n)
    surface = margin_um + 30.0 + 16.0 * Curve(rng, 1300.0)(x) + 4.5 * Curve(rng, 230.0)(x)
    granular = surface + 22.0 + 4.0 * Curve(rng, 120.0)(x)
    rete = 0.5 * (1.0 + np.tanh(1.3 * Curve(rng, 150.0)(x)))
    depth = (26.0 + rng.uniform(0.0, 22.0)) * (1.0 - 0.65 * fibrosis)
    junction = granular + 36.0 + rng.uniform(0.0, 14.0) + depth * rete + 2.0 * Curve(rng, 30.0)(x)
    wanted = 1000.0 + 450.0 * fibrosis + rng.normal(0.0, 130.0)
    floor = margin_um + height
    room = floor - float(junction.max()) - 60.0
    thickness = float(np.clip(wanted, min(350.0, room), room))
    bottom = (
        junction.mean() + thickness + 0.035 * thickness * Curve(rng, 800.0)(x) + 6.0 * Curve(rng, 90.0)(x)
    )
    bottom = np.clip(bottom, junction + 120.0, floor - 20.0)
    fat_end = np.maximum(bottom + 15.0, floor - 45.0 + 22.0 * Curve(rng, 420.0)(x))
    size = (height + 2 * margin_um, width + 2 * margin_um)
    lean = float(np.clip(rng.normal(0.0, 0.045), -0.09, 0.09)) * min(1.0, 1.2 * height / width)
    return Anatomy(
        size, x, surface, granular, junction, bottom, fat_end, margin_um, margin_um + width,
        Curve(rng, 260.0), Curve(rng, 260.0), Tilt(lean, (size[0] / 2, size[1] / 2)),
    )  # fmt: skip
