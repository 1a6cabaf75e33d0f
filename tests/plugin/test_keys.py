"""No key of a panel takes what it already does in napari; a reader's keys count only while rating."""

from __future__ import annotations

from napari.settings import get_settings

from napari_ssc.lung.keys import KEYS

SHARED = {"Ctrl+Z", "Ctrl+Shift+Z"}  # undo and redo, which is what they do in napari too


def taken():
    """Every key of napari's own, as it writes them."""
    kept = get_settings().shortcuts.shortcuts
    return {str(key) for keys in kept.values() for key in keys}


def test_no_key_of_the_lung_panel_does_something_else_in_napari(qapp):
    mine = {key.replace("Control", "Ctrl").replace("-", "+") for key in KEYS.values()}
    assert mine >= SHARED
    assert len(taken()) > 50
    assert (mine - SHARED) & taken() == set()


def test_keys_1_to_5_rate_only_while_a_map_is_rated(open_panel, tmp_path):
    import numpy as np
    import pandas as pd
    from matplotlib.image import imsave

    _, panel = open_panel("Reader study")
    keys = panel.rating._keys
    assert [k.key().toString() for k in keys] == ["1", "2", "3", "4", "5"]
    assert not any(k.isEnabled() for k in keys)
    imsave(tmp_path / "0.png", np.full((8, 24, 3), 0.3))
    pd.DataFrame([{"case_id": "c", "level": 1, "picture": "0.png"}]).to_csv(
        tmp_path / "maps.csv", index=False
    )
    panel.reader_line.setText("A")
    panel.tabs.setCurrentWidget(panel.rating)
    panel.rating.open_table(tmp_path / "maps.csv", tmp_path / "ratings")
    assert all(k.isEnabled() for k in keys)
    panel.tabs.setCurrentWidget(panel.scoring)
    assert not any(k.isEnabled() for k in keys)
