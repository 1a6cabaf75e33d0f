"""The whole person as fields in space, and how the person lies in the scanner."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ssc_core.phantoms.chest.airway import WALL_MM, Airway, build_airway
from ssc_core.phantoms.chest.build import Build
from ssc_core.phantoms.chest.cage import cage_distance, core_distance, diaphragm_distance, dome_height
from ssc_core.phantoms.chest.organs import Organ, arch_line, arch_radii, mediastinum
from ssc_core.phantoms.chest.shapes import Field, smooth_max
from ssc_core.phantoms.chest.trees import Tree, grow_tree
from ssc_core.seeds import seed_of

__all__ = ["Pose", "Scene"]

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pose:
    """How the person lies: rotations in degrees about the carina, prone or supine, and where the carina is.

    Parameters
    ----------
    pitch, roll, yaw : float
        About the left-right, the feet-head and the front-back axis.
    prone : bool
        Gravity then pulls to the front, and the table is in front.
    offset : tuple of float
        (x, y, z) of the carina, mm.
    """

    pitch: float = 0.0
    roll: float = 0.0
    yaw: float = 0.0
    prone: bool = False
    offset: tuple[float, float, float] = (0.0, 0.0, 0.0)

    @property
    def rotation(self) -> FloatArray:
        """(3, 3) matrix from the body's axes to the scanner's."""
        (cp, sp), (cr, sr), (cy, sy) = (
            (np.cos(a), np.sin(a)) for a in np.radians([self.pitch, self.roll, self.yaw])
        )
        about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
        about_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
        about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
        out: FloatArray = about_z @ about_y @ about_x
        return out

    @property
    def upright(self) -> bool:
        """Whether the body's axes are the scanner's."""
        return self.pitch == self.roll == self.yaw == 0.0


@dataclass(frozen=True)
class Scene:
    """A build in a pose, ready to be asked what is where."""

    build: Build
    pose: Pose = field(default_factory=Pose)

    @cached_property
    def organs(self) -> list[Organ]:
        """What lies between the lungs."""
        return mediastinum(self.build)

    @cached_property
    def airway(self) -> Airway:
        """Trachea and main bronchi."""
        return build_airway(self.build)

    def to_body(self, x: Field, y: Field, z: Field) -> tuple[Field, Field, Field]:
        """Scanner positions (mm, LPS) as body coordinates; arrays that broadcast stay small if they can."""
        dx, dy, dz = (p - np.float32(o) for p, o in zip((x, y, z), self.pose.offset, strict=True))
        if not self.pose.upright:
            r = self.pose.rotation.astype(np.float32)
            dx, dy, dz = (r[0, i] * dx + r[1, i] * dy + r[2, i] * dz for i in range(3))
        bx, by = self.build.bend(dz)
        return dx - bx, dy - by, dz

    def to_scanner(self, points: npt.ArrayLike) -> FloatArray:
        """Scanner positions (n, 3) of body positions (n, 3), both (x, y, z) in mm."""
        p = np.array(points, float)
        bx, by = self.build.bend(p[:, 2])
        p[:, 0] += bx
        p[:, 1] += by
        out: FloatArray = p @ self.pose.rotation.T + np.asarray(self.pose.offset)
        return out

    def scanner_bounds(self, low: npt.ArrayLike, high: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Boxes (n, 3) in the scanner around boxes (n, 3) of the body."""
        low, high = np.atleast_2d(np.asarray(low, float)), np.atleast_2d(np.asarray(high, float))
        middle = (low + high) / 2
        corners = []
        for i in range(12):
            z = (low, high, middle)[i // 4][:, 2]
            corners.append(np.stack([(low, high)[i & 1][:, 0], (low, high)[i >> 1 & 1][:, 1], z], axis=1))
        moved = self.to_scanner(np.concatenate(corners)).reshape(12, len(low), 3)
        return moved.min(axis=0) - 1.0, moved.max(axis=0) + 1.0

    def pleura(self, x: Field, y: Field, z: Field) -> Field:
        """Distance to the rib cage and diaphragm (mm, negative on the lungs' side)."""
        cage = cage_distance(self.build, x, y, z) + np.float32(0.5)
        return smooth_max(cage, diaphragm_distance(self.build, x, y, z), 4.0)

    def lung_distance(self, points: npt.ArrayLike) -> Field:
        """Distance to the surface of the lungs (mm, negative inside) at body positions (n, 3)."""
        x, y, z = np.asarray(points, np.float32).T
        out = smooth_max(self.pleura(x, y, z), -core_distance(self.build, x, y, z), 4.0)
        for organ in self.organs:
            if organ.gap is not None:
                out = np.maximum(out, np.float32(organ.gap) - organ.shape.distance(x, y, z))
        for tube in self.airway.lumen:
            out = np.maximum(out, np.float32(WALL_MM + 0.5) - tube.distance(x, y, z))
        return np.maximum(out, self.spine_gap(x, y))

    def spine_gap(self, x: Field, y: Field) -> Field:
        """Distance into the tissue around the vertebral bodies, mm."""
        away = np.sqrt((x / np.float32(1.1)) ** 2 + (y - np.float32(self.build.half_depth - 21)) ** 2)
        return np.asarray(np.float32(20) - away, np.float32)

    @cached_property
    def lung_points(self) -> FloatArray:
        """Body positions (n, 3), evenly spread over both lungs."""
        b = self.build
        rng = np.random.default_rng(seed_of(b.seed, "chest", "points"))
        low = [-b.half_width, -b.half_depth, b.dome - b.recess - 30]
        high = [b.half_width, b.half_depth + 5, b.apex]
        points = rng.uniform(low, high, (48000, 3))
        return points[self.lung_distance(points) < 0]

    @cached_property
    def vessels(self) -> Tree:
        """Arteries and veins of both lungs."""
        return self._trees()[0]

    @cached_property
    def bronchi(self) -> Tree:
        """Lobar and segmental bronchi beyond the main bronchi (lumen)."""
        return self._trees()[1]

    def _trees(self) -> tuple[Tree, Tree]:
        rng = np.random.default_rng(seed_of(self.build.seed, "chest", "trees"))
        inside = self.lung_points[self.lung_distance(self.lung_points) < -3.5]
        veins = [o.shape for o in self.organs if o.name == "pulmonary vein"]
        vessels, bronchi = [], []
        for side, roots in ((-1, veins[:2]), (1, veins[2:])):
            mine = inside[np.sign(inside[:, 0]) == side]
            name = "right pulmonary artery" if side < 0 else "left pulmonary artery"
            artery = next(o.shape for o in self.organs if o.name == name)
            vessels.append(grow_tree(_tip(artery), 6.5, mine[:400], rng))
            lower = mine[400:720, 2] < _tip(roots[0])[2] - 12
            for root, part in zip(roots, (~lower, lower), strict=True):
                vessels.append(grow_tree(_tip(root), 5.0, mine[400:720][part], rng))
            end = self.airway.right_end if side < 0 else self.airway.left_end
            bronchi.append(grow_tree(end, self.airway.end_radius, mine[720:744], rng, 2.2))
        blood = vessels[0]
        for tree in vessels[1:]:
            blood = blood.joined(tree)
        return blood, bronchi[0].joined(bronchi[1])

    def landmarks(self) -> dict[str, float]:
        """Heights z (mm, scanner) of the anatomical landmarks."""
        b = self.build
        arch = self.to_scanner(arch_line(b))[:, 2] + arch_radii(b)
        points = self.to_scanner([self.airway.carina, (2.0, 14.0, b.venous)])[:, 2]
        return {
            "arch_top": float(arch.max()),
            "carina": float(points[0]),
            "venous_confluence": float(points[1]),
            "right_dome": self._dome(-1),
            "left_dome": self._dome(1),
            "apex": float(self.to_scanner([(0, 0, b.apex)])[0, 2]),
        }

    def _dome(self, side: int) -> float:
        b = self.build
        x = np.linspace(0.3, 0.75, 46) * b.half_width * side
        y = np.linspace(-0.5, 0.4, 46) * b.half_depth
        peak = (0.5 * side * b.half_width, -0.12 * b.half_depth)
        gx, gy = (g.ravel().astype(np.float32) for g in np.meshgrid(x, y))
        gx, gy = np.append(gx, np.float32(peak[0])), np.append(gy, np.float32(peak[1]))
        return float(self.to_scanner(np.stack([gx, gy, dome_height(b, gx, gy)], axis=1))[:, 2].max())


def _tip(shape: object) -> tuple[float, float, float]:
    points: tuple[tuple[float, float, float], ...] = shape.points  # type: ignore[attr-defined]
    return points[-1]
