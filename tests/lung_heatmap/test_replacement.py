"""Replacement maps against a plain loop over whole slices, and against places that are known."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import distance_transform_edt

from ssc_core.errors import Cancelled, EmptyError, InputError
from ssc_core.lung.heatmap import against_truth, refined_heatmaps, replacement_heatmap
from ssc_core.lung.heatmap import replacement as replacement_module
from ssc_core.lung.heatmap.trust import compare, to_check
from ssc_core.lung.heatmap.windows import Windows


def naive(network, image, lung, texture, window, stride, fade):
    """The map as the paper's text says it, square by square on whole slices."""
    n, m = image.shape
    rows = sorted({*range(0, n - window + 1, stride), n - window})
    columns = sorted({*range(0, m - window + 1, stride), m - window})
    base = network(torch.from_numpy(image)[None, None])[0]
    total, count = np.zeros((3, n, m)), np.zeros((n, m))
    for y in rows:
        for x in columns:
            square = np.zeros((n, m), bool)
            square[y : y + window, x : x + window] = True
            cropped = square & lung
            depth = distance_transform_edt(np.pad(cropped, 1), sampling=1)[1:-1, 1:-1]
            # straight edges of a square: count rows and columns, not the diagonal to a corner
            yy, xx = np.mgrid[:n, :m]
            edge = np.minimum.reduce([yy - y + 1, y + window - yy, xx - x + 1, x + window - xx])
            depth = np.minimum(np.where(square, edge, 0), distance_transform_edt(np.pad(lung, 1))[1:-1, 1:-1])
            opacity = np.clip(depth / (fade + 1), 0, 1).astype(np.float32)
            new = image + opacity * (texture - image)
            change = (network(torch.from_numpy(new)[None, None])[0] - base).numpy()
            total[:, cropped] += change[:, None]
            count[cropped] += 1
    with np.errstate(invalid="ignore"):
        return np.where(lung, total / count, np.nan)


@pytest.mark.parametrize(("window", "stride", "fade"), [(64, 16, 4), (48, 32, 0), (37, 20, 3)])
def test_the_map_is_that_of_a_plain_loop(small_convnext, slice_, window, stride, fade):
    hu, lung, _ = slice_
    image = (hu + 1000) / 1000
    texture = np.random.default_rng(0).normal(0.14, 0.02, hu.shape).astype(np.float32)
    found = replacement_heatmap(small_convnext, image, lung, texture, window=window, stride=stride, fade=fade)
    with torch.inference_mode():
        truth = naive(small_convnext, image, lung, texture, window, stride, fade)
    scale = np.abs(found.scores).max()
    assert found.maps.dtype == np.float32
    assert np.isnan(found.maps[:, ~lung]).all()
    assert np.nanmax(np.abs(truth)) > 1e-3 * scale
    assert np.nanmax(np.abs(found.maps - truth)) <= 1e-5 * scale
    assert found.mode == "exact"
    assert found.complete
    assert len(found.starts) <= found.squares


def test_fast_is_checked_and_close(small_convnext, slice_):
    hu, lung, _ = slice_
    image = (hu + 1000) / 1000
    exact = replacement_heatmap(small_convnext, image, lung, 0.14)
    fast = replacement_heatmap(small_convnext, image, lung, 0.14, mode="fast")
    assert fast.mode == "fast"
    assert fast.check is not None
    assert fast.check.passed
    assert fast.notes == ()
    assert compare(fast.changes, exact.changes).passed
    assert not np.array_equal(fast.changes, exact.changes)


def test_fast_falls_back_where_it_is_wrong(small_convnext, slice_, monkeypatch):
    hu, lung, _ = slice_
    image = (hu + 1000) / 1000
    honest = replacement_module.local_changes

    def spoilt(network, image, **how):
        at_hand = honest(network, image, **how)
        from dataclasses import replace

        way = at_hand.fast
        return replace(at_hand, fast=lambda p, s: way(p, s) * torch.tensor([1.0, 1.0, 1.1]))

    exact = replacement_heatmap(small_convnext, image, lung, 0.14)
    monkeypatch.setattr(replacement_module, "local_changes", spoilt)
    found = replacement_heatmap(small_convnext, image, lung, 0.14, mode="fast")
    assert found.mode == "exact"
    assert "exact was used" in found.notes[0]
    assert np.array_equal(found.changes, exact.changes)


def test_networks_of_no_family_say_that_fast_is_not_to_be_had(density, slice_):
    hu, lung, _ = slice_
    found = replacement_heatmap(density, hu, lung, -860.0, mode="fast", stride=32)
    assert found.mode == "exact"
    assert any("not available" in note for note in found.notes)
    assert any("whole slices" in note for note in found.notes)


def test_hot_places_are_the_lesions(density, slice_):
    hu, lung, lesions = slice_
    found = replacement_heatmap(density, hu, lung, -860.0, window=24, stride=8)
    table = against_truth(found.maps, lesions, lung, -0.5).set_index("pattern")
    assert (table["precision"] > 1.5 * table["random_precision"]).all()
    assert (table["recall"] > 0.9).all()
    assert (table["auc"] > 0.9).all()
    assert (found.changes[:, 0] <= 1e-3).all()  # replacing by healthy lung never adds disease


def test_a_healthy_slice_stays_at_zero_and_false_positives_are_positive(density, slice_):
    _, lung, _ = slice_
    healthy = np.where(lung, -860.0, 30.0).astype(np.float32)
    assert np.nanmax(np.abs(replacement_heatmap(density, healthy, lung, -860.0, stride=32).maps)) < 1e-4
    dense = replacement_heatmap(density, healthy, lung, -600.0, stride=32)
    assert np.nanmin(dense.maps[0]) > 0


