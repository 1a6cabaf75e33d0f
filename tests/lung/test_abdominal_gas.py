"""Gas in the bowel is told from lung, wherever it lies below the carina."""

from __future__ import annotations

import numpy as np
import pytest

from ssc_core.lung.gas import abdominal_gas
from ssc_core.lung.grid import WorkGrid

CARINA = 40  # gas is sought from 35 mm below it: under slice 22


@pytest.mark.parametrize("middle", [9, 13])
def test_a_bubble_in_tissue_is_gas_up_to_the_last_slice_that_is_searched(middle: int) -> None:
    z, y, x = np.ogrid[:50, :40, :40]
    bubble = (z - middle) ** 2 + (y - 20) ** 2 + (x - 20) ** 2 < 7**2
    grid = WorkGrid(np.where(bubble, -1000, 40).astype(np.int16), (2.0, 2.0, 2.0), 1, (50, 40, 40))
    gas = abdominal_gas(grid, grid.hu < -400, CARINA)
    assert np.array_equal(gas, bubble)
    assert not abdominal_gas(grid, grid.hu < -400, None).any()
