"""The baseline: trees as arrays equal scikit-learn's, features mean what they are called."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor

from ssc_core.errors import FormatError
from ssc_core.lung.extent.baseline import BaselineScorer, fit_baseline, save_baseline
from ssc_core.lung.extent.features import FEATURES, features
from ssc_core.lung.extent.trees import Trees


@pytest.fixture(scope="module")
def rows() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(500, len(FEATURES)))


def test_trees_as_arrays_give_what_scikit_learn_gives(rows: np.ndarray) -> None:
    rng = np.random.default_rng(1)
    y = rows[:, 0] * rows[:, 1] + np.sin(3 * rows[:, 2]) + 0.1 * rng.normal(size=len(rows))
    model = HistGradientBoostingRegressor(max_iter=60, max_leaf_nodes=12, random_state=0).fit(rows, y)
    fresh = rng.normal(size=(300, rows.shape[1])) * 2
    trees = Trees.of(model)
    assert np.allclose(trees.predict(fresh), model.predict(fresh), rtol=0, atol=1e-12)
    on_border = fresh.copy()
    on_border[:, 0] = trees.threshold[trees.feature == 0][0]  # "up to it go left"
    assert np.allclose(trees.predict(on_border), model.predict(on_border), rtol=0, atol=1e-12)
    back = Trees.restored(trees.arrays("tot"), "tot")
    assert np.array_equal(back.predict(fresh), trees.predict(fresh))


def test_damaged_trees_are_refused_and_never_loop(rows: np.ndarray) -> None:
    model = HistGradientBoostingRegressor(max_iter=5).fit(rows, rows[:, 0])
    arrays = Trees.of(model).arrays("tot")
    with pytest.raises(FormatError, match="trees lack"):
        Trees.restored({k: v for k, v in arrays.items() if k != "tot.left"}, "tot")
    circle = arrays["tot.left"].copy()
    circle[np.flatnonzero(arrays["tot.feature"] >= 0)[-1]] = 0  # back to the root
    with pytest.raises(FormatError, match="damaged"):
        Trees.restored({**arrays, "tot.left": circle}, "tot")


def test_a_stored_baseline_scores_the_same(rows: np.ndarray, tmp_path: Path) -> None:
    targets = np.abs(rows[:, :3]) * 20
    trees = fit_baseline(rows[:200], targets[:200])
    save_baseline(trees, tmp_path / "b.safetensors", {"contract": {}})
    scorer = BaselineScorer(tmp_path / "b.safetensors")
    rng = np.random.default_rng(2)
    hu = rng.normal(-850, 30, (2, 160, 200)).astype(np.float32)
    lung = np.zeros(hu.shape, bool)
    lung[0, 30:130, 30:90] = True
    told = scorer.score(hu, lung, (1.0, 1.0))
    assert np.isfinite(told[0]).all()
    assert np.isnan(told[1]).all()  # no lung, no score
    assert scorer.extent(hu, lung, (1.0, 1.0)) is None
    assert np.array_equal(told[0], scorer.score(hu[:1], lung[:1], (1.0, 1.0))[0])


def test_features_are_named_and_mean_it() -> None:
    rng = np.random.default_rng(0)
    lung = np.zeros((96, 96), bool)
    lung[16:80, 16:80] = True

    def of(level: float, noise: float) -> dict[str, float]:
        hu = np.where(lung, level, 50.0) + rng.normal(0, noise, lung.shape)
        values = features(hu.astype(np.float32), lung)
        assert len(values) == len(FEATURES) == len(set(FEATURES))
        return dict(zip(FEATURES, values, strict=True))

    clear, hazy, noisy = of(-860, 10), of(-650, 10), of(-860, 40)
    assert clear["mean_q0.5"] == pytest.approx(-860, abs=4)
    assert clear["sd_q0.5"] == pytest.approx(10, rel=0.1)
    assert clear["above_-750"] < 0.1 < 0.9 < hazy["above_-750"]
    assert noisy["detail1_q0.5"] > 3 * clear["detail1_q0.5"]
    assert clear["area_cm2"] == pytest.approx(64 * 64 / 100)
    joint = [v for k, v in clear.items() if k.startswith("cells_density")]
    assert sum(joint) == pytest.approx(1)
