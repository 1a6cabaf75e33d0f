"""Commands of the menus and the palette."""

from __future__ import annotations

import napari
from napari.settings import get_settings
from qtpy.QtWidgets import QFileDialog, QMessageBox

from napari_ssc import _settings
from napari_ssc._reader import PATTERNS

__all__ = ["open_file", "open_folder", "prefer"]

_PLUGIN = "napari-ssc"


def open_file(viewer: napari.Viewer) -> None:
    """Ask for a slide, CT, mask, region or run record and open it with its scale."""
    path, _ = QFileDialog.getOpenFileName(None, "Open with SSc", "", f"SSc ({' '.join(PATTERNS)});;All (*)")
    if path:
        viewer.open(path, plugin=_PLUGIN)
        _offer_once()


def open_folder(viewer: napari.Viewer) -> None:
    """Ask for a DICOM folder or OME-Zarr and open it with its scale."""
    path = QFileDialog.getExistingDirectory(None, "Open with SSc")
    if path:
        viewer.open(path, plugin=_PLUGIN)


def _offer_once() -> None:
    """Ask, the first time, whether such files are ours from now on."""
    if not _settings.offers_to_prefer():
        return
    _settings.offered()
    answer = QMessageBox.question(
        None,
        "SSc",
        "Open slides and CT with SSc from now on, also by drag and drop and File > Open?\n\n"
        "napari's own reader takes some of them too and drops their scale.",
    )
    if answer == QMessageBox.StandardButton.Yes:
        prefer()


def prefer() -> None:
    """From now on napari opens our kinds of files with this plugin without asking."""
    plugins = get_settings().plugins
    plugins.extension2reader = {**plugins.extension2reader, **dict.fromkeys(PATTERNS, _PLUGIN)}
