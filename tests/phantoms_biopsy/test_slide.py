"""Written slides open where real ones do."""

from __future__ import annotations

import tracemalloc

import numpy as np
import openslide
import pytest
import shapely

from ssc_core.errors import Cancelled, InputError, OutputError
from ssc_core.phantoms.biopsy import Biopsy, Flat, write_slide


@pytest.fixture(scope="module")
def written(biopsy, tmp_path_factory):
    path = tmp_path_factory.mktemp("slide") / "phantom.svs"
    seen = []
    placed = write_slide(
        biopsy, path, mpp=0.5, size_px=(3001, 3100), tick=lambda done, total, what: seen.append(done / total)
    )
    return path, placed, seen


def test_openslide_reads_the_scale_and_the_pyramid(written):
    with openslide.OpenSlide(written[0]) as slide:
        assert slide.dimensions == (3100, 3001)
        assert slide.level_dimensions == ((3100, 3001), (775, 750), (193, 187))
        assert float(slide.properties["openslide.mpp-x"]) == 0.5
        assert float(slide.properties["openslide.mpp-y"]) == 0.5
        assert slide.properties["openslide.vendor"] == "aperio"
        assert not slide.associated_images


@pytest.mark.parametrize("corner", [(700, 900), (1100, 60), (2700, 2800)])
def test_level_0_holds_what_render_gives(written, biopsy, corner):
    path, placed, _ = written
    y, x = corner
    with openslide.OpenSlide(path) as slide:
        read = np.asarray(slide.read_region((x, y), 0, (200, 200)).convert("RGB")).astype(float)
    rendered = biopsy.render(y - placed.offset[0], x - placed.offset[1], 200, 200, 0.5)
    assert np.abs(read - rendered).mean() < 8.0  # JPEG with halved chroma
    assert np.abs(read.mean((0, 1)) - rendered.mean((0, 1))).max() < 2.0


def test_smaller_levels_are_averages(written, biopsy):
    path, placed, _ = written
    with openslide.OpenSlide(path) as slide:
        read = np.asarray(slide.read_region((1200, 800), 1, (200, 200)).convert("RGB")).astype(float)
    fine = biopsy.render(800 - placed.offset[0], 1200 - placed.offset[1], 800, 800, 0.5)
    averaged = fine.reshape(200, 4, 200, 4, 3).mean((1, 3))
    assert np.abs(read - averaged).mean() < 10.0
    assert np.corrcoef(read.ravel(), averaged.ravel())[0, 1] > 0.97


def test_the_dermis_polygon_fits_the_slide(written, biopsy):
    path, placed, _ = written
    outline = biopsy.dermis_px(placed.mpp, placed.offset)
    with openslide.OpenSlide(path) as slide:
        level = slide.level_downsamples[1]
        image = np.asarray(slide.read_region((0, 0), 1, slide.level_dimensions[1]).convert("RGB")).astype(int)
    blue = image[..., 2] - image[..., 0] > 25
    rows, columns = np.nonzero(blue)
    inside = shapely.contains_xy(outline, (columns + 0.5) * level, (rows + 0.5) * level)
    assert inside.mean() > 0.93
    assert blue.sum() * level**2 / outline.area > 0.5


def test_progress_is_told_to_the_end(written):
    assert written[2][0] == 0.0
    assert written[2][-1] == 1.0
    assert written[2] == sorted(written[2])


def test_equal_slides_have_equal_bytes(biopsy, tmp_path):
    for name in ("a.svs", "b.svs"):
        write_slide(biopsy, tmp_path / name, mpp=4.0)
    assert (tmp_path / "a.svs").read_bytes() == (tmp_path / "b.svs").read_bytes()


def test_a_stopped_slide_leaves_nothing(biopsy, tmp_path):
    def stop(done, total, what):
        raise Cancelled

    with pytest.raises(Cancelled):
        write_slide(biopsy, tmp_path / "a.svs", mpp=4.0, tick=stop)
    assert not list(tmp_path.iterdir())


def test_too_small_a_slide_and_a_missing_folder_are_refused(biopsy, tmp_path):
    with pytest.raises(InputError, match="at least 256"):
        write_slide(biopsy, tmp_path / "a.svs", size_px=(100, 3000))
    with pytest.raises(OutputError):
        write_slide(biopsy, tmp_path / "nowhere" / "a.svs", mpp=4.0)


def _peak(scene, path, height, width, mpp):
    tracemalloc.start()
    write_slide(scene, path, mpp=mpp, size_px=(height, width))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_memory_does_not_grow_with_the_height(tmp_path):
    flat = Flat()
    _peak(flat, tmp_path / "first.svs", 1024, 1024, 0.25)  # tables that are built once
    low = _peak(flat, tmp_path / "low.svs", 2048, 1024, 0.25)
    high = _peak(flat, tmp_path / "high.svs", 12288, 1024, 0.25)
    assert high - low < 3e6  # level 0 grew by 31 MB


@pytest.mark.slow
def test_a_large_slide_needs_less_memory_than_its_level_0(tmp_path):
    peak = _peak(Biopsy(1, 0.5, size_mm=(2.0, 2.4)), tmp_path / "large.svs", 12000, 12000, 0.25)
    assert peak < 0.75 * 12000 * 12000 * 3
