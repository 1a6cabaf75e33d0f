"""Opening, cancelling, errors, records: what every panel does alike."""

from __future__ import annotations

import time

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication, QFileDialog

from ssc_core.calcinosis.params import CalcinosisParams

PANELS = {"Skin": "biopsy", "Lung": "chest", "Calcinosis": "finger"}


@pytest.mark.parametrize("title", PANELS)
def test_open_button_opens_a_file_with_its_scale(open_panel, click, sample_files, monkeypatch, title):
    viewer, panel = open_panel(title)
    path = sample_files[PANELS[title]]
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_a, **_k: (str(path), ""))
    click(panel, "open_button")
    (layer,) = viewer.layers
    assert panel.boxes.image() is layer
    frame = layer.metadata["ssc_source"].frame
    np.testing.assert_allclose(layer.data_to_world((0,) * layer.ndim), frame.origin)
    np.testing.assert_allclose(layer.data_to_world((1,) * layer.ndim), frame.to_physical((1,) * layer.ndim))


@pytest.mark.parametrize("title", PANELS)
def test_file_that_is_none_is_one_sentence(open_panel, qtbot, tmp_path, title):
    viewer, panel = open_panel(title)
    wrong = tmp_path / "notes.svs"
    wrong.write_text("not an image")
    panel.open_image(wrong)
    qtbot.waitUntil(lambda: not panel.busy, timeout=20_000)
    text = panel.message.text()
    assert panel.message.property("problem")
    assert "notes.svs" in text
    assert "defect" not in text
    assert "\n" not in text
    assert not viewer.layers


@pytest.mark.parametrize("title", PANELS)
def test_run_without_image_says_what_to_do(open_panel, click, title):
    _, panel = open_panel(title)
    click(panel)
    assert "no image is picked" in panel.message.text()


def test_missing_scale_names_the_field_to_fill_in(open_panel, qtbot, tmp_path):
    from PIL import Image

    _, panel = open_panel("Skin")
    Image.fromarray(np.full((700, 700, 3), 200, np.uint8)).save(tmp_path / "field.png")
    panel.open_image(tmp_path / "field.png")
    qtbot.waitUntil(lambda: not panel.busy, timeout=20_000)
    assert "mpp" in panel.message.text()
    panel.open_form["mpp"].value = "0.5"
    panel.open_image(tmp_path / "field.png")
    qtbot.waitUntil(lambda: not panel.busy, timeout=20_000)
    assert panel.boxes.image().scale[0] == pytest.approx(0.5)


@pytest.mark.parametrize("title", ["Skin", "Calcinosis"])
def test_cancel_is_heard_within_a_second_and_keeps_the_earlier_result(open_panel, click, qtbot, title):
    viewer, panel = open_panel(title, PANELS[title])
    if title == "Skin":
        panel.form["n_patches"].value = 5
    click(panel)
    before, layers = panel.result, list(viewer.layers)
    if title == "Skin":
        panel.form["n_patches"].value = 2000
    least, spent = (150, []) if title == "Skin" else (0, [])  # a finger is done in less than a second
    for _ in range(3):  # what else the machine does only lengthens it
        qtbot.mouseClick(panel.run_button, Qt.MouseButton.LeftButton)
        assert panel.run_button.text() == "Cancel"
        qtbot.waitUntil(lambda: panel.bar.value() > least or not panel.busy, timeout=60_000)
        job = panel._job
        assert job is not None
        began = time.monotonic()
        qtbot.mouseClick(panel.run_button, Qt.MouseButton.LeftButton)
        assert panel.run_button.text() == "Run"
        qtbot.waitUntil(lambda job=job: not job.is_running, timeout=30_000)
        spent.append(time.monotonic() - began)
        if spent[-1] < 1.0:
            break
    assert min(spent) < 1.0
    assert "Stopped" in panel.message.text()
    assert panel.result is before
    assert list(viewer.layers) == layers


@pytest.mark.slow
@pytest.mark.parametrize("what", ["score", "map"])
def test_scores_and_maps_of_skin_are_cancelled_within_a_second(open_panel, qtbot, model, what):
    viewer, panel = open_panel("Skin", "biopsy")
    tab = panel.scores
    tab.load_model(model)
    tab.step_box.setValue(20)
    begin, spent = {"score": tab.score, "map": tab.map}[what], []
    for _ in range(3):
        begin()
        qtbot.waitUntil(lambda: panel.bar.value() > 0 or not panel.busy, timeout=60_000)
        job = panel._job
        assert job is not None, panel.message.text()
        began = time.monotonic()
        panel.cancel()
        qtbot.waitUntil(lambda job=job: not job.is_running, timeout=30_000)
        spent.append(time.monotonic() - began)
        if spent[-1] < 1.0:
            break
    assert min(spent) < 1.0
    assert "Stopped" in panel.message.text()
    assert len(viewer.layers) == 1


