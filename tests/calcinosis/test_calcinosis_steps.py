"""Single steps against shapes whose answer is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage as ndi

from ssc_core.calcinosis.axes import axes_of, ellipse_mm2
from ssc_core.calcinosis.extent import extent_of
from ssc_core.calcinosis.grid import FineGrid
from ssc_core.calcinosis.outline import cast_rays, follow
from ssc_core.calcinosis.params import CalcinosisParams
from ssc_core.errors import InputError

STEP = 0.1


def ellipse(long_mm: float, short_mm: float, angle: float, step: float = STEP) -> np.ndarray:
    half = int(0.7 * long_mm / step) + 4
    y, x = np.mgrid[-half : half + 1, -half : half + 1] * step
    u, v = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    return (u / (long_mm / 2)) ** 2 + (v / (short_mm / 2)) ** 2 <= 1


def disc_image(radius: float, blur: float, hu: float) -> tuple[np.ndarray, float]:
    """A blurred disc on the fine grid, HU above soft tissue, made from five times finer samples."""
    fine = STEP / 5
    half = int((radius + 2.5) / STEP) * 5 + 2
    y, x = np.mgrid[-half : half + 1, -half : half + 1] * fine
    sharp = (x**2 + y**2 <= radius**2).astype(np.float32)
    blurred = ndi.gaussian_filter(sharp, blur / fine)
    n = len(blurred) // 5
    return hu * blurred[: n * 5, : n * 5].reshape(n, 5, n, 5).mean((1, 3)), math.pi * radius**2


@given(long_mm=st.floats(4, 12), ratio=st.floats(0.3, 0.95), angle=st.floats(0, math.pi))
@settings(max_examples=25, deadline=None)
def test_axes_of_an_ellipse_are_its_axes_whatever_its_angle(long_mm, ratio, angle):
    axes = axes_of(ellipse(long_mm, ratio * long_mm, angle), (STEP, STEP))
    assert axes.long_mm == pytest.approx(long_mm, abs=2 * STEP)
    assert axes.short_mm == pytest.approx(ratio * long_mm, abs=0.05 * long_mm + 2 * STEP)


def test_ellipse_estimate_is_the_radiologists_formula():
    assert ellipse_mm2(10, 6) == pytest.approx(47.124, abs=1e-3)  # not 31.4, the ellipsoid's factor


def test_ellipse_estimate_exceeds_the_area_of_an_irregular_lesion():
    star = ellipse(8, 8, 0) & ~ellipse(8, 5, 0)  # a ring with pointed ends
    axes = axes_of(star, (STEP, STEP))
    assert ellipse_mm2(axes.long_mm, axes.short_mm) > 1.1 * star.sum() * STEP**2


@pytest.mark.parametrize(
    ("radius", "tolerance"), [(0.6, 0.12), (0.8, 0.06), (1.2, 0.03), (2.0, 0.02), (3.5, 0.01)]
)
@pytest.mark.parametrize("hu", [300.0, 1400.0])
def test_extent_is_true_for_faint_and_bright_discs_alike(radius, tolerance, hu):
    image, area = disc_image(radius, 0.3, hu)
    free = np.ones(image.shape, bool)
    found = extent_of(image.astype(np.float32), image > 100, free, 0.3 / STEP, STEP**2)
    assert found.mask.sum() * STEP**2 == pytest.approx(area, rel=tolerance)


def test_fixed_thresholds_and_half_height_are_not():
    """What the extent is for: 150 HU is far out for bright lesions, half height for small ones."""
    bright, area = disc_image(2.0, 0.3, 1400.0)
    assert (bright > 150).sum() * STEP**2 > 1.3 * area
    small, area = disc_image(0.3, 0.3, 900.0)
    assert (small > small.max() / 2).sum() * STEP**2 > 1.4 * area


def test_mass_does_not_change_with_blur():
    masses = [
        extent_of(image.astype(np.float32), image > 50, np.ones(image.shape, bool), blur / STEP, STEP**2).mass
        for blur in (0.25, 0.4)
        for image, _ in [disc_image(1.5, blur, 800.0)]
    ]
    assert masses[0] == pytest.approx(masses[1], rel=0.03)
    assert masses[0] == pytest.approx(800 * math.pi * 1.5**2, rel=0.05)


def test_the_fine_grid_keeps_positions_and_shares():
    grid = FineGrid.of((10, 12), (0.4, 0.3), 0.1)
    assert grid.factor == (4, 3)
    ramp = np.tile(np.arange(12, dtype=np.float32), (10, 1))
    fine = grid.refined(ramp)
    assert fine.shape == (40, 36)
    assert fine[20, 3 * 6 + 1] == pytest.approx(6.0, abs=0.02)  # the middle part of pixel 6
    labels = np.zeros((40, 36), np.int32)
    labels[4:8, 3:5] = 7  # two thirds of one pixel
    assert grid.pixels(labels)[1, 1] == 7
    assert (grid.pixels(labels) > 0).sum() == 1


def test_impossible_parameters_are_told_by_name():
    with pytest.raises(InputError, match="--seed-hu"):
        CalcinosisParams.make(seed_hu=5)


def test_a_thin_cortex_ends_where_it_ends_although_blur_lowers_its_peak() -> None:
    """Half height of a thin cortex lies outside it; deposits on it would come out too small."""
    step = 0.1
    y, x = np.mgrid[:160, :400] * step
    inside = (np.abs(x - 20) < 15) & (np.abs(y - 8) < 5)
    marrow = (np.abs(x - 20) < 13) & (y > 3.7) & (y < 11)  # cortex 0.7 mm thick above, 2 mm elsewhere
    hu = ndi.gaussian_filter(np.where(marrow, 50.0, np.where(inside, 1300.0, 50.0)), 0.4 / step)
    rays = cast_rays(hu.astype(np.float32), marrow, (step, step))
    assert rays is not None
    outline = follow(rays, 50.0)
    end = rays.start + outline.edge[:, None] * rays.direction
    shaft = np.abs(rays.start[:, 1] - 20) < 8
    for up, surface in ((True, 3.05), (False, 12.95)):
        there = shaft & ((rays.direction[:, 0] < -0.9) if up else (rays.direction[:, 0] > 0.9))
        assert end[there, 0] == pytest.approx(surface, abs=0.06)
