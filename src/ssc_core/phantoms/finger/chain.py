"""A finger: phalanges joined in a chain, bent at the joints, wrapped in soft tissue, skin and nail."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.interpolate import PchipInterpolator

from ssc_core.phantoms.finger.bone import Bone, drawn_bone
from ssc_core.phantoms.finger.ripple import Ripple

__all__ = ["Finger", "Placed", "drawn_finger"]

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Placed:
    """A bone with the position of its distal end and the direction of its axis (both (x, y), mm)."""

    bone: Bone
    start: FloatArray
    axis: FloatArray

    def local(self, x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Position along the axis and towards the palm, mm."""
        dx, dy = x - self.start[0], y - self.start[1]
        return dx * self.axis[0] + dy * self.axis[1], dy * self.axis[0] - dx * self.axis[1]

    def depth(self, x: FloatArray, y: FloatArray, w: FloatArray | float, reach: float = 4.0) -> FloatArray:
        """Depth (mm) under the bone's surface; ``-reach`` for all that is farther away."""
        s, n = self.local(x, y)
        near = (s > -reach) & (s < self.bone.length + reach) & (np.abs(n) < 7.5 + reach)
        s, n, w, near = np.broadcast_arrays(s, n, w, near)
        out = np.full(s.shape, -reach)
        out[near] = np.maximum(self.bone.depth(s[near], n[near], w[near]), -reach)
        return out

    def point(self, s: float, n: float = 0.0) -> FloatArray:
        """Position (x, y) of a local point, mm."""
        across = np.array([-self.axis[1], self.axis[0]])
        return np.asarray(self.start + s * self.axis + n * across)


@dataclass(frozen=True)
class Finger:
    """One finger in its own millimetres: x from the tip to the hand, y from the back to the palm, w sideways.

    Parameters
    ----------
    bones : tuple of Placed
        Distal, middle, proximal phalanx and metacarpal.
    sesamoids : tuple of (x, y, radius)
        Small separate bones at the metacarpal joint.
    line, radius : ndarray
        (n, 2) core line of the soft tissue and (n,) its radius, mm.
    mottle, spongy : Ripple
        Texture of soft tissue and of trabeculae.
    cortex_hu, spongy_hu, marrow_hu, soft_hu : float
        Mean HU of the materials.
    """

    bones: tuple[Placed, ...]
    sesamoids: tuple[tuple[float, float, float], ...]
    line: FloatArray
    radius: FloatArray
    mottle: Ripple
    spongy: Ripple
    cortex_hu: float
    spongy_hu: float
    marrow_hu: float
    soft_hu: float

    def bone_depths(
        self, x: FloatArray, y: FloatArray, w: FloatArray | float, reach: float = 4.0
    ) -> FloatArray:
        """(n bones + sesamoids, ...) depth (mm) under every bone's surface, not followed beyond `reach`."""
        depths = [b.depth(x, y, w, reach) for b in self.bones]
        for sx, sy, r in self.sesamoids:
            depths.append(r - np.sqrt(((x - sx) / 1.4) ** 2 + (y - sy) ** 2 + np.asarray(w) ** 2))
        return np.stack(np.broadcast_arrays(*depths))

    def skin_depth(self, x: FloatArray, y: FloatArray, w: FloatArray | float) -> FloatArray:
        """Depth (mm) under the skin's surface; negative in air."""
        best = np.full(np.broadcast_shapes(np.shape(x), np.shape(y), np.shape(w)), -np.inf)
        for a, b, ra, rb in zip(self.line, self.line[1:], self.radius, self.radius[1:], strict=False):
            v = b - a
            t = np.clip(((x - a[0]) * v[0] + (y - a[1]) * v[1]) / (v @ v), 0, 1)
            away = np.sqrt((x - a[0] - t * v[0]) ** 2 + (y - a[1] - t * v[1]) ** 2 + np.asarray(w) ** 2)
            best = np.maximum(best, ra + (rb - ra) * t - away)
        return best


def drawn_finger(
    rng: np.random.Generator,
    *,
    shape: float = 0.06,
    osteophytes: int = 0,
    sesamoid: bool = False,
    posture: np.random.Generator | None = None,
) -> Finger:
    """A finger of plausible size and posture.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of variation.
    shape : float
        Relative spread of the bones' proportions.
    osteophytes : int
        Number of joints (0-2, from the tip) with a dorsal spur.
    sesamoid : bool
        Whether a small separate bone lies before the metacarpal joint.
    posture : numpy.random.Generator, optional
        Source of the joints' angles; neighbours that are given equal ones are bent alike.
    """
    posture = rng if posture is None else posture
    scale = rng.uniform(0.88, 1.12)
    gaps = {4: rng.uniform(1.5, 2.0), 3: rng.uniform(1.2, 1.7), 2: rng.uniform(1.0, 1.4)}
    angle = np.deg2rad(posture.uniform(-6, 6))
    bends = [np.deg2rad(posture.uniform(*b)) for b in ((0, 14), (4, 24), (2, 16))]
    metacarpal = drawn_bone(4, rng, scale, shape=shape)
    placed = [Placed(metacarpal, np.zeros(2), np.array([np.cos(angle), np.sin(angle)]))]
    for label, bend in zip((3, 2, 1), bends, strict=True):
        behind = placed[-1]
        head = behind.point(behind.bone.head_radius)
        # bent towards the palm: going out to the tip the axis turns to +y, so its way back turns to -y
        angle -= bend
        axis = np.array([np.cos(angle), np.sin(angle)])
        socket = behind.bone.head_radius + gaps[label + 1]
        bone = drawn_bone(label, rng, scale, shape=shape, socket=socket, osteophyte=label <= osteophytes)
        placed.append(Placed(bone, head - bone.socket_centre * axis, axis))
    bones = tuple(reversed(placed))
    line, radius = _envelope(bones, scale, rng)
    joint = bones[3].point(bones[3].bone.head_radius + 1.0, bones[3].bone.head_radius + 3.0)
    sesamoids = ((float(joint[0]), float(joint[1]), float(rng.uniform(1.2, 1.9))),) if sesamoid else ()
    return Finger(
        bones,
        sesamoids,
        line,
        radius,
        Ripple.drawn(rng, (5.0, 3.0, 4.0)),
        Ripple.drawn(rng, (2.2, 0.9, 0.9)),
        cortex_hu=rng.uniform(1080, 1550),
        spongy_hu=rng.uniform(230, 460),
        marrow_hu=rng.uniform(-40, 60),
        soft_hu=rng.uniform(42, 66),
    )


def _envelope(
    bones: tuple[Placed, ...], scale: float, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Core line and radius of the soft tissue, with the pulp before the distal phalanx."""
    distal, middle, proximal, hand = bones
    stations = [
        (distal.point(0.5, 0.9), 4.7),
        (distal.point(0.55 * distal.bone.length, 0.9), 5.9),
        (distal.point(distal.bone.length, 0.6), 5.9),
        (middle.point(0.5 * middle.bone.length, 1.0), 6.5),
        (middle.point(middle.bone.length, 0.7), 7.5),
        (proximal.point(0.45 * proximal.bone.length, 1.5), 8.0),
        (proximal.point(proximal.bone.length, 1.2), 9.8),
        (hand.point(12.0, 2.5), 11.5),
        (hand.point(60.0, 3.5), 13.0),
    ]
    plump = scale * rng.uniform(0.95, 1.1)
    points, radii = np.array([p for p, _ in stations]), np.array([r for _, r in stations]) * plump
    along = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    fine = np.linspace(0, along[-1], 20)
    return PchipInterpolator(along, points)(fine), PchipInterpolator(along, radii)(fine)
