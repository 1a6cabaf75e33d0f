"""Studies whose patches follow a known fibrosis: fast, seeded, of any size."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from ssc_core.phantoms.biopsy import cohort
from ssc_core.skin.scores.patches import PatchSet

Made = tuple[PatchSet, pd.DataFrame]


def made_study(
    n_patients: int = 24,
    n_controls: int = 12,
    *,
    patches: int = 12,
    features: int = 8,
    seed: int = 0,
    signal: float = 1.0,
) -> Made:
    """Features = fibrosis x direction + own deviation + noise of patches; the phantom's clinical table."""
    table = cohort(n_patients, n_controls, seed=seed)
    rng = np.random.default_rng(seed + 100)
    direction = rng.normal(size=features)
    own = rng.normal(size=(len(table), features)) * 0.3
    mean = signal * 3 * np.outer(table["fibrosis"], direction) + own
    x = np.repeat(mean, patches, axis=0) + rng.normal(size=(len(table) * patches, features))
    x = x * rng.uniform(0.1, 10, features) + 5
    ids = np.repeat(table["biopsy_id"].to_numpy(str), patches)
    return PatchSet.make(x, ids), table


@pytest.fixture(scope="session")
def study() -> Made:
    return made_study()


@pytest.fixture(scope="session")
def make() -> Callable[..., Made]:
    return made_study
