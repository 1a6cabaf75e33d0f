"""Regions: QuPath's GeoJSON both ways, and masks by the rule of pixel centres."""

from __future__ import annotations

import json

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from ssc_core.errors import EmptyError, FormatError, InputError, OutputError
from ssc_core.geometry import Box, Frame
from ssc_core.io.roi import Roi, check_inside, outline, rasterise, read_rois, write_rois
from ssc_core.io.slide import open_slide

SQUARE = [[[0, 0], [10, 0], [10, 10], [0, 10], [0, 0]]]
DERMIS = Roi(
    shapely.Polygon([(0, 0), (90, 5.25), (80, 70), (3, 60)], [[(20, 20), (40, 20), (30, 40)]]),
    "a name", "dermis", (200, 40, 7),
)  # fmt: skip
ISLANDS = Roi(shapely.MultiPolygon([shapely.box(0, 0, 1.5, 2), shapely.box(5, 5, 9, 9.125)]))


def write_json(path, found):
    path.write_text(json.dumps(found), encoding="utf-8")
    return path


def feature(coordinates, kind="Polygon", **properties):
    return {
        "type": "Feature",
        "geometry": {"type": kind, "coordinates": coordinates},
        "properties": {"objectType": "annotation", **properties},
    }


def star(rng, n=12, centre=(30.0, 25.0), low=4.0, high=22.0):
    """A simple polygon: points in the order of their angle."""
    angle = np.sort(rng.uniform(0, 2 * np.pi, n))
    radius = rng.uniform(low, high, n)
    points = np.c_[centre[0] + radius * np.cos(angle), centre[1] + radius * np.sin(angle)]
    return shapely.make_valid(shapely.Polygon(points), method="structure", keep_collapsed=False)


def test_regions_come_back_as_they_were_written(tmp_path):
    write_rois(tmp_path / "a.geojson", [DERMIS, ISLANDS])
    back = read_rois(tmp_path / "a.geojson")
    for mine, theirs in zip((DERMIS, ISLANDS), back, strict=True):
        assert theirs.geometry.equals(mine.geometry)
        assert theirs.geometry.area == mine.geometry.area
        assert (theirs.name, theirs.classification, theirs.colour) == (
            mine.name,
            mine.classification,
            mine.colour,
        )


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6), x=st.floats(-1e4, 1e4), y=st.floats(-1e4, 1e4))
def test_any_region_keeps_its_area_and_place_through_a_file_and_an_offset(tmp_path, seed, x, y):
    rng = np.random.default_rng(seed)
    region = star(rng)
    hole = shapely.affinity.scale(region, 0.3, 0.3, origin=(30, 25))
    parts = [region.difference(hole), shapely.affinity.translate(region, 100, 0)]
    whole = shapely.MultiPolygon([p for p in parts if isinstance(p, shapely.Polygon)])
    assume(not whole.is_empty)
    write_rois(tmp_path / "a.geojson", [Roi(whole)], offset=(x, y))
    back = read_rois(tmp_path / "a.geojson", offset=(x, y))[0].geometry
    assert back.area == pytest.approx(whole.area, rel=1e-9)
    assert back.symmetric_difference(whole).area < 1e-6
    assert [len(p.interiors) for p in shapely.get_parts(back)] == [len(p.interiors) for p in whole.geoms]


def test_what_is_written_is_what_qupath_and_its_neighbours_read(tmp_path):
    one = Roi(shapely.MultiPolygon([shapely.box(0, 0, 4, 4)]), classification="dermis", colour=(1, 2, 3))
    write_rois(tmp_path / "a.geojson", [DERMIS, ISLANDS, one])
    found = json.loads((tmp_path / "a.geojson").read_text())
    assert found["type"] == "FeatureCollection"
    kinds = [f["geometry"]["type"] for f in found["features"]]
    assert kinds == ["Polygon", "MultiPolygon", "Polygon"]  # a MultiPolygon of one part is refused by some
    for f in found["features"]:
        assert f["properties"]["objectType"] == "annotation"
        polygons = (
            [f["geometry"]["coordinates"]]
            if f["geometry"]["type"] == "Polygon"
            else f["geometry"]["coordinates"]
        )
        for rings in polygons:
            for k, ring in enumerate(rings):
                assert ring[0] == ring[-1]
                assert shapely.LinearRing(ring).is_ccw == (k == 0)
    assert found["features"][0]["properties"]["classification"] == {"name": "dermis", "color": [200, 40, 7]}
    assert "classification" not in found["features"][1]["properties"]


