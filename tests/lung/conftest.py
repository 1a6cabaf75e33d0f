"""One small healthy phantom and its result, shared by the lung tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

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
def upside_down(healthy: ChestPhantom) -> LungResult:
    """The same chest with its slices in the wrong order: no trachea that divides downwards."""
    return analyse(volume_from_array(healthy.hu[::-1].copy(), healthy.frame))


@pytest.fixture(scope="session")
def ct_file(healthy: ChestPhantom, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The phantom as NIfTI with the slices from head to feet and a name that nobody may see."""
    image = sitk.GetImageFromArray(healthy.hu[::-1].copy())
    dz, dy, dx = healthy.frame.spacing
    image.SetSpacing((dx, dy, dz))
    top = healthy.frame.to_physical((len(healthy.hu) - 1, 0, 0))
    image.SetOrigin(top[::-1].tolist())
    image.SetDirection((1, 0, 0, 0, 1, 0, 0, 0, -1))
    path = tmp_path_factory.mktemp("cts") / "ZZNAME_ct.nii.gz"
    sitk.WriteImage(image, str(path))
    return path


@pytest.fixture(scope="session")
def overlap():
    return dice


@pytest.fixture(scope="session")
def real_ct(real_data: Path) -> Path:
    folder = real_data / "ct"
    if not folder.is_dir():
        pytest.skip("the real CTs are not on this machine (set SSC_TEST_DATA)")
    return folder
