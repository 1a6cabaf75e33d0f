"""Toy CTs whose five levels are steps of density, and an L-Net that is small enough for them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ssc_core.geometry import Frame
from ssc_core.io.volume import Volume, volume_from_array, write_nifti
from ssc_core.models import lnet
from ssc_core.seeds import seed_of

STEPS = (1000, 500, 100, -300, -600, -850)  # HU above level 1, between 1 and 2, ... below 5


def toy(seed: int, dz: float = 8.0) -> tuple[Volume, list[float]]:
    """A column of density that falls at each level, with the five heights."""
    rng = np.random.default_rng(seed_of(seed, "toy"))
    n = int(rng.integers(28, 36))
    bottom = float(rng.uniform(-300, 100))
    fractions = np.sort(rng.uniform(0.2, 0.8, 5))[::-1]
    fractions = fractions + np.linspace(0.06, -0.06, 5)
    heights = [bottom + dz * (n - 1) * float(f) for f in fractions]
    z = bottom + dz * np.arange(n)
    hu = np.full((n, 20, 20), -1000, np.int16)
    hu[:, 4:16, 5:15] = np.array(STEPS)[sum((z < h).astype(int) for h in heights)][:, None, None]
    hu += rng.normal(0, 10, hu.shape).astype(np.int16)
    frame = Frame((dz, 14.0, 14.0), (bottom, -140.0, -140.0))
    return volume_from_array(hu, frame), heights


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> lnet.Plan:
    """The plan ``small`` on a grid of 32 x 16 x 16."""
    plan = lnet.Plan(((8,), (8,)), grid=(32, 16, 16), crop=28, head=(16, 16))
    monkeypatch.setitem(lnet.PLANS, "small", plan)
    return plan


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    """Folder with a manifest of the first N toy CTs, made once."""
    root = tmp_path_factory.mktemp("study")

    def make(count: int) -> Path:
        lines = ["case_id,ct,levels,set"]
        for i in range(count):
            name = f"Muster_Erika_{i}"
            if not (root / f"{name}.nii.gz").exists():
                image, heights = toy(i)
                write_nifti(root / f"{name}.nii.gz", np.asarray(image.hu), image)
                rows = [f"{k},{z},read" for k, z in enumerate(heights, 1)]
                (root / f"{name}.csv").write_text("\n".join(["level,z_mm,method", *rows]) + "\n")
            lines.append(f"case{i},{name}.nii.gz,{name}.csv,{'test' if i == 1 else ''}")
        path = root / f"manifest-{count}.csv"
        path.write_text("\n".join(lines) + "\n")
        return path

    return make
