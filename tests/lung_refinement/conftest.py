"""Small label volumes with oblong voxels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ssc_core.geometry import Frame

SPACING = (2.5, 0.8, 1.1)


@pytest.fixture(scope="session")
def frame() -> Frame:
    return Frame(SPACING, (-30.0, 10.0, -20.0))


@pytest.fixture(scope="session")
def grid() -> Any:
    """Function: (shape) -> positions in mm from the middle, (z, y, x, 3)."""

    def positions(shape: tuple[int, int, int]) -> np.ndarray:
        index = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), axis=-1)
        return (index - (np.array(shape) - 1) / 2) * SPACING

    return positions
