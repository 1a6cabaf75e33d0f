"""Any window at any pixel size, always the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssc_core.errors import InputError
from ssc_core.phantoms.biopsy import Biopsy


def test_equal_seeds_give_equal_pixels(biopsy):
    again = Biopsy(5, 0.5, size_mm=biopsy.size_mm)
    assert np.array_equal(biopsy.render(100, 100, 200, 300, 1.0), again.render(100, 100, 200, 300, 1.0))
    assert again.truth == biopsy.truth


def test_another_seed_gives_another_biopsy(biopsy):
    other = Biopsy(6, 0.5, size_mm=biopsy.size_mm)
    assert other.stain != biopsy.stain
    assert not np.array_equal(biopsy.render(300, 300, 100, 100, 1.0), other.render(300, 300, 100, 100, 1.0))


@pytest.mark.parametrize("mpp", [0.25, 1.0, 1.762])
def test_overlapping_windows_agree_in_any_order(biopsy, mpp):
    y, x = (int(s / mpp * 0.4) for s in biopsy.size_um)
    first = biopsy.render(y, x, 300, 340, mpp)
    fresh = Biopsy(5, 0.5, size_mm=biopsy.size_mm)
    second = fresh.render(y + 37, x + 91, 300, 300, mpp)
    assert np.array_equal(first[37:, 91:], second[:263, :249])


@settings(max_examples=8, deadline=None)
@given(y=st.integers(-60, 400), x=st.integers(-60, 500), size=st.integers(1, 90))
def test_every_window_is_a_crop_of_the_whole(biopsy, y, x, size):
    mpp = 2.5
    whole = biopsy.render(-60, -60, 700, 800, mpp)
    window = biopsy.render(y, x, size, size, mpp)
    assert np.array_equal(window, whole[y + 60 : y + 60 + size, x + 60 : x + 60 + size])


def test_outside_of_the_canvas_is_glass(biopsy):
    beyond = biopsy.render(-4000, -4000, 50, 50, 1.0)
    assert np.abs(beyond.reshape(-1, 3).mean(0) - biopsy.scanner.white).max() < 0.5
    assert beyond.std() < 4.0


def test_the_layers_have_their_colours(biopsy):
    """Epidermis red, dermis blue, fat and glass pale."""
    anatomy, mpp = biopsy.section.anatomy, 1.0
    image = biopsy.image(mpp).astype(float)
    middle = len(anatomy.x) // 2
    x = anatomy.x[middle]

    def around(y):
        row, column = anatomy.tilt(np.array([y, x])) / mpp
        return image[int(row) - 6 : int(row) + 7, int(column) - 40 : int(column) + 40].reshape(-1, 3).mean(0)

    epidermis = around((anatomy.granular[middle] + anatomy.junction[middle]) / 2)
    dermis = around(anatomy.junction[middle] + 250.0)
    assert epidermis[0] > epidermis[2] > epidermis[1]
    assert dermis[2] > dermis[1] > dermis[0]
    assert image[:20].mean() > 230.0


def test_a_coarser_image_is_the_fine_one_averaged(biopsy):
    fine = biopsy.render(800, 800, 800, 800, 0.5).astype(float)
    coarse = biopsy.render(200, 200, 200, 200, 2.0).astype(float)
    averaged = fine.reshape(200, 4, 200, 4, 3).mean((1, 3))
    assert np.abs(averaged.mean((0, 1)) - coarse.mean((0, 1))).max() < 4.0
    assert np.corrcoef(averaged.ravel(), coarse.ravel())[0, 1] > 0.95


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"fibrosis": 1.2}, "0-1"),
        ({"fibrosis": float("nan")}, "0-1"),
        ({"size_mm": (0.1, 4.0)}, "0.6"),
        ({"size_mm": (float("nan"), 4.0)}, "0.6"),
    ],
)
def test_impossible_biopsies_are_refused(values, words):
    with pytest.raises(InputError, match=words):
        Biopsy(**{"seed": 1, "fibrosis": 0.5, **values})


@pytest.mark.parametrize("mpp", [0.0, -1.0, float("nan"), 100.0])
def test_impossible_pixel_sizes_are_refused(biopsy, mpp):
    with pytest.raises(InputError, match="pixel size"):
        biopsy.render(0, 0, 10, 10, mpp)
