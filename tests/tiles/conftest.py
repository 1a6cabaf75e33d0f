"""A slide of 1.2 x 1.0 mm at 0.5 um/px with an exact second level, and a larger one without texture."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile

from ssc_core.io.slide import Slide, open_slide


def write(path: Path, levels: list[np.ndarray], mpp: float | tuple[float, float], **how: object) -> Path:
    y, x = mpp if isinstance(mpp, tuple) else (mpp, mpp)
    with tifffile.TiffWriter(path) as file:
        for k, level in enumerate(levels):
            file.write(
                level, tile=(128, 128), photometric="rgb", metadata=None, subfiletype=int(k > 0),
                resolution=(1e4 / x, 1e4 / y), resolutionunit=3, **how,
            )  # fmt: skip
    return path


@pytest.fixture(scope="session")
def picture() -> np.ndarray:
    """(2000, 2400, 3) smooth colour with fine noise."""
    rng = np.random.default_rng(4)
    coarse = rng.uniform(60, 240, (100, 120, 3)).astype(np.float32)
    fine = cv2.resize(coarse, (2400, 2000), interpolation=cv2.INTER_CUBIC) + rng.normal(0, 6, (2000, 2400, 3))
    return fine.clip(0, 255).astype(np.uint8)


@pytest.fixture(scope="session")
def slide(tmp_path_factory: pytest.TempPathFactory, picture: np.ndarray) -> Slide:
    half = cv2.resize(picture, (1200, 1000), interpolation=cv2.INTER_AREA)
    return open_slide(write(tmp_path_factory.mktemp("tiles") / "small.tif", [picture, half], 0.5))


@pytest.fixture(scope="session")
def biopsy(tmp_path_factory: pytest.TempPathFactory) -> Slide:
    """6 x 6 mm of glass at 2 um/px: for drawing, not for reading."""
    glass = np.full((3000, 3000, 3), 240, np.uint8)
    return open_slide(
        write(tmp_path_factory.mktemp("tiles") / "glass.tif", [glass], 2.0, compression="deflate")
    )
