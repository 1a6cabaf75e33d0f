"""Strokes on the canvas: ours and napari's, in every plane, within HU, undone at their place."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_ssc.lung.view import PLANES, plane_of, view_of

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def refining(chest, press):
    """Viewer, panel, mouse and the section while an empty mask is drawn on."""
    viewer, panel, mouse = chest()
    section = panel.sections["Refine"]
    panel.show_section(section)
    press(section.beginning.begin_button, panel)
    assert section.session is not None, panel.message.text()
    return viewer, panel, mouse, section


def show(plane, panel, qtbot):
    qtbot.mouseClick(panel.strip.buttons[plane], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not panel.busy, timeout=60_000)
    assert plane_of(panel.viewer) == plane


def what(section):
    return [step.what for step in section.session.history.steps]


def test_brush_paints_a_disc_of_true_size_in_each_plane_and_only_within_the_hu(refining, qtbot):
    _, panel, mouse, section = refining
    session, box = section.session, section.brush_box
    spacing = np.array(session.frame.spacing)
    middle = np.array(session.labels.shape) // 2
    for value, (plane, (axis, down, across)) in zip((1, 2, 3), PLANES.items(), strict=True):
        show(plane, panel, qtbot)
        qtbot.mouseClick(box.labels[value], Qt.MouseButton.LeftButton)
        here = section.slice
        start, end = middle.copy(), middle.copy()
        start[axis] = end[axis] = here
        end[across] += round(30 / spacing[across])
        mouse.drag([start, end])
        painted = np.argwhere(session.labels == value)
        assert set(painted[:, axis]) == {here}
        # no voxel lies farther from the line than the radius; a canvas pixel is rounded by a voxel at most
        away = (painted - np.clip(painted, start, end)) * spacing
        assert np.linalg.norm(away, axis=1).max() <= box.radius.value() + 1.5 * spacing.max()
        area = len(painted) * spacing[down] * spacing[across]
        truth = np.pi * box.radius.value() ** 2 + 2 * box.radius.value() * 30
        assert area == pytest.approx(truth, rel=0.08)

    before = session.labels.copy()
    show("axial", panel, qtbot)
    qtbot.mouseClick(box.limited, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(box.labels[1], Qt.MouseButton.LeftButton)
    z = section.slice
    inside = (session.hu[z] >= box.low.value()) & (session.hu[z] <= box.high.value())
    y, x = np.argwhere(inside & (before[z] == 0))[len(np.argwhere(inside)) // 3]
    mouse.drag([(z, y, x - 8), (z, y, x + 8)])
    changed = session.labels != before
    assert changed.any()
    assert changed.sum() == changed[z].sum()
    assert inside[changed[z]].all()
    mouse.drag([(z, y, x - 8), (z, y, x + 8)], keys=SHIFT)
    assert what(section)[-1].startswith("erase")
    assert np.array_equal(session.labels[z][inside], np.where(changed, 0, session.labels)[z][inside])


def test_napari_brush_bucket_and_polygon_are_recorded_and_undone_as_steps(refining, qtbot):
    _, panel, mouse, section = refining
    session, layer = section.session, section.session.layer
    z = section.slice
    states = [session.labels.copy()]

    def done(mode):
        states.append(session.labels.copy())
        assert what(section)[-1] == f"napari: {mode}", panel.message.text()
        assert len(what(section)) == len(states) - 1
        assert not np.array_equal(states[-1], states[-2])

    mouse.canvas.setFocus()
    mouse.key(Qt.Key.Key_P)  # napari's own key of its brush
    assert layer.mode == "paint"
    assert not section.brush_box.on.isChecked()  # two brushes would paint at once
    layer.brush_size = 12
    layer.selected_label = 2
    mouse.drag([(z, 100, 100), (z, 100, 140)])
    done("paint")
    layer.mode = "fill"
    layer.contiguous = True
    layer.selected_label = 3
    mouse.click((z, 100, 120))
    done("fill")
    assert (session.labels[z] == 3).any()
    layer.mode = "polygon"
    layer.selected_label = 1
    corners = [(z, 200, 100), (z, 200, 160), (z, 240, 160)]
    for corner in (*corners, corners[0]):
        mouse.click(corner)
    mouse.double_click(corners[0])
    done("polygon")
    assert (session.labels == 1).sum() == pytest.approx(60 * 40 / 2, rel=0.1)
    layer.mode = "erase"
    mouse.drag([(z, 220, 120), (z, 220, 170)])
    done("erase")

    for state in reversed(states[:-1]):
        qtbot.mouseClick(section.undo_button, Qt.MouseButton.LeftButton)
        assert np.array_equal(session.labels, state)
    for state in states[1:]:
        qtbot.mouseClick(section.redo_button, Qt.MouseButton.LeftButton)
        assert np.array_equal(session.labels, state)

    qtbot.mouseClick(section.brush_box.on, Qt.MouseButton.LeftButton)  # ours again: napari's is laid down
    assert layer.mode == "pan_zoom"
    mouse.drag([(z, 60, 100), (z, 60, 140)])
    assert what(section)[-1].startswith("paint label 1 with a disc")
    assert len(what(section)) == len(states)


def test_napari_brush_keeps_to_the_hu_to_locked_slices_and_to_the_labels_of_a_lung(refining, qtbot):
    _, panel, mouse, section = refining
    session, layer = section.session, section.session.layer
    z = section.slice
    layer.mode = "paint"
    layer.brush_size = 40
    qtbot.mouseClick(section.brush_box.limited, Qt.MouseButton.LeftButton)
    mouse.drag([(z, 150, 90), (z, 150, 140)])
    held = session.hu[session.labels > 0]
    assert len(held)
    assert held.min() >= section.brush_box.low.value()
    assert held.max() <= section.brush_box.high.value()
    before = session.labels.copy()

    layer.selected_label = 7
    mouse.drag([(z, 150, 90), (z, 150, 140)])
    assert panel.message.text().startswith("Label 7 means nothing in a lung mask")
    assert np.array_equal(session.labels, before)

    layer.selected_label = 2
    qtbot.mouseClick(section.approve_button, Qt.MouseButton.LeftButton)
    mouse.drag([(z, 150, 90), (z, 150, 140)])
    assert "locked" in panel.message.text()
    assert np.array_equal(session.labels, before)
    assert len(what(section)) == 2  # the stroke and the approval


def test_undo_and_redo_across_slices_and_planes_show_slice_and_view_of_each_step(refining, qtbot):
    viewer, panel, mouse, section = refining
    session = section.session
    middle = np.array(session.labels.shape) // 2
    seen, states = [], [session.labels.copy()]
    for plane, shift in (("axial", -6), ("axial", 4), ("coronal", -20), ("sagittal", 15)):
        show(plane, panel, qtbot)
        axis, _, across = PLANES[plane]
        place = viewer.layers["chest CT"].data_to_world(middle + shift)
        viewer.dims.set_point(axis, place[axis])
        viewer.scene.camera.zoom *= 1.1
        start, end = middle + 0, middle + 0
        start[axis] = end[axis] = section.slice
        end[across] += 12
        mouse.drag([start, end])
        seen.append(view_of(viewer))
        states.append(session.labels.copy())
    assert len({v.order for v in seen}) == 3
    show("axial", panel, qtbot)
    viewer.reset_view()

    mouse.canvas.setFocus()
    for k in (3, 2, 1, 0):
        mouse.key(Qt.Key.Key_Z, CTRL)
        assert np.array_equal(session.labels, states[k])
        assert same_view(view_of(viewer), seen[k])
    mouse.key(Qt.Key.Key_Z, CTRL)
    assert "nothing to undo" in panel.message.text()
    viewer.reset_view()
    for k in (0, 1, 2, 3):
        mouse.key(Qt.Key.Key_Z, CTRL | SHIFT)
        assert np.array_equal(session.labels, states[k + 1])
        assert same_view(view_of(viewer), seen[k])


def same_view(one, other):
    same = one.order == other.order and np.isclose(one.zoom, other.zoom)
    axis = one.order[0]
    return same and np.isclose(one.point[axis], other.point[axis]) and np.allclose(one.centre, other.centre)
