from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from ssc_core.lung.synthesis.ellipses import Ellipse, covered, draw_ellipses
from ssc_core.lung.synthesis.fade import faded
from ssc_core.lung.synthesis.prior import basal_factor, centre_weights

RADII = (5, 10, 25, 50, 100)


@pytest.mark.parametrize("radius", RADII)
def test_a_discs_area_is_neither_inflated_nor_shrunk_by_the_fade(radius: int) -> None:
    disc = covered((320, 320), [Ellipse((160.3, 159.6), (2 * radius, 2 * radius), 0.4)])
    counted = np.count_nonzero(faded(disc, 4.0) > 0.5)
    assert counted == pytest.approx(math.pi * radius**2, rel=0.02 if radius < 10 else 0.01)


def test_counting_all_that_a_blur_touched_would_inflate_as_published() -> None:
    # what the rule avoids: a box of 20 px over a disc, everything above 0
    from scipy.ndimage import uniform_filter

    for radius, published in ((10, 4.7), (25, 2.2), (50, 1.54), (100, 1.25)):
        disc = covered((320, 320), [Ellipse((160, 160), (2 * radius, 2 * radius), 0.0)])
        touched = np.count_nonzero(uniform_filter(disc.astype(float), 20) > 1e-9)
        assert touched / np.count_nonzero(disc) == pytest.approx(published, rel=0.05)


def test_a_straight_edge_fades_like_a_gaussian_filter() -> None:
    half = np.zeros((40, 80), bool)
    half[:, 40:] = True
    ours, filtered = faded(half, 4.0), gaussian_filter(half.astype(float), 4.0, mode="nearest")
    assert np.abs(ours - filtered).max() < 0.01


@given(st.integers(0, 10_000), st.floats(0.5, 8))
def test_opacity_is_above_a_half_inside_and_below_it_outside(seed: int, sigma: float) -> None:
    rng = np.random.default_rng(seed)
    region = covered((48, 48), draw_ellipses(np.ones((48, 48)), 3, (1, 30), rng))
    opacity = faded(region, sigma)
    assert np.array_equal(opacity > 0.5, region)
    assert opacity.min() >= 0
    assert opacity.max() <= 1


def test_an_ellipses_area_is_that_of_its_full_axes() -> None:
    rng = np.random.default_rng(0)
    for axes in ((150, 90), (40, 10), (75, 75)):
        drawn = [Ellipse(tuple(rng.uniform(99, 101, 2)), axes, rng.uniform(0, math.pi)) for _ in range(30)]
        areas = [np.count_nonzero(covered((200, 200), [one])) for one in drawn]
        assert np.mean(areas) == pytest.approx(math.pi / 4 * axes[0] * axes[1], rel=0.005)


def test_axes_centres_and_angles_stay_within_their_limits() -> None:
    weights = np.zeros((60, 80))
    weights[20:30, 40:70] = 1
    drawn = draw_ellipses(weights, 400, (1, 150), np.random.default_rng(0))
    axes = np.array([e.axes for e in drawn])
    assert axes.min() >= 1
    assert axes.max() <= 150
    assert axes.mean() == pytest.approx(75.5, rel=0.05)
    centres = np.array([e.centre for e in drawn])
    assert ((centres >= (19.5, 39.5)) & (centres <= (29.5, 69.5))).all()
    assert 0 <= min(e.angle for e in drawn) < 0.3
    assert 2.8 < max(e.angle for e in drawn) <= math.pi


def test_the_anatomical_prior_prefers_pleura_back_and_base() -> None:
    y, x = np.mgrid[:200, :200]
    lung = (y - 100) ** 2 + (x - 100) ** 2 < 80**2
    plain = centre_weights(lung, (0.7, 0.7), anatomical=False)
    prior = centre_weights(lung, (0.7, 0.7), anatomical=True)
    assert np.array_equal(plain > 0, lung)
    assert np.array_equal(prior > 0, lung)
    rim = lung & ((y - 100) ** 2 + (x - 100) ** 2 > 60**2)
    back = lung & (y > 100)
    for part in (rim, back):
        assert prior[part].sum() / prior.sum() > 1.3 * part.sum() / lung.sum()
    assert basal_factor(0.0) == 1 > basal_factor(0.5) > basal_factor(1.0) > 0
    assert basal_factor(math.nan) == 1
