"""Strokes against brute force over the whole volume, and their speed on a real size."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssc_core.errors import InputError
from ssc_core.geometry import Frame
from ssc_core.lung.refinement import PLANES, Brush, Change, stroke

SHAPE = (7, 20, 16)
SPACING = (2.5, 0.8, 1.1)
point = st.tuples(*(st.floats(-2, n + 1, allow_nan=False) for n in SHAPE))


def brute(labels: np.ndarray, points: np.ndarray, brush: Brush, hu: np.ndarray) -> np.ndarray:
    """Distance of every voxel to a finely sampled path."""
    index = np.stack(np.meshgrid(*map(np.arange, labels.shape), indexing="ij"), axis=-1)
    axis = PLANES[brush.plane]
    points = points.copy()
    if not brush.ball:
        points[:, axis] = round(points[0, axis])
    painted = np.zeros(labels.shape, bool)
    for a, b in zip(points, points[1:] if len(points) > 1 else points, strict=False):
        line = (b - a) * SPACING
        offset = (index - a) * SPACING
        t = np.clip(offset @ line / max(line @ line, 1e-300), 0, 1)
        painted |= ((offset - t[..., None] * line) ** 2).sum(-1) <= brush.radius_mm**2
        for end in (a, b):
            painted |= (index == np.rint(end)).all(-1)
    if not brush.ball:
        painted &= index[..., axis] == points[0, axis]
    if brush.over is not None:
        painted &= np.isin(labels, brush.over)
    if brush.hu_range is not None:
        painted &= (hu >= brush.hu_range[0]) & (hu <= brush.hu_range[1])
    return np.where(painted, brush.label, labels).astype(labels.dtype)


@settings(max_examples=150, deadline=None)
@given(
    points=st.lists(point, min_size=1, max_size=4),
    radius=st.floats(0.05, 9),
    plane=st.sampled_from(sorted(PLANES)),
    ball=st.booleans(),
    label=st.integers(0, 3),
    hu_range=st.none() | st.just((-400.0, 200.0)),
    over=st.none() | st.just((0, 2)),
    seed=st.integers(0, 99),
)
def test_a_stroke_is_what_brute_force_says(points, radius, plane, ball, label, hu_range, over, seed) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 4, SHAPE).astype(np.uint8)
    hu = rng.integers(-1000, 1000, SHAPE).astype(np.int16)
    brush = Brush(label, radius, plane, ball, hu_range, over)
    original = labels.copy()
    expected = brute(labels, np.array(points), brush, hu)
    change = stroke(labels, Frame(SPACING, (0, 0, 0)), points, brush, hu)
    assert np.array_equal(labels, original)  # pure
    if change is None:
        assert np.array_equal(expected, labels)
        return
    change.apply(labels)
    assert np.array_equal(labels, expected)
    assert change.voxels == np.count_nonzero(expected != original)
    inside = np.zeros(SHAPE, bool)
    inside[change.box.slices] = True
    assert not (expected != original)[~inside].any()
    change.revert(labels)
    assert labels.tobytes() == original.tobytes()


def test_a_disc_has_its_area_in_mm2() -> None:
    labels = np.zeros((3, 200, 150), np.uint8)
    frame = Frame((5.0, 0.5, 0.8), (0, 0, 0))
    change = stroke(labels, frame, [(1, 100, 75)], Brush(1, 30.0))
    assert isinstance(change, Change)
    assert change.voxels * 0.5 * 0.8 == pytest.approx(np.pi * 30**2, rel=0.01)
    assert change.box.shape[0] == 1
    assert (change.plane, change.slice) == ("axial", 1)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda v, f: Brush(1, 0.0), "a brush has a radius"),
        (lambda v, f: Brush(1, 5.0, "diagonal"), "no plane 'diagonal'"),
        (lambda v, f: Brush(1, 5.0, hu_range=(3, 1)), "from low to high"),
        (lambda v, f: stroke(v, f, [(1, 1, 1)], Brush(1, 5, hu_range=(0, 1))), "needs the CT"),
        (lambda v, f: stroke(v, f, np.zeros((0, 3)), Brush(1, 5)), "at least one point"),
        (lambda v, f: stroke(v, f, [(np.nan, 1, 1)], Brush(1, 5)), "finite"),
        (lambda v, f: stroke(v, f, [(1, 1, 1)], Brush(300, 5)), "does not fit into uint8"),
        (lambda v, f: stroke(v.astype(float), f, [(1, 1, 1)], Brush(1, 5)), "whole numbers"),
    ],
)
def test_a_brush_that_makes_no_sense_is_refused(call, text: str, frame: Frame) -> None:
    with pytest.raises(InputError, match=text):
        call(np.zeros(SHAPE, np.uint8), frame)


def test_a_stroke_on_a_large_volume_costs_milliseconds() -> None:
    labels = np.zeros((400, 512, 512), np.uint8)
    hu = np.zeros((400, 512, 512), np.int16)
    frame = Frame((0.8, 0.7, 0.7), (0, 0, 0))
    times = []
    for i in range(25):
        brush = Brush(1, 10.0, ball=True, hu_range=(-100, 100))
        begin = time.process_time()
        change = stroke(labels, frame, [(200, 200 + 2 * i, 250), (200, 204 + 2 * i, 252)], brush, hu)
        change.apply(labels)
        times.append(time.process_time() - begin)
    assert np.median(times) < 0.033
