"""A small phantom biopsy, its fields, and an AlexNet with random weights."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from ssc_core.io.slide import Slide, open_slide
from ssc_core.phantoms.biopsy import HAEMATOXYLIN_EOSIN, Biopsy
from ssc_core.phantoms.biopsy.slide import write_slide
from ssc_core.skin.drawing import Drawn, draw
from ssc_core.skin.features import Backbone, open_backbone
from ssc_core.skin.params import SkinParams

MPP = 400 / 227


@pytest.fixture(scope="session")
def slide_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("slides") / "ZZNAME-biopsy.svs"
    write_slide(Biopsy(3, 0.5, size_mm=(1.3, 1.8)), path, mpp=MPP)
    return path


@pytest.fixture(scope="session")
def eosin_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("slides") / "he.svs"
    write_slide(Biopsy(4, 0.5, size_mm=(1.2, 1.2), stain=HAEMATOXYLIN_EOSIN), path, mpp=MPP)
    return path


@pytest.fixture(scope="session")
def fine_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """0.35 x 0.4 mm of collagen-blue waves at 0.17 um per pixel, as a 60x scan would give."""
    y, x = np.mgrid[:2060, :2350].astype(np.float32)
    amount = 0.5 + 0.5 * np.sin((x * 0.6 + y * 0.8 + 40 * np.sin(y / 170)) / 25)
    density = amount[..., None] * np.array([0.80, 0.57, 0.19], np.float32)
    density[:, :200] = 0  # glass
    rgb = (243 * np.exp(-density)).astype(np.uint8)
    path = tmp_path_factory.mktemp("slides") / "fine.png"
    cv2.imwrite(str(path), rgb[..., ::-1])
    return path


@pytest.fixture(scope="session")
def slide(slide_path: Path) -> Slide:
    return open_slide(slide_path)


@pytest.fixture(scope="session")
def drawn(slide: Slide) -> Drawn:
    return draw(slide, SkinParams(n_patches=7, patch_px=227))


@pytest.fixture(scope="session")
def random_net() -> Backbone:
    return open_backbone("random-alexnet:0")
