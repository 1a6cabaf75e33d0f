"""The window stays alive while results are written."""

from __future__ import annotations

import pytest

SAVED = {
    "skin": ("Skin", "biopsy", lambda panel, folder: panel.save_result(folder)),
    "skin report": ("Skin", "biopsy", lambda panel, folder: panel.scores.report(folder)),
    "skin map": ("Skin", "biopsy", lambda panel, folder: panel.scores.save_map(folder)),
    "lung": ("Lung", "chest", lambda panel, folder: panel.save_result(folder)),
    "calcinosis": ("Calcinosis", "finger", lambda panel, folder: panel.save_result(folder)),
}


@pytest.mark.slow
@pytest.mark.parametrize(("title", "sample", "save"), SAVED.values(), ids=SAVED)
def test_gui_thread_is_not_blocked_while_a_result_is_written(
    open_panel, click, qtbot, model, heart, tmp_path, title, sample, save
):
    """At most 100 ms over the idle window, in the best of five: the rest of the machine only lengthens it."""
    _, panel = open_panel(title, sample)
    if title == "Skin":
        panel.form["n_patches"].value = 12
        panel.scores.load_model(model)
        panel.scores.step_box.setValue(200)
        panel.scores.score()
        qtbot.waitUntil(lambda: not panel.busy, timeout=60_000)
        panel.scores.map()
        qtbot.waitUntil(lambda: not panel.busy, timeout=60_000)
    click(panel)
    pauses = []
    for attempt in range(5):
        heart.begin()
        qtbot.wait(300)
        idle = heart.longest
        save(panel, tmp_path / str(attempt))
        heart.begin()
        qtbot.waitUntil(lambda: not panel.busy, timeout=60_000)
        assert str(tmp_path) in panel.message.text()
        pauses.append(heart.longest - idle)
        if pauses[-1] < 0.1:
            break
    assert min(pauses) < 0.1, pauses
