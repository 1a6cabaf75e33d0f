"""How long a brush stroke takes from the mouse to the picture: 95 of 100 steps within 33 ms.

    xvfb-run -a -s "-screen 0 1280x960x24" python benchmarks/brush_stroke.py

A mask and a CT of 400 x 512 x 512 voxels; mouse events over the canvas of a real viewer. Prints milliseconds
of processor time, median and 95 %: "step" until the mouse event of a stroke is dealt with, which is until the
changed slice is handed to the graphics; "drawn" until the canvas is drawn too, "idle" the same for a mouse
move that paints nothing (without a graphics card the processor does the drawing); "end" of a stroke, with its
entry in the journal forced to the disk; "undo".
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import napari
import numpy as np
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtWidgets import QApplication

from napari_ssc._layers import volume_layer
from napari_ssc.lung.compass import canvas_of
from ssc_core.geometry import Frame
from ssc_core.io.volume import volume_from_array
from ssc_core.lung.case import LungCase

SHAPE = (400, 512, 512)
LEFT, MOVE = Qt.MouseButton.LeftButton, QEvent.Type.MouseMove


def chest_like():
    """Noise with two dark ellipses: what matters is the size."""
    rng = np.random.default_rng(0)
    hu = np.full(SHAPE, 40, np.int16)
    y, x = np.ogrid[:512, :512]
    for centre in (150, 360):
        hu[:, ((y - 256) / 160) ** 2 + ((x - centre) / 80) ** 2 < 1] = -850
    hu += rng.integers(-30, 30, SHAPE[1:], np.int16)
    return volume_from_array(hu, Frame((0.8, 0.7, 0.7), (0.0, 0.0, 0.0)))


def measured(do) -> tuple[float, float]:
    """Milliseconds of processor time until `do` returns, and until everything is drawn."""
    began = time.process_time()
    do()
    dealt = time.process_time()
    QApplication.processEvents()
    return (dealt - began) * 1000, (time.process_time() - began) * 1000


def mouse(
    canvas, kind, at, button=Qt.MouseButton.NoButton, down=Qt.MouseButton.NoButton
) -> tuple[float, float]:
    """Milliseconds for one event of the mouse."""
    place = QPointF(at), QPointF(canvas.mapToGlobal(at))
    event = QMouseEvent(kind, *place, button, down, Qt.KeyboardModifier.NoModifier)
    return measured(lambda: QApplication.sendEvent(canvas, event))


def main() -> None:
    """Paint and print."""
    folder = tempfile.mkdtemp()
    import platformdirs

    platformdirs.user_data_dir = lambda *_a, **_k: folder
    viewer = napari.Viewer()
    viewer.window._qt_window.resize(1280, 800)
    case = LungCase(case_id="case", ct=Path("ct.nii.gz"))
    data, arguments, _ = volume_layer(chest_like(), "CT", case)
    viewer.add_image(data, **arguments)
    _, panel = viewer.window.add_plugin_dock_widget("napari-ssc", "Lung")
    section = panel.sections["Refine"]
    panel.show_section(section)
    section.beginning.begin()
    while panel.busy:
        QApplication.processEvents()
    assert section.session is not None, panel.message.text()
    canvas, box = canvas_of(panel), section.brush_box
    middle = canvas.rect().center()
    heads = ("step", "drawn", "idle", "end", "undo")
    print(f"{'ms, median and 95 %':28s}" + "".join(f"{h:>16s}" for h in heads))
    worst = 0.0
    for plane in ("axial", "coronal"):
        panel.show_plane(plane)
        for radius, shape, limited in ((5, 0, False), (15, 0, True), (15, 1, True)):
            box.radius.setValue(radius)
            box.shape.setCurrentIndex(shape)
            box.limited.setChecked(limited)
            idle, steps, ends, undone = [], [], [], []
            for k in range(6):
                start = middle + QPoint(-90, 12 * k - 30)
                for i in range(5):
                    idle.append(mouse(canvas, MOVE, start - QPoint(i, 0)))
                steps.append(mouse(canvas, QEvent.Type.MouseButtonPress, start, LEFT, LEFT))
                for i in range(1, 31):
                    at = start + QPoint(6 * i, i % 5)
                    steps.append(mouse(canvas, MOVE, at, down=LEFT))
                ends.append(mouse(canvas, QEvent.Type.MouseButtonRelease, at, LEFT))
            while section.session.history.position:
                undone.append(measured(section.undo))
            name = f"{plane} {box.shape.currentText()} {radius} mm{', HU' if limited else ''}"
            dealt, drawn = np.array(steps).T
            others = [np.array(v)[:, 1] for v in (idle, ends, undone)]
            columns = [np.percentile(v, (50, 95)) for v in (dealt, drawn, *others)]
            print(f"{name:28s}" + "".join(f"{a:8.1f}{b:8.1f}" for a, b in columns), flush=True)
            worst = max(worst, columns[0][1])
    print(f"largest 95 % of a step: {worst:.1f} ms")
    panel.close()
    viewer.close()
    sys.exit(worst > 33)


if __name__ == "__main__":
    main()
