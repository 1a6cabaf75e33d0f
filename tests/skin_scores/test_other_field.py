"""Both readings of the paper's field: what is compared, and what is said where there is none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ssc_core.errors import InputError
from ssc_core.io.features import FeatureMeta, write_features
from ssc_core.phantoms.biopsy import cohort
from ssc_core.skin.feature_params import FeatureParams
from ssc_core.skin.report import write_report
from ssc_core.skin.scores.discovery import discover
from ssc_core.skin.scores.other_field import OTHER, other_reading, second_reading
from ssc_core.skin.scores.save import save_discovery
from ssc_core.skin.scores.study import open_study

COLUMNS = ["biopsy_id", "patient_id", "visit_months", "status", "mrss"]


def written(folder, table, mpp, lost=0, sign=1.0, patches=6):
    """A study whose features follow fibrosis; the last `lost` biopsies failed."""
    rng = np.random.default_rng(round(mpp * 1000))
    folder.mkdir(parents=True)
    for _, row in table.head(len(table) - lost).iterrows():
        x = sign * 4 * row["fibrosis"] * np.arange(1, 6) + rng.normal(size=(patches, 5)) / 3
        name, scale = row["biopsy_id"], (mpp, mpp)
        meta = FeatureMeta(name, "morphometry", "", False, "", "own stain", 227, scale, False, 1, patches)
        place = folder / "features" / row["biopsy_id"]
        place.mkdir(parents=True)
        places = pd.DataFrame({"field": np.arange(1, patches + 1), "y_um": 0.0, "x_um": 0.0})
        write_features(place, x.astype(np.float32), list("abcde"), places, meta)
    table[COLUMNS].to_csv(folder / "cohort.csv", index=False)
    reasons = [(b, "<name>: patches of 0.1762 um/px are finer than the slide") for b in table["biopsy_id"]]
    pd.DataFrame(reasons[len(table) - lost :], columns=["case_id", "reason"]).to_csv(
        folder / "failures.csv", index=False
    )


def discovered(folder, partial):
    study = open_study(folder, partial=partial)
    out = folder / "discovery"
    out.mkdir()
    save_discovery(discover(study.patches, study.biopsies), study, out)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("both") / "study"
    table = cohort(6, 3, 14, seed=1)
    written(folder, table, 400 / 227)
    written(folder / OTHER, table, 40 / 227, lost=2, sign=-1.0)
    discovered(folder, False)
    discovered(folder / OTHER, True)
    return folder


def test_the_other_reading_is_a_tenth_of_the_field_and_back():
    small = other_reading(FeatureParams())
    assert small.patch_px * small.patch_mpp == pytest.approx(40)
    assert other_reading(small).patch_mpp == pytest.approx(FeatureParams().patch_mpp)
    for odd in ({"native": True}, {"patch_mpp": 1.0}):
        with pytest.raises(InputError, match="--both-fields"):
            other_reading(FeatureParams(**odd))


def test_the_same_biopsies_are_compared_and_the_others_are_told(study):
    found = second_reading(study)
    assert found.field_um == pytest.approx((400, 40))
    assert "12 of 14 slides" in found.sentence
    assert "finer than the slide" in found.sentence
    pairs = found.pairs["biopsy_score"]
    assert len(pairs) == 12
    # the features of the other reading were turned round, and a component's sign is fixed by its loadings
    assert abs(found.related["biopsy_score"][0].value) > 0.9
    assert {"this study", "other reading"} <= set(found.figures)


def test_the_report_shows_both(study, tmp_path):
    write_report(study, tmp_path)
    page = (tmp_path / "index.html").read_text()
    assert "fields of 40 um" in page
    assert (tmp_path / "fields_biopsy_score.svg").is_file()


def test_a_study_with_one_reading_names_the_command_for_the_other(tmp_path):
    written(tmp_path / "s", cohort(3, 1, 5, seed=2), 400 / 227)
    assert "--both-fields" in second_reading(tmp_path / "s").sentence


def test_an_interrupted_reading_is_told(tmp_path):
    table = cohort(3, 1, 5, seed=2)
    written(tmp_path / "s", table, 400 / 227)
    written(tmp_path / "s" / OTHER, table, 40 / 227, lost=2)
    (tmp_path / "s" / OTHER / "failures.csv").unlink()
    assert "not finished" in second_reading(tmp_path / "s").sentence
