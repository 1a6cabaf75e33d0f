"""Shape-based interpolation against shapes whose sections are known."""

from __future__ import annotations

import numpy as np
import pytest

from ssc_core.errors import InputError
from ssc_core.geometry import Frame
from ssc_core.lung.refinement import interpolate


def dice(a: np.ndarray, b: np.ndarray) -> float:
    return 2 * np.count_nonzero(a & b) / (np.count_nonzero(a) + np.count_nonzero(b))


def cone(shape: tuple[int, int, int]) -> np.ndarray:
    z, y, x = np.meshgrid(*map(np.arange, shape), indexing="ij")
    return np.hypot((y - 40) * 0.8, (x - 30) * 1.1) <= 6 + 0.9 * z


@pytest.mark.parametrize(("plane", "axis"), [("axial", 0), ("coronal", 1), ("sagittal", 2)])
def test_a_cone_is_drawn_between_two_discs(plane: str, axis: int) -> None:
    truth = np.moveaxis(cone((13, 80, 60)), 0, axis)
    spacing = np.insert([0.8, 1.1], axis, 2.5)
    frame = Frame(tuple(spacing), (0, 0, 0))
    labels = np.zeros(truth.shape, np.uint8)
    view = np.moveaxis(labels, axis, 0)
    for k in (0, 6, 12):
        view[k] = np.moveaxis(truth, axis, 0)[k]
    change = interpolate(labels, frame, 1, [12, 0, 6], plane)
    change.apply(labels)
    assert dice(labels == 1, truth) > 0.985
    assert change.plane == plane
    change.revert(labels)
    assert np.count_nonzero(np.moveaxis(labels, axis, 0).any((1, 2))) == 3


def test_sections_that_do_not_overlap_move_from_one_to_the_other(frame: Frame) -> None:
    labels = np.zeros((6, 60, 60), np.uint8)
    labels[0, 5:15, 5:15] = labels[5, 40:50, 30:40] = 1
    interpolate(labels, frame, 1, [0, 5]).apply(labels)
    areas = (labels == 1).sum((1, 2))
    assert (np.abs(areas - 100) <= 25).all()
    centre = np.array([np.argwhere(s).mean(0) for s in labels])
    np.testing.assert_allclose(np.diff(centre, axis=0), np.tile([7.0, 5.0], (5, 1)), atol=0.3)


def test_keys_and_other_labels_stay_and_old_drawings_between_are_replaced(frame: Frame) -> None:
    labels = np.zeros((5, 20, 20), np.uint8)
    labels[0, 4:12, 4:12] = labels[4, 4:12, 4:12] = 2
    labels[2, 15:18] = 2  # an old drawing
    labels[1:4, 6, 6] = 3  # a bronchus
    before = labels.copy()
    interpolate(labels, frame, 2, [0, 4]).apply(labels)
    assert np.array_equal(labels[[0, 4]], before[[0, 4]])
    assert (labels[1:4, 6, 6] == 3).all()
    expected = before[0].copy()
    expected[6, 6] = 3
    assert all(np.array_equal(labels[k], expected) for k in (1, 2, 3))


def test_a_shape_that_fills_the_image_is_interpolated(frame: Frame) -> None:
    labels = np.zeros((3, 8, 8), np.uint8)
    labels[[0, 2]] = 1
    interpolate(labels, frame, 1, [0, 2]).apply(labels)
    assert (labels == 1).all()


@pytest.mark.parametrize(
    ("slices", "text"),
    [([0], "at least two"), ([0, 9], "slices 0 to 4, not 0 to 9"), ([0, 3], "slice 3 holds nothing")],
)
def test_what_cannot_be_interpolated(slices: list[int], text: str, frame: Frame) -> None:
    labels = np.zeros((5, 8, 8), np.uint8)
    labels[0, 2:5, 2:5] = 1
    with pytest.raises(InputError, match=text):
        interpolate(labels, frame, 1, slices)
