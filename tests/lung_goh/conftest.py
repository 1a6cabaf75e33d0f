"""A small healthy phantom, and a scorer whose right answer can be counted in voxels."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ssc_core.geometry import Frame
from ssc_core.io.volume import Volume, volume_from_array
from ssc_core.lung.goh.cascade import score_ct
from ssc_core.lung.goh.intervals import Intervals
from ssc_core.lung.goh.results import GohResult
from ssc_core.lung.snet.inputs import refuse_matrix
from ssc_core.phantoms.chest import Chest, ChestPhantom, write_nifti

DENSE_HU, VERY_DENSE_HU = -700.0, -500.0


class DensityScorer:
    """Percent of the lung above two thresholds: not a clinical score, but one that can be counted."""

    name = "density"
    card = None
    digests: Mapping[str, str] = {"density": "sha256:" + "ab" * 32}
    smallest = 32

    def __init__(self, intervals: Intervals | None = None) -> None:
        self.intervals = intervals

    def outside(self, frame: Frame, meta: Mapping[str, Any]) -> tuple[str, ...]:
        if min(meta["matrix"]) < self.smallest:
            refuse_matrix(frame, meta)
        return ()

    def extent(self, hu: Any, lung: Any, spacing_mm: Any) -> Any:
        very = (hu > VERY_DENSE_HU) & lung
        dense = (hu > DENSE_HU) & lung
        return np.stack([dense, dense & ~very, very], axis=1).astype(np.float32)

    def score(self, hu: Any, lung: Any, spacing_mm: Any, *, tick: Any = None) -> Any:
        count = lung.sum(axis=(1, 2)).astype(float)
        with np.errstate(invalid="ignore"):
            return 100 * self.extent(hu, lung, spacing_mm).sum(axis=(2, 3)) / count[:, None]


@pytest.fixture(scope="session")
def density_scorer() -> type[DensityScorer]:
    return DensityScorer


@pytest.fixture(scope="session")
def phantom() -> ChestPhantom:
    return Chest(11).render((5.0, 3.0, 3.0))


@pytest.fixture(scope="session")
def ct(phantom: ChestPhantom) -> Volume:
    return volume_from_array(phantom.hu, phantom.frame, header={"kernel": "B40f"})


@pytest.fixture(scope="session")
def result(ct: Volume) -> GohResult:
    return score_ct(ct, DensityScorer())


@pytest.fixture(scope="session")
def ct_file(phantom: ChestPhantom, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The phantom under a name that nobody may see."""
    path = tmp_path_factory.mktemp("cts") / "ZZNAME_ct.nii.gz"
    write_nifti(path, phantom)
    return path


@pytest.fixture
def density(monkeypatch: pytest.MonkeyPatch) -> DensityScorer:
    """The density scorer in the place of whoever is asked for."""
    scorer = DensityScorer()
    monkeypatch.setattr("ssc_core.lung.goh.case.scorer_of", lambda *_: scorer)
    return scorer
