"""The chest phantom as users call it: a person by seed, a scan by its settings."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ssc_core.errors import InputError
from ssc_core.geometry import Frame
from ssc_core.phantoms.chest.acquisition import apply_kernel, noise_slice, outside_circle
from ssc_core.phantoms.chest.build import Build, draw_build
from ssc_core.phantoms.chest.disease import Disease, Lesions
from ssc_core.phantoms.chest.render import Painter
from ssc_core.phantoms.chest.scene import Pose, Scene
from ssc_core.phantoms.chest.slab import Grid
from ssc_core.phantoms.chest.truth import ChestPhantom
from ssc_core.progress import Tick, silent
from ssc_core.seeds import seed_of

__all__ = ["Chest", "chest"]

_SLAB_VOXELS = 1_000_000


@dataclass(frozen=True)
class Chest:
    """A person, to be scanned as often and in as many ways as wanted.

    Parameters
    ----------
    seed : int
        Draws the anatomy.
    disease : Disease, optional
        What is planted in the lungs.
    pose : Pose, optional
        How the person lies; by default supine, straight, and somewhere in the scanner.

    Examples
    --------
    >>> small = Chest(3).render(spacing=(8.0, 4.0, 4.0))
    >>> sorted(small.levels_mm) == [1, 2, 3, 4, 5]
    True
    """

    seed: int
    disease: Disease | None = None
    pose: Pose | None = None

    @cached_property
    def build(self) -> Build:
        """Sizes and landmarks of the person."""
        return draw_build(self.seed)

    @cached_property
    def scene(self) -> Scene:
        """The person in the scanner."""
        if self.pose is not None:
            return Scene(self.build, self.pose)
        rng = np.random.default_rng(seed_of(self.seed, "chest", "place"))
        x, y, z = rng.uniform([-12, -20, -350], [12, 15, 150]).tolist()
        return Scene(self.build, Pose(offset=(x, y, z)))

    @cached_property
    def painter(self) -> Painter:
        """Paints this person."""
        return Painter(self.scene, None if self.disease is None else Lesions(self.scene, self.disease))

    @cached_property
    def lung_range(self) -> tuple[float, float]:
        """Lowest and highest z (mm) of the lungs."""
        z = self.scene.to_scanner(self.scene.lung_points)[:, 2]
        return float(z.min()) - 3.0, float(self.scene.landmarks()["apex"])

    def levels(self, dome_offset_mm: float = 10.0) -> dict[int, float]:
        """Height z (mm) of the five levels.

        Origin of the great vessels (top of the aortic arch), main carina, pulmonary venous confluence,
        halfway between the third and the fifth, and `dome_offset_mm` above the right hemidiaphragm (Jia et
        al. 2024, Introduction: 1 cm; 0 for "immediately above").
        """
        m = self.scene.landmarks()
        fifth = m["right_dome"] + dome_offset_mm
        third = m["venous_confluence"]
        return {1: m["arch_top"], 2: m["carina"], 3: third, 4: (third + fifth) / 2, 5: fifth}

    def frame(
        self,
        spacing: tuple[float, float, float] = (3.0, 0.9, 0.9),
        shape: tuple[int, ...] | None = None,
        *,
        below_mm: float = 20.0,
        above_mm: float = 15.0,
        shift_mm: tuple[float, float] = (0.0, 0.0),
    ) -> tuple[Frame, tuple[int, int, int]]:
        """Frame and shape of a scan; see :meth:`render`."""
        dz, dy, dx = spacing
        low, high = self.lung_range
        b, (ox, oy, _) = self.build, self.scene.pose.offset
        bend = float(b.bend(b.dome)[1])
        if shape is None or len(shape) == 2:
            nz = max(1, int(np.floor((high + above_mm - low + below_mm) / dz)) + 1)
        else:
            nz = shape[0]
        if shape is None:
            need = 2 * (b.half_width + (140 if b.arms else 78) + b.fat) + 16
            side = int(np.ceil(need / max(dx, dy) / 16)) * 16
            shape = (side, side)
        ny, nx = shape[-2:]
        y0 = oy + bend + 8.0 + shift_mm[0] - dy * (ny - 1) / 2
        x0 = ox + shift_mm[1] - dx * (nx - 1) / 2
        return Frame((dz, dy, dx), (low - below_mm, y0, x0)), (nz, ny, nx)

    def render(
        self,
        spacing: tuple[float, float, float] = (3.0, 0.9, 0.9),
        shape: tuple[int, ...] | None = None,
        *,
        below_mm: float = 20.0,
        above_mm: float = 15.0,
        shift_mm: tuple[float, float] = (0.0, 0.0),
        thickness_mm: float | None = None,
        noise_hu: float = 12.0,
        sharpness: float = 0.0,
        padding: int | None = None,
        dome_offset_mm: float = 10.0,
        tick: Tick = silent,
    ) -> ChestPhantom:
        """Scan the person.

        Parameters
        ----------
        spacing : tuple of float
            (z, y, x), mm.
        shape : tuple of int, optional
            (z, y, x), slices counted upwards from `below_mm` below the lungs; or (y, x) for a matrix with as
            many slices as needed. By default what holds the body.
        below_mm, above_mm : float
            How far the scan reaches below the lungs and above their apices; negative values cut them.
        shift_mm : tuple of float
            (y, x) shift of the middle of the field of view.
        thickness_mm : float, optional
            Thickness of a slice, over which densities are averaged; `spacing[0]` by default.
        noise_hu : float
            Standard deviation of the noise.
        sharpness : float
            Reconstruction kernel, from -1 (soft) to 1 (sharp, edge-enhancing).
        padding : int, optional
            Value outside the round field of view, such as -2000 or -3024; no round field by default.
        dome_offset_mm : float
            Of level 5 above the right hemidiaphragm.
        tick : Tick
            Called once per block of slices.

        Returns
        -------
        ChestPhantom

        Raises
        ------
        InputError
            If a spacing, the shape, the noise or the sharpness makes no sense.
        """
        _check(spacing, shape, thickness_mm, noise_hu, sharpness)
        where, size = self.frame(spacing, shape, below_mm=below_mm, above_mm=above_mm, shift_mm=shift_mm)
        thick = spacing[0] if thickness_mm is None else thickness_mm
        axes = [o + s * np.arange(n) for o, s, n in zip(where.origin, spacing, size, strict=True)]
        y, x = axes[1].astype(np.float32), axes[2].astype(np.float32)
        subs = 1 if thick <= 2 else 3 if thick <= 5 else 5
        parts = (np.arange(subs) - subs // 2) / subs * thick
        per_slab = max(1, _SLAB_VOXELS // (size[1] * size[2] * subs)) if thick <= spacing[0] else 1
        pixel = max(spacing[1:])
        outside = None if padding is None else outside_circle(x, y)
        hu = np.empty(size, np.int16)
        lungs, disease = np.zeros(size, np.uint8), np.zeros(size, np.uint8)
        bones = np.zeros(size, bool)
        for start in range(0, size[0], per_slab):
            tick(start, size[0], "slices")
            stop = min(start + per_slab, size[0])
            z = (axes[0][start:stop, None] + parts).ravel().astype(np.float32)
            painted = self.painter.paint(Grid(x, y, z, pixel))
            middle = slice(subs // 2, None, subs)
            lungs[start:stop], disease[start:stop] = painted.lungs[middle], painted.disease[middle]
            bones[start:stop] = painted.bones[middle]
            mean = painted.hu.reshape(stop - start, subs, *size[1:]).mean(axis=1)
            for k, image in enumerate(mean, start):
                shown = apply_kernel(image, sharpness, pixel)
                if noise_hu > 0:
                    shown += noise_slice(size[1:], noise_hu, sharpness, pixel, self.seed, k)
                shown = np.clip(np.rint(shown), -1024, 3071)
                if outside is not None:
                    shown[outside] = padding
                hu[k] = shown
        if outside is not None:
            lungs[:, outside], disease[:, outside], bones[:, outside] = 0, 0, False
        tick(size[0], size[0], "slices")
        first, last = axes[0][0] - spacing[0] / 2, axes[0][-1] + spacing[0] / 2
        levels = self.levels(dome_offset_mm)
        return ChestPhantom(
            hu=hu,
            frame=where,
            lungs=lungs,
            bones=bones,
            disease=disease,
            levels_mm={k: v if first <= v <= last else None for k, v in levels.items()},
            landmarks_mm=self.scene.landmarks(),
            thickness_mm=thick,
            padding=padding,
            seed=self.seed,
            prone=self.scene.pose.prone,
        )


def _check(
    spacing: tuple[float, float, float],
    shape: tuple[int, ...] | None,
    thickness: float | None,
    noise: float,
    sharpness: float,
) -> None:
    if not all(np.isfinite(s) and s > 0 for s in spacing):
        raise InputError(
            f"the spacing {spacing} of the phantom must be three positive numbers in mm (z, y, x)"
        )
    if shape is not None and (len(shape) not in (2, 3) or not all(n >= 1 for n in shape)):
        raise InputError(
            f"the shape {shape} of the phantom must be (z, y, x) or (y, x) with positive numbers"
        )
    if thickness is not None and not (np.isfinite(thickness) and thickness > 0):
        raise InputError(f"the slice thickness {thickness} mm of the phantom must be positive")
    if not (np.isfinite(noise) and noise >= 0):
        raise InputError(f"the noise {noise} HU of the phantom must not be negative")
    if not -1 <= sharpness <= 1:
        raise InputError(f"the sharpness {sharpness} of the phantom must lie between -1 and 1")


def chest(
    seed: int = 0,
    spacing: tuple[float, float, float] = (3.0, 0.9, 0.9),
    shape: tuple[int, ...] | None = None,
    *,
    disease: Disease | None = None,
    pose: Pose | None = None,
    noise_hu: float = 12.0,
    sharpness: float = 0.0,
) -> ChestPhantom:
    """One scan of one person; :meth:`Chest.render` has more settings."""
    person = Chest(seed, disease, pose)
    return person.render(spacing, shape, noise_hu=noise_hu, sharpness=sharpness)
