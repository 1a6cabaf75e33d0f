"""Inserting tissue: air takes it, vessels stay, areas are what was inserted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from ssc_core.errors import EmptyError
from ssc_core.lung.synthesis.compositing import blend, extents


def test_added_tissue_follows_the_mixture() -> None:
    """Worked by hand: air at -1000 with g = 0.2 becomes 0.2 tissue, -790; half of it at half the fade."""
    hu = np.full((1, 3), -1000.0)
    out = blend(hu, np.full((1, 3), 0.2), np.array([[0.0, 0.5, 1.0]]))
    assert out.ravel() == pytest.approx([-1000, -895, -790])
    assert blend(np.array([[-850.0]]), np.array([[0.2]]), 1.0)[0, 0] == pytest.approx(-850 + 900 * 0.2)


@given(st.floats(-1024, 3000), st.floats(0, 1), st.floats(0, 1))
def test_nothing_gets_darker_and_what_is_dense_stays(hu: float, g: float, a: float) -> None:
    out = float(blend(np.array([[hu]]), np.array([[g]]), a)[0, 0])
    assert out >= hu - 1e-3
    if hu >= 50:
        assert out == pytest.approx(hu, abs=1e-3)
    else:
        assert out <= max(50, hu) + 1e-2


def test_vessels_stay_on_top() -> None:
    hu = np.full((40, 40), -850.0)
    hu[:, 20] = 40
    out = blend(hu, np.full(hu.shape, 0.3), 1.0)
    assert np.abs(out[:, 20] - 40).max() < 4
    assert out[:, 5].mean() == pytest.approx(-850 + 900 * 0.3)


@pytest.mark.parametrize("radius", [10, 25, 50])
def test_blur_of_the_edge_does_not_inflate_the_score(radius: int) -> None:
    y, x = np.mgrid[-80:80, -80:80]
    disc = (np.hypot(y, x) < radius).astype(float)
    lung = np.ones(disc.shape, bool)
    sharp = extents(disc, np.zeros_like(disc), lung)[1]
    soft = extents(gaussian_filter(disc, 2.0), np.zeros_like(disc), lung)[1]
    assert soft == pytest.approx(sharp, rel=0.06)


@given(st.integers(0, 2**32 - 1))
def test_extents_keep_the_rules_of_the_scores(seed: int) -> None:
    rng = np.random.default_rng(seed)
    gg, ret = rng.random((2, 12, 12))
    lung = rng.random((12, 12)) < 0.7
    lung[0, 0] = True
    tot, g, r = extents(gg, ret, lung)
    assert max(g, r) <= tot + 1e-9
    assert tot <= min(100.0, g + r) + 1e-9


def test_without_lung_there_is_no_extent() -> None:
    with pytest.raises(EmptyError, match="no lung"):
        extents(np.ones((4, 4)), np.ones((4, 4)), np.zeros((4, 4), bool))
