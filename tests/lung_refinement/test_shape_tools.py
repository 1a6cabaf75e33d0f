"""Smooth, fill, islands, split: against SciPy and shapes with known answers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from ssc_core.errors import EmptyError, InputError
from ssc_core.geometry import Box, Frame
from ssc_core.lung.refinement import fill_holes, keep_largest, remove_island, smooth, split_sides

FRAME = Frame((2.5, 0.8, 1.1), (0, 0, 0))
small = arrays(np.uint8, (4, 7, 6), elements=st.integers(0, 2))


def done(labels: np.ndarray, change) -> np.ndarray:
    out = labels.copy()
    if change is not None:
        change.apply(out)
    return out


@settings(max_examples=100, deadline=None)
@given(labels=small)
def test_holes_are_those_of_scipy(labels: np.ndarray) -> None:
    holes = ndimage.binary_fill_holes(labels == 1) & (labels == 0)
    assert np.array_equal(done(labels, fill_holes(labels, FRAME, 1)), np.where(holes, 1, labels))
    flat = np.stack([ndimage.binary_fill_holes(s == 1) for s in labels]) & (labels == 0)
    change = fill_holes(labels, FRAME, 1, plane="axial")
    assert np.array_equal(done(labels, change), np.where(flat, 1, labels))


def test_only_holes_up_to_a_size_are_filled() -> None:
    labels = np.ones((5, 12, 12), np.uint8)
    labels[2, 2, 2] = 0
    labels[2, 5:8, 5:8] = 0
    voxel = 2.5 * 0.8 * 1.1
    assert (done(labels, fill_holes(labels, FRAME, 1, largest=2 * voxel)) == 0).sum() == 9
    pixel = 0.8 * 1.1
    filled = done(labels, fill_holes(labels, FRAME, 1, plane="axial", largest=9 * pixel + 1e-6))
    assert filled.all()
    assert fill_holes(filled, FRAME, 1) is None


@settings(max_examples=100, deadline=None)
@given(labels=small, at=st.tuples(st.integers(0, 3), st.integers(0, 6), st.integers(0, 5)))
def test_an_island_is_the_piece_of_scipy(labels: np.ndarray, at: tuple[int, int, int]) -> None:
    if labels[at] == 0:
        with pytest.raises(InputError, match="background"):
            remove_island(labels, at)
        return
    pieces, _ = ndimage.label(labels == labels[at], np.ones((3, 3, 3)))
    expected = np.where(pieces == pieces[at], 0, labels)
    assert np.array_equal(done(labels, remove_island(labels, at)), expected)
    plane, _ = ndimage.label(labels[:, at[1]] == labels[at], np.ones((3, 3)))
    expected = labels.copy()
    expected[:, at[1]][plane == plane[at[0], at[2]]] = 0
    assert np.array_equal(done(labels, remove_island(labels, at, "coronal")), expected)


def test_the_largest_pieces_are_kept() -> None:
    labels = np.zeros((3, 30, 30), np.uint8)
    labels[1, 1:11, 1:11], labels[1, 15:21, 15:21], labels[2, 28, 28] = 2, 2, 2
    labels[0, 29, 0] = 1
    kept = done(labels, keep_largest(labels, 2))
    assert (kept == 2).sum() == 100
    assert (kept == 1).sum() == 1
    assert (done(labels, keep_largest(labels, 2, least_share=0.3)) == 2).sum() == 136
    assert keep_largest(kept, 2) is None


def test_smoothing_keeps_straight_borders_and_removes_spikes() -> None:
    labels = np.zeros((20, 60, 50), np.uint8)
    labels[:, 30:] = 1
    labels[10, 24:30, 25] = 1  # a spike
    labels[:, 40:, :3] = 3
    out = done(labels, smooth(labels, FRAME, 1, 3.0))
    expected = labels.copy()
    expected[10, 24:30, 25] = 0
    assert np.array_equal(out == 3, labels == 3)
    assert np.array_equal(out[:, :36, 8:], expected[:, :36, 8:])


@pytest.mark.parametrize("plane", [None, "axial", "sagittal"])
def test_smoothing_in_a_box_is_that_of_the_whole(plane: str | None) -> None:
    blob = ndimage.gaussian_filter(np.random.default_rng(0).normal(size=(16, 50, 40)), 2.0) > 0
    labels = blob.astype(np.uint8)
    sigma = [1.5 / d for d in FRAME.spacing]
    if plane:
        sigma[{"axial": 0, "sagittal": 2}[plane]] = 0
    expected = ndimage.gaussian_filter(blob.astype(np.float32), sigma, truncate=4.0, mode="nearest") >= 0.5
    assert np.array_equal(done(labels, smooth(labels, FRAME, 1, 1.5, plane=plane)), expected)
    box = Box((4, 10, 8), (9, 30, 99))
    part = labels.copy()
    part[4:9, 10:30, 8:] = expected[4:9, 10:30, 8:]
    assert np.array_equal(done(labels, smooth(labels, FRAME, 1, 1.5, plane=plane, box=box)), part)


def lungs(bridge: bool) -> tuple[np.ndarray, np.ndarray]:
    """Two ellipsoids, right at smaller x, with an anterior bridge."""
    z, y, x = np.meshgrid(*map(np.arange, (40, 110, 150)), indexing="ij")
    truth = np.zeros(z.shape, np.uint8)
    for label, cx in ((1, 40), (2, 110)):
        truth[((z - 20) / 18) ** 2 + ((y - 55) / 45) ** 2 + ((x - cx) / 32) ** 2 <= 1] = label
    if bridge:
        between = (abs(z - 20) < 4) & (abs(y - 55) < 4) & (abs(x - 75) < 12)
        truth[between & (x < 75)], truth[between & (x >= 75)] = 1, 2
    return truth, (truth > 0).astype(np.uint8)


@pytest.mark.parametrize("bridge", [False, True])
def test_two_lungs_in_one_label_are_parted(bridge: bool) -> None:
    truth, labels = lungs(bridge)
    labels[5, 0, 0:3] = 3
    truth[5, 0, 0:3] = 3
    out = done(labels, split_sides(labels, FRAME, 1))
    assert np.array_equal(out > 0, labels > 0)
    assert np.count_nonzero(out != truth) <= (60 if bridge else 0)


def test_exchanged_sides_are_put_right() -> None:
    truth, _ = lungs(True)
    wrong = np.choose(truth, [0, 2, 1]).astype(np.uint8)
    assert np.count_nonzero(done(wrong, split_sides(wrong, FRAME, (1, 2))) != truth) <= 60


def test_an_island_goes_to_the_nearer_lung() -> None:
    _, labels = lungs(False)
    labels[20, 55, 71] = 1  # between, nearer to the right lung's edge at 72
    assert done(labels, split_sides(labels, FRAME, 1))[20, 55, 71] == 1
    labels[20, 55, 71], labels[20, 55, 77] = 0, 1
    assert done(labels, split_sides(labels, FRAME, 1))[20, 55, 77] == 2


def test_what_is_no_pair_of_lungs_is_not_parted() -> None:
    ball = np.zeros((20, 40, 40), np.uint8)
    with pytest.raises(EmptyError):
        split_sides(ball, FRAME, 1)
    ball[5:15, 5:35, 5:35] = 1
    with pytest.raises(InputError, match="does not part into two lungs"):
        split_sides(ball, FRAME, 1)
