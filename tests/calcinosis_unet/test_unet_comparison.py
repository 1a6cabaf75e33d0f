from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ssc_core.calcinosis.unet.clusters import CLUSTERINGS, cluster_bone
from ssc_core.calcinosis.unet.drawn import DrawnCase, open_drawn
from ssc_core.calcinosis.unet.phantoms import held_out_spec, training_spec
from ssc_core.calcinosis.unet.score import dice_of
from ssc_core.cli import calcinosis_train as command
from ssc_core.cohort.manifest import read_manifest
from ssc_core.errors import InputError

SMALL = 90_008  # its phantom is small


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("compared") / "out"
    command.compare_segmentations(out=folder, count=1, first_seed=SMALL, weights="")
    return folder


def test_grey_levels_take_deposits_for_bone_and_shape_does_not(compared: Path) -> None:
    table = pd.read_csv(compared / "summary.csv").set_index("method")
    assert list(table.index) == [*CLUSTERINGS, "classical"]
    assert table.loc["classical", "bone"] > table.loc[list(CLUSTERINGS), "bone"].max()
    assert table.loc[list(CLUSTERINGS), "deposit_taken"].min() > 0.5
    assert table.loc["classical", "deposit_taken"] < 0.3
    assert table.loc[list(CLUSTERINGS), "distal"].isna().all()
    assert (compared / "segmentations.png").stat().st_size > 20_000
    assert (compared / "run.json").is_file()


def test_clusterings_are_reproducible_and_others_are_refused() -> None:
    rng = np.random.default_rng(0)
    hu = rng.normal(50, 20, (60, 80)).astype(np.float32)
    hu[20:40, 20:60] = rng.normal(1000, 50, (20, 40))
    hu[:10] = -1000
    for method in CLUSTERINGS:
        mask = cluster_bone(hu, method, 1)
        assert np.array_equal(mask, cluster_bone(hu, method, 1))
        assert mask[20:40, 20:60].mean() > 0.99
        assert mask.sum() < 820
    with pytest.raises(InputError, match="watershed"):
        cluster_bone(hu, "watershed", 0)


def test_a_phantom_set_is_a_training_manifest(tmp_path: Path) -> None:
    command.phantom_set(out=tmp_path / "set", count=1, first_seed=SMALL, held_out=True)
    cases = read_manifest(tmp_path / "set" / "manifest.csv", DrawnCase)
    drawn = open_drawn(cases[0])
    assert drawn.hu.min() >= -310
    assert set(np.unique(drawn.labels)) <= {0, 1, 2, 3, 4}
    assert cases[0].drawn_by == "phantom"
    assert not cases[0].confirmed
    with pytest.raises(InputError, match="--count"):
        command.phantom_set(out=tmp_path / "none", count=0)


def test_held_out_phantoms_lie_outside_the_training_settings() -> None:
    train = [training_spec(s) for s in range(40)]
    held = [held_out_spec(s) for s in range(40)]
    assert min(h.noise_hu for h in held) >= max(t.noise_hu for t in train)
    assert min(h.psf_mm for h in held) >= max(t.psf_mm for t in train)
    assert min(h.shape_spread for h in held) > max(t.shape_spread for t in train)


def test_dice_is_per_phalanx_whatever_the_finger() -> None:
    truth = np.array([[1, 1, 2, 2, 13, 13, 0, 4]])
    guess = np.array([[1, 1, 2, 0, 3, 3, 0, 5]])
    dice = dice_of(guess, truth)
    assert dice["distal"] == 1.0
    assert dice["middle"] == pytest.approx(2 / 3)
    assert dice["proximal"] == 1.0
    assert dice["bone"] == pytest.approx(12 / 13)
    assert np.isnan(dice_of(guess * 0, truth * 0)["bone"])
