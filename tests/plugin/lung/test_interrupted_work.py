"""A program that is killed while it keeps a stroke: at most that stroke is lost, and the rest is offered."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import SimpleITK as sitk
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication, QFileDialog

from napari_ssc.lung.autosave import digest_of, journal_folder
from ssc_core.cli import app
from ssc_core.cli.outcome import exit_code_of
from ssc_core.lung.refinement import unsaved_actions
from ssc_core.progress import silent

LEFT = Qt.MouseButton.LeftButton

_PAINTS = """
    # paints stroke after stroke on a mask as the panel does, and says so after each
    import sys
    from pathlib import Path
    import numpy as np
    from ssc_core.geometry import Frame
    from ssc_core.lung.refinement import Brush, History, recover, stroke

    found = recover(Path(sys.argv[1]))
    history, frame = found.history, found.frame
    z, rows, columns = (n // 2 for n in history.labels.shape)
    for k in range(10_000):
        brush = Brush(1 + k % 3, 4.0)
        place = (z + k % 5, 20 + (k * 7) % (rows + 60), 20 + (k * 13) % (columns + 60))
        history.apply(stroke(history.labels, frame, [place], brush))
        print(history.position, int(history.labels.astype(np.int64).sum()), flush=True)
"""


def test_killed_program_loses_at_most_the_last_stroke_and_the_rest_is_offered(chest, press, qtbot, tmp_path):
    _, panel, mouse = chest()
    section = panel.sections["Refine"]
    panel.show_section(section)
    press(section.beginning.begin_button, panel)
    z = section.slice
    mouse.drag([(z, 100, 100), (z, 100, 130)])
    volume = section.session.volume
    folder = journal_folder(digest_of(volume, silent))
    assert len(unsaved_actions(folder)) == 1
    qtbot.mouseClick(section.stop_button, LEFT)  # what is not saved stays

    program = tmp_path / "paints.py"
    program.write_text(textwrap.dedent(_PAINTS))
    with subprocess.Popen([sys.executable, program, folder], stdout=subprocess.PIPE, text=True) as other:
        said = [other.stdout.readline() for _ in range(20)]
        time.sleep(0.003)  # somewhere within a stroke
        os.kill(other.pid, signal.SIGKILL)
        said += other.stdout.readlines()
    told = [line.split() for line in said if line.count(" ") == 1 and line.endswith("\n")]
    position, total = map(int, told[-1])
    assert position >= 20

    _, panel, _ = chest()
    section = panel.sections["Refine"]
    panel.show_section(section)
    qtbot.waitUntil(lambda: section.beginning.offer_box.isVisible(), timeout=30_000)
    assert "was interrupted" in section.beginning.offer.text()
    assert not section.beginning.begin_button.isVisible()
    press(section.beginning.take_up_button, panel)
    session = section.session
    assert session.history.position in (position, position + 1)  # the last may be kept but not told of
    while session.history.position > position:
        qtbot.mouseClick(section.undo_button, LEFT)
    assert int(session.labels.astype(np.int64).sum()) == total
    while session.history.position:
        qtbot.mouseClick(section.undo_button, LEFT)
    assert not session.labels.any()
    qtbot.mouseClick(section.redo_button, LEFT)
    qtbot.mouseClick(section.stop_button, LEFT)

    assert section.beginning.isVisible()
    press(section.beginning.begin_button, panel)  # offered before an empty mask replaces it
    assert section.session is None
    press(section.beginning.anew_button, panel)
    assert section.session is not None
    assert section.session.history.position == 0
    assert unsaved_actions(folder) == ()


def test_saved_mask_is_the_input_of_the_equal_command(chest, press, qtbot, tmp_path, monkeypatch):
    _, panel, mouse = chest(run=True)
    section = panel.sections["Refine"]
    panel.show_section(section)
    press(section.beginning.begin_button, panel)
    z = section.slice
    mouse.drag([(z, 120, 120), (z, 120, 150)])
    section.save(tmp_path / "lung mask.nii.gz")
    qtbot.waitUntil(lambda: not panel.busy, timeout=30_000)
    steps = (tmp_path / "lung mask-steps.csv").read_text()
    assert "paint label 1 with a disc of 6 mm" in steps
    assert not unsaved_actions(journal_folder(digest_of(section.session.volume, silent)))

    panel.tabs.setCurrentIndex(0)
    press(panel.run_button, panel)
    panel.save_result(tmp_path / "panel")
    qtbot.waitUntil(lambda: not panel.busy, timeout=60_000)
    (tmp_path / "drawn").mkdir()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_a: str(tmp_path / "drawn"))
    press(panel.command_button, panel)
    words = shlex.split(QApplication.clipboard().text())
    mask = next(w.removeprefix("--mask=") for w in words if w.startswith("--mask="))
    for ours, theirs in zip(*map(sitk_array, (tmp_path / "lung mask.nii.gz", mask)), strict=True):
        assert np.array_equal(ours, theirs)
    words[words.index("-o") + 1] = str(tmp_path / "command")
    assert exit_code_of(app, words[1:]) == 0

    def files(folder):
        return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}

    assert files(tmp_path / "command") == files(tmp_path / "panel")


def sitk_array(path):
    return sitk.GetArrayFromImage(sitk.ReadImage(str(path)))
