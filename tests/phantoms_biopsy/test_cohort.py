"""A study of the paper's shape."""

from __future__ import annotations

import json

import numpy as np
import openslide
import pandas as pd
import pytest
import shapely

from ssc_core.errors import InputError
from ssc_core.phantoms.biopsy import cohort, cohort_biopsy, write_cohort
from ssc_core.phantoms.biopsy.cohort import MANIFEST_COLUMNS


@pytest.fixture(scope="module")
def study():
    return cohort()


def test_the_default_has_the_shape_of_the_paper(study):
    patients = study[study.status == "SSc"]
    assert len(study) == 164
    assert patients.patient_id.nunique() == 60
    assert (study.status == "control").sum() == 16
    assert study.biopsy_id.is_unique
    assert patients.groupby("patient_id").visit_months.apply(lambda m: m.is_monotonic_increasing).all()
    assert patients.groupby("patient_id").size().max() <= 5


def test_scores_are_in_range_and_controls_score_nothing(study):
    assert study.mrss.between(0, 51).all()
    assert study.local_skin_score.between(0, 3).all()
    controls = study[study.status == "control"]
    assert (controls[["mrss", "local_skin_score"]] == 0).all().all()
    assert controls.fibrosis.max() < study[study.status == "SSc"].fibrosis.median()


def test_the_skin_score_follows_fibrosis_as_a_clinical_score_does():
    found = []
    for seed in range(30):
        table = cohort(seed=seed)
        patients = table[table.status == "SSc"]
        found.append(patients.mrss.corr(patients.fibrosis))
    assert 0.55 < np.mean(found) < 0.75


def test_stain_batches_know_nothing_of_disease():
    tables = pd.concat([cohort(seed=s) for s in range(20)])
    shares = tables[tables.status == "SSc"].stain_batch.value_counts(normalize=True)
    assert shares.between(0.21, 0.29).all()
    assert tables.groupby("stain_batch").fibrosis.mean().std() < 0.02


def test_equal_seeds_give_equal_studies(study):
    pd.testing.assert_frame_equal(study, cohort())
    assert not study.equals(cohort(seed=1))


@pytest.mark.parametrize("n", [3, 99])
def test_biopsies_that_fit_no_plan_are_refused(n):
    with pytest.raises(InputError, match="do not fit"):
        cohort(4, 2, n)


def test_no_biopsy_depends_on_the_others(study):
    one = cohort_biopsy(study.iloc[40], seed=3)
    shuffled = study.sample(frac=1.0, random_state=0).set_index("biopsy_id", drop=False)
    same = cohort_biopsy(shuffled.loc[study.iloc[40].biopsy_id], seed=3)
    assert one == same
    assert one != cohort_biopsy(study.iloc[41], seed=3)
    assert one != cohort_biopsy(study.iloc[40], seed=4)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("study")
    table = cohort(2, 1, 4, seed=2)
    seen = []
    write_cohort(
        path, table, seed=2, mpp=3.0, size_mm=(0.9, 1.0),
        tick=lambda done, total, what: seen.append(done / total),
    )  # fmt: skip
    assert seen[-1] == 1.0
    return path


def test_the_manifest_leads_to_slides_and_outlines(folder):
    manifest = pd.read_csv(folder / "manifest.csv")
    assert tuple(manifest.columns) == MANIFEST_COLUMNS
    assert len(manifest) == 4
    for _, row in manifest.iterrows():
        with openslide.OpenSlide(folder / row.slide) as slide:
            assert float(slide.properties["openslide.mpp-x"]) == 3.0
            extent = shapely.box(0, 0, *slide.dimensions)
        found = json.loads((folder / row.roi).read_text())
        (feature,) = found["features"]
        assert extent.contains(shapely.from_geojson(json.dumps(feature["geometry"])))


def test_the_answers_stand_in_one_file_alone(folder):
    truth = pd.read_csv(folder / "truth.csv")
    assert {"fibrosis", "collagen_fraction", "bundle_thickness_um"} <= set(truth.columns)
    assert "fibrosis" not in (folder / "manifest.csv").read_text()
    for knob in truth.fibrosis:
        assert all(f"{knob:.4f}".encode() not in p.read_bytes()[:4000] for p in folder.rglob("*.svs"))


def test_a_study_is_written_the_same_twice(folder, tmp_path):
    write_cohort(tmp_path, cohort(2, 1, 4, seed=2), seed=2, mpp=3.0, size_mm=(0.9, 1.0))
    first = {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    assert first == {p.relative_to(tmp_path): p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    assert len(first) == 10
