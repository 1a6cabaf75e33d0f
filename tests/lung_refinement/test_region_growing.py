"""Growing from strokes: stops at edges, meets halfway, agrees with a plain Dijkstra."""

from __future__ import annotations

import heapq
import itertools

import numpy as np
import pytest

from ssc_core.errors import Cancelled, InputError
from ssc_core.geometry import Box, Frame
from ssc_core.lung.refinement import grow
from ssc_core.lung.refinement.growing import _geodesic
from ssc_core.progress import silent

SHAPE = (7, 24, 30)
WHOLE = Box((0, 0, 0), SHAPE)


@pytest.fixture
def organ() -> tuple[np.ndarray, np.ndarray]:
    """Noisy HU of a tube of -850 in 40, and the tube."""
    _, y, x = np.meshgrid(*map(np.arange, SHAPE), indexing="ij")
    tube = np.hypot((y - 12) * 0.8, (x - 14) * 1.1) < 7
    noise = np.random.default_rng(3).normal(0, 25, SHAPE)
    return np.where(tube, -850, 40) + noise, tube


@pytest.mark.parametrize("method", ["geodesic", "random walker"])
def test_the_organ_is_found_from_one_stroke_inside_and_one_outside(organ, frame: Frame, method) -> None:
    hu, tube = organ
    labels = np.zeros(SHAPE, np.uint8)
    labels[3, 12, 10] = 3
    inside, outside = [(3, 12, c) for c in range(12, 17)], [(3, r, c) for r in (1, 22) for c in range(2, 28)]
    change = grow(labels, hu, frame, WHOLE, inside, outside, label=1, method=method)
    change.apply(labels)
    found = labels == 1
    assert labels[3, 12, 10] == 3
    overlap = 2 * (found & tube).sum() / (found.sum() + tube.sum())
    assert overlap > 0.97
    again = grow(np.where(labels == 1, 0, labels), hu, frame, WHOLE, inside, outside, label=1, method=method)
    assert again == change  # deterministic


def test_nothing_changes_beyond_the_box(organ, frame: Frame) -> None:
    hu, _ = organ
    labels = np.zeros(SHAPE, np.uint8)
    box = Box((2, 6, 9), (5, 18, 99))
    change = grow(labels, hu, frame, box, [(3, 12, 14)], label=1, reach_mm=500)
    change.apply(labels)
    outside = np.ones(SHAPE, bool)
    outside[2:5, 6:18, 9:] = False
    assert not labels[outside].any()
    assert labels[~outside].all()


@pytest.mark.parametrize("method", ["geodesic", "random walker"])
def test_on_even_ground_two_strokes_share_by_distance(frame: Frame, method: str) -> None:
    hu = np.zeros((1, 9, 41))
    labels = np.zeros(hu.shape, np.uint8)
    walls = [(0, r, 0) for r in range(9)], [(0, r, 40) for r in range(9)]
    box = Box((0, 0, 0), hu.shape)
    grow(labels, hu, frame, box, *walls, label=1, method=method).apply(labels)
    assert labels[0, :, :19].all()
    assert not labels[0, :, 22:].any()


@pytest.mark.parametrize(("step", "noise"), [(890, 80), (120, 25), (60, 15)])
def test_the_walker_betters_the_geodesic_answer_at_weak_edges(step: int, noise: int) -> None:
    """A walk over the whole box leaves next to nothing of the weaker two: it shrinks to the short stroke."""
    _, y, x = np.meshgrid(*map(np.arange, (20, 40, 40)), indexing="ij")
    tube = np.hypot(y - 20, x - 20) < 10
    hu = np.where(tube, 40 - step, 40) + np.random.default_rng(0).normal(0, noise, tube.shape)
    strokes = [(10, 20, c) for c in range(15, 25)], [(10, r, c) for r in (3, 36) for c in range(5, 35)]
    overlap = {}
    for method in ("geodesic", "random walker"):
        labels = np.zeros(tube.shape, np.uint8)
        box, frame = Box((0, 0, 0), tube.shape), Frame((0.8, 0.7, 0.7), (0, 0, 0))
        grow(labels, hu, frame, box, *strokes, label=1, method=method).apply(labels)
        overlap[method] = 2 * (tube & (labels == 1)).sum() / (tube.sum() + labels.sum())
    assert overlap["random walker"] > max(0.85, overlap["geodesic"])


def dijkstra(cost: np.ndarray, spacing: tuple[float, ...], start: tuple[int, ...]) -> np.ndarray:
    out = np.full(cost.shape, np.inf)
    out[start] = 0
    queue = [(0.0, start)]
    steps = [s for s in itertools.product((-1, 0, 1), repeat=3) if any(s)]
    while queue:
        d, at = heapq.heappop(queue)
        if d > out[at]:
            continue
        for s in steps:
            to = tuple(np.add(at, s))
            if all(0 <= i < n for i, n in zip(to, cost.shape, strict=True)):
                far = d + np.linalg.norm(np.multiply(s, spacing)) * (cost[at] + cost[to]) / 2
                if far < out[to] - 1e-12:
                    out[to] = far
                    heapq.heappush(queue, (far, to))
    return out


def test_geodesic_distances_are_those_of_dijkstra() -> None:
    spacing = (2.5, 0.8, 1.1)
    hu = np.random.default_rng(1).normal(0, 60, (4, 6, 5)).astype(np.float32)
    seeds = np.zeros(hu.shape, np.int8)
    seeds[1, 2, 2], seeds[3, 5, 4] = 1, 2
    near, far = (dijkstra(1 + np.abs(hu - hu[at]) / 50, spacing, at) for at in ((1, 2, 2), (3, 5, 4)))
    assert np.array_equal(_geodesic(hu, seeds, spacing, 50.0, np.inf, silent), near < far)
    seeds[3, 5, 4] = 0
    assert np.array_equal(_geodesic(hu, seeds, spacing, 50.0, 6.0, silent), near <= 6.0)


def test_growing_stops_within_its_search() -> None:
    hu = np.zeros((40, 40, 40), np.float32)
    told = []

    def stop(done: float, total: float, what: str, /) -> None:
        told.append(done / total)
        raise Cancelled

    frame = Frame((1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
    labels = np.zeros(hu.shape, np.uint8)
    with pytest.raises(Cancelled):
        grow(labels, hu, frame, Box((0, 0, 0), hu.shape), [(1, 1, 1)], label=1, reach_mm=80, tick=stop)
    assert 0 < told[0] < 0.2  # a quarter of the voxels, and half of the work
    assert not labels.any()


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"inside": [(0, 0, 99)]}, "at least one stroke"),
        ({}, "or limit the reach"),
        ({"method": "random walker", "reach_mm": 3.0}, "stroke on what is outside"),
        ({"method": "magic"}, "no method 'magic'"),
        ({"edge_hu": 0.0}, "must be positive"),
    ],
)
def test_what_cannot_grow_is_refused(change: dict, text: str, frame: Frame) -> None:
    given = {"inside": [(1, 1, 1)], "label": 1} | change
    with pytest.raises(InputError, match=text):
        grow(np.zeros(SHAPE, np.uint8), np.zeros(SHAPE), frame, WHOLE, **given)


def test_too_large_a_box_is_refused(frame: Frame) -> None:
    labels = np.zeros((200, 210, 200), np.uint8)
    with pytest.raises(InputError, match="draw a smaller box"):
        grow(labels, labels, frame, Box((0, 0, 0), labels.shape), [(1, 1, 1)], label=1, reach_mm=1)
