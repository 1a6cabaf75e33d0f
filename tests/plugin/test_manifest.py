"""The manifest is valid, and everything it names is there."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest
from npe2 import PluginManifest

import napari_ssc
from napari_ssc._reader import PATTERNS

MANIFEST = Path(napari_ssc.__file__).with_name("napari.yaml")
COMMANDS = PluginManifest.from_file(MANIFEST).contributions.commands or []


def test_every_command_has_a_prefix_for_the_palette_and_a_unique_title():
    titles = [c.title for c in COMMANDS]
    assert titles
    assert all(t.startswith("SSc: ") for t in titles)
    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: c.id)
def test_python_name_imports(command):
    module, _, name = command.python_name.partition(":")
    assert callable(getattr(import_module(module), name))


def test_link_at_the_top_is_the_manifest():
    link = Path(__file__).parents[2] / "napari.yaml"
    assert link.is_symlink()
    assert link.read_bytes() == MANIFEST.read_bytes()


def test_reader_patterns_leave_pictures_and_tables_to_napari():
    patterns = [
        p for r in PluginManifest.from_file(MANIFEST).contributions.readers for p in r.filename_patterns
    ]
    assert not {"*.png", "*.jpg", "*.jpeg", "*.csv"} & set(patterns)
    assert "*.svs" in patterns
    assert set(patterns) == {*PATTERNS, "run.json"}  # what the manifest claims is what can be preferred


def test_every_format_of_the_core_is_claimed():
    from ssc_core.io.volume.dicomfile import DICOM_ENDINGS
    from ssc_core.io.volume.itkfile import ITK_ENDINGS
    from ssc_core.skin import case

    left_to_napari = {".png", ".jpg", ".jpeg"}
    core = {*case._SLIDES, *case._FOLDERS, *DICOM_ENDINGS, *ITK_ENDINGS, ".nii", ".nii.gz", ".geojson"}
    assert {f"*{e}" for e in core - left_to_napari} <= set(PATTERNS)


def test_plugin_names_no_qt_binding():
    for file in MANIFEST.parent.glob("*.py"):
        text = file.read_text(encoding="utf-8")
        assert "PySide" not in text, file.name
        assert "PyQt" not in text, file.name


def test_preferred_reader_is_ours_and_both_open_commands_give_scale(
    make_napari_viewer, sample_files, monkeypatch
):
    from napari.settings import get_settings
    from qtpy.QtWidgets import QFileDialog, QMessageBox

    from napari_ssc import _commands

    viewer = make_napari_viewer(show=False)
    path = str(sample_files["biopsy"])
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_a, **_k: (path, ""))
    asked, kept = [], []
    monkeypatch.setattr(_commands._settings, "offers_to_prefer", lambda: not kept)
    monkeypatch.setattr(_commands._settings, "offered", lambda: kept.append(1))
    monkeypatch.setattr(
        QMessageBox, "question", lambda *a, **_k: asked.append(a) or QMessageBox.StandardButton.No
    )
    _commands.open_file(viewer)
    assert viewer.layers[0].scale[0] == 1.0
    assert str(viewer.layers[0].units[0]) == "micrometer"
    _commands.open_file(viewer)
    assert len(asked) == 1  # once, and no is an answer
    assert "*.svs" not in get_settings().plugins.extension2reader
    kept.clear()
    monkeypatch.setattr(QMessageBox, "question", lambda *_a, **_k: QMessageBox.StandardButton.Yes)
    _commands.open_file(viewer)
    assert get_settings().plugins.extension2reader["*.svs"] == "napari-ssc"
    viewer.layers.clear()
    viewer.open(path, plugin=None)  # as File > Open does
    assert str(viewer.layers[0].units[0]) == "micrometer"