def test_equal_regions_give_equal_bytes(tmp_path):
    for name in ("a", "b"):
        write_rois(tmp_path / name, [DERMIS, ISLANDS])
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize(
    "dress",
    [
        lambda f: {"type": "FeatureCollection", "features": [f]},
        lambda f: f,
        lambda f: [f],
        lambda f: f["geometry"],
        lambda f: {"type": "GeometryCollection", "geometries": [f["geometry"]]},
        lambda f: {**f, "geometry": {"type": "GeometryCollection", "geometries": [f["geometry"]]}},
        lambda f: {"type": "FeatureCollection", "features": [{**f, "properties": None}]},
        lambda f: {"features": [f], "type": "FeatureCollection", "measurements": {"Area": float("nan")}},
    ],
)
def test_every_shape_of_geojson_is_understood(tmp_path, dress):
    found = read_rois(write_json(tmp_path / "a.geojson", dress(feature(SQUARE))))
    assert [r.geometry.area for r in found] == [100]


@pytest.mark.parametrize(
    ("stated", "name", "colour"),
    [
        ({"name": "Dermis", "color": [255, 0, 1]}, "Dermis", (255, 0, 1)),
        ({"name": "Dermis", "colorRGB": -16776961}, "Dermis", (0, 0, 255)),
        ({"names": ["Skin", "Dermis"], "color": [9, 8, 7]}, "Skin: Dermis", (9, 8, 7)),
        ("Dermis", "Dermis", None),
        (None, "", None),
    ],
)
def test_classes_of_all_versions(tmp_path, stated, name, colour):
    path = write_json(tmp_path / "a.geojson", feature(SQUARE, classification=stated, name="Müller №1"))
    (found,) = read_rois(path)
    assert (found.classification, found.colour, found.name) == (name, colour, "Müller №1")


def test_open_rings_and_third_coordinates_are_taken(tmp_path):
    ring = [[0, 0, 5], [10, 0, 5], [10, 10, 5], [0, 10, 5]]
    (found,) = read_rois(write_json(tmp_path / "a.geojson", feature([ring])))
    assert found.geometry.area == 100


def test_a_ring_that_only_touches_itself_keeps_its_area(tmp_path):
    ring = [[0, 0], [10, 0], [10, 10], [5, 0], [0, 10], [0, 0]]  # touches its own edge in (5, 0)
    corners = [
        [0, 0],
        [5, 0],
        [5, 5],
        [10, 5],
        [10, 10],
        [5, 10],
        [5, 5],
        [0, 5],
        [0, 0],
    ]  # two squares, one corner
    for coordinates, area in (([corners], 50), ([ring], 50)):
        (found,) = read_rois(write_json(tmp_path / "a.geojson", feature(coordinates)))
        assert found.geometry.is_valid
        assert found.geometry.area == pytest.approx(area)


def test_a_byte_order_mark_does_no_harm(tmp_path):
    path = tmp_path / "a.geojson"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(feature(SQUARE)).encode())
    assert len(read_rois(path)) == 1


