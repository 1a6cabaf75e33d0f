"""Make the pictures of the README and of docs/plugin.md from real runs of the plugin on its samples.

    xvfb-run -a -s "-screen 0 1280x960x24" python docs/make_pictures.py [FOLDER]

Fails when a panel, a button, a layer or a table that a picture should show is missing, so that no picture can
show what is no longer there.
"""

from __future__ import annotations

import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import napari
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_ssc.lung.compass import canvas_of

FOLDER = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "images"
SIZE = (1280, 800)
LARGEST = 400_000

# room -> sample, panel, layers and number of table rows (None: any) that must be there
PICTURES = {
    "skin": ("biopsy", "Skin", {"trichrome biopsy", "dermis", "fields"}),
    "lung": ("chest", "Lung", {"chest CT", "lung mask", "Goh levels"}),
    "calcinosis": ("finger", "Calcinosis", {"finger CT", "bones", "lesions", "areas"}),
}


def wait(condition, what: str, seconds: float = 180) -> None:
    """Let Qt work until `condition()` holds."""
    end = time.monotonic() + seconds
    while not condition():
        QApplication.processEvents()
        time.sleep(0.01)
        if time.monotonic() > end:
            raise SystemExit(f"timed out: {what}")


def settle(seconds: float = 1.0) -> None:
    """Let Qt draw."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.01)


def picture(room: str, theme: str = "dark", name: str = "") -> None:
    """Open the sample, press Run as a user does, show the result, save the window."""
    sample, title, layers = PICTURES[room]
    viewer = napari.Viewer(show=True)
    viewer.theme = theme
    window = viewer.window._qt_window
    window.resize(*SIZE)
    viewer.open_sample("napari-ssc", sample)
    _, panel = viewer.window.add_plugin_dock_widget("napari-ssc", title)
    settle()
    panel.run_button.click()
    wait(lambda: not panel.busy, f"{room}: run")
    missing = layers - {layer.name for layer in viewer.layers}
    if missing or panel.result is None or panel.table.rowCount() == 0 or not panel.save_button.isEnabled():
        raise SystemExit(f"{room}: missing {missing or 'a result'}; the panel says: {panel.message.text()}")
    VIEWS[room](viewer, panel)
    settle(2.0)
    path = FOLDER / f"{name or room}.png"
    screenshot(viewer, path)
    print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB; {panel.message.text()}")
    viewer.close()
    settle(0.2)


def screenshot(viewer, path: Path) -> None:
    """Save the whole window, as small as it can be without being changed for the eye."""
    from PIL import Image

    image = Image.fromarray(viewer.screenshot(canvas_only=False, flash=False)[..., :3])
    path.parent.mkdir(parents=True, exist_ok=True)
    image.quantize(256, dither=Image.Dither.FLOYDSTEINBERG).save(path, optimize=True)
    if path.stat().st_size > LARGEST:
        raise SystemExit(f"{path.name} is larger than {LARGEST // 1000} kB")


def skin(viewer, panel) -> None:
    """All of the biopsy, with the lower fields picked by a click on a bar of the histogram."""
    bar = panel.histogram
    place = QPoint(int(bar.position_of(float(panel.result.patches[panel.feature].quantile(0.2)))), 60)
    QTest.mouseClick(bar, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place)
    if not panel.fields.selected_data:
        raise SystemExit("skin: a click on the histogram marks no field")
    viewer.reset_view()


def lung(viewer, panel) -> None:
    """The slice of the second level."""
    panel.table.selectRow(1)
    viewer.reset_view()


def lung_refine() -> None:
    """The mask under correction in a coronal plane, after a stroke and a search for suspicious slices."""
    with own_data_folder():
        viewer, panel = chest_measured()
        section = panel.sections["Refine"]
        panel.show_section(section)
        section.beginning.begin_button.click()
        wait(lambda: not panel.busy, "refine: begin")
        section.suspects.button.click()
        wait(lambda: not panel.busy, "refine: suspicious slices")
        panel.table.selectRow(1)
        viewer.reset_view()
        settle()
        canvas = canvas_of(panel)
        start = canvas.rect().center() + QPoint(-30, 12)
        QTest.mouseMove(canvas, start)
        QTest.mousePress(canvas, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, start)
        for step in range(1, 6):
            QTest.mouseMove(canvas, start + QPoint(12 * step, 0))
            settle(0.1)
        QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, start + QPoint(60, 0))
        settle(2.0)
        if section.session is None or section.session.history.position != 1:
            raise SystemExit(f"refine: the stroke was not recorded; the panel says: {panel.message.text()}")
        screenshot(viewer, FOLDER / "lung-refine.png")
        section.undo()
        section.end()
        viewer.close()


def lung_levels() -> None:
    """The levels as lines in the coronal plane."""
    with own_data_folder():
        viewer, panel = chest_measured()
        section = panel.sections["Levels"]
        panel.show_section(section)
        panel.show_plane("coronal")
        wait(lambda: not panel.busy, "levels: coronal")
        section.table.selectRow(1)
        panel.show_plane("coronal")
        viewer.reset_view()
        settle(2.0)
        if not viewer.layers["level lines"].visible or "carina" not in section.evidence.text():
            raise SystemExit("levels: the lines or the evidence are missing")
        screenshot(viewer, FOLDER / "lung-levels.png")
        viewer.close()


def chest_measured():
    """A viewer with the chest, the lung panel and its result."""
    viewer = napari.Viewer(show=True)
    viewer.theme = "dark"
    viewer.window._qt_window.resize(*SIZE)
    viewer.open_sample("napari-ssc", "chest")
    _, panel = viewer.window.add_plugin_dock_widget("napari-ssc", "Lung")
    settle()
    panel.run_button.click()
    wait(lambda: not panel.busy, "lung: run")
    return viewer, panel


@contextmanager
def own_data_folder():
    """Corrections of the pictures do not stay among the user's."""
    import platformdirs

    usual = platformdirs.user_data_dir
    with tempfile.TemporaryDirectory() as folder:
        platformdirs.user_data_dir = lambda *_a, **_k: folder
        try:
            yield
        finally:
            platformdirs.user_data_dir = usual


