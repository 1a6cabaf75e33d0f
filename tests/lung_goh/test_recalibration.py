"""A lab's own readings correct a scorer, and only the scorer that they were fitted on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ssc_core.cli.lung import app
from ssc_core.errors import FormatError, InputError
from ssc_core.io.volume import Volume
from ssc_core.lung.goh.cascade import score_ct
from ssc_core.lung.goh.engines import identity
from ssc_core.lung.goh.recalibration import fit_recalibration, read_recalibration
from ssc_core.lung.goh.results import GohResult

PATTERNS = ["tot", "gg", "ret"]


def pairs(n: int = 120, noise: float = 2.0) -> tuple[np.ndarray, np.ndarray, list[str]]:
    rng = np.random.default_rng(3)
    areas = rng.uniform(0, 40, (n, 3))
    return areas, 4 + 1.6 * areas + rng.normal(0, noise, areas.shape), [f"p{i // 5}" for i in range(n)]


@pytest.mark.parametrize("form", ["linear", "monotone"])
def test_a_systematic_difference_is_undone(form: str) -> None:
    x, y, owner = pairs()
    made = fit_recalibration(x, y, owner, scorer="s", form=form)
    assert made.before["tot"]["bias"] < -10
    assert abs(made.after["tot"]["bias"]) < 1
    assert made.after["tot"]["mae"] < made.before["tot"]["mae"] / 4
    assert made(np.array([10.0, 20.0, 30.0])) == pytest.approx([20, 36, 52], abs=2.5)


def test_a_line_is_found_exactly_and_goes_on_beyond_its_ends() -> None:
    x, y, owner = pairs(noise=0.0)
    made = fit_recalibration(x, y, owner, scorer="s")
    values = np.array([-20.0, 50.0, 180.0])
    assert made(values) == pytest.approx(4 + 1.6 * values)
    assert np.isnan(made(np.array([np.nan, 1, 2]))).tolist() == [True, False, False]


def test_a_rising_curve_never_falls() -> None:
    rng = np.random.default_rng(0)
    x = np.tile(rng.uniform(0, 60, 200)[:, None], 3)
    y = 100 * (1 - np.exp(-x / 20)) + rng.normal(0, 8, x.shape)
    curve = fit_recalibration(x, y, [i // 5 for i in range(200)], scorer="s", form="monotone").curves["tot"]
    assert (np.diff(curve(np.linspace(-10, 90, 500))) >= 0).all()


def test_errors_after_are_those_of_patients_left_out() -> None:
    """Pure noise cannot be improved; errors of the fitted patients themselves would look better."""
    rng = np.random.default_rng(1)
    y = rng.uniform(0, 50, (40, 3))
    x = y + rng.normal(0, 10, y.shape)
    made = fit_recalibration(x, y, [i // 5 for i in range(40)], scorer="s", form="monotone")
    seen = np.abs(made(x) - y).mean(axis=0)
    assert all(made.after[p]["mae"] > seen[i] for i, p in enumerate(PATTERNS))


def test_what_cannot_be_fitted_is_refused() -> None:
    x, y, owner = pairs()
    with pytest.raises(InputError, match="too few to recalibrate"):
        fit_recalibration(x[:15], y[:15], owner[:15], scorer="s")
    with pytest.raises(InputError, match="do not rise"):
        fit_recalibration(x, 100 - y, owner, scorer="s")


def test_scores_of_another_scorer_are_not_recalibrated(ct: Volume, density_scorer: Any) -> None:
    x, y, owner = pairs()
    other = fit_recalibration(x, y, owner, scorer="another")
    with pytest.raises(InputError, match="fitted on scores of another"):
        score_ct(ct, density_scorer(), recalibration=other)


def test_raw_scores_stay_beside_recalibrated_ones(ct: Volume, result: GohResult, density_scorer: Any) -> None:
    x, y, owner = pairs(noise=1.0)
    scorer = density_scorer()
    made = fit_recalibration(x, y, owner, scorer=identity(scorer))
    again = score_ct(ct, scorer, recalibration=made)
    raw = again.scores[[f"raw_{p}" for p in PATTERNS]].to_numpy()
    assert raw == pytest.approx(result.scores[PATTERNS].to_numpy(), nan_ok=True)
    assert again.scores[PATTERNS].to_numpy() == pytest.approx(made(raw), nan_ok=True)
    assert again.scores["tot_low"].notna().all()  # intervals of the recalibration, not of the scorer
    assert any("recalibrated on 120 slices of 24 patients" in f for f in again.flags)
    assert again.record.parameters["recalibration"]["slices"] == 120


def test_the_command_reads_scores_and_readings(tmp_path: Path) -> None:
    x, y, owner = pairs()
    keys = {"case_id": owner, "level": [i % 5 + 1 for i in range(len(owner))]}
    scores = pd.DataFrame({**keys, **dict(zip(PATTERNS, x.T, strict=True)), "scorer": "s@1"})
    read = pd.DataFrame({**keys, "reader": "consensus", **dict(zip(PATTERNS, y.T, strict=True))})
    scores.to_csv(tmp_path / "scores.csv", index=False)
    read.to_csv(tmp_path / "read.csv", index=False)
    app(
        ["recalibrate", str(tmp_path / "scores.csv"), str(tmp_path / "read.csv"), "-o", str(tmp_path / "out")]
    )
    made = read_recalibration(tmp_path / "out")
    assert made.scorer == "s@1"
    assert made.slices == 120
    assert made.curves["ret"](np.array([25.0])) == pytest.approx([44], abs=1)
    assert (tmp_path / "out" / "recalibration.png").stat().st_size > 10_000


def test_a_damaged_recalibration_is_named(tmp_path: Path) -> None:
    (tmp_path / "recalibration.json").write_text("{")
    with pytest.raises(FormatError, match="damaged"):
        read_recalibration(tmp_path)
    with pytest.raises(InputError, match="no such recalibration"):
        read_recalibration(tmp_path / "none.json")
