from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import nnls

from ssc_core.errors import EmptyError
from ssc_core.skin.morphometry import collagen_and_nuclei
from ssc_core.skin.stain import (
    COLLAGEN,
    CYTOPLASM,
    Dyes,
    fit_stain,
    optical_density,
    unmix,
    white_point,
)

WHITE = (243.0, 243.0, 243.0)


def dyed(vectors, amounts, white=WHITE, noise=0.0, seed=0):
    od = np.asarray(amounts, float) @ np.asarray(vectors, float)
    rgb = (np.asarray(white) + 1) * 10.0**-od - 1
    return np.clip(np.rint(rgb + np.random.default_rng(seed).normal(0, noise, rgb.shape)), 0, 255).astype(
        np.uint8
    )


@given(st.lists(st.tuples(*[st.floats(0, 2)] * 3), min_size=1, max_size=20))
@settings(max_examples=40, deadline=None)
def test_unmixing_is_the_non_negative_least_squares_solution(rows):
    od = np.array(rows, np.float32)
    collagen, cytoplasm = unmix(od, Dyes())
    basis = np.array([COLLAGEN, CYTOPLASM]).T
    for row, *ours in zip(od, collagen, cytoplasm, strict=True):
        assert ours == pytest.approx(nnls(basis, row.astype(float))[0], abs=2e-5)


def test_optical_density_is_zero_on_glass_and_adds_up():
    rgb = dyed([COLLAGEN], [[0.0], [0.4], [0.8]])
    od = optical_density(rgb, WHITE)
    assert np.abs(od[0]).max() < 1e-6
    assert od[2] == pytest.approx(2 * od[1], abs=0.01)


@pytest.mark.parametrize("white", [(251, 249, 247), (238, 242, 242), (230, 226, 229)])
def test_white_is_the_glass_and_not_the_filling_of_what_was_not_scanned(white):
    rng = np.random.default_rng(1)
    glass = np.clip(rng.normal(white, 1.5, (4000, 3)).round(), 0, 254).astype(np.uint8)
    tissue = dyed([COLLAGEN], rng.uniform(0.2, 1, (3000, 1)), white)
    unscanned = np.full((6000, 3), 255, np.uint8)
    found = white_point(np.concatenate([glass, tissue, unscanned]))
    assert found == pytest.approx(white, abs=1.0)


def test_an_image_without_glass_has_no_white_point():
    assert white_point(dyed([COLLAGEN], np.full((5000, 1), 0.5))) is None


def test_the_dyes_of_a_slide_are_found_as_they_are():
    rng = np.random.default_rng(2)
    true = np.array([(0.84, 0.50, 0.20), (0.16, 0.74, 0.65)])
    true /= np.linalg.norm(true, axis=1, keepdims=True)
    amounts = rng.gamma(2, 0.3, (20000, 2)) * (rng.random((20000, 1)) < [[0.7]])
    amounts[:, 1] = np.where(rng.random(20000) < 0.4, rng.gamma(2, 0.3, 20000), 0)
    dyes = fit_stain(dyed(true, amounts, noise=1.5), WHITE).dyes
    assert dyes.estimated == ("collagen", "cytoplasm")
    for ours, vector in zip((dyes.collagen, dyes.cytoplasm), true, strict=True):
        assert np.degrees(np.arccos(np.dot(ours, vector))) < 5


def test_a_dye_that_is_not_there_is_taken_from_the_publication_and_said_so():
    amounts = np.random.default_rng(3).uniform(0.3, 1.2, (5000, 1))
    dyes = fit_stain(dyed([COLLAGEN], amounts, noise=1.5), WHITE).dyes
    assert dyes.estimated == ("collagen",)
    assert dyes.cytoplasm == CYTOPLASM


def test_no_tissue_is_an_error_that_names_the_way_out():
    with pytest.raises(EmptyError, match="--roi"):
        fit_stain(np.full((100, 100, 3), 243, np.uint8), WHITE)


@pytest.mark.parametrize("strength", [0.8, 1.0, 1.3, 1.7])
def test_collagen_does_not_depend_on_how_strong_the_stain_is(fibres, strength):
    field = fibres(5, 30, 3, strength=strength)
    stain = fit_stain(field.rgb, WHITE)
    found = collagen_and_nuclei(field.rgb, stain)[2].mean()
    assert found == pytest.approx(field.fraction, abs=0.05)


def test_nuclei_are_not_counted_as_collagen(fibres):
    few, many = (fibres(6, 30, 3, nuclei=n) for n in (0, 400))
    stain = fit_stain(few.rgb, WHITE)
    dark = collagen_and_nuclei(many.rgb, stain)[3]
    assert dark.mean() > 5 * collagen_and_nuclei(few.rgb, stain)[3].mean() + 0.01
    assert not (dark & collagen_and_nuclei(many.rgb, stain)[2]).any()
    without = collagen_and_nuclei(few.rgb, stain)[2].mean()
    assert collagen_and_nuclei(many.rgb, stain)[2].mean() < without