BOW = [[[0, 0], [10, 10], [10, 0], [0, 10], [0, 0]]]
BAD = {
    "self-crossing": (feature(BOW), "region 1 crosses itself .*near x 5, y 5"),
    "overlapping parts": (
        feature([SQUARE, SQUARE], "MultiPolygon"),
        "region 1 crosses itself or its parts overlap",
    ),
    "hole outside": (feature([*SQUARE, [[50, 50], [60, 50], [60, 60], [50, 50]]]), "region 1 "),
    "no coordinates": (feature([]), "region 1 is empty"),
    "no parts": (feature([], "MultiPolygon"), "region 1 is empty"),
    "no area": (feature([[[0, 0], [10, 0], [20, 0], [0, 0]]]), "region 1 is empty"),
    "two points": (feature([[[0, 0], [1, 1]]]), "region 1 has too few points"),
    "words": (feature([[["a", 0], [1, 1], [0, 1]]]), "no numbers"),
    "NaN": (feature([[[0, 0], [float("nan"), 1], [0, 1], [0, 0]]]), "no numbers"),
    "infinite": (feature([[[0, 0], [float("inf"), 1], [0, 1], [0, 0]]]), "no numbers"),
    "flat": (feature([0, 1, 2]), "no numbers"),
    "a line": (feature([[0, 0], [1, 1]], "LineString"), "region 1 is LineString and not an area"),
    "a point": (feature([0, 0], "Point"), "region 1 is Point"),
    "no geometry": ({"type": "Feature", "geometry": None, "properties": {}}, "region 1 is nothing"),
    "second": ([feature(SQUARE), feature(BOW)], "region 2 crosses itself"),
}


@pytest.mark.parametrize("case", BAD)
def test_regions_that_cannot_be_measured_are_refused_by_number(tmp_path, case):
    found, words = BAD[case]
    path = write_json(tmp_path / "ZZNAME.geojson", found)
    with pytest.raises(InputError, match=words) as error:
        read_rois(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)
    assert "ZZNAME" not in error.value.storable


@pytest.mark.parametrize(
    ("content", "kind", "words"),
    [
        (b"", FormatError, "empty, truncated"),
        (b'{"type": "Feature', FormatError, "truncated"),
        (b"some words", FormatError, "no GeoJSON"),
        (b"[[[[" * 40000, FormatError, "no GeoJSON"),
        (b'{"a": 1}', FormatError, "no GeoJSON"),
        (b"3", FormatError, "no GeoJSON"),
        (b"null", FormatError, "no GeoJSON"),
        (b'{"type": "FeatureCollection"}', FormatError, "no GeoJSON"),
        (b'{"type": "FeatureCollection", "features": 3}', FormatError, "no GeoJSON"),
        (b"[]", EmptyError, "no region"),
        (b'{"type": "FeatureCollection", "features": []}', EmptyError, "no region"),
        ('{"name": "é"}'.encode("latin-1"), FormatError, "UTF-8"),
        ('{"name": "é"}'.encode("utf-16"), FormatError, "UTF-8"),
        (b"\x89PNG\r\n\x1a\n", FormatError, "UTF-8"),
    ],
)
def test_files_that_are_no_regions(tmp_path, content, kind, words):
    path = tmp_path / "a.geojson"
    path.write_bytes(content)
    with pytest.raises(kind, match=words):
        read_rois(path)


def test_missing_files_and_folders(tmp_path):
    for path in (tmp_path / "no.geojson", tmp_path):
        with pytest.raises(InputError):
            read_rois(path)
    with pytest.raises(OutputError, match="another file"):
        write_rois(tmp_path / "no" / "a.geojson", [DERMIS])


