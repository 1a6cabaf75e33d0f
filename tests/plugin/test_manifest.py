"""The manifest is valid, and everything it names is there."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest
from npe2 import PluginManifest

import napari_ssc

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


def test_plugin_names_no_qt_binding():
    for file in MANIFEST.parent.glob("*.py"):
        text = file.read_text(encoding="utf-8")
        assert "PySide" not in text, file.name
        assert "PyQt" not in text, file.name


def test_preferred_reader_is_ours_and_both_open_commands_give_scale(
    make_napari_viewer, sample_files, monkeypatch
):
    from napari.settings import get_settings
    from qtpy.QtWidgets import QFileDialog

    from napari_ssc import _commands

    viewer = make_napari_viewer(show=False)
    path = str(sample_files["biopsy"])
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_a, **_k: (path, ""))
    _commands.open_file(viewer)
    assert viewer.layers[0].scale[0] == 1.0
    assert str(viewer.layers[0].units[0]) == "micrometer"
    _commands.prefer()
    assert get_settings().plugins.extension2reader["*.svs"] == "napari-ssc"
    viewer.layers.clear()
    viewer.open(path, plugin=None)  # as File > Open does
    assert str(viewer.layers[0].units[0]) == "micrometer"
