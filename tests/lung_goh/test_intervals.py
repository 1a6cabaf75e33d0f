"""Intervals hold what they promise on cases that they have not seen."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ssc_core.errors import InputError
from ssc_core.lung.goh.intervals import Intervals, bands, fit_intervals


def study(rng: np.random.Generator, patients: int) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Readers and a biased scorer: half the patients healthy, errors that grow with extent."""
    truth, scores, owner = [], [], []
    for k in range(patients):
        severity = rng.choice([0.0, rng.gamma(2.0, 12.0)])
        own = rng.normal(0, 2)  # what all slices of a patient share
        for _ in range(5):
            gg = float(np.clip(rng.normal(severity, 6), 0, 80)) if severity else 0.0
            ret = float(np.clip(rng.normal(severity / 2, 4), 0, 60)) if severity else 0.0
            y = np.array([min(100, max(gg, ret) + 0.5 * min(gg, ret)), gg, ret])
            spread = 1.0 + 0.25 * y
            truth.append(np.round(y / 5) * 5)
            scores.append(0.85 * y + 1 + own + spread * rng.standard_t(5, 3))
            owner.append(f"p{k}")
    return np.asarray(scores), np.asarray(truth), owner


def test_ninety_percent_of_unseen_cases_lie_inside() -> None:
    inside = {kind: [] for kind in ("level", "patient")}
    for seed in range(8):
        rng = np.random.default_rng(seed)
        x, y, owner = study(rng, 120)
        fitted = fit_intervals(x, y, owner, source="simulated")
        new_x, new_y, _ = study(rng, 200)
        for i, p in enumerate(("tot", "gg", "ret")):
            ends = np.array([fitted.of("level", p, v) for v in new_x[:, i]])
            inside["level"].append(((ends[:, 0] <= new_y[:, i]) & (new_y[:, i] <= ends[:, 1])).mean())
            means, truths = (v[:, i].reshape(-1, 5).mean(axis=1) for v in (new_x, new_y))
            ends = np.array([fitted.of("patient", p, v) for v in means])
            inside["patient"].append(((ends[:, 0] <= truths) & (truths <= ends[:, 1])).mean())
    for kind, shares in inside.items():
        assert 0.85 <= np.mean(shares) <= 0.95, kind


def test_bands_follow_errors_that_grow_with_the_score() -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 60, 1200)
    found = bands(x, x + rng.normal(0, 1 + 0.2 * x))
    assert len(found) == 4
    assert found[0].high - found[0].low < (found[-1].high - found[-1].low) / 3
    assert sum(b.n for b in found) == 1200


def test_few_cases_give_one_band_and_fewer_give_none() -> None:
    x = np.linspace(0, 50, 40)
    assert len(bands(x, x)) == 1
    assert len(bands(x[:19], x[:19])) == 1
    assert bands(x[:18], x[:18]) == ()
    with pytest.raises(InputError, match="too few"):
        fit_intervals(np.zeros((18, 3)), np.zeros((18, 3)), list(range(18)), source="s")


def test_the_ends_are_the_order_statistics_of_the_conformal_rule() -> None:
    errors = np.arange(99.0)  # (99 + 1) * 0.05 = the 5th smallest, and the 5th greatest
    (band,) = bands(np.zeros(99), errors)
    assert (band.low, band.high) == (4.0, 94.0)


def test_ends_stay_on_the_scale_and_unknown_stays_unknown() -> None:
    given = fit_intervals(
        np.zeros((60, 3)), np.tile(np.linspace(-9, 9, 60)[:, None], 3), list(range(60)), source="s"
    )
    assert given.of("level", "tot", 1.0)[0] == 0.0
    assert given.of("level", "tot", 99.0)[1] == 100.0
    assert all(math.isnan(v) for v in given.of("level", "tot", math.nan))
    assert all(math.isnan(v) for v in given.of("patient", "tot", 10.0))  # no patient has five slices
    assert Intervals.model_validate_json(given.model_dump_json()) == given
