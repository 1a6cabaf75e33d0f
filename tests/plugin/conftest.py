"""A real viewer, samples built once, waiting for a panel, a mouse over the canvas, a heart in its thread."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest


@pytest.fixture(scope="session", autouse=True)
def sample_cache(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Samples go to a folder of this test run."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        patch.setattr("platformdirs.user_cache_dir", lambda *_a, **_k: str(folder))
        yield folder


@pytest.fixture(scope="session", autouse=True)
def plugin_settings(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What is set in a test is neither read from nor written to the settings of whoever runs it."""
    from napari.settings import get_plugin_settings

    get_plugin_settings(path_dir=tmp_path_factory.mktemp("settings"))


@pytest.fixture(scope="session")
def sample_files(sample_cache: Path) -> dict[str, Path]:
    """The files behind the three samples."""
    from napari_ssc import _sample

    for make in (_sample.biopsy, _sample.chest, _sample.finger):
        make()
    found = {p.name.split(".")[0]: p for p in sample_cache.rglob("*") if p.is_file()}
    return {name: found[name] for name in ("biopsy", "chest", "finger")}


@pytest.fixture
def open_panel(make_napari_viewer: Any, qtbot: Any, sample_files: Any) -> Callable[..., tuple[Any, Any]]:
    """``open_panel("Skin", "biopsy")``: a viewer with the sample and the panel docked, as a user gets it."""

    def make(title: str, sample: str | None = None) -> tuple[Any, Any]:
        viewer = make_napari_viewer(show=False)
        if sample:
            viewer.open_sample("napari-ssc", sample)
        _, panel = viewer.window.add_plugin_dock_widget("napari-ssc", title)
        return viewer, panel

    return make


@pytest.fixture
def click(qtbot: Any) -> Callable[[Any, str], None]:
    """``click(panel, "run_button")``: a real click, then waits until the panel is idle."""
    from qtpy.QtCore import Qt

    def press(panel: Any, button: str = "run_button") -> None:
        qtbot.mouseClick(getattr(panel, button), Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: not panel.busy, timeout=120_000)

    return press


class Heart:
    """Beats every 5 ms in the GUI thread and remembers its longest pause since ``begin``, in seconds."""

    def __init__(self) -> None:
        from qtpy.QtCore import QTimer

        self.timer = QTimer()
        self.timer.setInterval(5)
        self.timer.timeout.connect(self.beat)
        self.begin()
        self.timer.start()

    def begin(self) -> None:
        self.last, self.longest = time.monotonic(), 0.0

    def beat(self) -> None:
        now = time.monotonic()
        self.longest, self.last = max(self.longest, now - self.last), now


@pytest.fixture
def heart(qtbot: Any) -> Iterable[Heart]:
    """A heart that beats in the GUI thread while the test runs."""
    beating = Heart()
    yield beating
    beating.timer.stop()


_MS_BETWEEN_MOVES = 25  # quicker ones are dropped, as those of a real mouse are


