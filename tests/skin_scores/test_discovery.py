"""The first component against scikit-learn, its fixed sign, and what is related to it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA

from ssc_core.errors import EmptyError, InputError
from ssc_core.io.features import FeatureMeta, FeatureSet
from ssc_core.skin.scores.design import moments
from ssc_core.skin.scores.discovery import discover, first_component
from ssc_core.skin.scores.patches import PatchSet, gather
from ssc_core.stats import one_way_anova, pearson


@pytest.mark.parametrize("shape", [(300, 3), (300, 40), (40, 300)])
def test_first_component_equals_a_full_decomposition(shape):
    rng = np.random.default_rng(0)
    x = (rng.normal(size=shape) + 2 * rng.normal(size=(shape[0], 1))).astype(np.float32) * 7 + 3
    mean, sd = moments(x)
    axis, share = first_component(x, mean, sd)
    other = PCA(svd_solver="full").fit((x - mean) / sd)
    assert abs(other.components_[0] @ axis) == pytest.approx(1, abs=1e-6)
    assert share == pytest.approx(other.explained_variance_ratio_[0], rel=1e-5)
    assert axis[np.argmax(abs(axis))] > 0


def test_the_sign_does_not_follow_mrss(study):
    """Were it chosen by mRSS, turning mRSS round would turn the scores."""
    patches, table = study
    a = discover(patches, table)
    b = discover(patches, table.assign(mrss=51 - table["mrss"]))
    np.testing.assert_array_equal(a.patch_scores, b.patch_scores)
    assert a.correlations[0].value == pytest.approx(-b.correlations[0].value)


def test_scores_are_of_standardised_features_and_centred(study):
    found = discover(*study)
    assert found.patch_scores.mean() == pytest.approx(0, abs=1e-6)
    z = (study[0].x - found.mean) / found.sd
    np.testing.assert_allclose(found.patch_scores, z @ found.loadings, atol=1e-4)
    assert np.linalg.norm(found.loadings) == pytest.approx(1)


def test_biopsy_scores_are_means_and_follow_fibrosis(study):
    patches, table = study
    found = discover(patches, table)
    position = patches.biopsies.index(str(table["biopsy_id"].iloc[5]))
    assert found.biopsies["biopsy_score"].iloc[5] == pytest.approx(
        found.patch_scores[patches.biopsy == position].mean()
    )
    assert abs(pearson(found.biopsies["biopsy_score"], found.biopsies["fibrosis"]).value) > 0.9
    assert found.anova.value == one_way_anova(found.patch_scores, patches.biopsy).value
    assert found.anova.p < 1e-10
    assert [c.name for c in found.correlations] == ["rmcorr", "rmcorr of ranks"]
    assert found.correlations[0].n == (table["status"] == "SSc").sum()


def test_the_order_of_biopsies_changes_nothing(study):
    patches, table = study
    a = discover(patches, table).biopsies.set_index("biopsy_id")["biopsy_score"]
    b = discover(patches, table.sample(frac=1, random_state=1)).biopsies.set_index("biopsy_id")[
        "biopsy_score"
    ]
    np.testing.assert_allclose(b[a.index], a, atol=1e-5)


def test_constant_features_are_counted_and_only_constant_ones_refused(study):
    patches, table = study
    x = np.hstack([patches.x, np.full((len(patches), 2), 4.0)])
    ids = np.asarray(patches.biopsies)[patches.biopsy]
    found = discover(PatchSet.make(x, ids), table)
    assert any("2 of 10 features are constant" in f for f in found.flags)
    assert abs(found.loadings[-2:]).max() < 1e-9
    with pytest.raises(InputError, match="all features are constant"):
        discover(PatchSet.make(np.ones_like(x), ids), table)


def test_patches_without_a_feature_are_left_out_and_counted():
    x = np.ones((6, 2))
    x[1, 1] = np.nan
    made = PatchSet.make(x, list("aabbcc"))
    assert len(made) == 5
    assert made.flags == ("1 of 6 patches left out: a feature could not be measured",)
    x[:2] = np.nan
    with pytest.raises(EmptyError, match="no patch of biopsy a"):
        PatchSet.make(x, list("aabbcc"))
    with pytest.raises(InputError, match="infinite"):
        PatchSet.make(np.full((2, 2), np.inf), ["a", "b"])


def meta(case: str, **other) -> FeatureMeta:
    what = {"backbone": "alexnet", "layer": "fc6", "relu": False, "weights": "sha256:1"}
    how = {"normalisation": "n", "patch_px": 227, "patch_mpp": (1.76, 1.76), "native": False}
    return FeatureMeta(case, **{**what, **how, "seed": 1, "asked": 4, **other})


def features(case: str, **other) -> FeatureSet:
    return FeatureSet(
        np.ones((3, 2), np.float32), ("a", "b"), pd.DataFrame({"field": [1, 2, 3]}), meta(case, **other)
    )


def test_features_of_different_kinds_never_meet():
    with pytest.raises(InputError, match="weights"):
        gather([("b1", 1, features("b1")), ("b2", 1, features("b2", weights="sha256:2"))])
    with pytest.raises(InputError, match="um/px"):
        gather([("b1", 1, features("b1")), ("b2", 1, features("b2", patch_mpp=(0.25, 0.25)))])
    with pytest.raises(EmptyError):
        gather([])
    made = gather([("b1", 1, features("b1", trichrome=False)), ("b1", 2, features("b1-s2"))])
    assert made.biopsies == ("b1",)
    assert list(made.section) == [1, 1, 1, 2, 2, 2]
    assert any("do not look like a Masson's trichrome" in f for f in made.flags)
    assert any("fewer patches than asked" in f for f in made.flags)
