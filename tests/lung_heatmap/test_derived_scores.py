"""Thresholds, derived scores, masks and their agreement with the truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssc_core.errors import EmptyError, InputError
from ssc_core.lung.heatmap import (
    against_truth,
    choose_threshold,
    derived_scores,
    pattern_masks,
    scores_of_masks,
)
from ssc_core.lung.heatmap.derived import explained
from ssc_core.lung.heatmap.truth import map_agreement, overlap


def made(rng, shares, threshold=-0.7):
    """Maps whose share below `threshold` is known."""
    lung = np.zeros((40, 50), bool)
    lung[5:35, 5:45] = True
    maps = np.full((3, 40, 50), np.nan, np.float32)
    for m, share in zip(maps, shares, strict=True):
        values = rng.uniform(threshold + 0.01, 0.5, 1200)
        values[: round(12 * share)] = rng.uniform(-4, threshold - 0.01, round(12 * share))
        m[lung] = rng.permutation(values)
    return maps, lung


def test_the_planted_threshold_is_found():
    rng = np.random.default_rng(0)
    shares = rng.integers(0, 90, (20, 3))
    maps, lungs = zip(*(made(rng, s) for s in shares), strict=True)
    found = choose_threshold(maps, lungs, shares)
    assert np.abs(found.values + 0.7).max() < 0.021
    assert found.errors.max() < 0.3
    assert found.slices == 20
    assert found.curve["threshold"].min() == pytest.approx(-4)
    assert found.curve["threshold"].max() == 0
    derived = np.stack([derived_scores(m, lung, found.values) for m, lung in zip(maps, lungs, strict=True)])
    table = explained(derived, shares)
    assert (table["r2"] > 0.999).all()
    common = choose_threshold(maps, lungs, shares, common=True)
    assert len(set(common.values)) == 1


def test_scores_out_of_range_are_clipped_for_the_comparison():
    rng = np.random.default_rng(1)
    maps, lung = made(rng, (100, 0, 50))
    found = choose_threshold([maps], [lung], [[130.0, -8.0, 50.0]])
    assert found.errors.max() < 0.2


@given(st.integers(0, 2**32 - 1), st.floats(-4, 0))
def test_masks_and_thresholds_count_the_same(seed, threshold):
    rng = np.random.default_rng(seed)
    maps, lung = made(rng, rng.integers(0, 100, 3))
    maps[0] = np.fmin(maps[1], maps[2])  # TOT is where either pattern is
    labels = pattern_masks(maps, lung, threshold)
    assert np.allclose(scores_of_masks(labels, lung), derived_scores(maps, lung, threshold))
    tot, gg, ret = scores_of_masks(labels, lung)
    assert max(gg, ret) <= tot + 1e-9
    assert tot <= gg + ret + 1e-9


def test_an_annotator_may_repaint():
    lung = np.ones((10, 10), bool)
    labels = np.zeros((10, 10), np.uint8)
    labels[:2] = 1
    labels[1:3, :5] = 3
    labels[9] = 4
    assert scores_of_masks(labels, lung) == pytest.approx([35, 25, 10])
    labels[0, 0] = 9
    with pytest.raises(InputError, match="label 9"):
        scores_of_masks(labels, lung)
    with pytest.raises(EmptyError):
        scores_of_masks(labels, np.zeros_like(lung))


def test_nothing_to_choose_from_is_said():
    with pytest.raises(InputError, match="same slices"):
        choose_threshold([], [], np.zeros((0, 3)))


def test_overlap_of_known_squares():
    lung = np.ones((10, 10), bool)
    truth, hot = np.zeros_like(lung), np.zeros_like(lung)
    truth[:4], hot[2:6] = True, True
    found = overlap(hot, truth, lung)
    assert found["dice"] == found["precision"] == found["recall"] == pytest.approx(0.5)
    assert found["random_precision"] == found["random_recall"] == pytest.approx(0.4)
    assert np.isnan(overlap(~lung, truth, lung)["precision"])


def test_a_perfect_and_a_blind_map():
    rng = np.random.default_rng(2)
    lung = np.ones((60, 60), bool)
    truth = np.zeros((3, 60, 60), bool)
    truth[:, :20] = True
    perfect = np.where(truth, -1.0, 0.0)
    table = against_truth(perfect, truth, lung, -0.5)
    assert (table[["dice", "precision", "recall", "auc"]] == 1).all().all()
    blind = against_truth(rng.normal(size=truth.shape), truth, lung, 0.0)
    assert (blind["auc"] - 0.5).abs().max() < 0.05
    assert (blind["precision"] - blind["random_precision"]).abs().max() < 0.05
    assert map_agreement(perfect, truth.astype(float), lung) == pytest.approx([1, 1, 1])