def test_change_of_one_square_is_the_share_that_it_covers(density, slice_):
    _, lung, _ = slice_
    image = np.where(lung, -600.0, 30.0).astype(np.float32)
    found = replacement_heatmap(density, image, lung, -900.0, window=64, stride=64, fade=0)
    for (y, x), change in zip(found.starts, found.changes, strict=True):
        covered = lung[y : y + 64, x : x + 64].sum() / lung.sum()
        assert change[0] == pytest.approx(-100 * covered, abs=1e-3)


def test_coarse_to_fine_ends_where_the_whole_map_is(small_convnext, slice_):
    hu, lung, _ = slice_
    image = (hu + 1000) / 1000
    pictures = list(refined_heatmaps(small_convnext, image, lung, 0.14))
    whole = replacement_heatmap(small_convnext, image, lung, 0.14)
    assert np.array_equal(pictures[-1].maps, whole.maps, equal_nan=True)
    assert [p.complete for p in pictures] == [False, False, False, True]
    assert [p.mode for p in pictures] == ["fast", "exact", "exact", "exact"]
    done = [int(np.isfinite(p.changes[:, 0]).sum()) for p in pictures]
    assert done[0] == done[1] < done[2] < done[3] == len(whole.starts)
    for picture in pictures:
        assert np.isfinite(picture.maps[:, lung]).all()  # each covers all of the lung
    assert done[0] <= len(whole.starts) / 8


def test_it_stops_when_told(small_convnext, slice_):
    hu, lung, _ = slice_
    seen = []

    def stop(done, total, what):
        seen.append(done)
        if done > 10:
            raise Cancelled

    with pytest.raises(Cancelled):
        replacement_heatmap(small_convnext, hu, lung, 0.1, tick=stop)
    assert seen[0] == 0
    assert seen == sorted(seen)


@settings(max_examples=40, deadline=None)
@given(
    shape=st.tuples(st.integers(20, 80), st.integers(20, 80)),
    window=st.integers(2, 20),
    stride=st.integers(1, 20),
    fade=st.integers(0, 6),
    seed=st.integers(0, 99),
)
def test_squares_cover_every_pixel_of_any_lung(shape, window, stride, fade, seed):
    if stride > window:
        return
    rng = np.random.default_rng(seed)
    lung = rng.random(shape) < 0.05
    lung[rng.integers(shape[0]), rng.integers(shape[1])] = True
    image = rng.normal(size=shape).astype(np.float32)
    texture = rng.normal(size=shape).astype(np.float32)
    windows = Windows(image, texture, lung, window=window, stride=stride, fade=fade)
    for level in range(windows.depth):
        done = windows.levels <= level
        assert np.isfinite(windows.spread(np.ones((len(windows), 1), np.float32), done)[0][lung]).all()
    items = np.arange(len(windows))
    for batch in windows.batches(items, 4):
        for item, start, patch in zip(batch.items, batch.starts, batch.patches, strict=True):
            h, w = patch.shape
            old = image[start[0] : start[0] + h, start[1] : start[1] + w]
            changed = np.zeros(shape, bool)
            changed[start[0] : start[0] + h, start[1] : start[1] + w] = patch != old
            y, x = windows.starts[item]
            inside = np.zeros(shape, bool)
            inside[y : y + window, x : x + window] = True
            assert not changed[~(inside & lung)].any()  # nothing outside lung and square is touched
            if fade == 0:
                assert changed[inside & lung].all()


def test_opacity_rises_linearly_from_the_edge():
    lung = np.zeros((40, 40), bool)
    lung[4:36, 4:36] = True
    windows = Windows(
        np.zeros((40, 40), np.float32), np.ones((40, 40), np.float32), lung, window=16, stride=16, fade=3
    )
    (batch,) = list(windows.batches(np.array([4]), 1))
    y, x = windows.starts[4] - batch.starts[0]
    row = batch.patches[0][y + 8, x : x + 16]
    assert np.allclose(row[:5], [0.25, 0.5, 0.75, 1, 1])
    assert np.allclose(row[-4:], [1, 0.75, 0.5, 0.25])


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"window": 8, "stride": 9}, InputError, "without gaps"),
        ({"window": 500}, InputError, "do not cover"),
        ({"lung": "none"}, EmptyError, "no lung"),
        ({"lung": "other"}, InputError, "of its shape"),
        ({"image": "nan"}, InputError, "no numbers"),
        ({"texture": np.zeros((2, 2, 2))}, InputError, "a picture"),
    ],
)
def test_what_cannot_be_mapped_is_said(density, slice_, change, error, words):
    hu, lung, _ = slice_
    how = {k: v for k, v in change.items() if k in ("window", "stride")}
    if change.get("lung") == "none":
        lung = np.zeros_like(lung)
    if change.get("lung") == "other":
        lung = lung[:50]
    if "image" in change:
        hu = np.where(lung, np.nan, hu)
    with pytest.raises(error, match=words):
        replacement_heatmap(density, hu, lung, change.get("texture", -860.0), **how)


def test_the_check_sees_what_it_should():
    rng = np.random.default_rng(0)
    exact = rng.normal(size=(50, 3))
    assert compare(exact, exact).passed
    assert not compare(exact * 1.05, exact).passed
    assert not compare(exact + rng.normal(0, 0.05, exact.shape), exact).passed
    flat = np.zeros((8, 3))
    assert compare(flat, flat).passed
    assert not compare(flat + 1e-3, flat).passed
    at = to_check(exact)
    sums = exact.sum(axis=1)
    assert {int(sums.argmin()), int(sums.argmax())} <= set(at.tolist())
