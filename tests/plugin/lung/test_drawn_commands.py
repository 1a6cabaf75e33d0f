"""Scores and maps of a drawn mask and a moved level, beside those of the copied commands, byte for byte."""

from __future__ import annotations

import shlex

import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication, QFileDialog

from ssc_core.cli import app
from ssc_core.cli.outcome import exit_code_of

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def drawn(chest, press):
    """A panel whose mask was painted on and run again, on the slice of its third level."""
    viewer, panel, _ = chest(run=True)
    mask = viewer.layers["lung mask"]
    z = panel.result.levels[2].slice
    mask.data[z, :, : mask.data.shape[2] // 3] = 0
    mask.refresh()
    panel.boxes.pick_given(0, mask)
    press(panel.run_button, panel)
    assert panel.result.record.inputs["mask"].startswith("sha256:"), panel.message.text()
    viewer.dims.set_point(0, viewer.layers["chest CT"].data_to_world((z, 0, 0))[0])
    return viewer, panel, z


@pytest.fixture
def same_files(press, qtbot, tmp_path, monkeypatch):
    """``same_files(panel, save, button)``: what is saved and what the copied command writes."""

    def check(panel, save, button):
        folder = tmp_path / "read by the command"
        folder.mkdir()
        monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_a, **_k: str(folder))
        save(tmp_path / "panel")
        qtbot.waitUntil(lambda: not panel.busy, timeout=60_000)
        press(button, panel)
        words = shlex.split(QApplication.clipboard().text())
        words[words.index("-o") + 1] = str(tmp_path / "shell")
        assert exit_code_of(app, words[1:]) == 0, words
        one, other = (
            {p.relative_to(k): p.read_bytes() for p in k.rglob("*") if p.is_file()}
            for k in (tmp_path / "panel", tmp_path / "shell")
        )
        assert one
        assert one == other
        return " ".join(words)

    return check


def test_scores_with_a_drawn_mask_and_a_moved_level(drawn, press, qtbot, same_files):
    viewer, panel, z = drawn
    levels, goh = panel.sections["Levels"], panel.sections["Goh"]
    panel.show_section(levels)
    levels.table.selectRow(1)
    viewer.dims.set_point(0, viewer.layers["chest CT"].data_to_world((z + 5, 0, 0))[0])
    qtbot.mouseClick(levels.here_button, LEFT)
    assert levels.levels[1].slice == z + 5, panel.message.text()
    panel.show_section(goh)
    press(goh.score_button, panel)
    assert goh.result is not None, panel.message.text()
    line = same_files(panel, goh.save_folder, goh.command_button)
    assert "--mask=" in line
    assert "--levels=" in line


def mapped(maps, panel, press, viewer, slices, button):
    panel.show_section(maps)
    for at in slices:
        viewer.dims.set_point(0, viewer.layers["chest CT"].data_to_world((at, 0, 0))[0])
        press(button, panel)


@pytest.mark.parametrize("kind", ["heatmap", "extent"])
def test_maps_of_chosen_slices_with_a_drawn_mask(drawn, press, same_files, kind):
    viewer, panel, z = drawn
    maps = panel.sections["Heat maps"]
    maps.form["stride"].value = 32  # in less time
    button = maps.map_button if kind == "heatmap" else maps.extent_button
    mapped(maps, panel, press, viewer, (z, z - 2), button)
    assert sorted(maps.maps if kind == "heatmap" else maps.extents) == [z - 2, z], panel.message.text()
    line = same_files(panel, maps.save, maps.command_button)
    assert f"ssc lung {kind}" in line
    assert "--mask=" in line
    assert f"--slices={z - 2} --slices={z}" in line


def test_extent_maps_of_lungs_that_were_found(chest, press, same_files):
    viewer, panel, _ = chest(run=True)
    maps = panel.sections["Heat maps"]
    z = panel.result.levels[2].slice
    mapped(maps, panel, press, viewer, (z, z - 2), maps.extent_button)
    line = same_files(panel, maps.save, maps.command_button)
    assert "--mask=" not in line
