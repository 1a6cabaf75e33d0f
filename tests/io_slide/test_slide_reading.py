"""Pixels, positions and manners of open slides."""

from __future__ import annotations

import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import openslide
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssc_core.errors import FormatError, InputError
from ssc_core.geometry import Box
from ssc_core.io.slide import Slide, list_scenes, open_slide
from ssc_core.io.slide.source import over_white


def test_lossless_files_give_back_every_pixel_of_every_level(lossless, levels):
    for kind, (path, count) in lossless.items():
        slide = open_slide(path)
        assert len(slide.levels) == count, kind
        assert slide.mpp == pytest.approx((0.4, 0.4)), kind
        for k in range(count):
            whole = Box((0, 0), slide.levels[k].shape)
            np.testing.assert_array_equal(slide.read(whole, k), levels[k], err_msg=kind)
            np.testing.assert_array_equal(slide.level(k).compute(), levels[k], err_msg=kind)


def test_an_aperio_slide_has_the_pixels_that_openslide_gives(aperio, levels):
    slide = open_slide(aperio)
    assert slide.kind == "Aperio"
    with openslide.OpenSlide(aperio) as other:
        assert len(slide.levels) == other.level_count == 3
        for k, (w, h) in enumerate(other.level_dimensions):
            theirs = np.asarray(other.read_region((0, 0), k, (w, h)))[..., :3]
            np.testing.assert_array_equal(slide.level(k).compute(), theirs)
    assert np.abs(slide.level(0).compute().astype(int) - levels[0]).mean() < 3


def test_openslide_itself_is_the_reader_where_tiles_are_left_out(folder, aperio, monkeypatch):
    monkeypatch.setattr("ssc_core.io.slide.vendor.aperio_source", lambda *args, **about: None)
    through = open_slide(aperio)
    assert through.kind == "aperio"
    monkeypatch.undo()
    direct = open_slide(aperio)
    np.testing.assert_array_equal(through.level(0).compute(), direct.level(0).compute())
    box = Box((-5, 90), (80, 200))
    np.testing.assert_array_equal(through.read(box), direct.read(box))


