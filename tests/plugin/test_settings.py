"""What is set once in napari's preferences reaches the plugin; no setting is dead."""

from __future__ import annotations

from pathlib import Path

import pytest
from npe2 import PluginManifest

import napari_ssc
from napari_ssc import _settings
from ssc_core.threads import threads_limited

GROUPS = PluginManifest.from_file(
    Path(napari_ssc.__file__).with_name("napari.yaml")
).contributions.configurations
READERS = {
    ("reader", "alias"): (_settings.alias, "R7"),
    ("files", "offer"): (_settings.offers_to_prefer, False),
    ("folders", "worklists"): (_settings.worklist_folder, str(Path(__file__).parent)),
    ("computing", "threads"): (_settings.threads, 1),
}


@pytest.fixture
def settings():
    settings_of = pytest.importorskip("napari.settings").get_plugin_settings
    return settings_of("napari-ssc")


def test_every_declared_setting_is_read_and_its_default_is_that_of_older_napari(settings, monkeypatch):
    declared = {(g, n): p.default for g, group in GROUPS.items() for n, p in group.properties.items()}
    assert set(declared) == set(READERS)
    for (group, name), (read, value) in READERS.items():
        assert read() == declared[group, name]
        monkeypatch.setattr(getattr(settings, group), name, value)
        assert read() == value


def test_threads_are_limited_within_a_run_and_given_back(settings, monkeypatch):
    import dask
    import numpy as np
    import SimpleITK as sitk
    from threadpoolctl import threadpool_info

    np.ones((4, 4)) @ np.ones((4, 4))
    before = sitk.ProcessObject.GetGlobalDefaultNumberOfThreads()
    monkeypatch.setattr(settings.computing, "threads", 1)
    with threads_limited(_settings.threads()):
        assert sitk.ProcessObject.GetGlobalDefaultNumberOfThreads() == 1
        assert dask.config.get("num_workers") == 1
        assert {pool["num_threads"] for pool in threadpool_info()} == {1}
    assert sitk.ProcessObject.GetGlobalDefaultNumberOfThreads() == before
