"""From a CT to scores: every number can be counted again in the phantom's voxels."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ssc_core.cli.lung import app
from ssc_core.cohort import run_batch
from ssc_core.errors import CasesFailed, InputError
from ssc_core.io.volume import Volume
from ssc_core.lung.goh.cascade import score_ct, score_lungs
from ssc_core.lung.goh.engines import scorer_of
from ssc_core.lung.goh.params import GohParams
from ssc_core.lung.goh.results import GohResult
from ssc_core.lung.goh.save import patient_table, save
from ssc_core.lung.lnet.case import KnownLevels
from ssc_core.phantoms.chest import ChestPhantom

PATTERNS = ["tot", "gg", "ret"]


def counted(result: GohResult, hu: np.ndarray, above: float) -> tuple[np.ndarray, np.ndarray]:
    lung = (result.lung.mask == 1) | (result.lung.mask == 2)
    return ((hu > above) & lung).sum(axis=(1, 2)), lung.sum(axis=(1, 2))


def test_level_scores_are_those_of_the_nearest_slices(result: GohResult, phantom: ChestPhantom) -> None:
    dense, lung = counted(result, phantom.hu, -700)
    for row, level in zip(result.scores.to_dict("records"), result.levels, strict=True):
        z = int(row["slice"])
        assert row["z_mm"] == level.z_mm
        assert abs(float(phantom.frame.to_physical([z, 0, 0])[0]) - row["z_mm"]) <= 2.5
        assert row["tot"] == pytest.approx(100 * dense[z] / lung[z])
        assert row["tot5"] % 5 == 0
        assert abs(row["tot5"] - row["tot"]) <= 2.5
        assert row["gg"] + row["ret"] == pytest.approx(row["tot"])


def test_the_volume_weighted_extent_is_the_share_of_the_voxels(
    result: GohResult, phantom: ChestPhantom
) -> None:
    for pattern, above in (("tot", -700), ("ret", -500)):
        dense, lung = counted(result, phantom.hu, above)
        share = 100 * dense.sum() / lung.sum()
        assert result.patient[f"volume_{pattern}"].value == pytest.approx(share, rel=1e-9)
    assert len(result.profile) == (lung > 0).sum()
    assert result.profile["z_mm"].is_monotonic_increasing


def test_the_patient_score_is_the_plain_mean_without_interval(result: GohResult) -> None:
    tot = result.patient["tot"]
    assert tot.value == pytest.approx(result.scores["tot"].mean())
    assert math.isnan(tot.low)
    assert "unknown" in tot.note
    assert any("no interval" in f for f in result.flags)


def test_thinned_profiles_keep_their_distance(ct: Volume, result: GohResult, density_scorer: Any) -> None:
    thin = score_lungs(result.lung, density_scorer(), GohParams(profile_step_mm=12.0))
    assert (np.diff(thin.profile["z_mm"]) >= 12 - 1e-6).all()
    assert thin.patient["volume_tot"].value == pytest.approx(result.patient["volume_tot"].value, abs=2.0)
    none = score_lungs(result.lung, density_scorer(), GohParams(profile=False))
    assert none.profile.empty
    assert math.isnan(none.patient["volume_tot"].value)
    pd.testing.assert_frame_equal(none.scores, result.scores)


def test_a_missing_level_leaves_no_mean_and_no_stage(result: GohResult, density_scorer: Any) -> None:
    z = [level.z_mm for level in result.levels]
    given = KnownLevels(z_mm=(z[0], z[1], math.nan, z[3], z[4] - 5000))
    again = score_lungs(result.lung, density_scorer(), levels=given, fvc_percent=60.0)
    assert again.scores["tot"].isna().tolist() == [False, False, True, False, True]
    assert again.patient["tot"].note == "no mean: level 3, 5 is missing"
    assert again.stage.name == "unknown"
    assert "outside the scan" in again.scores["flags"].iloc[4]


def test_given_levels_are_scored_where_the_reader_put_them(result: GohResult, density_scorer: Any) -> None:
    z = [level.z_mm for level in result.levels]
    given = KnownLevels(z_mm=(z[0] - 5.0, *z[1:]))
    again = score_lungs(result.lung, density_scorer(), levels=given)
    assert again.scores["slice"].iloc[0] == result.scores["slice"].iloc[0] - 1
    assert again.record.parameters["levels"] == "given"


def test_fvc_decides_in_the_grey_zone(result: GohResult, density_scorer: Any) -> None:
    tot = result.patient["tot"].value
    assert 10 <= tot <= 30, "the phantom is meant to lie in the grey zone"
    for fvc, name in ((None, "indeterminate"), (85.0, "limited"), (55.0, "extensive")):
        assert score_lungs(result.lung, density_scorer(), fvc_percent=fvc).stage.name == name


def test_rule_breaks_are_flagged_and_kept(result: GohResult, density_scorer: Any) -> None:
    scorer = density_scorer()
    true = scorer.score
    scorer.score = lambda *a, **k: true(*a, **k) * [1.0, 3.0, 1.0] - [0.0, 0.0, 30.0]
    again = score_lungs(result.lung, scorer, GohParams(profile=False))
    assert (again.scores["ret"] < 0).any()
    assert again.scores["ret"].to_numpy() == pytest.approx(result.scores["ret"].to_numpy() - 30)
    assert (again.scores["ret5"] >= 0).all()
    assert any("RET" in f and "outside 0 to 100" in f for f in again.flags)


def test_the_same_scores_give_the_same_bytes(result: GohResult, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        save(result, tmp_path / name)
    files = sorted(p.name for p in (tmp_path / "a").iterdir())
    assert {"scores.csv", "profile.csv", "patient.csv", "sheet.png", "profile.png", "maps.npz"} <= set(files)
    for name in files:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name
    stored = pd.read_csv(tmp_path / "a" / "scores.csv")
    assert stored["tot"].to_numpy() == pytest.approx(result.scores["tot"].to_numpy())
    assert set(patient_table(result)["measure"]) >= {"mean_tot", "volume_tot", "stage", "lung_volume"}
    with np.load(tmp_path / "a" / "maps.npz") as maps:
        assert maps["level_1"].shape == (3, *result.lung.mask.shape[1:])


def test_the_command_says_the_scores_and_hides_the_name(
    ct_file: Path, density: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    app(["score", str(ct_file), "-o", str(tmp_path / "out"), "--fvc-percent", "60"])
    said = capsys.readouterr().out
    assert "TOT: mean of five levels" in said
    assert "stage: extensive" in said
    for path in (tmp_path / "out").rglob("*"):
        assert path.is_dir() or b"ZZNAME" not in path.read_bytes()
    record = json.loads((tmp_path / "out" / "run.json").read_text())
    assert record["parameters"]["scorer"].startswith("density@")
    assert record["inputs"]["ct"].startswith("sha256:")


def test_what_was_not_computed_is_not_said(
    ct_file: Path, density: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    app(["score", str(ct_file), "-o", str(tmp_path / "out"), "--no-profile"])
    said = capsys.readouterr().out
    assert "nan" not in said
    assert "whole lung" not in said
    assert "profile.png" not in said


def test_a_manifest_is_scored_and_resumed(ct_file: Path, density: Any, tmp_path: Path) -> None:
    manifest = tmp_path / "m.csv"
    manifest.write_text(f"case_id,ct,fvc_percent\none,{ct_file},80\ntwo,{tmp_path / 'none.nii.gz'},\n")
    (tmp_path / "none.nii.gz").write_bytes(b"no image")
    out = tmp_path / "study"
    with pytest.raises(CasesFailed):
        app(["score", str(manifest), "-o", str(out), "--no-profile"])
    both = pd.read_csv(out / "scores.csv")
    assert both["case_id"].tolist() == ["one"] * 5
    assert pd.read_csv(out / "failures.csv")["case_id"].tolist() == ["two"]
    again = run_batch("lung score", manifest, out, GohParams(profile=False))
    assert (again.finished, again.skipped, again.failed) == (0, 1, 1)


def test_a_manifest_that_uses_a_scorer_by_path_does_not_store_the_path(tmp_path: Path) -> None:
    folder = tmp_path / "ZZNAME"
    folder.mkdir()
    (folder / "card.json").write_text("{}")
    stored = GohParams(scorer=str(folder)).model_dump(mode="json")["scorer"]
    assert stored.startswith("sha256:")
    (folder / "card.json").write_text("{ }")
    assert GohParams(scorer=str(folder)).model_dump(mode="json")["scorer"] != stored
    assert GohParams().model_dump(mode="json")["scorer"] == "starter"


def test_images_too_coarse_are_refused_before_anything_is_searched(ct: Volume, density_scorer: Any) -> None:
    scorer = density_scorer()
    scorer.smallest = 4096
    coarse = replace(ct, source_frame=replace(ct.source_frame, spacing=(5.0, 4.2, 4.2)))
    with pytest.raises(InputError, match="at most 2 mm"):
        score_ct(coarse, scorer)


def test_unknown_scorers_are_named() -> None:
    with pytest.raises(InputError, match="there is no scorer 'nobody'"):
        scorer_of("nobody")
    with pytest.raises(InputError, match="does not score slices"):
        scorer_of("squeezenet")
    with pytest.raises(InputError, match="not on this machine"):
        scorer_of("snet-jia2024-convnext")
