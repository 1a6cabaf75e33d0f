"""From a scene to densities and truth on a voxel grid, a few slices at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ssc_core.phantoms.chest.airway import WALL_MM
from ssc_core.phantoms.chest.cage import core_distance
from ssc_core.phantoms.chest.disease import Lesions
from ssc_core.phantoms.chest.scene import Scene
from ssc_core.phantoms.chest.shapes import Field, cone_distance, coverage, smooth_max
from ssc_core.phantoms.chest.slab import Grid, Slab
from ssc_core.phantoms.chest.texture import grain
from ssc_core.phantoms.chest.trees import Tree
from ssc_core.phantoms.chest.trunk import Trunk, paint_bones, paint_table, paint_trunk

__all__ = ["Painted", "Painter"]


@dataclass(frozen=True, slots=True)
class Painted:
    """A painted block (z, y, x): density (HU float32), lung labels, bone, disease bits."""

    hu: Field
    lungs: npt.NDArray[np.uint8]
    bones: npt.NDArray[np.bool_]
    disease: npt.NDArray[np.uint8]


class Painter:
    """Paints blocks of one scene, with or without lesions.

    Parameters
    ----------
    scene : Scene
        The person in a pose.
    lesions : Lesions or None
        What is planted.
    """

    def __init__(self, scene: Scene, lesions: Lesions | None) -> None:
        self.scene = scene
        self.lesions = lesions
        self._vessels = _Segments(scene, scene.vessels, 0.0)
        self._bronchi = _Segments(scene, scene.bronchi, 1.2)

    def paint(self, grid: Grid) -> Painted:
        """Everything that lies on the voxels of `grid`."""
        slab = Slab(self.scene, grid)
        trunk = paint_trunk(slab)
        lungs = np.zeros(slab.shape, np.uint8)
        disease = np.zeros(slab.shape, np.uint8)
        if trunk is None:
            paint_table(slab)
            return Painted(slab.hu, lungs, np.zeros(slab.shape, bool), disease)
        bones = paint_bones(slab, trunk)
        inside = self._lung_distance(slab, trunk)
        self._paint_lungs(slab, trunk, inside, lungs, disease)
        self._paint_airway(slab, lungs, disease)
        paint_table(slab)
        return Painted(slab.hu, lungs, bones & (lungs == 0), disease)

    def _lung_distance(self, slab: Slab, trunk: Trunk) -> Field:
        """Paint what lies between the lungs, and return the distance to their surface."""
        b, window = self.scene.build, trunk.window
        x, y, z = slab.at(window)
        pleura = smooth_max(trunk.cage + np.float32(0.5), trunk.diaphragm, 4.0)
        core = core_distance(b, x, y, z)
        inside = np.full(slab.shape, 99, np.float32)
        inside[window] = np.maximum(smooth_max(pleura, -core, 4.0), self.scene.spine_gap(x, y))
        for organ in self.scene.organs:
            painted = slab.paint(organ.shape, organ.hu, 5.0)
            if painted is not None and organ.gap is not None:
                block, distance = painted
                inside[block] = np.maximum(inside[block], np.float32(organ.gap) - distance)
        for tube in self.scene.airway.lumen:
            painted = slab.paint(tube, 40.0, 5.0)
            if painted is not None:
                block, distance = painted
                inside[block] = np.maximum(inside[block], np.float32(WALL_MM + 0.5) - distance)
        return inside

    def _paint_lungs(
        self,
        slab: Slab,
        trunk: Trunk,
        inside: Field,
        lungs: npt.NDArray[np.uint8],
        disease: npt.NDArray[np.uint8],
    ) -> None:
        where = np.nonzero(inside < slab.grid.pixel / 2)
        if not len(where[0]):
            return
        x, y, z = slab.flat(where)
        hu = self._parenchyma(x, y, z)
        marks: npt.NDArray[np.uint8] = np.zeros(hu.shape, np.uint8)
        if self.lesions is not None:
            depth = -np.asarray(self.scene.pleura(x, y, z), np.float32)
            hu, marks = self.lesions.apply(hu, x, y, z, depth)
        share = coverage(inside[where], slab.grid.pixel)
        old = slab.hu[where]
        slab.hu[where] = old + share * (hu - old)
        within = inside[where] < 0
        lungs[where] = np.where(within, np.where(x < 0, 1, 2), 0)
        disease[where] = np.where(within, marks, 0)
        alpha = np.zeros(slab.shape, np.float32)
        alpha[where] = share
        pixel = slab.grid.pixel
        for window, distance, _ in self._bronchi.near(slab):
            wall = coverage(distance, pixel) * alpha[window]
            lumen = coverage(distance + np.float32(1.0), pixel) * alpha[window]
            view = slab.hu[window]
            view += np.float32(min(1.0, 1.0 / pixel)) * wall * (np.maximum(20, view) - view)
            view += lumen * (-940 - view)
        blood = np.float32(self.scene.build.blood_hu)
        for window, distance, radius in self._vessels.near(slab):
            view = slab.hu[window]
            thin = np.float32(min(1.0, 2 * radius / pixel))
            view += thin * coverage(distance, pixel) * alpha[window] * (np.maximum(blood, view) - view)

    def _parenchyma(self, x: Field, y: Field, z: Field) -> Field:
        """Density of healthy lung: denser where gravity pulls, grainy, with fissures."""
        b = self.scene.build
        down = np.float32(-1 if self.scene.pose.prone else 1)
        hu = np.float32(b.lung_hu) + np.float32(b.gravity_hu_mm) * down * y
        hu = hu + 9 * grain(x, y, z, 6.0, b.seed, "grain") + 12 * grain(x, y, z, 40.0, b.seed, "regions")
        if b.fissures:
            oblique = (z - np.float32(0.12 * b.dome)) * np.float32(0.72) - (
                y - np.float32(0.25 * b.half_depth)
            ) * np.float32(0.70)
            wavy = 2.5 * grain(x, y, z, 60.0, b.seed, "fissure")
            hu = hu + 160 * np.exp(-((oblique + wavy) ** 2) * np.float32(1.2))
            level = (z - np.float32(0.42 * b.dome) + wavy) ** 2 * np.float32(1.2)
            hu = hu + np.where((x < 0) & (oblique > 0), 130 * np.exp(-level), 0)
        return np.asarray(np.clip(hu, -985, -600), np.float32)

    def _paint_airway(self, slab: Slab, lungs: npt.NDArray[np.uint8], disease: npt.NDArray[np.uint8]) -> None:
        blocks = []
        for tube in self.scene.airway.lumen:
            low, high = (np.asarray(v) for v in tube.bounds())
            window = slab.box(low - WALL_MM - 1, high + WALL_MM + 1)
            if window is not None:
                distance = tube.distance(*slab.at(window))
                slab.fill(distance - np.float32(WALL_MM), 30, window)
                blocks.append((window, distance))
        for window, distance in blocks:
            slab.fill(distance, -990, window)
            wall = distance < WALL_MM
            lungs[window][wall] = 3
            disease[window][wall] = 0


class _Segments:
    """Segments of a tree with their boxes in the scanner."""

    def __init__(self, scene: Scene, tree: Tree, wall: float) -> None:
        ends = zip(tree.start.tolist(), tree.end.tolist(), strict=True)
        radii = zip((tree.first + wall).tolist(), (tree.last + wall).tolist(), strict=True)
        self._parts = [(a, b, r, s) for (a, b), (r, s) in zip(ends, radii, strict=True)]
        widest = np.maximum(tree.first, tree.last)[:, None] + wall
        low = np.minimum(tree.start, tree.end) - widest
        high = np.maximum(tree.start, tree.end) + widest
        self.low, self.high = scene.scanner_bounds(low, high)

    def near(self, slab: Slab) -> list[tuple[tuple[slice, slice, slice], Field, float]]:
        """Blocks of the slab that segments reach, the distance there, and their mean radius."""
        out = []
        z = slab.grid.z
        close = np.flatnonzero((self.high[:, 2] > z[0] - 1) & (self.low[:, 2] < z[-1] + 1))
        windows = slab.grid.windows(self.low[close], self.high[close])
        for i, window in zip(close.tolist(), windows, strict=True):
            if window is None:
                continue
            start, end, first, last = self._parts[i]
            distance = cone_distance(*slab.at(window), start, end, first, last)
            out.append((window, distance, (first + last) / 2))
        return out
