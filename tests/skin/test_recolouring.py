"""Changes of stain, and the normalisation that takes them back."""

from __future__ import annotations

import numpy as np
import pytest

from ssc_core.errors import InputError
from ssc_core.io.slide import open_slide
from ssc_core.skin.backbones import Backbone, open_backbone
from ssc_core.skin.drawing import draw
from ssc_core.skin.normalisation import NORMALISED, normalised, normalising
from ssc_core.skin.params import SkinParams
from ssc_core.skin.recolour import CHANGES, StainChange, recoloured
from ssc_core.skin.stain import COLLAGEN, CYTOPLASM, Dyes, StainModel, fit_stain
from ssc_core.tiles import read_fields

PARAMS = SkinParams(n_patches=6)


@pytest.fixture(scope="module")
def before(slide_path):
    slide = open_slide(slide_path)
    return slide, draw(slide, PARAMS)


def test_no_change_is_no_change(before):
    slide, drawn = before
    same = recoloured(slide, drawn.stain, StainChange())
    one, two = (read_fields(s, drawn.fields).astype(int) for s in (slide, same))
    # glass brighter than the white point comes out as the white point
    assert abs(one - two).max() <= 3 + max(0, one.max() - min(drawn.stain.white))
    assert abs(one - two).mean() < 0.3


def test_a_paler_stain_is_seen_as_paler(before):
    slide, drawn = before
    paler = recoloured(slide, drawn.stain, CHANGES["all dyes paler (-25 %)"])
    seen = draw(paler, PARAMS, mask=[drawn.dermis])
    assert seen.stain.full_collagen / drawn.stain.full_collagen == pytest.approx(0.75, abs=0.05)
    assert seen.stain.full_cytoplasm / drawn.stain.full_cytoplasm == pytest.approx(0.75, abs=0.08)
    np.testing.assert_array_equal(seen.fields.starts, drawn.fields.starts)


@pytest.mark.parametrize("name", sorted(CHANGES))
def test_normalisation_takes_most_of_a_change_back(before, name):
    """Grey values of the same fields differ less between changed and unchanged once both are normalised."""
    slide, drawn = before
    other = recoloured(slide, drawn.stain, CHANGES[name])
    seen = draw(other, PARAMS, mask=[drawn.dermis])
    one, two = read_fields(slide, drawn.fields), read_fields(other, drawn.fields)
    raw = abs(one.astype(float) - two).mean()
    left = abs(normalised(one, drawn.stain).astype(float) - normalised(two, seen.stain)).mean()
    assert left < 0.75 * raw


def test_normalised_pixels_have_the_reference_stain(before):
    slide, drawn = before
    pixels = normalised(read_fields(slide, drawn.fields)[:, ::3, ::3], drawn.stain)
    found = fit_stain(pixels, (243.0, 243.0, 243.0))
    assert found.full_collagen == pytest.approx(1.0, abs=0.1)
    for own, reference in ((found.dyes.collagen, COLLAGEN), (found.dyes.cytoplasm, CYTOPLASM)):
        assert np.degrees(np.arccos(np.clip(np.dot(own, reference), -1, 1))) < 8


def test_normalised_features_say_so_and_morphometry_refuses():
    def mean(patches, stain, mpp):
        return patches.mean(axis=(1, 2)).astype(np.float32)

    plain = Backbone("mean", "", False, "", "raw", ("r", "g", "b"), None, "cpu", False, mean)
    stain = StainModel((240.0,) * 3, Dyes(), 0.5, 0.5, 0.4, 0.4)
    pale = np.full((1, 8, 8, 3), (90, 120, 190), np.uint8)
    backbone = normalising(plain)
    assert backbone.normalisation == "raw" + NORMALISED
    assert backbone.needs_stain
    assert (backbone.compute(pale, stain, 1.0) < plain.compute(pale, stain, 1.0)).all()
    with pytest.raises(InputError, match="own stain"):
        normalising(open_backbone("morphometry"))
