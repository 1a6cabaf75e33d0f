"""A healthy slice with two round lungs, vessels in them, and seed patches."""

from __future__ import annotations

import numpy as np
import pytest

from ssc_core.geometry import Frame
from ssc_core.lung.synthesis.seeds import SeedBank, generated_seeds
from ssc_core.lung.synthesis.slices import LungSlice

VESSEL_HU = 50


def healthy_slice(pixels: int = 256, pixel_mm: float = 0.7, name: str = "case-0001") -> LungSlice:
    y, x = np.mgrid[:pixels, :pixels] / pixels
    lung = ((y - 0.5) / 0.34) ** 2 + ((abs(x - 0.5) - 0.22) / 0.17) ** 2 < 1
    body = ((y - 0.5) / 0.45) ** 2 + ((x - 0.5) / 0.47) ** 2 < 1
    rng = np.random.default_rng(1)
    hu = np.where(lung, -850, np.where(body, 40, -1000)) + rng.normal(0, 12, lung.shape)
    hu[::32][:, lung.any(axis=0)] = np.where(
        lung[::32][:, lung.any(axis=0)], VESSEL_HU, hu[::32][:, lung.any(axis=0)]
    )
    frame = Frame((1.0, pixel_mm, pixel_mm), (-100.0, 0.0, 0.0))
    return LungSlice(name, name, hu.astype(np.int16), lung, frame, 0.3)


@pytest.fixture(scope="session")
def healthy() -> LungSlice:
    return healthy_slice()


@pytest.fixture(scope="session")
def bank() -> SeedBank:
    return generated_seeds(0, count=2)