class Mouse:
    """A mouse over the canvas of a shown viewer: events as Qt sends them, at places of the world.

    Parameters
    ----------
    viewer : napari.Viewer
        Shown. Places are given in its last axes.
    """

    def __init__(self, viewer: Any) -> None:
        from qtpy.QtWidgets import QWidget

        self.viewer = viewer
        window = viewer.window._qt_window
        (self.canvas,) = [
            w for w in window.findChildren(QWidget) if type(w).__name__.startswith("CanvasBackend")
        ]

    def click(self, place: Iterable[float]) -> None:
        """Press and let go at one place."""
        self.drag(place)

    def drag(self, *places: Iterable[float], steps: int = 5) -> None:
        """Press at the first place, move over the others in small steps, let go at the last."""
        from qtpy.QtCore import QEvent, Qt

        none, left = Qt.MouseButton.NoButton, Qt.MouseButton.LeftButton
        stops = [self.pixel(p) for p in places]
        self._send(QEvent.Type.MouseMove, stops[0], none, none)
        self._send(QEvent.Type.MouseButtonPress, stops[0], left, left)
        for a, b in pairwise(stops):
            for k in range(1, steps + 1):
                self._send(QEvent.Type.MouseMove, a + (b - a) * (k / steps), none, left)
        if len(stops) > 1:
            self._send(QEvent.Type.MouseMove, stops[-1], none, left)  # the last one must not be dropped
        self._send(QEvent.Type.MouseButtonRelease, stops[-1], left, none)

    def pixel(self, place: Iterable[float]) -> Any:
        """Where a place of the world is on the canvas, which lies along the axes of the world."""
        from qtpy.QtCore import QPointF

        view = self.viewer.window._qt_viewer.canvas
        ends = QPointF(20, 20), QPointF(self.canvas.width() - 20, self.canvas.height() - 20)
        seen = [view._map_canvas2world((end.x(), end.y()), view.view) for end in ends]
        wanted = np.asarray([*self.viewer.dims.point, *place], float)[-self.viewer.dims.ndim :]
        down, across = self.viewer.dims.displayed
        at = {
            axis: p + (q - p) * (wanted[axis] - seen[0][axis]) / (seen[1][axis] - seen[0][axis])
            for axis, p, q in ((across, ends[0].x(), ends[1].x()), (down, ends[0].y(), ends[1].y()))
        }
        return QPointF(at[across], at[down])

    def _send(self, kind: Any, at: Any, button: Any, down: Any) -> None:
        from qtpy.QtCore import QEvent, QPointF, Qt
        from qtpy.QtGui import QMouseEvent
        from qtpy.QtTest import QTest
        from qtpy.QtWidgets import QApplication

        screen = QPointF(self.canvas.mapToGlobal(at.toPoint()))
        event = QMouseEvent(kind, at, screen, button, down, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(self.canvas, event)
        QTest.qWait(_MS_BETWEEN_MOVES if kind == QEvent.Type.MouseMove else 0)


@pytest.fixture
def shown_panel(
    make_napari_viewer: Any, qtbot: Any, sample_files: Any
) -> Callable[..., tuple[Any, Any, Mouse]]:
    """``shown_panel("Skin", "biopsy")``: as ``open_panel``, with the window on the screen and a mouse."""

    def make(title: str, sample: str | None = None) -> tuple[Any, Any, Mouse]:
        viewer = make_napari_viewer(show=True)
        window = viewer.window._qt_window
        window.resize(1280, 800)
        qtbot.waitExposed(window)
        if sample:
            viewer.open_sample("napari-ssc", sample)
        _, panel = viewer.window.add_plugin_dock_widget("napari-ssc", title)
        qtbot.wait(50)
        viewer.reset_view()
        return viewer, panel, Mouse(viewer)

    return make


@pytest.fixture
def press(qtbot: Any) -> Callable[[Any, Any], None]:
    """``press(panel, button)``: a real click on any button of a panel, then waits until it is idle."""
    from qtpy.QtCore import Qt

    def pressed(panel: Any, button: Any) -> None:
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: not panel.busy, timeout=120_000)

    return pressed


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A score that is a hundred times the collagen fraction."""
    from ssc_core.io.features import FeatureMeta
    from ssc_core.skin.features import open_backbone
    from ssc_core.skin.scores.model import Linear, ScoreModel, save_model

    backbone = open_backbone("morphometry")
    names = tuple(backbone.names)
    coef = np.zeros((2, len(names)))
    coef[:, names.index("collagen_fraction")] = 100
    meta = FeatureMeta(
        "x",
        "morphometry",
        backbone.layer,
        False,
        backbone.weights,
        backbone.normalisation,
        113,
        (200 / 113, 200 / 113),
        False,
        1,
        12,
        trichrome=True,
    )
    made = ScoreModel(
        None,
        Linear(coef, np.zeros(2)),
        names,
        np.zeros(len(names)),
        np.ones(len(names)),
        1e9,
        meta,
        {
            "format": 1,
            "patches_per_biopsy": 12,
            "target": "mrss",
            "population": {"training": {"patients": 24}},
        },
    )
    folder = tmp_path_factory.mktemp("model")
    save_model(made, folder)
    return folder


@pytest.fixture(scope="session")
def finger_volume(tmp_path_factory: pytest.TempPathFactory) -> Callable[[float], Path]:
    """``finger_volume(0.4)``: a NIfTI with voxels of that many mm; a tubular bone and two balls beside it."""
    import SimpleITK as sitk
    from scipy.ndimage import gaussian_filter

    folder = tmp_path_factory.mktemp("volume")
    balls = {700.0: ((7.7, 3.6, 8.0), 1.9), 900.0: ((7.7, 15.0, 16.0), 1.4)}  # HU: centre and radius, mm

    def make(step: float) -> Path:
        path = folder / f"finger-{step}.nii.gz"
        if path.exists():
            return path
        shape = [round(mm / step) for mm in (15.2, 17.6, 23.2)]
        z, y, x = np.meshgrid(*(np.arange(n) * step for n in shape), indexing="ij", sparse=True)
        away, width = np.sqrt((z - 7.7) ** 2 + (y - 8.7) ** 2), 3.2 + 0.6 * np.cos(x / 23 * 2 * np.pi)
        hu = np.where(np.broadcast_to(away < 8.2, shape), 50.0, -1000.0)
        hu = np.where(away < width, np.where(away < width - 1.2, 150.0, 1250.0), hu)
        for value, (centre, radius) in balls.items():
            ball = sum((a - c) ** 2 for a, c in zip((z, y, x), centre, strict=True)) < radius**2
            hu = np.where(ball & (away >= width), value, hu)
        hu = gaussian_filter(hu.astype(np.float32), 0.28 / step)
        hu += np.random.default_rng(3).normal(0, 10, shape)
        image = sitk.GetImageFromArray(hu.astype(np.float32))
        image.SetSpacing((step, step, step))
        sitk.WriteImage(image, str(path))
        return path

    return make
