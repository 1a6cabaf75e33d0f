"""A small study of toy slices with inserted patterns, as ``ssc lung synthesise`` writes it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ssc_core.cohort import read_manifest
from ssc_core.geometry import Frame
from ssc_core.lung.snet.items_known import ScoreCase
from ssc_core.lung.snet.items_slices import Extracted, extracted
from ssc_core.lung.snet.params import ScoreTrainParams
from ssc_core.lung.synthesis.params import StudyParams, SynthesisParams
from ssc_core.lung.synthesis.save import write_items
from ssc_core.lung.synthesis.seeds import generated_seeds
from ssc_core.lung.synthesis.slices import LungSlice
from ssc_core.lung.synthesis.study import synthetic_items

QUICK = ScoreTrainParams(
    backbone="squeezenet1_1",
    matrix=64,
    test=2,
    folds=2,
    epochs=2,
    batch_size=4,
    learning_rate=1e-3,
    pretrained=False,
    device="cpu",
    workers=0,
    insertion=SynthesisParams(axis_px=(4, 40), fade_px=1.5),
)


def host(number: int, pixels: int = 64) -> LungSlice:
    y, x = np.mgrid[:pixels, :pixels] / pixels
    lung = ((y - 0.5) / 0.3) ** 2 + ((abs(x - 0.5) - 0.2) / 0.15) ** 2 < 1
    body = ((y - 0.5) / 0.42) ** 2 + ((x - 0.5) / 0.45) ** 2 < 1
    rng = np.random.default_rng(number)
    hu = np.where(lung, -860, np.where(body, 40, -1000)) + rng.normal(0, 15, lung.shape)
    frame = Frame((1.0, 4.0, 4.0), (10.0 * number, 0.0, 0.0))
    name = f"person-{number}"
    return LungSlice(name, name, hu.astype(np.int16), lung, frame, 0.5)


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Manifest of 24 slices of 8 patients, about half of them healthy."""
    folder = tmp_path_factory.mktemp("study")
    params = StudyParams(count=24, healthy=50, spread="flat", axis_px=(4, 40), fade_px=1.5)
    write_items(folder, synthetic_items([host(i) for i in range(8)], generated_seeds(0, 2), params))
    return folder / "manifest.csv"


@pytest.fixture(scope="session")
def cases(study: Path) -> list[ScoreCase]:
    return read_manifest(study, ScoreCase)


@pytest.fixture(scope="session")
def data(cases: list[ScoreCase], tmp_path_factory: pytest.TempPathFactory) -> Extracted:
    return extracted(cases, tmp_path_factory.mktemp("slices"), QUICK)


@pytest.fixture(scope="session")
def settings() -> ScoreTrainParams:
    return QUICK


@pytest.fixture
def quick() -> Callable[..., ScoreTrainParams]:
    return lambda **more: QUICK.model_copy(update=more)
