"""From phantom slides to scores through the commands a user types."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from cyclopts import App

from ssc_core.cli import skin_scores
from ssc_core.cli.outcome import exit_code_of
from ssc_core.cli.skin_map import map_
from ssc_core.cli.skin_stability import stability
from ssc_core.phantoms.biopsy import cohort, write_cohort

FEATURES = ["--n-patches", "4", "--backbone", "morphometry"]
FIT = ["--folds", "2", "--n-lambdas", "4", "--test-share", "0.25"]


def ssc(*arguments: object) -> int:
    app = App(name="skin", result_action="return_value")
    for name in ("features", "discover", "fit", "score", "validate", "report"):
        app.command(getattr(skin_scores, name))
    app.command(map_, name="map")
    app.command(stability)
    return exit_code_of(app, [str(a) for a in arguments])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cohort")
    table = cohort(4, 4, 9, seed=2)
    write_cohort(folder, table, size_mm=(0.8, 0.8))
    return folder


@pytest.fixture(scope="module")
def study(folder):
    out = folder / "study"
    assert ssc("features", folder / "manifest.csv", "-o", out, *FEATURES, "--both-fields") == 0
    assert ssc("discover", out) == 0
    assert ssc("fit", out, *FIT) == 0
    return out


def test_a_study_holds_features_and_people_but_no_paths(study, folder):
    assert len(list((study / "features").iterdir())) == 9
    text = (study / "cohort.csv").read_text() + (study / "run.json").read_text()
    assert "slides/" not in text
    assert str(folder) not in text
    assert (study / "failures.csv").read_text().strip() == "case_id,reason"


def test_discovery_and_model_are_complete(study):
    for name in (
        "biopsies.csv",
        "patches.csv",
        "loadings.csv",
        "statistics.csv",
        "fig2a.svg",
        "fig2b.png",
        "fig1a_low.svg",
        "montage.png",
        "run.json",
    ):
        assert (study / "discovery" / name).stat().st_size > 0
    for name in ("model.safetensors", "card.json", "scores.csv", "statistics.csv", "table2.csv", "fig4a.svg",
                 "sees.csv", "changes.csv", "smallest_detectable_change.csv"):  # fmt: skip
        assert (study / "model" / name).stat().st_size > 0
    scores = pd.read_csv(study / "model" / "scores.csv")
    assert scores["fibrosis_score"].notna().all()
    seen = pd.read_csv(study / "model" / "sees.csv")
    assert {"collagen_fraction", "dermal_thickness_mm"} <= set(seen["measure"])
    card = json.loads((study / "model" / "card.json").read_text())
    assert card["meta"]["backbone"] == "morphometry"


def test_a_slide_is_scored_like_in_the_study(study, folder, tmp_path, capsys):
    """The same slide, named as in the study, gives the same patches and features."""
    scores = pd.read_csv(study / "model" / "scores.csv")
    test = scores[scores["set"] == "test"].iloc[0]
    name = test["biopsy_id"]
    code = ssc("score", folder / "slides" / f"{name}.svs", "--model", study / "model", "-o", tmp_path / "s",
               "--roi", folder / "rois" / f"{name}.geojson", "--case-id", name)  # fmt: skip
    assert code == 0
    found = pd.read_csv(tmp_path / "s" / "scores.csv").iloc[0]
    assert found["fibrosis_score"] == pytest.approx(test["fibrosis_score"], rel=1e-6)
    assert found["fibrosis_score_low"] < found["fibrosis_score"] < found["fibrosis_score_high"]
    assert str(folder) not in (tmp_path / "s" / "run.json").read_text()


def test_the_report_says_why_slides_have_no_second_reading(study, tmp_path):
    """Slides of 1.76 um per pixel hold no fields of 40 um at 0.176."""
    assert ssc("report", study, "-o", tmp_path / "r") == 0
    page = (tmp_path / "r" / "index.html").read_text()
    assert "0 of 9 slides could be read under the other reading" in page
    assert "finer than the slide" in page
    assert "Fig. 1A" in page
    assert "Smallest detectable change" in page


def test_a_manifest_is_scored_with_the_changes_of_its_patients(study, folder, tmp_path, capsys):
    short = tmp_path / "two.csv"
    table = pd.read_csv(folder / "manifest.csv", dtype=str)
    table["slide"] = [str(folder / s) for s in table["slide"]]
    table["roi"] = [str(folder / s) for s in table["roi"]]
    two = table[table["patient_id"].duplicated(keep=False)].head(2)
    two.to_csv(short, index=False)
    assert ssc("score", short, "--model", study / "model", "-o", tmp_path / "s") == 0
    assert len(pd.read_csv(tmp_path / "s" / "scores.csv")) == 2
    assert len(pd.read_csv(tmp_path / "s" / "changes.csv")) == 1
    assert (tmp_path / "s" / "smallest_detectable_change.csv").is_file()


def test_scores_are_mapped_by_model_and_by_discovery(study, folder, tmp_path, capsys):
    slide = folder / "slides" / "B0001.svs"
    for what, name in (
        (["--model", study / "model"], "fibrosis_score"),
        (["--study", study], "image_patch_score"),
    ):
        out = tmp_path / name
        assert ssc("map", slide, *what, "-o", out, "--step-um", "200") == 0
        assert (out / f"{name}.ome.zarr").is_dir()
        assert "B0001" not in (out / "run.json").read_text()
    assert ssc("map", slide, "-o", tmp_path / "x") == 2
    assert "one of --model, --study and --feature" in capsys.readouterr().err


def test_stability_is_told_per_change_of_stain(study, folder, tmp_path, capsys):
    slide = folder / "slides" / "B0001.svs"
    code = ssc("stability", slide, "--model", study / "model", "--n-patches", "3", "-o", tmp_path / "t")
    assert code == 0
    table = pd.read_csv(tmp_path / "t" / "stability.csv")
    assert table["stain"].nunique() == 7
    assert table["mean_change"].abs().max() > 0
    assert (tmp_path / "t" / "stability_fibrosis_score.svg").is_file()


def test_a_study_is_scored_and_validated(study, tmp_path, capsys):
    assert ssc("score", study, "--model", study / "model", "-o", tmp_path / "s") == 0
    assert len(pd.read_csv(tmp_path / "s" / "scores.csv")) == 9
    assert ssc("validate", study / "model", study, "-o", tmp_path / "v") == 0
    assert "too small to say" in capsys.readouterr().out
    assert {"site", "score", "name", "value"} <= set(pd.read_csv(tmp_path / "v" / "statistics.csv"))


def test_the_report_is_one_page_of_results(study, tmp_path):
    scores = pd.read_csv(study / "model" / "scores.csv")
    level = scores["mrss"].to_numpy(float)
    rows = [[f"p{k}", gene, *(level * way + k)] for k, (gene, way) in enumerate([("COMP", 1), ("DOWN", -1)])]
    pd.DataFrame(rows, columns=["probe", "gene", *scores["biopsy_id"]]).to_csv(
        tmp_path / "e.csv", index=False
    )
    (tmp_path / "g.csv").write_text("gene,direction\nCOMP,up\nDOWN,down\n")
    code = ssc("report", study, "--expression", tmp_path / "e.csv", "--signature", tmp_path / "g.csv",
               "--genes", "COMP", "SIGLEC1", "-o", tmp_path / "r")  # fmt: skip
    assert code == 0
    page = (tmp_path / "r" / "index.html").read_text()
    for words in (
        "Fig. 2A",
        "Fig. 3A",
        "Fig. 4A",
        "Fig. 4B",
        "Supp. Fig. 1",
        "Table 1",
        "Table 2",
        "too small to say",
    ):
        assert words in page
    assert (tmp_path / "r" / "fig4b.svg").is_file()
    assert 'src="http' not in page


def test_wrong_folders_are_told_in_one_sentence(tmp_path, capsys):
    assert ssc("discover", tmp_path) == 2
    assert "no cohort.csv" in capsys.readouterr().err
    assert ssc("report", tmp_path) == 2
    assert ssc("score", tmp_path / "x.svs", "--model", tmp_path, "-o", tmp_path / "o") == 2
    assert "no score model" in capsys.readouterr().err
    assert not (tmp_path / "o").exists()
