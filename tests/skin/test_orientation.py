from __future__ import annotations

import numpy as np
import pytest

from ssc_core.skin.morphometry import measure_field
from ssc_core.skin.orientation import mean_orientation
from ssc_core.skin.stain import fit_stain

MPP = 400 / 227
WHITE = (243.0, 243.0, 243.0)


def off(a: float, b: float) -> float:
    """Difference of two directions of lines, -90 to 90 degrees."""
    return (a - b + 90) % 180 - 90


@pytest.mark.parametrize("angle", [0, 17, 45, 61, 90, 133, 179])
def test_the_direction_of_a_grating_is_exact_whatever_the_pixel_size(angle):
    y, x = np.mgrid[:227, :227] * MPP
    across = -np.sin(np.radians(angle)) * x - np.cos(np.radians(angle)) * y
    amount = (0.5 + 0.5 * np.cos(2 * np.pi * across / 17)).astype(np.float32)
    for mpp, image in ((MPP, amount), (MPP / 2, amount)):
        found = mean_orientation(image, image > 0.5, mpp)
        assert off(found.mean_deg, angle) == pytest.approx(0, abs=0.1)
        assert found.dispersion_deg < 2
        assert found.alignment > 0.99


CASES = [(20, 3, 8), (50, 8, 8), (80, 4, 12), (115, 8, 12), (165, 8, 16), (5, 5, 10), (95, 5, 7), (130, 4, 9)]


def test_fibres_through_unmixing_and_noise(fibres):
    errors, ratios = [], []
    for seed, (mean, concentration, width) in enumerate(CASES):
        field = fibres(seed, mean, concentration, width_um=width, noise=4.0)
        found = measure_field(field.rgb, fit_stain(field.rgb, WHITE), MPP)
        errors.append(off(found["orientation_deg"], field.mean_deg))
        ratios.append(found["dispersion_deg"] / field.dispersion_deg)
    assert np.sqrt(np.mean(np.square(errors))) < 0.5
    assert np.mean(ratios) == pytest.approx(1, abs=0.05)
    assert np.abs(np.array(ratios) - 1).max() < 0.12


def test_fields_on_which_nothing_was_set(fibres):
    """Drawn at random and never looked at while the window was chosen."""
    rng = np.random.default_rng(1)
    errors, ratios = [], []
    for seed in range(100, 124):
        mean, concentration = float(rng.uniform(0, 180)), float(rng.uniform(3.5, 8))
        width = float(rng.choice([7, 8, 9, 10, 12, 14, 16]))
        field = fibres(seed, mean, concentration, width_um=width, noise=4.0)
        found = measure_field(field.rgb, fit_stain(field.rgb, WHITE), MPP)
        errors.append(off(found["orientation_deg"], field.mean_deg))
        ratios.append(found["dispersion_deg"] / field.dispersion_deg)
    assert np.sqrt(np.mean(np.square(errors))) < 0.5
    assert np.abs(np.array(ratios) - 1).mean() < 0.05
    assert np.abs(np.array(ratios) - 1).max() < 0.10


def test_few_wide_scattered_bundles_are_the_hard_case(fibres):
    field = fibres(4, 140, 3, width_um=16, noise=4.0)
    found = measure_field(field.rgb, fit_stain(field.rgb, WHITE), MPP)
    assert abs(off(found["orientation_deg"], field.mean_deg)) < 3
    assert found["dispersion_deg"] == pytest.approx(field.dispersion_deg, rel=0.15)


def test_turning_the_field_turns_the_direction_and_nothing_else(fibres):
    field = fibres(3, 30, 4)
    stain = fit_stain(field.rgb, WHITE)
    there = measure_field(field.rgb, stain, MPP)
    turned = measure_field(np.rot90(field.rgb).copy(), stain, MPP)
    assert off(turned["orientation_deg"], there["orientation_deg"] + 90) == pytest.approx(0, abs=0.2)
    for name in ("dispersion_deg", "bundle_thickness_um", "collagen_fraction", "texture_contrast"):
        assert turned[name] == pytest.approx(there[name], rel=0.02)


def test_random_fibres_have_no_common_direction(fibres):
    field = fibres(4, 0, 0.01)
    found = measure_field(field.rgb, fit_stain(field.rgb, WHITE), MPP)
    assert found["alignment"] < 0.25
    assert found["dispersion_deg"] > 45


def test_without_collagen_nothing_is_measured():
    found = mean_orientation(np.zeros((64, 64), np.float32), np.zeros((64, 64), bool), MPP)
    assert np.isnan([found.mean_deg, found.dispersion_deg, found.alignment, found.coherence]).all()
