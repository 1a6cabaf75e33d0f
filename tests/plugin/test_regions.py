"""Shapes and regions are the same ground, whatever the slide's scale and the layer's own place."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from napari.layers import Shapes

from napari_ssc._regions import CLASS, regions_of, shapes_layer
from ssc_core.errors import EmptyError, InputError
from ssc_core.geometry import Frame
from ssc_core.io.roi import Roi, read_rois, write_rois

FRAMES = [Frame((m, n), (0.0, 0.0), unit="um") for m, n in ((0.25, 0.25), (0.5, 0.5), (0.5, 0.25))]
RING = shapely.Polygon([(10, 20), (110, 20), (110, 90), (10, 90)], [[(30, 40), (60, 40), (60, 70), (30, 70)]])


def layer_of(rois, frame):
    data, arguments, _ = shapes_layer(rois, frame, "dermis")
    return Shapes(data, **arguments)


@pytest.mark.parametrize("frame", FRAMES, ids=lambda f: str(f.spacing))
def test_region_with_hole_comes_back(frame):
    layer = layer_of([Roi(RING, classification="dermis")], frame)
    (back,) = regions_of(layer, frame)
    assert back.classification == "dermis"
    assert back.geometry.symmetric_difference(RING).area < 1e-6


def test_vertex_lies_on_the_edge_of_its_pixel():
    """Pixel (row 3, col 5) of 2 um reaches from 9 to 11 um in x around its centre at 10 um."""
    frame = Frame((2.0, 2.0), (0.0, 0.0), unit="um")
    layer = layer_of([Roi(shapely.box(5, 3, 6, 4))], frame)
    world = np.array([layer.data_to_world(p) for p in layer.data[0]])
    np.testing.assert_allclose(world.min(0), [5.0, 9.0])
    np.testing.assert_allclose(world.max(0), [7.0, 11.0])


@given(
    scale=st.sampled_from([0.25, 0.5, 2.0]),
    turn=st.floats(-180, 180),
    shift=st.tuples(st.floats(-50, 50), st.floats(-50, 50)),
)
def test_shapes_on_a_layer_of_its_own_place_mean_the_same_ground(scale, turn, shift):
    """A layer that the user added, turned and moved: what is seen over the slide is what is measured."""
    frame = Frame((0.5, 0.5), (0.0, 0.0), unit="um")
    square = np.array([[0, 0], [0, 40], [30, 40], [30, 0]], float)
    layer = Shapes([square], shape_type="polygon", scale=(scale, scale), rotate=turn, translate=shift)
    (roi,) = regions_of(layer, frame)
    seen = np.array([layer.data_to_world(p) for p in square])
    assert roi.geometry.area * 0.25 == pytest.approx(30 * 40 * scale**2)
    told = shapely.Polygon([((x / 0.5) + 0.5, (y / 0.5) + 0.5) for y, x in seen])
    assert roi.geometry.symmetric_difference(told).area < 1e-6 * told.area


def test_excluded_classes_are_cut_out():
    frame = FRAMES[0]
    boxes = [np.array([[0, 0], [0, 10], [10, 10], [10, 0]], float) + d for d in (0, 5)]
    layer = Shapes(boxes, shape_type="rectangle", scale=frame.spacing, features={CLASS: ["dermis", "hair"]})
    (roi,) = regions_of(layer, frame)
    assert roi.geometry.area == pytest.approx(75)


def test_ellipse_counts_as_an_ellipse():
    layer = Shapes([np.array([[10, 20], [5, 8]], float)], shape_type="ellipse")
    (roi,) = regions_of(layer, Frame((1.0, 1.0), (0.0, 0.0), unit="um"))
    assert roi.geometry.area == pytest.approx(np.pi * 5 * 8, rel=2e-3)


def test_geojson_goes_through_the_viewer_unchanged(tmp_path):
    frame = FRAMES[1]
    two = shapely.MultiPolygon([RING, shapely.box(200, 200, 220, 230)])
    write_rois(tmp_path / "in.geojson", [Roi(two, classification="dermis")])
    layer = layer_of(read_rois(tmp_path / "in.geojson"), frame)
    write_rois(tmp_path / "out.geojson", regions_of(layer, frame))
    (back,) = read_rois(tmp_path / "out.geojson")
    assert back.geometry.symmetric_difference(two).area < 1e-6


def test_nothing_drawn_and_crossed_shapes_are_named():
    frame = FRAMES[0]
    with pytest.raises(EmptyError, match="draw a polygon"):
        regions_of(Shapes(name="mine"), frame)
    crossed = np.array([[0, 0], [10, 10], [0, 10], [10, 0]], float)
    with pytest.raises(InputError, match="shape 1 crosses itself"):
        regions_of(Shapes([crossed], shape_type="polygon"), frame)
