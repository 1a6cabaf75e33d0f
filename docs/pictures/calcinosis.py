"""The calcinosis panel: findings, axes of a reader, two visits."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QFileDialog
from scipy.ndimage import binary_dilation

from pictures.stage import Stage, drag, layers_of, press, require, until

DOWN, ACROSS = np.array([1.0, 0.0]), np.array([0.0, 1.0])


def calcinosis(stage: Stage) -> None:
    """The whole finger with a chosen lesion."""
    with stage.opened("Calcinosis", "finger") as (viewer, panel):
        press(panel.run_button, panel, "calcinosis: run")
        layers_of(viewer, "finger CT", "bones", "lesions", "areas")
        require(panel.table.rowCount() == 4 and panel.save_button.isEnabled(), "calcinosis: no result")
        panel.table.selectRow(0)
        viewer.reset_view()
        stage.take(viewer, "calcinosis")


def calcinosis_axes(stage: Stage) -> None:
    """Two lesions with the axes of a reader, drawn by drags."""
    ask = QFileDialog.getSaveFileName
    with tempfile.TemporaryDirectory() as folder, stage.opened("Calcinosis", "finger") as (viewer, panel):
        path = Path(folder) / "reader-R1.csv"
        QFileDialog.getSaveFileName = lambda *_a, **_k: (str(path), "")
        try:
            press(panel.run_button, panel, "axes: run")
            viewer.reset_view()
            tab = panel.axes
            panel.show_section(tab)
            QTest.keyClicks(tab.reader_line, "R1")
            QTest.keyClicks(tab.case_line, "P01")
            press(tab.draw_button, panel, "axes: draw")
            for row in panel.result.lesions.iloc[:2].to_dict("records"):
                at = np.asarray(panel.result.frame.to_physical([row["row"], row["column"]]))
                drag(viewer, at - ACROSS * row["long_mm"] / 2, at + ACROSS * row["long_mm"] / 2)
                drag(viewer, at - DOWN * row["short_mm"] / 2, at + DOWN * row["short_mm"] / 2)
        finally:
            QFileDialog.getSaveFileName = ask
        require(tab.table.rowCount() == 2 and path.is_file(), "axes: the drags drew no two lesions")
        layers_of(viewer, "axes")
        stage.take(viewer, "calcinosis-axes")


def calcinosis_visits(stage: Stage) -> None:
    """A lesion that grew and one that did not, one above the other."""
    from ssc_core.phantoms.finger import FingerSpec, make_image, write_dicom

    first = make_image(FingerSpec(7, areas_mm2=(14.0, 6.0, 3.0), touching=(False, True, False)))
    again = make_image(replace(first.spec, angle_deg=6.0, noise_hu=22.0))
    grown = binary_dilation(again.lesions == 1, iterations=3) & (again.bones == 0)
    hu = np.where(grown, np.maximum(again.hu, again.hu[again.lesions == 1].mean()), again.hu)
    with tempfile.TemporaryDirectory() as folder, stage.opened("Calcinosis") as (viewer, panel):
        for name, image in (("first", first), ("later", replace(again, hu=hu.astype(np.float32)))):
            write_dicom(image, Path(folder) / f"{name}.dcm")
            panel.open_image(Path(folder) / f"{name}.dcm")
            until(lambda: not panel.busy, "visits: open")
        panel.show_section(panel.visits)
        panel.visits.pick(viewer.layers["first"], viewer.layers["later"])
        press(panel.visits.compare_button, panel, "visits: compare")
        layers_of(viewer, "baseline", "follow-up", "baseline: lesions", "follow-up: lesions")
        require(panel.visits.table.rowCount() >= 3 and panel.visits.view, "visits: nothing was compared")
        stage.take(viewer, "calcinosis-visits")
