"""The worklist reopens where one stopped, keeps notes at once, and hides what would bias a reader."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from qtpy.QtCore import Qt

from ssc_core.phantoms.finger import FingerSpec, make_image, write_dicom


@pytest.fixture(scope="module")
def manifest(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    for n in (1, 2, 3):
        write_dicom(make_image(FingerSpec(n)), folder / f"SMITH_{n}.dcm")
    rows = [{"case_id": f"c{n}", "image": f"SMITH_{n}.dcm", "mRSS": 10 + n} for n in (1, 2, 3)]
    pd.DataFrame(rows).to_csv(folder / "cases.csv", index=False)
    return folder / "cases.csv"


@pytest.fixture
def worklist(open_panel, qtbot, manifest):
    for old in manifest.parent.glob("*.worklist.json"):
        old.unlink()

    def make():
        viewer, panel = open_panel("Worklist")
        panel.open_manifest(manifest)
        qtbot.waitUntil(lambda: not panel.busy, timeout=30_000)
        return viewer, panel

    return make


def test_next_opens_the_next_case_and_names_no_file(worklist, qtbot):
    viewer, panel = worklist()
    assert [la.name for la in viewer.layers] == ["c1"]
    qtbot.mouseClick(panel.next_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not panel.busy, timeout=30_000)
    assert [la.name for la in viewer.layers] == ["c2"]
    cells = {panel.table.item(i, j).text() for i in range(3) for j in range(panel.table.columnCount())}
    assert not any("SMITH" in c for c in cells)
    assert "c2: 2 of 3" in panel.message.text()


def test_clinical_columns_are_hidden_until_asked_for(worklist):
    _, panel = worklist()
    heads = lambda: [panel.table.horizontalHeaderItem(j).text() for j in range(panel.table.columnCount())]  # noqa: E731
    assert "mRSS" not in heads()
    panel.clinical_box.setChecked(True)
    assert "mRSS" in heads()


def test_work_is_kept_at_once_and_reopens_where_one_stopped(worklist, qtbot, manifest):
    _, panel = worklist()
    qtbot.mouseClick(panel.next_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not panel.busy, timeout=30_000)
    qtbot.keyClicks(panel.note_line, "blurred")
    panel.state_box.setCurrentText("approved")
    panel.state_box.textActivated.emit("approved")
    kept = json.loads(manifest.with_suffix(".worklist.json").read_text())
    assert kept["cases"]["c2"] == {"note": "blurred", "state": "approved"}
    _, again = worklist_again(panel, manifest)
    assert again.at == 1
    assert again.note("c2") == "blurred"
    assert again.state("c1") == "seen"
    assert again.state("c3") == "open"


def worklist_again(panel, manifest):
    from napari_ssc._ledger import Ledger

    return panel, Ledger(manifest)


def test_manifest_of_no_room_is_refused(open_panel, tmp_path):
    _, panel = open_panel("Worklist")
    (tmp_path / "a.csv").write_text("name,age\nx,1\n")
    panel.open_manifest(tmp_path / "a.csv")
    assert panel.message.property("problem")
    assert "ssc manifest" in panel.message.text()
