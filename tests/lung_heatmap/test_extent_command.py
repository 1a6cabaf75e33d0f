"""``ssc lung extent``: the scorer's own maps of a CT, whose answers are known."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk

from ssc_core.cli import app
from ssc_core.cli.outcome import exit_code_of
from ssc_core.io.store import read_array
from ssc_core.lung.goh.scores import PATTERNS
from ssc_core.lung.heatmap import extents as module
from ssc_core.lung.heatmap.derived import scores_of_masks


@pytest.fixture
def ct(slice_, tmp_path):
    """Two healthy slices and the diseased one above them, in a frame of their own, and the lungs."""
    hu, lung, _ = slice_
    stack = np.stack([np.where(lung, -860.0, 30.0)] * 2 + [hu])
    paths = []
    for name, values in (("ct", stack), ("lungs", np.stack([lung] * 3))):
        image = sitk.GetImageFromArray(values.astype(np.int16))
        image.SetSpacing((1.5, 1.5, 30.0))
        sitk.WriteImage(image, str(tmp_path / f"{name}.nii.gz"))
        paths.append(str(tmp_path / f"{name}.nii.gz"))
    return paths


def test_maps_scores_and_masks_are_those_of_the_scorer(ct, slice_, scorer, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(module, "scorer_of", lambda name, device="auto": scorer)
    command = ["lung", "extent", ct[0], "--mask", ct[1], "--slices", "0", "2", "-o", str(tmp_path / "maps")]
    assert exit_code_of(app, command) == 0, capsys.readouterr().err
    _, lung, lesions = slice_
    saved = np.stack(
        [np.asarray(read_array(tmp_path / "maps" / f"extent_{p}.ome.zarr")[0]) for p in PATTERNS]
    )
    assert np.isnan(saved[:, 1]).all()
    assert np.isnan(saved[:, 2][:, ~lung]).all()
    hu = sitk.GetArrayFromImage(sitk.ReadImage(ct[0])).astype(np.float32)
    for z in (0, 2):
        truth = scorer.extent(hu[z : z + 1], lung[None], (1.5, 1.5))[0]
        np.testing.assert_array_equal(saved[:, z][:, lung], truth[:, lung])
    table = pd.read_csv(tmp_path / "maps" / "scores.csv").set_index("slice")
    assert table.index.tolist() == [0, 2]
    whole = scorer.score(hu[2:], lung[None], (1.5, 1.5))[0]
    assert table.loc[2, list(PATTERNS)].tolist() == pytest.approx(whole.tolist(), abs=1e-6)
    masks = np.asarray(read_array(tmp_path / "maps" / "patterns.ome.zarr")[0])
    counted = scores_of_masks(masks[2], lung)
    assert table.loc[2, [f"{p}_certain" for p in PATTERNS]].tolist() == pytest.approx(counted, abs=1e-6)
    assert counted[0] == pytest.approx(100 * lesions[0].sum() / lung.sum(), abs=1.0)
    record = json.loads((tmp_path / "maps" / "run.json").read_text())
    assert record["what"] == "lung extent"
    assert set(record["inputs"]) == {"ct", "mask"}
    back = sitk.ReadImage(str(tmp_path / "maps" / "extent_gg.nii.gz"))
    assert back.GetSpacing() == pytest.approx((1.5, 1.5, 30.0))


def test_a_scorer_without_maps_is_refused_in_one_sentence(ct, tmp_path, capsys):
    line = ["lung", "extent", ct[0], "--mask", ct[1], "--slices", "2", "-o", str(tmp_path / "maps")]
    assert exit_code_of(app, [*line, "--scorer", "baseline"]) == 2
    assert "goh-baseline has no extent map" in capsys.readouterr().err
    assert not (tmp_path / "maps").exists()
