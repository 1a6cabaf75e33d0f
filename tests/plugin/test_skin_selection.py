"""Histogram and image are one: a bar marks its fields, a field shows its place; drawing by hand."""

from __future__ import annotations

import time
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from qtpy.QtCore import QPoint, Qt

from napari_ssc._histogram import Histogram
from napari_ssc._opening import open_slide
from napari_ssc._regions import CLASS, regions_of
from napari_ssc._view import camera_of
from napari_ssc.skin.fields import LinkedFields, fields_layer


@pytest.fixture
def skin(open_panel, click):
    viewer, panel = open_panel("Skin", "biopsy")
    panel.form["n_patches"].value = 12
    click(panel)
    return viewer, panel


def click_value(qtbot, histogram, value):
    place = QPoint(int(histogram.position_of(value)), histogram.height() // 2)
    qtbot.mouseClick(histogram, Qt.MouseButton.LeftButton, pos=place)


def test_click_on_a_bar_marks_its_fields_and_flies_to_one(skin, qtbot):
    viewer, panel = skin
    values = panel.result.patches["collagen_fraction"].to_numpy()
    highest = int(values.argmax())
    click_value(qtbot, panel.histogram, values[highest] - 1e-9)
    marked = panel.linked.marked.tolist()
    assert highest in marked
    np.testing.assert_array_equal(viewer.layers["marked fields"].data, panel.fields.data[marked])
    width = (values.max() - values.min()) / 30
    assert all(values[i] >= values.max() - 1.5 * width for i in marked)
    centre = camera_of(viewer).center[1:]
    assert any(np.allclose(centre, panel.fields.data[i]) for i in marked)


def test_click_on_a_field_shows_its_place_in_the_histogram(skin):
    _, panel = skin
    # the field that is seen at its own centre: the last drawn of those that overlap there
    at = panel.fields.data[3]
    seen = panel.fields.get_value(at, world=True)

    class Event:
        position, view_direction = tuple(at), None

    for callback in panel.fields.mouse_drag_callbacks:
        callback(panel.fields, Event())
    assert panel.linked.marked.tolist() == [seen]
    value = panel.result.patches["collagen_fraction"][seen]
    (bar,) = np.flatnonzero(panel.histogram._marked)
    assert panel.histogram._edges[bar] <= value <= panel.histogram._edges[bar + 1] + 1e-12
    assert f"{value:.3g}" in panel.message.text()


def test_another_feature_fills_histogram_and_colours(skin):
    _, panel = skin
    before = panel.fields.border_color.copy()
    panel.colour_box.setCurrentText("bundle thickness um")
    assert panel.histogram.title.startswith("bundle thickness um (um)")
    np.testing.assert_allclose(panel.histogram._values, panel.result.patches["bundle_thickness_um"])
    assert not np.allclose(before, panel.fields.border_color)


def test_missing_values_stand_in_no_bar(qapp):
    histogram = Histogram()
    histogram.show_values([0.0, np.nan, 1.0], "x")
    assert histogram._counts.sum() == 2
    assert not any(1 in histogram.items_in(k) for k in range(30))


def test_selection_of_1e5_fields_answers_within_50_ms(make_napari_viewer, qtbot):
    """In the histogram and in the image; what the graphics card then draws is not ours."""
    n, rng = 100_000, np.random.default_rng(0)
    table = pd.DataFrame({"field": np.arange(n), "score": rng.normal(size=n), "flags": ""})
    table[["y_um", "x_um"]] = rng.uniform(0, 30_000, (n, 2))
    viewer, said = make_napari_viewer(show=False), []
    linked = LinkedFields(viewer, said.append, lambda _: ("AU", "a score"))
    qtbot.addWidget(linked)
    linked.show()
    data, arguments, _ = fields_layer(table, 400.0, "score", "fields")
    linked.offer(["score"], "score")
    linked.tie(viewer.add_points(data, **arguments), table, "a")
    click_value(qtbot, linked.histogram, 2.0)  # makes the layer of marks
    bars, fields = [], []
    for value in (-1.0, 0.0, 0.5, 1.0, -0.5):
        began = time.process_time()
        click_value(qtbot, linked.histogram, value)
        linked.histogram.repaint()
        bars.append(time.process_time() - began)
        assert f"{len(linked.marked)} fields are marked" in said[-1]
        assert np.ptp(table["score"][linked.marked]) < np.ptp(table["score"]) / 29
        at = tuple(data[linked.marked[0]])
        began = time.process_time()
        for callback in linked.layer.mouse_drag_callbacks:
            callback(linked.layer, SimpleNamespace(position=at, view_direction=None))
        linked.histogram.repaint()
        fields.append(time.process_time() - began)
        assert len(linked.marked) == 1
        assert np.abs(data[linked.marked[0]] - at).max() <= 200
    assert np.median(bars) < 0.05
    assert np.median(fields) < 0.05


def test_button_draws_regions_of_the_chosen_class(skin, qtbot):
    viewer, panel = skin
    qtbot.mouseClick(panel.draw_button, Qt.MouseButton.LeftButton)
    layer = viewer.layers.selection.active
    assert layer.mode == "add_polygon"
    slide = panel.boxes.image().metadata["ssc_source"]
    layer.add_polygons(np.array([[300, 300], [300, 1500], [1300, 1500], [1300, 300]], float))
    panel.class_box.setCurrentText("hair")
    qtbot.mouseClick(panel.draw_button, Qt.MouseButton.LeftButton)
    layer.add_polygons(np.array([[500, 500], [500, 700], [700, 700], [700, 500]], float))
    assert list(layer.features[CLASS]) == ["dermis", "hair"]
    (roi,) = regions_of(layer, slide.frame)
    assert roi.geometry.area == pytest.approx(1000 * 1200 - 200 * 200)
    assert panel.boxes.given() == [layer]


def test_second_biopsy_is_compared_with_the_first(skin, click):
    viewer, panel = skin
    first = panel.result.patches["collagen_fraction"]
    data, arguments, _ = open_slide(viewer.layers["trichrome biopsy"].metadata["ssc_case"], name="second")
    panel.boxes.pick_image(viewer.add_image(data, **arguments))
    panel.form["seed"].value = 5
    click(panel)
    assert list(panel.histogram._others) == ["trichrome biopsy"]
    np.testing.assert_allclose(panel.histogram._others["trichrome biopsy"], first)
    assert not np.allclose(panel.histogram._values, first)
