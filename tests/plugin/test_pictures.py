"""Pictures of the documents come from the real thing and cannot go stale."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "docs" / "make_pictures.py"


def test_the_script_makes_every_picture_that_is_shown_and_no_other():
    asked = subprocess.run([sys.executable, SCRIPT, "--list"], capture_output=True, text=True, check=True)
    made = set(asked.stdout.split())
    texts = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    shown = {n for t in texts for n in re.findall(r"images/([\w-]+)\.png", t.read_text(encoding="utf-8"))}
    assert made == shown == {p.stem for p in (ROOT / "docs" / "images").iterdir()}


def test_the_script_stops_where_something_is_missing(open_panel, monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPT.parent))
    from pictures.stage import layers_of, press, require

    viewer, panel = open_panel("Calcinosis", "finger")
    layers_of(viewer, "finger CT")
    with pytest.raises(SystemExit, match="lesions"):
        layers_of(viewer, "finger CT", "lesions")
    with pytest.raises(SystemExit, match="run: the button 'Run' is not shown"):
        press(panel.run_button, panel, "run")  # the window is not on the screen
    with pytest.raises(SystemExit, match="no result"):
        require(panel.table.rowCount(), "no result")


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["dark", "light"])
def test_every_workflow_runs_to_its_picture(tmp_path, theme):
    """It fails where a button, a layer or a table is missing that a picture should show."""
    env = {**os.environ, "NAPARI_CONFIG": str(tmp_path / "settings.yaml")}
    done = subprocess.run(
        [sys.executable, SCRIPT, "--out", tmp_path / "made", "--theme", theme],
        capture_output=True, text=True, env=env,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "made").glob("*.png"))) == len(done.stdout.splitlines()) >= 12
