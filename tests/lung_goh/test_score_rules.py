"""The 5 % scale, the rules of Goh scores, and the stage."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssc_core.lung.goh.scores import rounded, violations
from ssc_core.lung.goh.staging import stage_of
from ssc_core.stats import GOH_CLASSES

PERCENT = st.floats(0, 100)


@pytest.mark.parametrize(
    ("raw", "coarse"),
    [(2.49, 0), (2.5, 5), (7.5, 10), (12.5, 15), (12.9, 15), (-4, 0), (104, 100), (97.5, 100)],
)
def test_a_half_goes_up_and_nothing_leaves_the_scale(raw: float, coarse: float) -> None:
    assert rounded(raw) == coarse


@given(st.lists(st.floats(-50, 150), min_size=1))
def test_the_coarse_score_is_the_nearest_class(values: list[float]) -> None:
    classes = np.asarray(GOH_CLASSES)
    for raw, coarse in zip(values, rounded(values), strict=True):
        assert coarse in GOH_CLASSES
        assert abs(coarse - raw) <= np.abs(classes - raw).min() + 1e-9


def test_a_missing_score_stays_missing() -> None:
    assert np.isnan(rounded([math.nan])).all()
    assert violations(math.nan, 1, 2) == ()


@given(PERCENT, PERCENT, st.floats(0, 1))
def test_a_union_breaks_no_rule(gg: float, ret: float, at: float) -> None:
    lowest, highest = max(gg, ret), min(gg + ret, 100.0)
    assert violations(lowest + at * (highest - lowest), gg, ret) == ()


@pytest.mark.parametrize(
    ("scores", "words"),
    [
        ((20, 5, 5), "TOT 20.0 is more than GG 5.0 + RET 5.0"),
        ((10, 15, 5), "TOT 10.0 is less than GG 15.0"),
        ((10, 5, 15), "TOT 10.0 is less than RET 15.0"),
        ((-1, -1, 0), "TOT -1.0 lies outside 0 to 100"),
        ((101, 60, 60), "TOT 101.0 lies outside 0 to 100"),
    ],
)
def test_what_breaks_a_rule_is_said(scores: tuple[float, float, float], words: str) -> None:
    assert words in violations(*scores)


@pytest.mark.parametrize(
    ("tot", "fvc", "name", "simple"),
    [
        (9.9, None, "limited", "limited"),
        (9.9, 40.0, "limited", "limited"),
        (10.0, None, "indeterminate", "limited"),
        (19.9, 70.0, "limited", "limited"),
        (19.9, 69.9, "extensive", "limited"),
        (20.0, None, "indeterminate", "limited"),
        (20.1, None, "indeterminate", "extensive"),
        (20.1, 80.0, "limited", "extensive"),
        (30.0, 69.9, "extensive", "extensive"),
        (30.1, 99.0, "extensive", "extensive"),
        (math.nan, 50.0, "unknown", ""),
        (15.0, math.nan, "indeterminate", "limited"),
    ],
)
def test_the_stage(tot: float, fvc: float | None, name: str, simple: str) -> None:
    stage = stage_of(tot, fvc)
    assert (stage.name, stage.simplified) == (name, simple)
    assert stage.why


def test_an_interval_that_leaves_the_zone_is_said() -> None:
    assert "crosses 10 %" in stage_of(8.0, low=4.0, high=14.0).why
    assert "crosses" not in stage_of(8.0, low=4.0, high=9.0).why
    assert "crosses 10 % and 30 %" in stage_of(20.0, 60.0, low=5.0, high=35.0).why
