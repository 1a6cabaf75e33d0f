"""Panels of people: the worklist and the reader study."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from pictures.stage import Stage, require, until


def worklist(stage: Stage) -> None:
    """A worklist over three phantom fingers, on its second case, in the light theme."""
    from ssc_core.phantoms.finger import FingerSpec, make_image, write_dicom

    with tempfile.TemporaryDirectory() as folder, stage.opened("Worklist", theme="light") as (viewer, panel):
        for n in (1, 2, 3):
            write_dicom(make_image(FingerSpec(n)), Path(folder) / f"{n}.dcm")
        rows = [{"case_id": f"case-000{n}", "image": f"{n}.dcm", "mRSS": 10 * n} for n in (1, 2, 3)]
        pd.DataFrame(rows).to_csv(Path(folder) / "cases.csv", index=False)
        panel.open_manifest(Path(folder) / "cases.csv")
        until(lambda: not panel.busy, "worklist: first case")
        QTest.keyClicks(panel.note_line, "deposit at the tip")
        QTest.mouseClick(panel.next_button, Qt.MouseButton.LeftButton)
        until(lambda: not panel.busy, "worklist: second case")
        require(
            panel.table.rowCount() == 3 and [la.name for la in viewer.layers] == ["case-0002"],
            f"worklist: the second case is not shown; it says: {panel.message.text()}",
        )
        stage.take(viewer, "worklist")


def reading(stage: Stage) -> None:
    """Heat maps rated by the keys 1 to 5."""
    import matplotlib.image

    with tempfile.TemporaryDirectory() as folder, stage.opened("Reader study") as (viewer, panel):
        rows = []
        for n in range(3):
            matplotlib.image.imsave(Path(folder) / f"{n}.png", _maps(n))
            rows.append({"case_id": f"c{n}", "level": 1, "picture": f"{n}.png"})
        pd.DataFrame(rows).to_csv(Path(folder) / "maps.csv", index=False)
        QTest.keyClicks(panel.reader_line, "R1")
        panel.tabs.setCurrentWidget(panel.rating)
        panel.rating.open_table(Path(folder) / "maps.csv", Path(folder) / "ratings")
        panel.rating.setFocus()
        for key in (Qt.Key.Key_4, Qt.Key.Key_5, Qt.Key.Key_2, Qt.Key.Key_4):
            QTest.keyClick(viewer.window._qt_window, key)
        require(panel.rating.session.done == 1, "reading: the keys rated no map")
        require([la.name for la in viewer.layers] == ["heat map 2 of 3"], "reading: no second map")
        stage.take(viewer, "reading")


def _maps(seed: int) -> np.ndarray:
    """A slice of the phantom chest thrice, its disease coloured as a good and a poor map would: no result."""
    import matplotlib
    from scipy.ndimage import gaussian_filter

    from ssc_core.phantoms.chest import Chest, Disease

    chest = Chest(seed, Disease(ground_glass=0.2, reticulation=0.15)).render((8.0, 1.6, 1.6))
    at = int((chest.disease > 0).sum((1, 2)).argmax())
    grey = np.clip((chest.hu[at] + 1350.0) / 1500.0, 0, 1)[..., None].repeat(3, -1)
    panels = []
    for bits in (3, 1, 2):
        heat = gaussian_filter(((chest.disease[at] & bits) > 0).astype(float), 3) * (chest.lungs[at] > 0)
        colour = matplotlib.colormaps["inferno"](heat / max(heat.max(), 1e-9))[..., :3]
        panels.append(np.where(heat[..., None] > 0.05, 0.4 * grey + 0.6 * colour, grey))
    return np.concatenate(panels, 1)
