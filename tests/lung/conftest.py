"""One small healthy phantom and its result, shared by the lung tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ssc_core.io.volume import Volume, volume_from_array
from ssc_core.lung.pipeline import analyse
from ssc_core.lung.results import LungResult
from ssc_core.phantoms.chest import Chest, ChestPhantom


def dice(a: np.ndarray, b: np.ndarray) -> float:
    return float(2 * (a & b).sum() / (a.sum() + b.sum()))


@pytest.fixture(scope="session")
def healthy() -> ChestPhantom:
    return Chest(11).render((4.0, 3.0, 3.0))


@pytest.fixture(scope="session")
def healthy_ct(healthy: ChestPhantom) -> Volume:
    return volume_from_array(healthy.hu, healthy.frame)


@pytest.fixture(scope="session")
def healthy_result(healthy_ct: Volume) -> LungResult:
    return analyse(healthy_ct)


@pytest.fixture(scope="session")
def overlap():
    return dice


@pytest.fixture(scope="session")
def real_ct(real_data: Path) -> Path:
    folder = real_data / "ct"
    if not folder.is_dir():
        pytest.skip("the real CTs are not on this machine (set SSC_TEST_DATA)")
    return folder
