"""The size of a pixel: from the file, from the user, never guessed."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile

from ssc_core.errors import FormatError, InputError, ScaleUnknown
from ssc_core.io.slide import open_slide


def tiff(path, mpp=0.4, unit="cm"):
    """A small TIFF whose resolution tags say `mpp` in `unit`."""
    per = {"cm": 1e4, "inch": 25400.0, "none": 1.0}[unit]
    y, x = mpp if isinstance(mpp, tuple) else (mpp, mpp)
    tifffile.imwrite(
        path, np.full((70, 90, 3), 200, np.uint8), photometric="rgb", metadata=None,
        resolution=(per / x, per / y), resolutionunit={"none": 1, "inch": 2, "cm": 3}[unit],
    )  # fmt: skip
    return path


@pytest.mark.parametrize("unit", ["cm", "inch"])
def test_resolution_tags_are_read_in_their_unit(tmp_path, unit):
    slide = open_slide(tiff(tmp_path / "a.tif", 0.4321, unit))
    assert slide.mpp == pytest.approx((0.4321, 0.4321), rel=1e-5)
    assert slide.warnings == ()


def test_both_sides_of_a_pixel_are_kept(tmp_path):
    slide = open_slide(tiff(tmp_path / "a.tif", (0.4, 0.5)))
    assert slide.mpp == pytest.approx((0.4, 0.5))
    assert slide.frame.spacing == slide.mpp


def test_imagej_writes_its_unit_elsewhere(tmp_path):
    path = tmp_path / "ij.tif"
    pixels = np.full((70, 90, 3), 200, np.uint8)
    tifffile.imwrite(path, pixels, imagej=True, resolution=(1 / 0.35, 1 / 0.35), metadata={"unit": "micron"})
    assert open_slide(path).mpp == pytest.approx((0.35, 0.35), rel=1e-5)


@pytest.mark.parametrize(
    ("size", "mpp"),
    [
        ({"PhysicalSizeX": 0.5, "PhysicalSizeY": 0.25}, (0.25, 0.5)),
        ({"PhysicalSizeX": 500, "PhysicalSizeXUnit": "nm", "PhysicalSizeY": 0.5}, (0.5, 0.5)),
        ({"PhysicalSizeX": 0.0005, "PhysicalSizeXUnit": "mm", "PhysicalSizeY": 0.5}, (0.5, 0.5)),
    ],
)
def test_ome_sizes_are_read_in_their_units(tmp_path, write, levels, size, mpp):
    assert open_slide(
        write["ome"](tmp_path / "a.ome.tif", [levels[-1:]], ["t"], **size)
    ).mpp == pytest.approx(mpp)


@pytest.mark.parametrize(
    "size",
    [{"PhysicalSizeX": 0.5}, {"PhysicalSizeX": 1, "PhysicalSizeXUnit": "pixel", "PhysicalSizeY": 1}],
)
def test_ome_sizes_that_are_missing_or_no_length_are_unknown(tmp_path, write, levels, size):
    path = write["ome"](tmp_path / "a.ome.tif", [levels[-1:]], ["t"], **size)
    with pytest.raises(ScaleUnknown, match="--mpp"):
        open_slide(path)


def test_ome_zarr_without_a_unit_is_unknown(tmp_path, write, levels):
    path = write["zarr"](tmp_path / "a.zarr", levels, unit=None)
    with pytest.raises(ScaleUnknown, match="--mpp"):
        open_slide(path)
    assert open_slide(path, mpp=0.4).mpp == (0.4, 0.4)


def test_ome_zarr_in_millimetres(tmp_path, write, levels):
    path = write["zarr"](tmp_path / "a.zarr", levels, unit="millimeter")
    with pytest.raises(ScaleUnknown, match="400 x 400 um"):
        open_slide(path)


@pytest.mark.parametrize("unit", ["none", "cm"])
def test_a_tiff_that_does_not_say_is_unknown_and_the_way_out_is_named(tmp_path, unit):
    path = tiff(tmp_path / "a.tif", 1.0 if unit == "none" else 352.8, unit)
    with pytest.raises(ScaleUnknown, match="--mpp") as error:
        open_slide(path)
    assert str(path) in str(error.value)
    assert "a.tif" not in error.value.storable
    assert open_slide(path, mpp=0.5).mpp == (0.5, 0.5)


def test_pictures_never_take_dots_per_inch_for_a_scale(tmp_path):
    from PIL import Image

    path = tmp_path / "a.png"
    Image.fromarray(np.zeros((20, 30, 3), np.uint8)).save(path, dpi=(50800, 50800))  # 0.5 um per dot
    with pytest.raises(ScaleUnknown, match="magnification"):
        open_slide(path)


@pytest.mark.parametrize("text", ["0", "-0.25", "nan", "0.01", "250", "inf"])
def test_an_implausible_scale_of_a_scanner_is_not_believed(tmp_path, write, levels, text):
    path = write["aperio"](tmp_path / "a.svs", levels, mpp=text)
    with pytest.raises(ScaleUnknown, match="--mpp"):
        open_slide(path)
    slide = open_slide(path, mpp=0.4)
    assert slide.mpp == (0.4, 0.4)


def test_the_magnification_is_no_scale(tmp_path, write, levels):
    path = write["aperio"](tmp_path / "a.svs", levels, mpp=None)  # it does say AppMag = 40
    with pytest.raises(ScaleUnknown, match="40x does not tell"):
        open_slide(path)


def test_a_real_slide_without_scale_is_refused(real_data):
    with pytest.raises(ScaleUnknown, match="--mpp"):
        open_slide(real_data / "wsi" / "tcga-cr-7395-01a-01-ts1.svs")


@pytest.mark.parametrize("given", [0, -1, float("nan"), float("inf"), 0.04, 21, (0.5, 0.0)])
def test_a_scale_that_cannot_be_is_refused_even_from_the_user(aperio, given):
    with pytest.raises(InputError, match="--mpp"):
        open_slide(aperio, mpp=given)


def test_an_override_wins_and_is_told_beyond_one_percent(aperio):
    assert open_slide(aperio, mpp=0.403).warnings == ()
    slide = open_slide(aperio, mpp=0.41)
    assert slide.mpp == (0.41, 0.41)
    assert slide.mpp_stated == (0.4, 0.4)
    assert len(slide.warnings) == 1
    assert "2.5 %" in slide.warnings[0]
    assert open_slide(aperio, mpp=(0.4, 0.5)).warnings != ()


def test_what_the_file_said_wrongly_is_told_too(tmp_path):
    slide = open_slide(tiff(tmp_path / "a.tif", 352.8), mpp=0.5)
    assert "implausible" in slide.warnings[0]


def test_several_scenes_are_listed_and_one_must_be_chosen(tmp_path, write, levels):
    import openslide

    from ssc_core.errors import ChoiceNeeded
    from ssc_core.io.slide import list_scenes

    small = [v[:120, :150] for v in levels[:1]]
    path = write["scn"](tmp_path / "two.scn", [levels[:2], small])
    assert openslide.OpenSlide.detect_format(path) == "leica"
    scenes = list_scenes(path)
    assert [s.shape for s in scenes] == [(707, 931), (120, 150)]
    assert scenes[0].mpp == pytest.approx((0.4, 0.4), rel=1e-4)
    with pytest.raises(ChoiceNeeded, match=r"--scene .*scene 0: 931 x 707 px.*scene 1: 150 x 120 px"):
        open_slide(path)
    for index, truth in ((0, levels[0]), (1, small[0])):
        slide = open_slide(path, scene=index)
        assert np.abs(slide.level(0).compute().astype(int) - truth).mean() < 4
    assert len(open_slide(path, scene=0).levels) == 2
    with pytest.raises(InputError, match=r"2 scene\(s\)"):
        open_slide(path, scene=2)


def test_one_scene_needs_no_choice_and_overviews_are_no_scenes(tmp_path, write, levels):
    import openslide

    path = write["scn"](tmp_path / "one.scn", [levels])
    slide = open_slide(path)
    assert slide.kind == "Leica SCN"
    assert slide.identifier_free["objective"] == "20"
    with openslide.OpenSlide(path) as other:  # its canvas is the whole glass; the scan lies at the bounds
        x, y = (int(other.properties[f"openslide.bounds-{a}"]) for a in "xy")
        theirs = np.asarray(other.read_region((x, y), 0, (931, 707)))[..., :3]
    np.testing.assert_array_equal(slide.level(0).compute(), theirs)


def test_labels_of_an_ome_tiff_are_no_scenes(tmp_path, write, levels):
    names = ["tissue one", "label image", "tissue two", "Macro"]
    path = write["ome"](tmp_path / "a.ome.tif", [levels, levels[2:], levels[1:], levels[2:]], names)
    from ssc_core.io.slide import list_scenes

    assert [s.shape for s in list_scenes(path)] == [v.shape[:2] for v in (levels[0], levels[1])]
    np.testing.assert_array_equal(open_slide(path, scene=1).level(0).compute(), levels[1])
    only = write["ome"](tmp_path / "b.ome.tif", [levels], ["label"])
    with pytest.raises(FormatError, match="no image of tissue"):
        open_slide(only)


def test_a_scene_pickles_with_its_number(tmp_path, write, levels):
    import pickle

    path = write["ome"](tmp_path / "a.ome.tif", [levels, levels[1:]], ["one", "two"])
    again = pickle.loads(pickle.dumps(open_slide(path, scene=1)))
    assert again.shape == levels[1].shape[:2]
