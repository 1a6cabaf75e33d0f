"""Thickness of the dermis against phantoms, whichever way the section lies, and without an epidermis."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ssc_core.geometry import Frame
from ssc_core.io.slide import open_slide
from ssc_core.phantoms.biopsy import ANALYSIS_MPP, Biopsy, write_slide
from ssc_core.skin.dermal_thickness import dermal_thickness
from ssc_core.skin.drawing import draw
from ssc_core.skin.params import SkinParams


@pytest.fixture(scope="module", params=[0.1, 0.8])
def pair(request, tmp_path_factory):
    biopsy = Biopsy(11, request.param, size_mm=(1.6, 2.4))
    path = tmp_path_factory.mktemp("t") / "a.svs"
    write_slide(biopsy, path, mpp=ANALYSIS_MPP)
    return biopsy, draw(open_slide(path), SkinParams(n_patches=2))


@pytest.mark.parametrize("turns", [0, 1])
def test_thickness_is_that_of_the_phantom_however_it_lies(pair, turns):
    biopsy, drawn = pair
    mask, rgb = np.rot90(drawn.mask, turns), np.ascontiguousarray(np.rot90(drawn.overview, turns))
    spacing = drawn.frame.spacing if not turns else drawn.frame.spacing[::-1]
    found = dermal_thickness(
        np.ascontiguousarray(mask), rgb, Frame(spacing, (0.0, 0.0), unit="um"), drawn.stain
    )
    assert found.value == pytest.approx(biopsy.truth.dermal_thickness_mm, rel=0.06)
    assert "epidermis" in found.note


def test_without_an_epidermis_the_shape_of_the_region_is_taken_and_said(pair):
    biopsy, drawn = pair
    only = np.where(drawn.mask[..., None], drawn.overview, np.uint8(245))
    found = dermal_thickness(drawn.mask, only, drawn.frame, replace(drawn.stain, white=(245.0,) * 3))
    assert "longer side" in found.note
    assert found.value == pytest.approx(biopsy.truth.dermal_thickness_mm, rel=0.08)


def test_a_slanted_strip_has_the_width_it_was_drawn_with():
    y, x = np.mgrid[:300, :300] * 8.0
    across = (x - 1200) * np.sin(0.5) + (y - 1200) * np.cos(0.5)
    along = (x - 1200) * np.cos(0.5) - (y - 1200) * np.sin(0.5)
    mask = (abs(across) < 300) & (abs(along) < 1000)
    rgb = np.full((*mask.shape, 3), 245, np.uint8)
    stain = _stain()
    found = dermal_thickness(mask, rgb, Frame((8.0, 8.0), (0.0, 0.0), unit="um"), stain)
    assert found.value == pytest.approx(0.6, rel=0.02)
    none = dermal_thickness(mask & False, rgb, Frame((8.0, 8.0), (0.0, 0.0), unit="um"), stain)
    assert np.isnan(none.value)


def _stain():
    from ssc_core.skin.stain import Dyes, StainModel

    return StainModel((245.0, 245.0, 245.0), Dyes(), 1.0, 1.0, 0.4, 0.4)
