"""Three linked planes, windows by keys, letters of the patient's sides, the small planes."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest

from napari_ssc.lung.view import WINDOWS, plane_of

LEFT, PLAIN = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


def test_keys_show_planes_through_the_pointer_with_letters_and_windows(chest, qtbot):
    viewer, panel, mouse = chest()
    ct = viewer.layers["chest CT"]
    mouse.canvas.setFocus()
    voxel = (round(float(ct.world_to_data(viewer.dims.point)[0])), 140, 200)
    sides = {"axial": "APRL", "coronal": "HFRL", "sagittal": "HFAP"}
    for key, plane in ((Qt.Key.Key_F3, "coronal"), (Qt.Key.Key_F4, "sagittal"), (Qt.Key.Key_F2, "axial")):
        mouse.move(mouse.pixel(voxel))
        mouse.key(key)
        qtbot.waitUntil(lambda: not panel.busy, timeout=60_000)
        assert plane_of(viewer) == plane
        assert panel.strip.buttons[plane].isChecked()
        np.testing.assert_allclose(ct.world_to_data(viewer.dims.point), voxel, atol=1.5)
        shown = [panel.compass.labels[side].text() for side in ("top", "bottom", "left", "right")]
        assert "".join(shown) == sides[plane]
    for key, (centre, width) in zip(
        (Qt.Key.Key_F5, Qt.Key.Key_F6, Qt.Key.Key_F7, Qt.Key.Key_F8), WINDOWS.values(), strict=True
    ):
        mouse.key(key)
        assert tuple(ct.contrast_limits) == (centre - width / 2, centre + width / 2)
    assert panel.strip.chosen == "wide"


def test_small_planes_follow_and_lead_and_space_moves_the_image_while_painting(chest, press, qtbot):
    viewer, panel, mouse = chest()
    section = panel.sections["Refine"]
    panel.show_section(section)
    press(section.beginning.begin_button, panel)
    ct = viewer.layers["chest CT"]
    coronal, sagittal = section.planes.sections
    section.planes.draw()
    at = QPoint(coronal.width() // 2 + 20, coronal.height() // 2 - 10)
    down, across = coronal.place_at(at.x(), at.y())
    QTest.mouseClick(coronal, LEFT, PLAIN, at)
    z, _, x = section.voxel
    assert (z, x) == (round(down), round(across))
    assert plane_of(viewer) == "axial"
    QTest.mouseDClick(sagittal, LEFT, PLAIN, QPoint(sagittal.width() // 2, sagittal.height() // 2))
    assert plane_of(viewer) == "sagittal"
    qtbot.mouseClick(panel.strip.buttons["axial"], LEFT)

    z = section.slice
    centre = viewer.scene.camera.center
    QTest.keyPress(mouse.canvas, Qt.Key.Key_Space)
    mouse.drag([(z, 100, 100), (z, 140, 140)])
    QTest.keyRelease(mouse.canvas, Qt.Key.Key_Space)
    assert viewer.scene.camera.center != pytest.approx(centre)
    assert section.session.history.position == 0
    mouse.drag([(z, 100, 100), (z, 100, 110)])
    assert section.session.history.position == 1
    assert ct in viewer.layers
