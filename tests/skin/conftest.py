"""Synthetic fibres with known direction, and small phantom slides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest

from ssc_core.io.slide import Slide, open_slide
from ssc_core.phantoms.biopsy import HAEMATOXYLIN_EOSIN, Biopsy
from ssc_core.phantoms.biopsy.slide import write_slide
from ssc_core.skin.params import SkinParams
from ssc_core.skin.pipeline import analyse
from ssc_core.skin.results import SkinResult

MPP = 400 / 227
BLUE, RED, DARK = np.array((0.80, 0.57, 0.19)), np.array((0.13, 0.75, 0.65)), np.array((0.62, 0.68, 0.40))


@dataclass(frozen=True)
class Fibres:
    """A field of straight fibres in trichrome colours, and what is true of it."""

    rgb: np.ndarray
    mean_deg: float
    dispersion_deg: float
    fraction: float


def draw_fibres(
    seed: int,
    mean_deg: float,
    concentration: float,
    *,
    width_um: float = 9.0,
    cleft_um: float = 1.5,
    px: int = 227,
    noise: float = 2.0,
    strength: float = 1.3,
    nuclei: int = 40,
) -> Fibres:
    """Paint ribbons at four times the resolution, dye them, average down, add noise.

    Angles are von Mises in the doubled angle. The truth is taken from the painted ribbons, by area.
    """
    rng = np.random.default_rng(seed)
    fine, margin, length = 4, 60.0, 16 * width_um
    per_um = fine / MPP
    ground = px * MPP + 2 * margin
    side = int(ground * per_um)
    amount = np.zeros((side, side), np.float32)
    angle = np.full((side, side), np.nan, np.float32)
    n = int(1.5 * ground**2 / ((width_um + 2 * cleft_um) * length))
    places = np.mod(np.arange(1, n + 1)[:, None] * [0.7548776662, 0.5698402910] + rng.random(2), 1) * ground
    angles = np.degrees(rng.vonmises(0, concentration, n)) / 2 + mean_deg
    for (x, y), turn in zip(places[rng.permutation(n)], angles, strict=True):
        along = np.array([np.cos(np.radians(turn)), -np.sin(np.radians(turn))])
        across = np.array([along[1], -along[0]])
        own = width_um * np.exp(rng.normal(0, 0.2))
        for wide, dye, label in ((own + 2 * cleft_um, 0.05, np.nan), (own, np.exp(rng.normal(0, 0.1)), turn)):
            ring = [
                np.array([x, y]) + a * along * length / 2 + b * across * wide / 2
                for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))
            ]
            corners = np.round(np.array(ring) * per_um * 16).astype(np.int32)
            cv2.fillPoly(amount, [corners], float(dye), shift=4)
            cv2.fillPoly(angle, [corners], float(label), shift=4)
    first = int(margin * per_um)
    window = slice(first, first + px * fine)
    amount, angle = amount[window, window], angle[window, window]
    cells = np.zeros_like(amount)
    for _ in range(nuclei):
        place = tuple(int(v) for v in rng.integers(0, px * fine, 2))
        axes = (int(4 * per_um), int(2 * per_um))
        cv2.ellipse(cells, place, axes, float(rng.uniform(0, 360)), 0, 360, 1.0, -1)
    density = strength * (amount[..., None] * BLUE * (1 - cells[..., None]) + 0.1 * RED)
    density = cv2.GaussianBlur(density + cells[..., None] * DARK * 2, (0, 0), 0.35 * per_um)
    light = cv2.resize(np.exp(-density), (px, px), interpolation=cv2.INTER_AREA)
    rgb = np.clip(243 * light + rng.normal(0, noise, light.shape), 0, 255).astype(np.uint8)
    on = ~np.isnan(angle)
    mean = np.exp(2j * np.radians(angle[on])).mean()
    return Fibres(
        rgb,
        float(np.degrees(np.angle(mean)) / 2 % 180),
        float(np.degrees(np.sqrt(-2 * np.log(abs(mean)))) / 2),
        float(on.mean()),
    )


@pytest.fixture(scope="session")
def fibres() -> Callable[..., Fibres]:
    return draw_fibres


@pytest.fixture(scope="session")
def biopsy() -> Biopsy:
    return Biopsy(3, 0.5, size_mm=(1.3, 1.8))


@pytest.fixture(scope="session")
def slide_path(biopsy: Biopsy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("slides") / "ZZNAME-biopsy.svs"
    write_slide(biopsy, path, mpp=MPP)
    return path


@pytest.fixture(scope="session")
def eosin_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("slides") / "he.svs"
    write_slide(Biopsy(4, 0.5, size_mm=(1.2, 1.2), stain=HAEMATOXYLIN_EOSIN), path, mpp=MPP)
    return path


@pytest.fixture
def slide(slide_path: Path) -> Slide:
    return open_slide(slide_path)


@pytest.fixture(scope="session")
def result(slide_path: Path) -> SkinResult:
    return analyse(open_slide(slide_path), SkinParams(n_patches=24))
