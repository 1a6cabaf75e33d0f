"""Fields: their size, where they lie, and how they are drawn."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from scipy import stats

from ssc_core.errors import EmptyError, InputError
from ssc_core.geometry import Box
from ssc_core.io.roi import Roi, rasterise
from ssc_core.tiles import SKIN, Fields, TileSpec, sample_fields

COARSE = TileSpec(50, 8.0)  # 0.4 mm fields, so that they also fit the slide at 2 um/px


def test_the_skin_patch_shows_four_tenths_of_a_millimetre():
    assert SKIN.field_um == pytest.approx(400)
    assert SKIN.mpp == pytest.approx(1.76211, abs=1e-5)
    assert SKIN.field_um**2 / 1e6 == pytest.approx(0.16)
    assert np.isnan(TileSpec(227, None).field_um)


def test_the_coarsest_level_that_is_fine_enough_is_read(slide):
    assert SKIN.plan(slide).level == 1  # 1.0 um/px is finer than 1.76
    assert SKIN.plan(slide).side == pytest.approx((400, 400))
    assert TileSpec(100, 0.9).plan(slide).level == 0
    assert TileSpec(100, 0.995).plan(slide).level == 1  # within one percent
    assert TileSpec(100, None).plan(slide).level == 0


def test_pixels_that_are_not_square_make_fields_that_are(slide):
    from ssc_core.io.slide import open_slide

    odd = open_slide(slide.path, mpp=(0.5, 0.4))
    plan = TileSpec(100, 1.0).plan(odd)
    um = np.multiply(plan.side, plan.factor) * odd.mpp
    np.testing.assert_allclose(um, 100)


def test_detail_is_never_made_up(slide):
    with pytest.raises(InputError, match="finer than the slide"):
        sample_fields(shapely.box(0, 0, 900, 900), TileSpec(227, 0.25), slide, seed=0)
    for bad in ((0, 1.0), (10, 0.0), (10, float("nan"))):
        with pytest.raises(InputError):
            TileSpec(*bad)


def test_the_draw_depends_on_the_seed_and_the_region_and_nothing_else(biopsy):
    region = shapely.Point(1500, 1500).buffer(1200)
    first = sample_fields(region, COARSE, biopsy, 40, seed=5)
    sample_fields(region, COARSE, biopsy, 7, seed=99)
    np.random.default_rng(0).normal()
    again = sample_fields(region, COARSE, biopsy, 40, seed=5)
    np.testing.assert_array_equal(first.starts, again.starts)
    other = sample_fields(region, COARSE, biopsy, 40, seed=6)
    assert not np.array_equal(first.starts, other.starts)
    assert first.seed == 5


@pytest.mark.parametrize("overlap", [True, False])
def test_fewer_fields_are_the_first_of_more(biopsy, overlap):
    region = shapely.Point(1500, 1500).buffer(1300)
    few, many = (sample_fields(region, COARSE, biopsy, n, seed=1, overlap=overlap) for n in (6, 24))
    np.testing.assert_array_equal(few.starts, many.starts[:6])


@pytest.mark.parametrize("min_inside", [1.0, 0.8, 0.3])
def test_no_field_breaks_the_rule_of_the_region(biopsy, min_inside):
    ring = shapely.Point(1500, 1500).buffer(1400).difference(shapely.Point(1400, 1500).buffer(700))
    fields = sample_fields(ring, COARSE, biopsy, 400, seed=2, min_inside=min_inside)
    shares = [box.intersection(ring).area / box.area for box in fields.boxes()]
    assert min(shares) >= min_inside - 1e-9
    if min_inside < 1:
        assert min(shares) < min_inside + 0.15  # the rule is used up, not tightened
    assert (shapely.bounds(fields.boxes()) >= 0).all()
    assert (shapely.bounds(fields.boxes())[:, 2:] <= 3000).all()


@pytest.mark.parametrize("min_inside", [1.0, 0.6])
def test_fields_are_uniform_over_all_places_where_one_may_lie(biopsy, min_inside):
    """Against every admissible place, found by trying all of them on an L with a hole."""
    shape = shapely.box(200, 200, 2800, 1000).union(shapely.box(200, 200, 1000, 2800))
    region = shape.difference(shapely.box(500, 500, 640, 640))
    fields = sample_fields(region, TileSpec(40, 8.0), biopsy, 3000, seed=3, min_inside=min_inside)
    side = fields.plan.side[0]
    step = 20
    y, x = (v.ravel() for v in np.mgrid[0:2840:step, 0:2840:step] + step / 2)
    boxes = shapely.box(x, y, x + side, y + side)
    admitted = shapely.area(shapely.intersection(boxes, region)) / side**2 >= min_inside - 1e-9
    edges = np.linspace(0, 3000, 9)
    expected = np.histogram2d(y[admitted], x[admitted], bins=[edges, edges])[0]
    found = np.histogram2d(*fields.starts.T, bins=[edges, edges])[0]
    used = expected > 60  # cells with enough places for the coarse count to be exact
    expected = expected[used] / expected[used].sum() * found[used].sum()
    assert found[used].sum() > 0.9 * len(fields)
    assert stats.chisquare(found[used], expected).pvalue > 1e-3
    off_grid = fields.starts % fields.plan.side[0] % 5
    assert len(np.unique(off_grid)) == 5  # not only on the cells of the search map


def test_without_overlap_no_two_fields_touch_the_same_ground(biopsy):
    region = shapely.Point(1500, 1500).buffer(1300)
    fields = sample_fields(region, COARSE, biopsy, 100, seed=4, overlap=False)
    boxes = fields.boxes()
    apart = shapely.union_all(boxes).area
    assert apart == pytest.approx(shapely.area(boxes).sum())
    assert fields.mean_overlap == pytest.approx(0, abs=1e-12)
    assert len(fields) < 100
    assert fields.warnings[0].startswith(f"only {len(fields)} of 100 fields were found")


def test_a_punch_of_four_millimetres_has_room_for_few_separate_fields(biopsy):
    for depth_mm, low, high in ((1.2, 10, 20), (2.0, 22, 36)):
        dermis = shapely.box(500, 500, 500 + 4000 / 2, 500 + depth_mm * 1000 / 2)
        fields = sample_fields(dermis, COARSE, biopsy, 100, seed=0, overlap=False)
        assert low <= len(fields) <= high
        assert fields.room == pytest.approx(4 * depth_mm / 0.16)
        every = sample_fields(dermis, COARSE, biopsy, 100, seed=0)
        assert len(every) == 100
        assert every.warnings == ()
        assert every.mean_overlap > 0.8


def test_overlap_and_coverage_are_what_geometry_says(slide):
    plan = TileSpec(100, None).plan(slide)
    starts = np.array([[0, 0], [0, 50], [300, 300], [0, 100]])  # the second lies in the first and the last
    fields = Fields(TileSpec(100, None), plan, starts, shapely.box(0, 0, 1000, 1000), 4, 0)
    assert fields.mean_overlap == pytest.approx((0.5 + 1.0 + 0 + 0.5) / 4)
    assert fields.covered == pytest.approx((200 * 100 + 100 * 100) / 1e6)
    np.testing.assert_allclose(fields.centres[2], [349.5, 349.5])
    assert "mean overlap 50 %" in repr(fields)


def test_masks_regions_and_their_outlines_draw_alike(biopsy):
    region = shapely.box(400, 800, 2000, 2400)
    mask = rasterise(region, Box((0, 0), biopsy.shape), (300, 300))  # 10 x coarser, edges on its pixels
    drawn = [sample_fields(r, COARSE, biopsy, 30, seed=1) for r in (region, Roi(region), mask)]
    for other in drawn[1:]:
        np.testing.assert_array_equal(drawn[0].starts, other.starts)


def test_a_field_that_just_fits_is_found(biopsy):
    tight = shapely.box(700, 900, 900, 1100)  # exactly one field of 200 px
    fields = sample_fields(tight, COARSE, biopsy, 5, seed=0)
    assert fields.starts.tolist() == [[900, 700]]
    assert len(fields.warnings) == 1
    assert fields.covered == pytest.approx(1)


def test_regions_that_hold_no_field_are_refused(biopsy):
    with pytest.raises(EmptyError, match="no field of 400 x 400 um fits"):
        sample_fields(shapely.box(0, 0, 190, 2000), COARSE, biopsy, seed=0)
    with pytest.raises(EmptyError):
        sample_fields(np.zeros((30, 30), bool), COARSE, biopsy, seed=0)
    with pytest.raises(InputError, match="outside of the slide"):
        sample_fields(shapely.box(4000, 0, 5000, 900), COARSE, biopsy, seed=0)
    for bad in ({"n": 0}, {"min_inside": 0.0}, {"min_inside": 1.1}):
        with pytest.raises(InputError):
            sample_fields(shapely.box(0, 0, 900, 900), COARSE, biopsy, seed=0, **bad)
