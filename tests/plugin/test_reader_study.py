"""The reader study in a real viewer: blinded, by keyboard, kept after every click, taken up again."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk
from matplotlib.image import imsave
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog

from ssc_core.lung.reading.rating import read_ratings
from ssc_core.lung.reading.table import read_scores


@pytest.fixture
def manifest(tmp_path):
    rows = []
    for n in (1, 2):
        image = sitk.GetImageFromArray(np.full((20, 40, 40), -800 + n, np.int16))
        image.SetSpacing((0.8, 0.8, 2.0))
        sitk.WriteImage(image, str(tmp_path / f"SMITH_{n}.nii.gz"))
        pd.DataFrame({"level": [1, 2, 3], "z_mm": [30, 20, 10]}).to_csv(tmp_path / f"l{n}.csv", index=False)
        rows.append({"case_id": f"c{n}", "ct": f"SMITH_{n}.nii.gz", "levels": f"l{n}.csv"})
    pd.DataFrame(rows).to_csv(tmp_path / "cases.csv", index=False)
    return tmp_path / "cases.csv"


@pytest.fixture
def study(open_panel, qtbot, manifest, tmp_path):
    def make(reader="A"):
        viewer, panel = open_panel("Reader study")
        qtbot.keyClicks(panel.reader_line, reader)
        panel.scoring.open_study(manifest, tmp_path / "study")
        qtbot.waitUntil(lambda: not panel.busy, timeout=30_000)
        return viewer, panel

    return make


@pytest.fixture
def save_as(monkeypatch):
    """What the reader picks in the dialog."""

    def pick(path):
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: (str(path), ""))

    return pick


def keep(panel, qtbot, *values):
    for box, value in zip(panel.scoring.boxes.values(), values, strict=True):
        box.setValue(value)
    qtbot.mouseClick(panel.scoring.keep_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not panel.busy, timeout=30_000)


def test_scores_are_kept_at_once_and_nothing_names_the_patient(study, qtbot, tmp_path):
    viewer, panel = study()
    assert [la.name for la in viewer.layers] == ["image 1 of 6"]
    assert tuple(viewer.layers[0].scale) == pytest.approx((0.8, 0.8))
    keep(panel, qtbot, 20, 15, 10)
    assert [la.name for la in viewer.layers] == ["image 2 of 6"]
    table = read_scores(tmp_path / "study" / "scores.csv")
    assert table[["reader", "tot", "gg", "ret"]].to_numpy().tolist() == [["A", 20, 15, 10]]
    shown = panel.message.text() + viewer.title + "".join(la.name for la in viewer.layers)
    assert "SMITH" not in shown
    assert "c1" not in shown
    assert "c2" not in shown


def test_contradictions_are_asked_for_twice(study, qtbot, tmp_path):
    _, panel = study()
    keep(panel, qtbot, 5, 20, 0)
    assert "less than GG" in panel.message.text()
    assert not (tmp_path / "study" / "scores.csv").exists()
    keep(panel, qtbot, 5, 20, 0)
    assert "less than GG" in read_scores(tmp_path / "study" / "scores.csv")["note"][0]
    keep(panel, qtbot, 7, 5, 5)
    assert "no step of 5" in panel.message.text()


def test_session_is_taken_up_and_ends(study, qtbot):
    _, panel = study()
    for _ in range(4):
        keep(panel, qtbot, 0, 0, 0)
    _, again = study()
    assert again.scoring.session.done == 4
    qtbot.mouseClick(again.scoring.skip_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not again.busy, timeout=30_000)
    for _ in range(2):
        keep(again, qtbot, 0, 0, 0)
    assert "all 6 images are scored" in again.message.text().lower()
    assert not again.scoring.keep_button.isEnabled()


def test_maps_are_rated_by_keys_and_reopened(open_panel, qtbot, save_as, tmp_path):
    rows = []
    for n in range(3):
        imsave(tmp_path / f"{n}.png", np.full((8, 24, 3), 0.3 * n))
        rows.append({"case_id": f"c{n}", "level": 1, "picture": f"{n}.png"})
    pd.DataFrame(rows).to_csv(tmp_path / "maps.csv", index=False)
    viewer, panel = open_panel("Reader study")
    qtbot.keyClicks(panel.reader_line, "B2")  # a digit in the alias rates nothing
    panel.tabs.setCurrentWidget(panel.rating)
    panel.rating.open_table(tmp_path / "maps.csv", tmp_path / "ratings")
    file = tmp_path / "ratings" / "ratings-B2.json"
    assert [la.name for la in viewer.layers] == ["heat map 1 of 3"]
    window = viewer.window._qt_window
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    qtbot.keyClick(panel.rating, Qt.Key.Key_5)
    assert sum(r["TOT"] == "5" for r in json.loads(file.read_text())) == 1
    qtbot.keyClick(panel.rating, Qt.Key.Key_4)
    qtbot.keyClick(panel.rating, Qt.Key.Key_2)
    assert [la.name for la in viewer.layers] == ["heat map 2 of 3"]
    qtbot.mouseClick(panel.rating.buttons["gg", 3], Qt.MouseButton.LeftButton)
    assert read_ratings(file)["gg"].dropna().tolist() == [4, 3] or set(read_ratings(file)["gg"].dropna()) == {
        3,
        4,
    }
    panel.rating.open_table(tmp_path / "maps.csv", tmp_path / "ratings")
    assert panel.rating.session.done == 1
    assert panel.rating.buttons["gg", 3].isChecked()
    qtbot.mouseClick(panel.rating.back_button, Qt.MouseButton.LeftButton)
    assert panel.rating.buttons["tot", 5].isChecked()
    assert panel.rating.buttons["ret", 2].isChecked()
    save_as(tmp_path / "mine.json")
    qtbot.mouseClick(panel.rating.export_button, Qt.MouseButton.LeftButton)
    assert (tmp_path / "mine.json").read_bytes() == file.read_bytes()


def test_scores_are_exported_once_there_are_any(study, qtbot, save_as, tmp_path):
    _, panel = study()
    assert not panel.scoring.export_button.isEnabled()
    keep(panel, qtbot, 20, 15, 10)
    save_as(tmp_path / "mine.csv")
    qtbot.mouseClick(panel.scoring.export_button, Qt.MouseButton.LeftButton)
    kept = tmp_path / "study" / "scores.csv"
    assert (tmp_path / "mine.csv").read_bytes() == kept.read_bytes()
    save_as(kept)
    qtbot.mouseClick(panel.scoring.export_button, Qt.MouseButton.LeftButton)
    assert "already" in panel.message.text()
    save_as(tmp_path / "nowhere" / "mine.csv")
    qtbot.mouseClick(panel.scoring.export_button, Qt.MouseButton.LeftButton)
    assert "choose another place" in panel.message.text()
    assert read_scores(kept)["tot"].tolist() == [20]


def test_an_alias_that_is_none_is_refused(study):
    _, panel = study("John Smith, MD")
    assert "alias" in panel.message.text()
    assert panel.message.property("problem")