def test_panel_that_is_closed_while_it_runs_leaves_no_thread(open_panel, qtbot):
    viewer, panel = open_panel("Skin", "biopsy")
    panel.form["n_patches"].value = 2000
    panel.run()
    qtbot.waitUntil(lambda: panel.bar.value() > 150, timeout=60_000)
    job = panel._job
    viewer.window.remove_dock_widget(panel)
    panel.close()
    qtbot.waitUntil(lambda: not job.is_running, timeout=5_000)
    viewer.layers.clear()  # nobody listens who is gone


def test_defect_is_told_and_the_panel_goes_on(open_panel, click, monkeypatch):
    _, panel = open_panel("Calcinosis", "finger")

    def broken(*_args, **_more):
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(type(panel), "analyse", broken)
    click(panel)
    assert "defect of ours (ZeroDivisionError: oops)" in panel.message.text()
    monkeypatch.undo()
    click(panel)
    assert panel.result is not None


def test_record_fills_the_form_and_gives_the_same_numbers(open_panel, click, qtbot, tmp_path):
    _, panel = open_panel("Calcinosis", "finger")
    panel.form["seed_hu"].value = 260.0
    panel.form["blur_mm"].value = 0.4
    click(panel)
    first = panel.result
    panel.save_result(tmp_path / "r")
    qtbot.waitUntil(lambda: not panel.busy, timeout=60_000)
    panel.form.reset()
    assert panel.form.values() == CalcinosisParams()
    panel.fill_from(tmp_path / "r" / "run.json")
    assert panel.form.values() == CalcinosisParams(seed_hu=260.0, blur_mm=0.4)
    click(panel)
    assert panel.result.lesions.equals(first.lesions)


def test_record_of_another_room_or_none_is_refused(open_panel, tmp_path):
    _, panel = open_panel("Lung")
    (tmp_path / "a.json").write_text('{"what": "skin analyse", "parameters": {}}')
    panel.fill_from(tmp_path / "a.json")
    assert "not of the lung panel" in panel.message.text()
    (tmp_path / "b.json").write_text("[1, 2")
    panel.fill_from(tmp_path / "b.json")
    assert "no run record" in panel.message.text()
    (tmp_path / "c.json").write_text('{"what": "lung analyse", "parameters": {"lung_hu": 4000}}')
    panel.fill_from(tmp_path / "c.json")
    assert "lung-hu" in panel.message.text()


def test_drawn_dermis_limits_the_fields(open_panel, click):
    viewer, panel = open_panel("Skin", "biopsy")
    panel.form["n_patches"].value = 6
    corner = np.array([[400, 400], [400, 1400], [1200, 1400], [1200, 400]], float)  # um
    drawn = viewer.add_shapes([corner], shape_type="polygon", name="mine", units=("um", "um"))
    panel.boxes.pick_given(0, drawn)
    click(panel)
    assert panel.result is not None, panel.message.text()
    patches = panel.result.patches
    assert patches["y_um"].between(400, 1200).all()
    assert patches["x_um"].between(400, 1400).all()
    assert drawn in viewer.layers


def test_drawn_bones_and_seeds_reach_the_core(open_panel, click):
    viewer, panel = open_panel("Calcinosis", "finger")
    click(panel)
    lesion = panel.result.lesions.iloc[1]
    seed = viewer.add_points(
        [[lesion["row"], lesion["column"]]], scale=viewer.layers["finger CT"].scale, units=("mm", "mm")
    )
    panel.boxes.pick_given(0, viewer.layers["bones"])
    panel.boxes.pick_given(1, seed)
    click(panel)
    assert len(panel.result.lesions) == 1, panel.message.text()
    assert panel.result.record.parameters["bones_given"]


def test_labels_of_another_grid_are_refused(open_panel, click):
    viewer, panel = open_panel("Calcinosis", "finger")
    shape = viewer.layers["finger CT"].data.shape
    wrong = viewer.add_labels(np.ones(shape, np.uint8), scale=(1.0, 1.0))
    panel.boxes.pick_given(0, wrong)
    click(panel)
    assert "lies on other pixels" in panel.message.text()


def test_command_goes_to_the_clipboard(open_panel, click, sample_files):
    _, panel = open_panel("Lung", "chest")
    panel.form["dome_offset_mm"].value = 0.0
    click(panel, "command_button")
    text = QApplication.clipboard().text()
    assert text.startswith("ssc lung analyse ")
    assert str(sample_files["chest"]) in text
    assert "--dome-offset-mm=0.0" in text


def test_wheel_over_a_number_does_not_change_it(open_panel, qtbot):
    from qtpy.QtCore import QPoint, QPointF
    from qtpy.QtGui import QWheelEvent

    _, panel = open_panel("Lung")
    native = panel.form["lung_hu"].native
    at = QPointF(5, 5)
    wheel = QWheelEvent(
        at, native.mapToGlobal(at), QPoint(0, 0), QPoint(0, 120), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(native, wheel)
    assert panel.form["lung_hu"].value == -400.0