@pytest.mark.parametrize("name", ["CMU-1-Small-Region.svs", "tcga-cr-7395-01a-01-ts1.svs"])
def test_real_slides_have_the_pixels_that_openslide_gives(real_data, name):
    path = real_data / "wsi" / name
    slide = open_slide(path, mpp=None if name.startswith("CMU") else 0.25)
    with openslide.OpenSlide(path) as other:
        for k, (w, h) in enumerate(other.level_dimensions):
            box = Box((h // 3, w // 4), (h // 3 + 500, w // 4 + 700)) if k == 0 else Box((0, 0), (h, w))
            corner = (box.start[1], box.start[0]) if k == 0 else (0, 0)
            theirs = np.asarray(other.read_region(corner, k, box.shape[::-1]))[..., :3]
            np.testing.assert_array_equal(slide.read(box, k), theirs)


def test_a_real_ome_tiff_opens_with_its_own_pixel_size(real_data):
    slide = open_slide(real_data / "wsi" / "OS-1-detail.ome.tif")
    assert slide.mpp == pytest.approx((0.2271024, 0.2270972), rel=1e-6)
    assert slide.shape == (1101, 1101)


def test_a_landmark_stays_put_across_levels_with_factors_that_are_no_whole_numbers(folder, write):
    y, x = np.mgrid[:707, :931]
    mark = np.array([611.3, 822.7])
    blob = 255 * np.exp(-((y - mark[0]) ** 2 + (x - mark[1]) ** 2) / (2 * 14**2))
    import cv2

    first = np.repeat(blob.astype(np.uint8)[..., None], 3, -1)
    pyramid = [first, *(cv2.resize(first, s, interpolation=cv2.INTER_AREA) for s in ((463, 350), (185, 140)))]
    slide = open_slide(write["plain"](folder / "mark.tif", pyramid))
    naive = []
    for k, level in enumerate(slide.levels):
        weight = slide.level(k).compute()[..., 0].astype(float)
        grid = np.mgrid[: level.shape[0], : level.shape[1]].reshape(2, -1).T
        centre = np.average(grid, axis=0, weights=weight.ravel())
        found = slide.level_frame(k).to_physical(centre)
        np.testing.assert_allclose(found, slide.frame.to_physical(mark), atol=0.05)  # um; a pixel has 0.4
        naive.append(np.abs(centre * round(level.downsample[0]) - mark).max())
    assert naive[2] > 5  # rounding the factor drifts by pixels


def test_level_zero_is_the_frame_and_levels_tile_the_same_ground(aperio):
    slide = open_slide(aperio)
    assert slide.frame.unit == "um"
    assert slide.frame.origin == (0.0, 0.0)
    for k, level in enumerate(slide.levels):
        f = level.downsample
        assert f == (707 / level.shape[0], 931 / level.shape[1])
        frame = slide.level_frame(k)
        corner = frame.to_physical(np.array(level.shape) - 0.5)
        np.testing.assert_allclose(corner, slide.frame.to_physical(np.array([706.5, 930.5])))
        np.testing.assert_allclose(frame.origin, (np.array(f) - 1) / 2 * 0.4)


@settings(max_examples=40, deadline=None)
@given(st.integers(-60, 760), st.integers(-60, 980), st.integers(0, 300), st.integers(0, 300))
def test_any_box_shows_the_picture_on_white(lossless_slide, levels, y, x, h, w):
    out = lossless_slide.read(Box((y, x), (y + h, x + w)))
    canvas = np.pad(levels[0], ((60, 400), (60, 400), (0, 0)), constant_values=255)
    np.testing.assert_array_equal(out, canvas[y + 60 : y + 60 + h, x + 60 : x + 60 + w])


@pytest.fixture(scope="module")
def lossless_slide(plain) -> Slide:
    return open_slide(plain)


@pytest.mark.parametrize(
    "cut",
    [
        np.s_[10:90, 20:300], np.s_[::3, ::5], np.s_[5], np.s_[:, 7], np.s_[3:4, 900:, 1], np.s_[-20:-3, -9:],
        np.s_[100:100], np.s_[..., 0], np.s_[700:900],
    ],
)  # fmt: skip
def test_lazy_levels_slice_like_arrays(lossless_slide, levels, cut):
    np.testing.assert_array_equal(lossless_slide.level(0)[cut].compute(), levels[0][cut])


def test_nothing_is_read_before_it_is_needed_and_then_only_what_is_needed(plain, monkeypatch):
    slide = open_slide(plain)
    seen = []
    real = slide._source.tile
    object.__setattr__(slide._source, "tile", lambda *key: seen.append(key) or real(*key))
    lazy = slide.level(0)
    assert lazy.dtype == np.uint8
    assert seen == []
    lazy[70:100, 130:190].compute()
    assert sorted(set(seen)) == [(0, 1, 2)]


def test_a_slide_pickles_by_its_path_with_what_was_given(plain, lossless):
    slide = open_slide(plain, mpp=0.5)
    data = pickle.dumps(slide)
    assert len(data) < 1000
    again = pickle.loads(data)
    assert again.mpp == (0.5, 0.5)
    assert again.warnings == slide.warnings != ()
    np.testing.assert_array_equal(again.level(1).compute(), slide.level(1).compute())
    lazy = pickle.loads(pickle.dumps(slide.level(2)))
    np.testing.assert_array_equal(lazy.compute(), slide.level(2).compute())


def test_many_threads_read_what_one_reads(aperio, lossless):
    rng = np.random.default_rng(2)
    for path in (aperio, lossless["OME-Zarr"][0], lossless["strips"][0]):
        slide = open_slide(path)
        corners = rng.integers(-20, 650, (60, 2))
        boxes = [Box((y, x), (y + 90, x + 110)) for y, x in corners.tolist()]
        alone = [open_slide(path).read(b) for b in boxes]
        start = threading.Barrier(8)

        def work(part, slide=slide, start=start):
            start.wait()
            return [slide.read(b) for b in part]

        with ThreadPoolExecutor(8) as pool:
            parts = list(pool.map(work, [boxes[k::8] for k in range(8)]))
        for k, part in enumerate(parts):
            for mine, theirs in zip(part, alone[k::8], strict=True):
                np.testing.assert_array_equal(mine, theirs)


def test_transparent_pixels_become_white(folder, write, levels):
    import tifffile

    rgba = np.dstack([levels[0], np.full(levels[0].shape[:2], 255, np.uint8)])
    rgba[:100, :, 3] = 0
    rgba[:100, :, :3] = 0  # transparent BLACK, as scanners write it
    rgba[100:200, :, 3] = 128
    png = open_slide(write["picture"](folder / "alpha.png", rgba), mpp=0.4)
    tiff = folder / "alpha.tif"
    tifffile.imwrite(tiff, rgba, photometric="rgb", extrasamples=["unassalpha"], tile=(64, 64), metadata=None)
    for slide in (png, open_slide(tiff, mpp=0.4)):
        out = slide.read(Box((0, 0), (300, 931)))
        assert (out[:100] == 255).all()
        np.testing.assert_array_equal(out[200:], levels[0][200:300])
        half = levels[0][100:200] * (128 / 255) + 255 * (127 / 255)
        assert np.abs(out[100:200] - half).max() <= 1


def test_premultiplied_colour_is_not_multiplied_again():
    pixel = np.array([[[60, 0, 30, 128]]], np.uint8)
    assert over_white(pixel, premultiplied=True).tolist() == [[[187, 127, 157]]]
    assert over_white(np.zeros((1, 1, 4), np.uint8)).tolist() == [[[255, 255, 255]]]


def test_a_slide_speaks_for_itself_without_names(aperio):
    slide = open_slide(aperio)
    text = repr(slide)
    assert "931 x 707 px" in text
    assert "0.4 um/px" in text
    assert "3 level(s)" in text
    told = text + str(dict(slide.identifier_free)) + str(slide.warnings) + str(list_scenes(aperio))
    assert "ZZNAME" not in told
    assert slide.identifier_free["objective"] == "40"


def test_bounds_give_the_offset_to_qupath(aperio, monkeypatch):
    assert open_slide(aperio).qupath_offset == (0.0, 0.0)
    bounds = {"x": "30", "y": "40", "width": "100", "height": "200"}
    stated = {f"openslide.bounds-{k}": v for k, v in bounds.items()}
    monkeypatch.setattr(
        openslide.OpenSlide, "properties", {"openslide.mpp-x": "0.4", "openslide.mpp-y": "0.4"} | stated
    )
    slide = open_slide(aperio)
    assert slide.bounds == Box((40, 30), (240, 130))
    assert slide.qupath_offset == (30.0, 40.0)


def test_a_level_that_is_not_there_is_refused(plain):
    for call in (lambda s: s.read(Box((0, 0), (1, 1)), 3), lambda s: s.level(7), lambda s: s.level_frame(-1)):
        with pytest.raises(InputError, match="levels 0 to 2"):
            call(open_slide(plain))


def test_a_damaged_tile_is_told_when_it_is_read(folder, plain):
    import tifffile

    data = bytearray(Path(plain).read_bytes())
    with tifffile.TiffFile(plain) as file:
        at, count = file.pages[0].dataoffsets[5], file.pages[0].databytecounts[5]
    data[at : at + count] = b"\xff" * count
    bad = folder / "bad-tile.tif"
    bad.write_bytes(data)
    slide = open_slide(bad)
    slide.read(Box((0, 0), (10, 10)))
    with pytest.raises(FormatError, match="damaged"):
        slide.read(Box((0, 0), (64, 931)))


def test_a_tiff_in_large_pieces_is_read_with_a_warning(lossless, monkeypatch):
    assert open_slide(lossless["strips"][0]).warnings == ()
    monkeypatch.setattr("ssc_core.io.slide.tiff_kinds._LARGE_PIECE", 30_000)
    assert "not tiled" in open_slide(lossless["strips"][0]).warnings[0]
    assert open_slide(lossless["pyramidal TIFF"][0]).warnings == ()


@pytest.mark.parametrize(("version", "zarr_format"), [("0.4", 2), ("0.5", 3)])
def test_ome_zarr_of_five_axes_and_both_versions(tmp_path, levels, version, zarr_format):
    import zarr

    root = zarr.open_group(tmp_path / "five.zarr", mode="w", zarr_format=zarr_format)
    axes = [{"name": "t", "type": "time"}, {"name": "c", "type": "channel"}]
    axes += [{"name": n, "type": "space", "unit": "micrometer"} for n in "zyx"]
    datasets = []
    for k, factor in enumerate((1.0, 2.0)):
        # 707 x 931 halved by dropping the odd row and column: the stated scale is 2, the sizes say 2.003
        level = (
            levels[0]
            if k == 0
            else levels[0][:706, :930].reshape(353, 2, 465, 2, 3).mean((1, 3)).astype(np.uint8)
        )
        root.create_array(str(k), data=np.moveaxis(level, -1, 0)[None, :, None], chunks=(1, 1, 1, 128, 100))
        scale = [1.0, 1.0, 1.0, 0.4 * factor, 0.5 * factor]
        datasets.append({"path": str(k), "coordinateTransformations": [{"type": "scale", "scale": scale}]})
    about = [{"version": version, "axes": axes, "datasets": datasets}]
    if version == "0.4":
        root.attrs["multiscales"] = about
    else:
        root.attrs["ome"] = {"version": version, "multiscales": about}
    slide = open_slide(tmp_path / "five.zarr")
    assert slide.mpp == (0.4, 0.5)
    assert slide.levels[1].downsample == (2.0, 2.0)
    assert slide.grid(0).tile == (128, 100)
    np.testing.assert_array_equal(slide.level(0).compute(), levels[0])
    assert slide.level(1).shape == (353, 465, 3)
