"""Where dense lung ends: its rim is kept, and the border of fat and organs is not taken for lung."""

from __future__ import annotations

import numpy as np
import pytest

from ssc_core.lung.dense import _even
from ssc_core.lung.grid import WorkGrid
from ssc_core.lung.soft_edge import dense_around, to_soft_edge

SPACING = (3.0, 2.0, 2.0)


def grid_of(hu):
    hu = np.asarray(hu, np.int16)
    return WorkGrid(hu, SPACING, 1, hu.shape)


def edge_of(inside_hu, spread, wall_hu):
    """Lung left of column 30, wall from there on; what a threshold of -400 HU finds, and what is added."""
    rng = np.random.default_rng(5)
    hu = np.full((1, 60, 60), float(wall_hu))
    hu[:, :, :30] = -850
    hu[:, :, 20:30] = inside_hu + spread * rng.normal(size=(1, 60, 10))
    lung = np.zeros(hu.shape, bool)
    lung[:, :, :27] = True
    lung[:, :, 27:30] = hu[:, :, 27:30] < -400
    grid = grid_of(hu)
    found = to_soft_edge(lung, dense_around(lung, grid), grid, np.ones(hu.shape, bool))
    return lung, found


def test_the_rim_of_reticulation_is_kept():
    before, found = edge_of(-400, 200, 40)
    assert before[:, 5:-5, 27:30].mean() < 0.6
    assert found[:, 5:-5, 27:30].mean() > 0.85
    assert found[:, :, 31:].mean() < 0.01


@pytest.mark.parametrize("wall_hu", [-100, 40])
def test_neither_fat_nor_muscle_is_taken(wall_hu):
    _, found = edge_of(-300, 60, wall_hu)
    assert found[:, 5:-5, 27:30].mean() > 0.9
    assert not found[:, :, 31:].any()


def test_the_edge_of_healthy_lung_stays_where_it_is():
    before, found = edge_of(-850, 20, 40)
    assert np.array_equal(before, found)


def test_density_around_is_that_of_the_lung_alone():
    hu = np.full((1, 40, 40), 60)
    hu[:, :, :20] = -700
    lung = hu < -400
    around = dense_around(lung, grid_of(hu))
    assert np.allclose(around[:, :, :20], -700, atol=0.5)
    assert around[0, 20, 39] < -1000


def test_where_fat_and_organ_share_voxels_is_no_even_tissue():
    """A ramp of 8 mm from fat to liver holds the densities of airless lung, and is no lung."""
    hu = np.full((1, 60, 60), -100.0)
    hu[:, :, 30:] = 80.0
    hu[:, :, 28:32] = [-64.0, -28.0, 8.0, 44.0]
    hu[:, 10:50, 5:20] = -25.0
    dark = (hu > -70) & (hu < 30)
    kept = _even(dark, hu.astype(np.float32), grid_of(hu))
    assert not kept[:, :, 27:33].any()
    assert kept[:, 12:48, 7:18].all()
