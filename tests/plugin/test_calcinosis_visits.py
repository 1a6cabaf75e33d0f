"""Two visits in the viewer: the same lesion in the same colour, one camera, the files of follow-up."""

from __future__ import annotations

import shlex
from dataclasses import replace

import numpy as np
import pytest
from qtpy.QtWidgets import QApplication
from scipy.ndimage import binary_dilation

from napari_ssc._view import camera_of
from napari_ssc.calcinosis.side_by_side import grid_of
from ssc_core.cli import main
from ssc_core.phantoms.finger import FingerSpec, make_image, write_dicom


@pytest.fixture(scope="module")
def visits(tmp_path_factory):
    folder = tmp_path_factory.mktemp("visits")
    first = make_image(FingerSpec(7, (0.4, 0.4), areas_mm2=(14.0, 6.0), touching=(False, False)))
    later = make_image(replace(first.spec, angle_deg=8.0, noise_hu=22.0))
    grown = binary_dilation(later.lesions == 1, iterations=2) & (later.bones == 0)
    hu = np.where(grown, np.maximum(later.hu, later.hu[later.lesions == 1].mean()), later.hu)
    write_dicom(first, folder / "first.dcm")
    write_dicom(replace(later, hu=hu.astype(np.float32)), folder / "later.dcm")
    return folder


def test_visits_are_compared_shown_in_a_grid_and_saved(
    shown_panel, qtbot, visits, press, tmp_path, monkeypatch
):
    viewer, panel, _ = shown_panel("Calcinosis")
    for name in ("first", "later"):
        panel.open_image(visits / f"{name}.dcm")
        qtbot.waitUntil(lambda: not panel.busy, timeout=60_000)
    tab = panel.visits
    panel.show_section(tab)
    before = [la.name for la in viewer.layers]
    tab.pick(viewer.layers["first"], viewer.layers["later"])
    press(panel, tab.compare_button)
    assert tab.compared is not None, panel.message.text()
    changes = tab.compared.change.changes
    assert len(changes) == tab.table.rowCount() == 2
    assert changes["size_later"].to_numpy() / changes["size_first"].to_numpy() == pytest.approx(
        [1.6, 1.0], rel=0.25
    )
    assert tab.table.item(0, 0).text() == "found again"
    assert grid_of(viewer).enabled
    names = [la.name for la in viewer.layers if la.visible]
    assert names == [
        f"{v}{n}" for v in ("follow-up", "baseline") for n in ("", ": bones", ": lesions", ": sizes")
    ]

    # the same lesion has the same number, so the same colour, and lies at the same place of the world
    one, two = viewer.layers["baseline: lesions"], viewer.layers["follow-up: lesions"]
    for number in (1, 2):
        middles = [np.asarray(la.data_to_world(np.argwhere(la.data == number).mean(0))) for la in (one, two)]
        assert np.linalg.norm(middles[0] - middles[1]) < 1.5
        np.testing.assert_array_equal(one.get_color(number), two.get_color(number))

    # a row flies there in both cells: they have one camera
    tab.table.selectRow(1)
    wanted = tab.compared.place_of(1, tab.view.matrix)
    np.testing.assert_allclose(camera_of(viewer).center[-2:], wanted, atol=0.5)
    cells = viewer.window._qt_viewer.canvas.grid_cameras[:2]
    assert len(cells) == 2
    assert len({tuple(np.round(c.center, 6)) for c in cells}) == 1
    assert len({float(c.zoom) for c in cells}) == 1

    tab.save(tmp_path / "changes")
    qtbot.waitUntil(lambda: not panel.busy, timeout=60_000)
    folder = tmp_path / "changes"
    press(panel, tab.command_button)
    lines = QApplication.clipboard().text().splitlines()
    assert len(lines) == 3
    monkeypatch.chdir(tmp_path)
    for line in lines:
        with pytest.raises(SystemExit) as ended:
            main(shlex.split(line)[1:])
        assert not ended.value.code, line
    for name, inside in (
        ("first-visit", "first-visit"),
        ("later-visit", "later-visit"),
        ("calcinosis-follow-up", "."),
    ):
        files = [p for p in (tmp_path / name).rglob("*") if p.is_file()]
        assert files
        for path in files:
            other = folder / inside / path.relative_to(tmp_path / name)
            assert path.read_bytes() == other.read_bytes(), path

    tab.beside_box.setChecked(False)
    assert not grid_of(viewer).enabled
    assert [la.name for la in viewer.layers] == before
