"""A frozen model: what it holds, what it refuses, what it says of new biopsies."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from ssc_core.errors import FormatError, InputError
from ssc_core.io.features import FeatureMeta
from ssc_core.skin.scores.apply import out_of_population, score_biopsies
from ssc_core.skin.scores.evaluate import evaluate
from ssc_core.skin.scores.fit import fit_scores
from ssc_core.skin.scores.making import params_like
from ssc_core.skin.scores.model import freeze, load_model, save_model
from ssc_core.skin.scores.params import FitParams
from ssc_core.skin.scores.validate import validate_model

META = FeatureMeta("x", "alexnet", "fc6", False, "sha256:1", "mean subtracted", 227, (1.76, 1.76), False, 1,
100,
                   trichrome=True)  # fmt: skip


@pytest.fixture(scope="module")
def fitted(study):
    patches, table = study
    return fit_scores(replace(patches, meta=META), table, FitParams(folds=4, n_lambdas=6, nested=False))


@pytest.fixture(scope="module")
def model(fitted):
    return freeze(fitted, evaluate(fitted))


@pytest.fixture(scope="module")
def folder(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("model")
    save_model(model, path)
    return path


def test_a_model_survives_the_disk_and_is_the_same_bytes(model, folder, tmp_path):
    loaded = load_model(folder)
    save_model(loaded, tmp_path)
    for name in ("model.safetensors", "card.json"):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()
    assert loaded.digest == model.digest
    assert loaded.meta == META


def test_the_card_tells_the_study_and_nobodys_name(fitted, folder):
    text = (folder / "card.json").read_text()
    card = json.loads(text)["card"]
    assert card["penalties"]["fibrosis"]["lambda"] == fitted.fibrosis.penalty
    assert len(card["penalties"]["fibrosis"]["criterion"]) == 6
    assert card["population"]["training"]["patients"] + card["population"]["test"]["patients"] == 24
    assert {len(d) for d in card["split"]["training"]} == {12}
    assert card["figures"]
    for patient in fitted.scores["patient_id"].unique():
        assert f'"{patient}"' not in text


def test_scores_of_new_biopsies_are_those_of_the_test_set(fitted, model):
    found = score_biopsies(model, fitted.patches).set_index("biopsy_id")
    test = fitted.scores[fitted.scores["set"] == "test"].set_index("biopsy_id")
    for name in ("fibrosis_score", "diagnostic_score", "fibrosis_score_low", "diagnostic_score_high"):
        np.testing.assert_allclose(found.loc[test.index, name], test[name], rtol=1e-6)
    inside = (found["fibrosis_score_low"] < found["fibrosis_score"]) & (
        found["fibrosis_score"] < found["fibrosis_score_high"]
    )
    assert inside.all()
    assert (found["fibrosis_score_model_se"] > 0).all()


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"backbone": "alexnet-bvlc"}, "backbone"),
        ({"layer": "fc7"}, "layer"),
        ({"relu": True}, "relu"),
        ({"weights": "sha256:2"}, "weights"),
        ({"patch_px": 224}, "patch_px"),
        ({"patch_mpp": (0.176, 0.176)}, "um/px"),
        ({"normalisation": "none"}, "normalisation"),
    ],
)
def test_other_features_are_refused(fitted, model, other, words):
    with pytest.raises(InputError, match=words):
        score_biopsies(model, replace(fitted.patches, meta=replace(META, **other)))


def test_features_of_other_names_are_refused(fitted, model):
    names = ("z", *fitted.patches.names[1:])
    with pytest.raises(InputError, match="backbone alexnet"):
        score_biopsies(model, replace(fitted.patches, names=names))


def test_another_stain_and_unknown_features_are_flagged(fitted, model):
    said = score_biopsies(model, replace(fitted.patches, meta=replace(META, trichrome=False)))["flags"]
    assert said.str.contains("does not look like a Masson's trichrome").all()
    said = score_biopsies(model, replace(fitted.patches, meta=None))["flags"]
    assert said.str.contains("unknown whether").all()


def test_biopsies_unlike_the_training_are_flagged(fitted, model):
    usual = score_biopsies(model, fitted.patches)
    assert (usual["flags"] == "").mean() > 0.85
    x = fitted.patches.x + 20 * model.sd.astype(np.float32)
    said = score_biopsies(model, replace(fitted.patches, x=x))
    assert said["flags"].str.contains("from the training biopsies").all()
    few = fitted.patches.biopsy == 0
    keep = ~few | (np.cumsum(few) <= 3)
    one = replace(fitted.patches, x=fitted.patches.x[keep], biopsy=fitted.patches.biopsy[keep],
                  section=fitted.patches.section[keep])  # fmt: skip
    assert "3 patches" in score_biopsies(model, one)["flags"].iloc[0]


def test_people_outside_the_training_are_flagged(study, model):
    table = study[1].head(3).assign(age=[99, 50, 50], mrss=[10, 51, 10])
    said = out_of_population(model, table)
    assert "age 99 outside" in said.iloc[0]
    assert "mRSS 51 outside" in said.iloc[1]
    assert said.iloc[2] == "" or "age" in said.iloc[2]


def test_validation_is_per_site_and_says_what_n_allows(study, fitted, model):
    patches, table = replace(study[0], meta=META), study[1].copy()
    table["site"] = np.where(np.arange(len(table)) % 2, "north", "south")
    found = validate_model(model, patches, table)
    assert set(found.table["site"]) == {"all sites", "north", "south"}
    assert {"AUC", "misclassification", "Pearson r", "Spearman rho", "slope"} == set(found.table["name"])
    assert any("36 patients find a correlation" in f for f in found.flags)
    few = validate_model(model, patches, table.head(8))
    assert any("too small to say" in f for f in few.flags)
    whole = found.table[found.table["site"] == "all sites"].set_index("name")
    assert whole.loc["AUC", "value"] > 0.85


def test_the_models_features_can_be_asked_for(model):
    params = params_like(model.meta, 100)
    assert (params.backbone, params.layer, params.weights) == ("alexnet", "fc6", "sha256:1")
    assert (params.patch_px, params.patch_mpp) == (227, 1.76)
    with pytest.raises(InputError, match="does not say"):
        params_like(None, 100)


@pytest.mark.parametrize("damage", ["empty", "cut", "card", "newer", "shape", "nan"])
def test_damaged_models_are_refused_in_one_sentence(folder, tmp_path, damage):
    import shutil

    from safetensors.numpy import load_file, save_file

    bad = tmp_path / "bad"
    shutil.copytree(folder, bad)
    arrays = bad / "model.safetensors"
    if damage == "empty":
        arrays.unlink()
    elif damage == "cut":
        arrays.write_bytes(arrays.read_bytes()[:50])
    elif damage == "card":
        (bad / "card.json").write_text("{}")
    elif damage == "newer":
        whole = json.loads((bad / "card.json").read_text())
        whole["card"]["format"] = 99
        (bad / "card.json").write_text(json.dumps(whole))
    else:
        stored = dict(load_file(arrays))
        stored["mean"] = stored["mean"][:3] if damage == "shape" else np.full_like(stored["mean"], np.nan)
        save_file(stored, arrays)
    words = "newer version" if damage == "newer" else "no score model" if damage == "empty" else "damaged"
    with pytest.raises(FormatError, match=words):
        load_model(bad)
