"""Planned reading gives the pixels that plain reading gives, only sooner."""

from __future__ import annotations

from collections import Counter

import numpy as np
import openslide
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from ssc_core.errors import Cancelled, FormatError
from ssc_core.geometry import Box
from ssc_core.io.slide import open_slide
from ssc_core.tiles import SKIN, TileSpec, iter_fields, read_fields, sample_fields
from ssc_core.tiles.reading import shrunk

WHOLE = shapely.box(0, 0, 2400, 2000)


def averaged(pixels: np.ndarray, side: tuple[float, float], n: int) -> np.ndarray:
    """Exact averages over the areas of n x n equal cells that share `side` pixels."""

    def weights(length: int, extent: float) -> np.ndarray:
        edge = np.arange(n + 1) * extent / n
        pixel = np.arange(length)
        shared = np.minimum(edge[1:, None], pixel + 1) - np.maximum(edge[:-1, None], pixel)
        return shared.clip(0) * n / extent

    y, x = (weights(m, s) for m, s in zip(pixels.shape, side, strict=False))
    return np.einsum("ai,bj,ijc->abc", y, x, pixels.astype(float), optimize=True)


@settings(max_examples=25, deadline=None)
@given(st.integers(5, 90), st.floats(1.0, 6.0), st.floats(1.0, 6.0), st.integers(0, 999))
def test_shrinking_averages_exact_areas(n, fy, fx, seed):
    side = (n * fy, n * fx)
    shape = tuple(int(np.ceil(s - 1e-9)) for s in side)
    pixels = np.random.default_rng(seed).integers(0, 256, (*shape, 3)).astype(np.uint8)
    small = shrunk(pixels, side, n)
    assert small.shape == (n, n, 3)
    assert np.abs(small - averaged(pixels, side, n)).max() < 1.0  # rounding, and OpenCV's 1/1000 of a pixel


def test_patches_are_the_average_of_the_pixels_they_show(slide, picture):
    spec = TileSpec(90, 2.0)
    fields = sample_fields(WHOLE, spec, slide, 12, seed=0)
    patches = read_fields(slide, fields)
    assert patches.shape == (12, 90, 90, 3)
    assert patches.dtype == np.uint8
    for box, patch in zip(fields.boxes(), patches, strict=True):
        left, top, _, _ = (round(v) for v in box.bounds)  # level 1 is exactly half, so whole level-0 pixels
        truth = averaged(picture[top : top + 360, left : left + 360], (360, 360), 90)
        assert np.abs(patch - truth).max() <= 1.5  # level 1 was rounded to whole values once before


def test_native_patches_are_the_slide_itself(slide, picture):
    fields = sample_fields(WHOLE, TileSpec(227, None), slide, 20, seed=0)
    for (y, x), patch in zip(fields.starts, read_fields(slide, fields), strict=True):
        np.testing.assert_array_equal(patch, picture[y : y + 227, x : x + 227])


def test_pixels_do_not_depend_on_the_number_of_workers(slide):
    fields = sample_fields(WHOLE, SKIN, slide, 15, seed=1)
    one = read_fields(slide, fields, workers=1)
    for workers in (2, 5, None):
        np.testing.assert_array_equal(read_fields(slide, fields, workers=workers), one)


def test_each_tile_is_decoded_once(slide, monkeypatch):
    fields = sample_fields(WHOLE, TileSpec(100, 1.0), slide, 60, seed=1)
    decoded: Counter[tuple[int, int, int]] = Counter()
    fresh = open_slide(slide.path)
    real = fresh.tile
    monkeypatch.setattr(fresh, "tile", lambda *key: decoded.update([key]) or real(*key))
    read_fields(fresh, fields, workers=3)
    assert set(decoded.values()) == {1}
    grid = slide.grid(1)
    needed = {
        (1, *key) for y, x in fields.starts.tolist() for key in grid.tiles(Box((y, x), (y + 100, x + 100)))
    }
    assert set(decoded) == needed


def test_patches_come_one_by_one_while_the_next_are_decoded(slide):
    fields = sample_fields(WHOLE, TileSpec(64, 1.0), slide, 30, seed=1)
    together = read_fields(slide, fields)
    seen = dict(iter_fields(slide, fields, workers=2))
    assert sorted(seen) == list(range(30))
    for index, patch in seen.items():
        np.testing.assert_array_equal(patch, together[index])
    stopped = iter_fields(slide, fields, workers=2)
    next(stopped)
    stopped.close()


def test_reading_can_be_stopped(slide):
    def tick(done, total, what):
        assert total == 30
        if done == 3:
            raise Cancelled()

    fields = sample_fields(WHOLE, TileSpec(64, 1.0), slide, 30, seed=1)
    with pytest.raises(Cancelled):
        read_fields(slide, fields, tick=tick)


def test_a_damaged_tile_stops_the_reading(slide, monkeypatch):
    fields = sample_fields(WHOLE, TileSpec(64, 1.0), slide, 8, seed=1)
    broken = open_slide(slide.path)

    def tile(*key):
        raise FormatError("a tile of the slide is damaged", source="a.tif")

    monkeypatch.setattr(broken, "tile", tile)
    with pytest.raises(FormatError, match="damaged"):
        read_fields(broken, fields)


def test_real_patches_equal_openslide_one_by_one(real_data):
    path = real_data / "wsi" / "CMU-1-Small-Region.svs"
    slide = open_slide(path)
    region = shapely.box(200, 200, 2100, 2800)
    for spec in (TileSpec(227, None), SKIN):
        fields = sample_fields(region, spec, slide, 12, seed=3)
        side = fields.plan.side
        n = int(np.ceil(side[0] - 1e-9))
        with openslide.OpenSlide(path) as other:
            for (y, x), patch in zip(fields.starts.tolist(), read_fields(slide, fields), strict=True):
                theirs = np.asarray(other.read_region((x, y), 0, (n, n)))[..., :3]
                np.testing.assert_array_equal(patch, shrunk(np.ascontiguousarray(theirs), side, spec.size_px))
