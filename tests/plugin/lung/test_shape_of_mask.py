"""Tools, locked slices and the list of suspicious slices on the mask of a phantom, by clicks."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def measured(chest, press):
    """Viewer, panel, mouse and the section while the mask of a run is corrected."""
    viewer, panel, mouse = chest(run=True)
    section = panel.sections["Refine"]
    panel.show_section(section)
    press(section.beginning.begin_button, panel)
    return viewer, panel, mouse, section


def use(title, panel, section, press):
    section.tool_box.setCurrentText(title)
    press(section.tool_button, panel)


def put(section, block, value):
    """Change the mask behind the user's back, through the session."""
    from ssc_core.geometry import Box
    from ssc_core.lung.refinement import change_of

    shape = section.session.labels.shape
    box = Box(*zip(*(s.indices(n)[:2] for s, n in zip(block, shape, strict=True)), strict=True))
    section.session.apply(
        change_of(section.session.labels, box, np.full(box.shape, value, np.uint8), "a test")
    )


def test_tools_repair_a_broken_mask(measured, press, qtbot):
    viewer, panel, _, section = measured
    labels = section.session.labels
    truth = labels.copy()
    lungs = np.argwhere(truth == 1)
    z, y, x = lungs[len(lungs) // 2]
    columns = np.flatnonzero(truth[z, y] == 1)
    x = int(columns[len(columns) // 2])

    put(section, (slice(z, z + 1), slice(y, y + 3), slice(x, x + 3)), 0)
    use("Fill holes", panel, section, press)
    assert (labels[truth == 1] == 1).all(), panel.message.text()

    put(section, (slice(2, 4), slice(4, 8), slice(4, 8)), 1)
    use("Remove islands", panel, section, press)
    assert np.array_equal(labels[:5, :9, :9], np.zeros((5, 9, 9)))

    before = labels.copy()
    put(section, (slice(None), slice(None), slice(None)), 0)
    swapped = np.array([0, 2, 1, 3], np.uint8)[before]
    from ssc_core.geometry import Box
    from ssc_core.lung.refinement import change_of

    section.session.apply(change_of(labels, Box((0, 0, 0), labels.shape), swapped, "exchange"))
    use("Part right and left lung", panel, section, press)
    lung = np.isin(before, (1, 2))
    assert (labels[lung] == before[lung]).mean() > 0.99
    qtbot.mouseClick(section.undo_button, LEFT)
    assert np.array_equal(labels, swapped)
    for _ in range(2):
        qtbot.mouseClick(section.undo_button, LEFT)
    assert np.array_equal(labels, before)

    viewer.dims.set_point(0, viewer.layers["chest CT"].data_to_world((z, 0, 0))[0])
    edge = int(columns[0])
    put(section, (slice(z, z + 1), slice(y, y + 1), slice(edge - 6, edge)), 1)  # a spike
    use("Smooth the outline", panel, section, press)
    assert not labels[z, y, edge - 6 : edge - 3].any()
    assert (labels[z] == 1).sum() == pytest.approx((before[z] == 1).sum(), rel=0.03)


def test_strokes_in_two_slices_are_interpolated_between_them(chest, press, qtbot):
    viewer, panel, mouse = chest()
    section = panel.sections["Refine"]
    panel.show_section(section)
    press(section.beginning.begin_button, panel)
    section.brush_box.radius.setValue(12)
    low = section.slice
    for z, shift in ((low, 0), (low + 4, 24)):
        viewer.dims.set_point(0, viewer.layers["chest CT"].data_to_world((z, 0, 0))[0])
        mouse.click((z, 120, 100 + shift))
    assert section.interpolate.slices.text() == f"{low}, {low + 4}"
    use("Interpolate between slices", panel, section, press)
    labels = section.session.labels
    centres = [np.argwhere(labels[z] == 1).mean(axis=0)[1] for z in range(low, low + 5)]
    np.testing.assert_allclose(np.diff(centres), 6, atol=1.5)
    assert section.interpolate.slices.text() == ""


def test_region_grows_from_strokes_over_the_lung_and_not_beyond(chest, press, qtbot):
    viewer, panel, mouse = chest()
    section = panel.sections["Refine"]
    panel.show_section(section)
    press(section.beginning.begin_button, panel)
    session = section.session
    z = section.slice
    air = session.hu[z] < -600
    y, x = np.array(air.shape) // 2
    columns = np.flatnonzero(air[y, :x])
    inner = int(columns[(columns > columns.max() - 40)].mean())
    section.tool_box.setCurrentText("Grow from strokes")
    section.brush_box.radius.setValue(2)
    qtbot.mouseClick(section.grow.inside, LEFT)
    assert section.brush_box.on.isChecked()
    mouse.drag([(z, y, inner), (z, y + 12, inner)])
    qtbot.mouseClick(section.grow.outside, LEFT)
    mouse.drag([(z, y - 8, x), (z, y + 8, x)])
    assert not session.labels.any()  # strokes are seeds, not mask
    seeds = viewer.layers["seeds of growing"].data
    assert set(np.unique(seeds)) == {0, 1, 2}
    press(section.tool_button, panel)
    grown = session.labels == 1
    assert grown.sum() > 20 * (seeds == 1).sum(), panel.message.text()
    assert (session.hu[grown] < -300).mean() > 0.97
    assert not grown[:, :, x:].any()
    assert "seeds of growing" not in viewer.layers
    mouse.drag([(z, 20, 20), (z, 20, 30)])  # the brush paints the mask again
    assert session.history.steps[-1].what.startswith("paint label 1")


def test_approved_slices_are_spared_and_suspicious_ones_listed(measured, press, qtbot):
    _, panel, mouse, section = measured
    labels = section.session.labels
    lung = np.flatnonzero((labels == 1).any(axis=(1, 2)))
    broken = int(lung[len(lung) // 2])
    rows, columns = (np.flatnonzero((labels[broken] == 1).any(axis=a)) for a in (1, 0))
    half = slice(rows[0], rows[len(rows) * 2 // 3])
    put(section, (slice(broken, broken + 1), half, slice(columns[0], columns[-1] + 1)), 0)
    press(section.suspects.button, panel)
    listed = section.suspects.slices
    assert broken in listed[:4]
    assert "area jumps" in section.suspects.table.item(listed.index(broken), 2).text()
    mouse.canvas.setFocus()
    for _ in range(listed.index(broken) + 1):
        mouse.key(Qt.Key.Key_N)
    assert section.slice == broken

    place = section.suspects.table.visualItemRect(section.suspects.table.item(1, 0)).center()
    QTest.mouseClick(section.suspects.table.viewport(), LEFT, Qt.KeyboardModifier.NoModifier, place)
    assert section.slice == section.suspects.slices[1]

    mouse.key(Qt.Key.Key_N)
    mouse.key(Qt.Key.Key_K)
    z = section.slice
    assert section.approve_button.text() == f"Unlock slice {z}"
    before = labels.copy()
    section.brush_box.shape.setCurrentIndex(1)  # a ball reaches into the neighbours
    section.brush_box.radius.setValue(15)
    mouse.click((z, 150, 176))
    assert np.array_equal(labels[z], before[z])
    assert (labels[z + 1] != before[z + 1]).any()
    press(section.suspects.button, panel)
    assert z not in section.suspects.slices
    qtbot.mouseClick(section.all_button, LEFT)
    before = labels.copy()
    mouse.click((z + 2, 150, 176))
    assert np.array_equal(labels, before)
    assert "locked" in panel.message.text()
