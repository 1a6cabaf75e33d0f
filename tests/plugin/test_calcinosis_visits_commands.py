"""Visits of volumes, one of them corrected by hand: the copied commands write what was saved."""

from __future__ import annotations

import shlex
import shutil

import numpy as np
import pytest
from qtpy.QtWidgets import QApplication, QFileDialog

from ssc_core.cli import main


@pytest.fixture
def compared(open_panel, qtbot, click, press, finger_volume, tmp_path):
    """A baseline whose first lesion lost a part, and a follow-up that was not run yet."""
    viewer, panel = open_panel("Calcinosis")
    first = finger_volume(0.4)
    later = shutil.copy(first, tmp_path / "later.nii.gz")
    for path in (first, later):
        panel.open_image(path)
        qtbot.waitUntil(lambda: not panel.busy, timeout=60_000)
    layers = list(viewer.layers)
    panel.boxes.pick_image(layers[0])
    click(panel)
    press(panel, panel.corrections.lesions_button)
    drawn = viewer.layers.selection.active
    label = int(panel.result.lesions["label"].iloc[0])
    at = np.argwhere(drawn.data == label)
    drawn.data_setitem(tuple(at[: len(at) // 3].T), 0)
    click(panel)
    assert "drawn" in panel.result.lesions.set_index("label").loc[label, "flags"], panel.message.text()
    panel.visits.pick(*layers)
    press(panel, panel.visits.compare_button)
    assert panel.visits.compared is not None, panel.message.text()
    return panel


def test_commands_of_corrected_volumes(compared, qtbot, press, tmp_path, monkeypatch):
    tab = compared.visits
    changes = tab.compared.change.changes
    assert (changes["size_later"] > 1.2 * changes["size_first"]).iloc[0]
    tab.save(tmp_path / "saved")
    qtbot.waitUntil(lambda: not compared.busy, timeout=60_000)
    folder = tmp_path / "drawn"
    folder.mkdir()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_a, **_k: str(folder))
    press(compared, tab.command_button)
    lines = QApplication.clipboard().text().splitlines()
    assert ["--lesions=" in line for line in lines] == [True, False, False]
    monkeypatch.chdir(tmp_path)
    for line in lines:
        with pytest.raises(SystemExit) as ended:
            main(shlex.split(line)[1:])
        assert not ended.value.code, line
    for made, saved in (
        ("first-visit", "saved/first-visit"),
        ("later-visit", "saved/later-visit"),
        ("calcinosis-follow-up", "saved"),
    ):
        files = [p for p in (tmp_path / made).rglob("*") if p.is_file()]
        assert files
        for path in files:
            other = tmp_path / saved / path.relative_to(tmp_path / made)
            assert path.read_bytes() == other.read_bytes(), path