def calcinosis(viewer, panel) -> None:
    """The whole finger."""
    viewer.reset_view()


def worklist() -> None:
    """A worklist over three phantom fingers, on its second case, in the light theme."""
    import pandas as pd

    from ssc_core.phantoms.finger import FingerSpec, make_image, write_dicom

    with tempfile.TemporaryDirectory() as folder:
        for n in (1, 2, 3):
            write_dicom(make_image(FingerSpec(n)), Path(folder) / f"{n}.dcm")
        rows = [{"case_id": f"case-000{n}", "image": f"{n}.dcm", "mRSS": 10 * n} for n in (1, 2, 3)]
        pd.DataFrame(rows).to_csv(Path(folder) / "cases.csv", index=False)
        viewer = napari.Viewer(show=True)
        viewer.theme = "light"
        viewer.window._qt_window.resize(*SIZE)
        _, panel = viewer.window.add_plugin_dock_widget("napari-ssc", "Worklist")
        panel.open_manifest(Path(folder) / "cases.csv")
        wait(lambda: not panel.busy, "worklist: first case")
        QTest.keyClicks(panel.note_line, "deposit at the tip")
        panel.next_button.click()
        wait(lambda: not panel.busy, "worklist: second case")
        settle(2.0)
        if panel.table.rowCount() != 3 or [la.name for la in viewer.layers] != ["case-0002"]:
            raise SystemExit(f"worklist: the second case is not shown; it says: {panel.message.text()}")
        screenshot(viewer, FOLDER / "worklist.png")
        viewer.close()


VIEWS = {"skin": skin, "lung": lung, "calcinosis": calcinosis}

if __name__ == "__main__":
    for room in PICTURES:
        picture(room)
    lung_refine()
    lung_levels()
    worklist()
