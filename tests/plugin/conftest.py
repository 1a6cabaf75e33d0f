"""A real viewer, the plugin's samples built once, and waiting for a panel."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session", autouse=True)
def sample_cache(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Samples go to a folder of this test run."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        patch.setattr("platformdirs.user_cache_dir", lambda *_a, **_k: str(folder))
        yield folder


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
