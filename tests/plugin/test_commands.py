"""A run of a panel, copied as a command and run by the command line, gives the same bytes."""

from __future__ import annotations

import shlex

import numpy as np
import pytest
from qtpy.QtWidgets import QApplication, QFileDialog

from ssc_core.cli import main


def run_in_shell(line, out):
    words = shlex.split(line)
    assert words[0] == "ssc"
    words[words.index("-o") + 1] = str(out)
    with pytest.raises(SystemExit) as ended:
        main(words[1:])
    assert not ended.value.code, line


def same_bytes(one, other):
    names = [{p.relative_to(k) for p in k.rglob("*") if p.is_file()} for k in (one, other)]
    assert names[0] == names[1]
    assert names[0]
    for name in names[0]:
        assert (one / name).read_bytes() == (other / name).read_bytes(), name


@pytest.fixture
def copied(click, qtbot, tmp_path, monkeypatch):
    """Save what a panel shows, copy its command, run that, compare."""

    def check(panel):
        assert panel.result is not None, panel.message.text()
        panel.save_result(tmp_path / "panel")
        qtbot.waitUntil(lambda: not panel.busy, timeout=60_000)
        drawn = tmp_path / "drawn"
        drawn.mkdir()
        monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_a, **_k: str(drawn))
        click(panel, "command_button")
        line = QApplication.clipboard().text()
        assert panel.message.text() == f"Copied: {line}"
        run_in_shell(line, tmp_path / "shell")
        same_bytes(tmp_path / "panel", tmp_path / "shell")
        return line

    return check


def test_skin_with_a_drawn_dermis(open_panel, click, press, copied):
    _, panel = open_panel("Skin", "biopsy")
    panel.form["n_patches"].value = 6
    press(panel, panel.draw_button)
    layer = panel.boxes.given()[0]
    layer.add_polygons(np.array([[400, 400], [400, 1400], [1200, 1400.25], [1200, 400]], float))
    panel.class_box.setCurrentText("fold")
    press(panel, panel.draw_button)
    layer.add_polygons(np.array([[600, 600], [600, 700], [700, 700], [700, 600]], float))
    click(panel)
    assert "--roi=" in copied(panel)


def test_lung_with_a_drawn_mask(open_panel, click, copied):
    viewer, panel = open_panel("Lung", "chest")
    click(panel)
    viewer.layers["lung mask"].data[10:12] = 2
    panel.boxes.pick_given(0, viewer.layers["lung mask"])
    panel.form["dome_offset_mm"].value = 0.0
    click(panel)
    assert "--mask=" in copied(panel)


def test_calcinosis_with_drawn_bones_seeds_and_a_turned_verdict(open_panel, click, press, copied):
    viewer, panel = open_panel("Calcinosis", "finger")
    click(panel)
    lesions = panel.result.lesions
    panel.boxes.pick_given(0, viewer.layers["bones"])
    press(panel, panel.corrections.seed_button)
    seeds = viewer.layers.selection.active
    seeds.add(lesions[["row", "column"]].to_numpy(float)[:2] + 0.25)
    click(panel)
    assert len(panel.result.lesions) == 2
    panel.table.selectRow(0)
    press(panel, panel.corrections.count_button)
    click(panel)
    assert len(panel.result.lesions) == 1
    line = copied(panel)
    assert "--bones=" in line
    assert "--seeds=" in line
    assert "--toggles=" in line


def test_calcinosis_with_drawn_lesions(open_panel, click, press, copied):
    viewer, panel = open_panel("Calcinosis", "finger")
    click(panel)
    press(panel, panel.corrections.lesions_button)
    layer = viewer.layers["lesions"]
    label = int(panel.result.lesions["label"].iloc[-1])
    layer.paint(np.argwhere(layer.data == label)[0], label)
    click(panel)
    assert "drawn" in panel.result.lesions.set_index("label").loc[label, "flags"]
    assert "--lesions=" in copied(panel)


def test_calcinosis_of_a_volume(open_panel, click, qtbot, copied, finger_volume):
    _, panel = open_panel("Calcinosis")
    panel.open_image(finger_volume(0.4))
    qtbot.waitUntil(lambda: not panel.busy, timeout=60_000)
    panel.form["seed_hu"].value = 260.0
    click(panel)
    assert "volume_mm3" in panel.result.lesions
    assert len(panel.result.lesions) == 2
    assert "--seed-hu=260.0" in copied(panel)
