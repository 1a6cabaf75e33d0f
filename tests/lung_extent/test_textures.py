"""Procedural patterns: size, density, partial volume and the thickness of a slice."""

from __future__ import annotations

import numpy as np
import pytest

from ssc_core.errors import InputError
from ssc_core.lung.synthesis.textures import ground_glass, reticulation

KINDS = ("mesh", "ridges", "honeycomb")


def _rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("density", [0.09, 0.2, 0.38])
def test_ground_glass_has_the_wanted_mean_density(density: float) -> None:
    texture = ground_glass((220, 260), (0.8, 0.8), _rng(), density=density)
    assert texture.dtype == np.float32
    assert texture.mean() == pytest.approx(density, rel=0.06)
    assert 0.1 * density < texture.std() < 0.4 * density
    assert texture.min() >= 0
    assert texture.max() <= 1


def test_grain_is_measured_in_millimetres() -> None:
    """Neighbours at the same distance in mm are equally alike, whatever the pixels."""

    def likeness(mm: float) -> float:
        t = ground_glass((round(160 / mm),) * 2, (mm, mm), _rng(3), grain_mm=12)
        lag = round(4 / mm)
        return float(np.corrcoef(t[:, lag:].ravel(), t[:, :-lag].ravel())[0, 1])

    assert likeness(0.5) == pytest.approx(likeness(1.0), abs=0.12)
    fine = ground_glass((160, 160), (1, 1), _rng(3), grain_mm=3)
    assert np.corrcoef(fine[:, 4:].ravel(), fine[:, :-4].ravel())[0, 1] < likeness(1.0) - 0.3


@pytest.mark.parametrize("kind", KINDS)
def test_walls_get_rarer_as_the_mesh_gets_wider(kind: str) -> None:
    share = [
        (reticulation((200, 200), (0.7, 0.7), _rng(1), mesh_mm=m, wall_mm=1.2, kind=kind) > 0.1).mean()
        for m in (4, 8, 14)
    ]
    assert share[0] > 1.4 * share[1] > 1.4 * share[2] > 0


def test_cells_of_a_mesh_have_its_size() -> None:
    """The number of closed cells of a cut through a Voronoi diagram, against its theory.

    A plane cuts n cells per mm2 where a 3-D Poisson-Voronoi diagram has one nucleus per mesh^3: 1.458 /
    mesh^2 (Stoyan, Kendall, Mecke); a jittered lattice is more regular, so a band is left.
    """
    from scipy.ndimage import label

    mesh, mm = 10.0, 0.5
    walls = reticulation((500, 500), (mm, mm), _rng(2), mesh_mm=mesh, wall_mm=1.0, strength=0.9)
    sizes = np.bincount(label(walls < 0.05)[0].ravel())[1:]
    per_mm2 = (sizes * mm**2 > 4).sum() / (500 * mm) ** 2
    assert 0.8 / mesh**2 < per_mm2 < 2.0 / mesh**2


@pytest.mark.parametrize("kind", KINDS)
def test_coarse_pixels_show_the_mean_of_fine_ones(kind: str) -> None:
    """A wall thinner than a pixel is drawn fainter: the amount of tissue stays."""
    fine = reticulation((400, 400), (0.25, 0.25), _rng(4), mesh_mm=7, wall_mm=0.8, kind=kind)
    coarse = reticulation((100, 100), (1.0, 1.0), _rng(4), mesh_mm=7, wall_mm=0.8, kind=kind)
    assert coarse.mean() == pytest.approx(fine.mean(), rel=0.2)


@pytest.mark.parametrize("kind", KINDS)
def test_thick_slices_show_less_contrast_and_the_same_amount(kind: str) -> None:
    thin, thick = (
        reticulation((180, 180), (0.8, 0.8), _rng(5), mesh_mm=5, kind=kind, thickness_mm=t)
        for t in (0.0, 6.0)
    )
    assert thick.std() < 0.85 * thin.std()
    assert thick.mean() == pytest.approx(thin.mean(), rel=0.35)


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_gives_the_same_texture_and_another_seed_another(kind: str) -> None:
    first, again, other = (reticulation((60, 60), (1, 1), _rng(s), kind=kind) for s in (7, 7, 8))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert first.min() >= 0
    assert first.max() <= 1


def test_rows_of_cells_follow_no_axis_of_the_image() -> None:
    """No direction of a mesh is preferred: axes and diagonals are equally strong in its spectrum."""
    power = np.zeros((200, 200))
    for seed in range(6):
        t = reticulation((200, 200), (0.8, 0.8), _rng(seed), mesh_mm=7, kind="honeycomb")
        power += np.abs(np.fft.fftshift(np.fft.fft2(t - t.mean()))) ** 2
    y, x = np.mgrid[-100:100, -100:100]
    ring = (np.hypot(y, x) > 12) & (np.hypot(y, x) < 40)
    turn = np.abs(np.sin(2 * np.arctan2(y, x)))
    straight, oblique = power[ring & (turn < 0.35)].mean(), power[ring & (turn > 0.95)].mean()
    assert 0.5 < straight / oblique < 2.0


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"mesh_mm": 0.0}, "mesh_mm"),
        ({"strength": 1.5}, "between 0 and 1"),
        ({"kind": "cobweb"}, "choose mesh"),
        ({"thickness_mm": -1.0}, "thickness"),
    ],
)
def test_what_makes_no_sense_is_refused(values: dict[str, object], word: str) -> None:
    with pytest.raises(InputError, match=word):
        reticulation((20, 20), (1, 1), _rng(), **values)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="spacing"):
        ground_glass((20, 20), (1, 0), _rng())
