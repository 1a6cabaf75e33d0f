"""Collagen bundles: wavy ribbons whose place, width and direction are known at every point."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ssc_core.phantoms.biopsy.anatomy import PAPILLARY_UM, Anatomy
from ssc_core.phantoms.biopsy.noise import Waves

__all__ = ["BundleLaw", "Bundles", "build_bundles"]

FloatArray = npt.NDArray[np.float64]
SAMPLES = 25


@dataclass(frozen=True, slots=True)
class BundleLaw:
    """What the fibrosis knob does to the reticular dermis.

    Attributes
    ----------
    width_um : float
        Mean width of a bundle.
    cleft_um : float
        Pale space that a bundle keeps from those it crosses.
    layers : float
        Bundles (with their clefts) laid over each point, on average.
    concentration : float
        Von Mises concentration of the doubled angle: larger means more parallel.
    waviness : float
        Amplitude of the crimp relative to its wavelength.
    """

    width_um: float
    cleft_um: float
    layers: float
    concentration: float
    waviness: float

    @classmethod
    def of(cls, fibrosis: float, rng: np.random.Generator) -> BundleLaw:
        """The law at `fibrosis` (0-1) for one person (small individual spread)."""
        spread = np.exp(rng.normal(0.0, 0.06, 4))
        return cls(
            width_um=float((6.5 + 9.5 * fibrosis) * spread[0]),
            cleft_um=float((1.2 - 0.55 * fibrosis) * spread[1]),
            layers=float((1.75 + 1.0 * fibrosis) * spread[2]),
            concentration=float((0.9 + 3.6 * fibrosis) * spread[3]),
            waviness=float(0.085 - 0.05 * fibrosis),
        )


@dataclass(frozen=True, slots=True)
class Bundles:
    """Ribbons in painting order (later ones lie on top).

    Attributes
    ----------
    centre, normal : (n, s, 2)
        Centre line and its unit normal in slide um, (y, x).
    half : (n, s)
        Half width in um.
    cleft : (n,)
        Pale margin in um.
    angle : (n, s)
        Direction of the centre line in radians, counted from +x towards -y (up), modulo pi.
    tone : (n,)
        Relative amount of collagen dye.
    width : (n,)
        Nominal width in um.
    reach : (n, 4)
        Bounding box y0, x0, y1, x1 with the cleft.
    reticular : (n,)
        Whether it belongs to the reticular dermis.
    """

    centre: FloatArray
    normal: FloatArray
    half: FloatArray
    cleft: FloatArray
    angle: FloatArray
    tone: FloatArray
    width: FloatArray
    reach: FloatArray
    reticular: npt.NDArray[np.bool_]

    def direction(self, labels: npt.NDArray[np.int32], centres: FloatArray) -> npt.NDArray[np.float32]:
        """Direction (h, w) at pixel `centres` (h, w, 2) on bundles `labels`, NaN off them."""
        out = np.full(labels.shape, np.nan, np.float32)
        on = labels > 0
        out[on] = self.direction_at(labels[on], centres[on])
        return out

    def direction_at(self, labels: npt.NDArray[np.int32], points: FloatArray) -> FloatArray:
        """Direction of the centre line of bundles ``labels - 1`` beside `points` (n, 2) in um."""
        ids = labels - 1
        first, last = self.centre[ids, 0], self.centre[ids, -1]
        chord = last - first
        place = ((points - first) * chord).sum(-1) / (chord**2).sum(-1)
        sample = np.clip(np.rint(place * (SAMPLES - 1)), 0, SAMPLES - 1).astype(np.int64)
        direction: FloatArray = self.angle[ids, sample]
        return direction


def build_bundles(rng: np.random.Generator, anatomy: Anatomy, law: BundleLaw) -> Bundles:
    """Lay fine bundles into the papillary and thick ones into the reticular dermis."""
    lay = Waves(rng, 900.0)
    thick = _field(rng, anatomy, law, lay, papillary=False)
    fine_law = BundleLaw(3.0, 0.8, 1.7, 0.5, 0.10)
    fine = _field(rng, anatomy, fine_law, lay, papillary=True)
    parts = [np.concatenate([a, b]) for a, b in zip(fine, thick, strict=True)]
    return Bundles(*parts)


def _field(
    rng: np.random.Generator, anatomy: Anatomy, law: BundleLaw, lay: Waves, *, papillary: bool
) -> tuple[npt.NDArray[np.generic], ...]:
    places = _places(rng, anatomy, law, papillary)
    n = len(places)
    width = law.width_um * np.exp(rng.normal(-0.04, 0.30, n))
    length = np.clip(rng.gamma(6.0, law.width_um * (2.6 if not papillary else 2.2), n), 20.0, 420.0)
    heading = 0.16 * lay(places) + 0.5 * rng.vonmises(0.0, law.concentration, n)
    s = np.linspace(-0.5, 0.5, SAMPLES)
    along = length[:, None] * s
    wave = np.clip(length * rng.uniform(0.22, 0.5, n), 18.0, 110.0)[:, None]
    crimp = law.waviness * wave * rng.uniform(0.4, 1.4, (n, 1))
    phase = rng.uniform(0.0, 2.0 * np.pi, (n, 1))
    bend = rng.normal(0.0, 0.05, (n, 1)) * length[:, None]
    off = crimp * np.sin(2.0 * np.pi * along / wave + phase) + bend * (4.0 * s**2)
    slope = np.gradient(off, axis=1) / np.gradient(along, axis=1)
    angle = heading[:, None] + np.arctan(slope) - anatomy.tilt.angle
    # counted from +x towards -y, so a step along the bundle is (-sin, cos) in (y, x)
    axis = np.stack([-np.sin(heading), np.cos(heading)], -1)[:, None, :]
    across = np.stack([-np.cos(heading), -np.sin(heading)], -1)[:, None, :]
    upright = places[:, None, :] + along[..., None] * axis + off[..., None] * across
    centre = anatomy.tilt(upright)
    normal = np.stack([-np.cos(angle), -np.sin(angle)], -1)
    half = 0.5 * width[:, None] * np.sqrt(np.clip(1.0 - (2.0 * np.abs(s)) ** 5, 0.02, 1.0))
    half = half * (1.0 + 0.10 * np.sin(6.0 * s + phase)) * rng.uniform(0.86, 1.14, half.shape)
    cleft = law.cleft_um * rng.uniform(0.5, 1.5, n)
    tone = np.exp(rng.normal(0.0, 0.13, n)) * (0.78 if papillary else 1.0)
    pad = (half.max(1) + cleft)[:, None]
    reach = np.concatenate([centre.min(1) - pad, centre.max(1) + pad], 1)
    return centre, normal, half, cleft, np.mod(angle, np.pi), tone, width, reach, np.full(n, not papillary)


def _places(rng: np.random.Generator, anatomy: Anatomy, law: BundleLaw, papillary: bool) -> FloatArray:
    """Upright centres (n, 2), spread evenly (R2 sequence) over the layer."""
    top, end = float(anatomy.junction.min()), float(anatomy.bottom.max())
    length = 6.0 * law.width_um * (2.2 if papillary else 2.6)
    one = (law.width_um + 2.0 * law.cleft_um) * length
    area = (end - top) * (anatomy.right - anatomy.left)
    n = int(np.ceil(law.layers * area / one))
    k = np.arange(1, n + 1)[:, None] * np.array([0.7548776662466927, 0.5698402909980532])
    unit = np.mod(k + rng.uniform(0.0, 1.0, 2), 1.0)
    points = unit * (end - top, anatomy.right - anatomy.left) + (top, anatomy.left)
    depth = points[:, 0] - anatomy.at(anatomy.junction, points[:, 1])
    inside = (depth > -8.0) & (points[:, 0] < anatomy.at(anatomy.bottom, points[:, 1]) + 8.0)
    border = PAPILLARY_UM * rng.uniform(0.7, 1.3, n)
    chosen = inside & ((depth < border) if papillary else (depth >= border))
    placed: FloatArray = points[rng.permutation(np.flatnonzero(chosen))]
    return placed
