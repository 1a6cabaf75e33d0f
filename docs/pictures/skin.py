"""The skin panel: measured fields with their histogram; scores of a model with their map."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest

from pictures.stage import Stage, layers_of, press, require


def skin(stage: Stage) -> None:
    """All of the biopsy, with the lower fields marked by a click on a bar of the histogram."""
    with stage.opened("Skin", "biopsy") as (viewer, panel):
        press(panel.run_button, panel, "skin: run")
        layers_of(viewer, "trichrome biopsy", "dermis", "fields")
        require(panel.table.rowCount() and panel.save_button.isEnabled(), "skin: no result")
        column = panel.result.patches[panel.linked.column]
        place = QPoint(int(panel.histogram.position_of(float(column.quantile(0.2)))), 60)
        QTest.mouseClick(panel.histogram, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place)
        require(len(panel.linked.marked), "skin: a click on the histogram marks no field")
        viewer.reset_view()
        stage.take(viewer, "skin")


def skin_scores(stage: Stage) -> None:
    """The tab of scores with its map over the dermis."""
    with tempfile.TemporaryDirectory() as folder, stage.opened("Skin", "biopsy") as (viewer, panel):
        _model(Path(folder))
        scores = panel.scores
        panel.show_section(scores)
        scores.load_model(folder)
        press(scores.score_button, panel, "skin scores: score")
        scores.step_box.setValue(100)
        press(scores.map_button, panel, "skin scores: map")
        layers_of(viewer, "trichrome biopsy", "scored fields", "fibrosis score map")
        require(scores.table.rowCount() and scores.montage.buttons, "skin scores: no score")
        require(scores.save_map_button.isEnabled(), "skin scores: the map cannot be saved")
        viewer.reset_view()
        stage.take(viewer, "skin-scores")


def _model(folder: Path) -> None:
    """A model of one feature: a hundred times the collagen fraction."""
    from ssc_core.io.features import FeatureMeta
    from ssc_core.skin.features import open_backbone
    from ssc_core.skin.scores.model import Linear, ScoreModel, save_model

    backbone = open_backbone("morphometry")
    names = tuple(backbone.names)
    coef = np.zeros((2, len(names)))
    coef[:, names.index("collagen_fraction")] = 100
    meta = FeatureMeta(
        "x", "morphometry", backbone.layer, False, backbone.weights, backbone.normalisation, 113,
        (200 / 113, 200 / 113), False, 1, 40, trichrome=True,
    )  # fmt: skip
    card = {"format": 1, "patches_per_biopsy": 40, "target": "mrss",
            "population": {"training": {"patients": 24}}}  # fmt: skip
    zero, one = np.zeros(len(names)), np.ones(len(names))
    save_model(ScoreModel(None, Linear(coef, np.zeros(2)), names, zero, one, 1e9, meta, card), folder)
