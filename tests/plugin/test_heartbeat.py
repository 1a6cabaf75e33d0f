"""The window stays alive while the core works."""

from __future__ import annotations

import pytest

RUNS = {
    "skin": ("Skin", "biopsy", lambda panel: panel.run()),
    "skin score": ("Skin", "biopsy", lambda panel: panel.scores.score()),
    "skin map": ("Skin", "biopsy", lambda panel: panel.scores.map()),
    "lung": ("Lung", "chest", lambda panel: panel.run()),
    "calcinosis": ("Calcinosis", "finger", lambda panel: panel.run()),
}


@pytest.mark.parametrize(("title", "sample", "run"), RUNS.values(), ids=RUNS)
def test_gui_thread_is_not_blocked_while_a_run_computes(
    open_panel, qtbot, monkeypatch, model, heart, title, sample, run
):
    """From the start of a run to the return of its result, without layers being made: at most 100 ms over
    the idle window. What else the machine does only lengthens a pause, so the best of three runs counts."""
    _, panel = open_panel(title, sample)
    results = []
    monkeypatch.setattr(type(panel), "_show", lambda self, result: results.append(result))
    if title == "Skin":
        panel.form["n_patches"].value = 20
        panel.scores.load_model(model)
        panel.scores.step_box.setValue(200)
        for name in ("_show", "_show_map"):
            monkeypatch.setattr(type(panel.scores), name, lambda self, *shown: results.append(shown))
    pauses = []
    qtbot.wait(400)
    for _ in range(3):
        heart.begin()
        qtbot.wait(300)
        idle = heart.longest
        run(panel)
        heart.begin()
        qtbot.waitUntil(lambda: not panel.busy, timeout=120_000)
        assert results, panel.message.text()
        pauses.append(heart.longest - idle)
        if pauses[-1] < 0.1:
            break
    assert min(pauses) < 0.1, pauses