def test_regions_off_the_slide_are_refused_and_half_off_told(plain):
    slide = open_slide(plain)  # 931 x 707
    inside = Roi(shapely.box(0, 0, 931, 707))
    half = Roi(shapely.box(-100, 0, 100, 50))
    off = Roi(shapely.box(0, 800, 10, 900))
    assert check_inside([inside], slide) == ()
    assert check_inside([inside, half], slide) == ("50.0 % of region 2 lie outside of the slide",)
    with pytest.raises(InputError, match="region 2 lies outside of the slide"):
        check_inside([inside, off], slide)


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 10**6))
def test_masks_follow_the_centres_of_pixels_as_shapely_sees_them(seed):
    rng = np.random.default_rng(seed)
    region = star(rng, int(rng.integers(3, 30))).difference(star(rng, 6, (31.3, 24.1), 1, 6))
    box = Box((int(rng.integers(-9, 20)), int(rng.integers(-9, 20))), (60, 70))
    shape = tuple(int(n) for n in rng.integers(1, 80, 2))
    assume(not region.is_empty)
    (sy, sx), (y0, x0) = np.divide(box.shape, shape), box.start
    y, x = np.mgrid[: shape[0], : shape[1]]
    truth = shapely.contains_xy(region, x0 + (x + 0.5) * sx, y0 + (y + 0.5) * sy)
    np.testing.assert_array_equal(rasterise(region, box, shape), truth)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6))
def test_outlines_give_the_mask_back_and_its_exact_area(seed):
    rng = np.random.default_rng(seed)
    shape = tuple(int(n) for n in rng.integers(1, 24, 2))
    mask = rng.random(shape) < rng.uniform(0.05, 1)
    mask[rng.integers(shape[0]), rng.integers(shape[1])] = True
    box = Box((-3, 7), (-3 + 5 * shape[0] + 1, 7 + 3 * shape[1]))
    region = outline(mask, box).geometry
    assert region.is_valid
    assert region.area == pytest.approx(mask.sum() * np.prod(np.divide(box.shape, shape)))
    np.testing.assert_array_equal(rasterise(region, box, shape), mask)


def test_pixel_edges_are_half_a_pixel_from_centres():
    mask = np.zeros((6, 8), bool)
    mask[2:4, 3:7] = True
    assert outline(mask, Box((0, 0), (6, 8))).geometry.bounds == (3, 2, 7, 4)
    level0 = rasterise(shapely.box(3, 2, 7, 4), Box((0, 0), (6, 8)), (6, 8))
    np.testing.assert_array_equal(level0, mask)


def test_neighbours_share_no_pixel_and_lose_none():
    left, right = shapely.box(0, 0, 2.5, 5), shapely.box(2.5, 0, 5, 5)  # the edge runs through centres
    masks = [rasterise(r, Box((0, 0), (5, 5)), (5, 5)) for r in (left, right)]
    np.testing.assert_array_equal(masks[0] ^ masks[1], np.ones((5, 5), bool))


def test_a_mask_with_its_own_frame_lands_on_the_slide(plain):
    slide = open_slide(plain)
    frame = slide.level_frame(2)
    mask = np.zeros(slide.levels[2].shape, bool)
    mask[30:60, 20:90] = True
    by_frame = outline(mask, frame, base=slide.frame).geometry
    by_box = outline(mask, Box((0, 0), slide.shape)).geometry
    assert by_frame.symmetric_difference(by_box).area < 1e-6
    np.testing.assert_array_equal(rasterise(by_box, frame, mask.shape, base=slide.frame), mask)
    working = slide.frame.resampled((8.0, 8.0)).cropped((2, 3))
    crop = rasterise(by_box, working, (30, 40), base=slide.frame)
    centres = slide.frame.to_index(working.to_physical(np.argwhere(np.ones_like(crop)))) + 0.5
    truth = shapely.contains_xy(by_box, centres[:, 1], centres[:, 0]).reshape(crop.shape)
    np.testing.assert_array_equal(crop, truth)
    assert truth.any()


def test_masks_need_a_frame_that_fits(plain):
    slide = open_slide(plain)
    frame = Frame((1, 1), (0, 0), unit="um")
    with pytest.raises(InputError, match="frame of level 0"):
        rasterise(DERMIS.geometry, frame, (4, 4))
    with pytest.raises(InputError, match="axes or units"):
        rasterise(DERMIS.geometry, Frame((1, 1), (0, 0), unit="mm"), (4, 4), base=slide.frame)
    with pytest.raises(EmptyError, match="no region"):
        outline(np.zeros((4, 4), bool), Box((0, 0), (4, 4)))
