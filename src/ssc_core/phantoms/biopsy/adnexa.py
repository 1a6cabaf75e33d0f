"""What else lies in the dermis: vessels, sweat glands, a hair follicle, tears; and the fat below."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.spatial import Voronoi

from ssc_core.phantoms.biopsy.anatomy import Anatomy
from ssc_core.phantoms.biopsy.noise import Curve
from ssc_core.phantoms.biopsy.shapes import (
    CORNEUM,
    EMPTY,
    EPITHELIUM,
    GROUND,
    MUSCLE,
    Dye,
    Shapes,
    ellipse,
    tube,
)  # fmt: skip

__all__ = ["Adnexa", "build_adnexa", "build_fat", "build_tears"]

FloatArray = npt.NDArray[np.float64]
SHEATH: Dye = (0.75, 0.06, 0.02)
BLOOD: Dye = (0.0, 1.35, 0.05)
SECRETORY: Dye = (0.10, 0.55, 0.30)


@dataclass
class Adnexa:
    """Polygons of the adnexa and the places of their nuclei, upright until `shapes` is called."""

    items: list[tuple[FloatArray, Dye]] = field(default_factory=list)
    fibrous: list[bool] = field(default_factory=list)
    nuclei: list[tuple[float, float, float, float, float]] = field(default_factory=list)
    """Upright y, x, semi-axes and angle."""

    def add(self, outline: FloatArray, dye: Dye, fibrous: bool = False) -> None:
        """Paint one more polygon over the earlier ones."""
        self.items.append((outline, dye))
        self.fibrous.append(fibrous)

    def ring(self, y: float, x: float, radius: float, n: int, size: float, rng: np.random.Generator) -> None:
        """Nuclei on a circle, lying along it."""
        for turn in np.linspace(0.0, 2.0 * np.pi, n, endpoint=False) + rng.uniform(0.0, 6.0):
            place = (y - radius * np.sin(turn), x + radius * np.cos(turn))
            self.nuclei.append((*place, size * rng.uniform(0.8, 1.2), size * 0.6, turn + np.pi / 2))

    def shapes(self, anatomy: Anatomy) -> Shapes:
        """The polygons on the slide."""
        return Shapes.of([(anatomy.tilt(o), d) for o, d in self.items], self.fibrous)


def build_adnexa(rng: np.random.Generator, anatomy: Anatomy) -> Adnexa:
    """Draw vessels (superficial and deep plexus), sweat glands and follicles."""
    adnexa = Adnexa()
    width = anatomy.right - anatomy.left
    for _ in range(rng.poisson(width / 170.0)):
        _vessel(rng, anatomy, adnexa, rng.uniform(60.0, 240.0), rng.uniform(5.0, 11.0))
    for _ in range(rng.poisson(width / 900.0)):
        depth = rng.uniform(0.55, 0.95) * anatomy.dermal_thickness_um
        _vessel(rng, anatomy, adnexa, depth, rng.uniform(13.0, 30.0))
    for _ in range(rng.poisson(width / 1900.0)):
        _sweat_gland(rng, anatomy, adnexa)
    for _ in range(rng.poisson(width / 3600.0)):
        _follicle(rng, anatomy, adnexa)
    return adnexa


def _place(rng: np.random.Generator, anatomy: Anatomy, depth: float, keep: float) -> tuple[float, float]:
    x = float(rng.uniform(anatomy.left + keep, anatomy.right - keep))
    top, end = (
        float(anatomy.at(anatomy.junction, np.array(x))),
        float(anatomy.at(anatomy.bottom, np.array(x))),
    )
    return float(np.clip(top + depth, top + 30.0, max(top + 30.0, end - keep))), x


def _wobble(rng: np.random.Generator, amount: float) -> FloatArray:
    turn = np.linspace(0.0, 2.0 * np.pi, 17)[:-1]
    return amount * (np.cos(2 * turn + rng.uniform(0, 6.3)) + 0.6 * np.cos(3 * turn + rng.uniform(0, 6.3)))


def _vessel(rng: np.random.Generator, anatomy: Anatomy, adnexa: Adnexa, depth: float, radius: float) -> None:
    y, x = _place(rng, anatomy, depth, 3.0 * radius)
    flat, angle, wobble = rng.uniform(0.55, 0.95), rng.normal(0.0, 0.5), _wobble(rng, 0.07)
    wall = max(2.0, radius * rng.uniform(0.18, 0.38))
    adnexa.add(ellipse(y, x, radius + wall + 3.0, flat * radius + wall + 3.0, angle, wobble), SHEATH, True)
    adnexa.add(ellipse(y, x, radius + wall, flat * radius + wall, angle, wobble), MUSCLE)
    adnexa.add(ellipse(y, x, radius, flat * radius, angle, wobble), EMPTY)
    if rng.random() < 0.6:
        for _ in range(int(rng.integers(2, 4 + int(radius / 3)))):
            r, t = 0.6 * radius * np.sqrt(rng.random()), rng.uniform(0.0, 6.3)
            adnexa.add(ellipse(y + flat * r * np.sin(t), x + r * np.cos(t), 3.3, 2.8, t), BLOOD)
    adnexa.ring(y, x, 0.5 * (1 + flat) * radius + 0.5 * wall, max(3, int(radius / 2.2)), 3.4, rng)


def _sweat_gland(rng: np.random.Generator, anatomy: Anatomy, adnexa: Adnexa) -> None:
    depth = rng.uniform(0.6, 0.9) * anatomy.dermal_thickness_um
    y0, x0 = _place(rng, anatomy, depth, 120.0)
    spots: list[tuple[float, float]] = []
    for _ in range(60):
        spot = (y0 + rng.normal(0.0, 34.0), x0 + rng.normal(0.0, 50.0))
        if all((spot[0] - a) ** 2 + (spot[1] - b) ** 2 > 40.0**2 for a, b in spots) and len(spots) < 11:
            spots.append(spot)
    for y, x in spots:
        adnexa.add(ellipse(y, x, 33.0, 31.0, 0.0, _wobble(rng, 0.06)), GROUND)
    for y, x in spots:
        outer, wobble = rng.uniform(18.0, 23.0), _wobble(rng, 0.05)
        angle, flat = rng.uniform(0.0, 3.1), rng.uniform(0.6, 1.0)
        adnexa.add(ellipse(y, x, outer + 2.2, outer * flat + 2.2, angle, wobble), SHEATH, True)
        adnexa.add(ellipse(y, x, outer, outer * flat, angle, wobble), SECRETORY)
        lumen = rng.uniform(4.0, 8.0)
        adnexa.add(ellipse(y, x, lumen, lumen * flat, angle, wobble), EMPTY)
        adnexa.ring(y, x, 0.68 * outer * 0.5 * (1 + flat), 11, 3.6, rng)


def _follicle(rng: np.random.Generator, anatomy: Anatomy, adnexa: Adnexa) -> None:
    x0 = float(rng.uniform(anatomy.left + 400.0, max(anatomy.left + 401.0, anatomy.right - 400.0)))
    lean = rng.choice([-1.0, 1.0]) * rng.uniform(0.15, 0.4)
    y0 = float(anatomy.at(anatomy.granular, np.array(x0)))
    deep = min(rng.uniform(450.0, 800.0), 0.8 * anatomy.dermal_thickness_um)
    t = np.linspace(0.0, 1.0, 40)
    path = np.stack([y0 - 6.0 + deep * t, x0 + lean * deep * t + 14.0 * np.sin(3.0 * t)], -1)
    half = 30.0 + 6.0 * np.sin(6.0 * t) + 14.0 * np.exp(-(((t - 0.93) / 0.08) ** 2))
    half = half * np.clip((1.03 - t) / 0.06, 0.05, 1.0) ** 0.5
    adnexa.add(tube(path, half + 8.0), SHEATH, True)
    adnexa.add(tube(path, half), EPITHELIUM)
    shaft = slice(0, 33)
    adnexa.add(tube(path[shaft], np.full(33, 12.0)), EMPTY)
    adnexa.add(tube(path[shaft], np.full(33, 7.5)), CORNEUM)
    for k in range(int(deep * 0.32)):
        at = rng.uniform(0.02, 1.0)
        place = np.array([np.interp(at, t, path[:, 0]), np.interp(at, t, path[:, 1])])
        side = rng.choice([-1.0, 1.0]) * rng.uniform(16.0, float(np.interp(at, t, half)) - 3.0)
        angle = np.pi / 2 + rng.normal(0.0, 0.3) + k * 0.0
        adnexa.nuclei.append((float(place[0]), float(place[1] + side), 3.6, 2.6, float(angle)))


def build_tears(rng: np.random.Generator, anatomy: Anatomy) -> Shapes:
    """Slits that processing tore into the dermis, along its lay; empty."""
    outlines = []
    for _ in range(rng.poisson((anatomy.right - anatomy.left) / 1300.0)):
        length, open_ = rng.uniform(60.0, 320.0), rng.uniform(5.0, 16.0)
        y, x = _place(rng, anatomy, rng.uniform(100.0, anatomy.dermal_thickness_um - 40.0), 100.0)
        t = np.linspace(-0.5, 0.5, 30)
        heading = rng.normal(0.0, 0.18)
        bow = 0.07 * length * Curve(rng, 0.6 * length)(t * length)
        path = np.stack([y - np.sin(heading) * t * length + bow, x + np.cos(heading) * t * length], -1)
        half = 0.5 * open_ * np.clip(1.0 - (2.0 * t) ** 2, 0.02, 1.0)
        ragged = 1.0 + 0.3 * Curve(rng, 40.0)(t * length)
        outlines.append((anatomy.tilt(tube(path, half * np.clip(ragged, 0.3, 2.0))), EMPTY))
    return Shapes.of(outlines)


def build_fat(rng: np.random.Generator, anatomy: Anatomy) -> Shapes:
    """Adipocytes: empty rounded cells that leave thin septa between them."""
    top, end = float(anatomy.bottom.min()), float(anatomy.fat_end.max())
    pitch = 62.0
    rows = np.arange(top - 2 * pitch, end + 2 * pitch, pitch * 0.866)
    columns = np.arange(anatomy.left - 2 * pitch, anatomy.right + 2 * pitch, pitch)
    grid = np.stack(np.meshgrid(rows, columns, indexing="ij"), -1)
    grid[1::2, :, 1] += pitch / 2
    seeds = grid.reshape(-1, 2) + rng.uniform(-0.27, 0.27, (grid.size // 2, 2)) * pitch
    mosaic = Voronoi(seeds)
    outlines = []
    for seed, region in zip(seeds, mosaic.point_region, strict=True):
        corners = mosaic.regions[region]
        if not corners or -1 in corners or not top - 30.0 < seed[0] < end + 30.0:
            continue
        polygon = _rounded(mosaic.vertices[corners])
        middle = polygon.mean(0)
        radius = np.linalg.norm(polygon - middle, axis=1, keepdims=True)
        cell = middle + (polygon - middle) * np.clip(1.0 - rng.uniform(0.9, 1.7) / radius, 0.3, 1.0)
        depth = cell[:, 0].min() - float(anatomy.at(anatomy.bottom, np.array(cell[:, 1].mean())))
        if depth > -120.0:
            outlines.append((anatomy.tilt(cell), EMPTY))
    return Shapes.of(outlines)


def _rounded(polygon: FloatArray) -> FloatArray:
    for _ in range(2):  # corner cutting
        after = np.roll(polygon, -1, axis=0)
        polygon = np.stack([0.75 * polygon + 0.25 * after, 0.25 * polygon + 0.75 * after], 1).reshape(-1, 2)
    return polygon
