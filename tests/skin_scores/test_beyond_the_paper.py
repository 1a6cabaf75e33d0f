"""Intervals, number of patches, change, power, expression, what a score sees, stability."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssc_core.errors import InputError
from ssc_core.skin.report_tables import readable
from ssc_core.skin.scores.associations import what_the_score_sees
from ssc_core.skin.scores.change import changes, patch_sampling_sdc, section_sdc
from ssc_core.skin.scores.expression import (
    Expression,
    four_s,
    gene_correlations,
    quantile_normalised,
    read_expression,
    read_gene_list,
)
from ssc_core.skin.scores.model import Linear
from ssc_core.skin.scores.power import (
    patients_needed,
    power_of_auc,
    power_of_correlation,
    power_of_group_sizes,
)
from ssc_core.skin.scores.precision import how_many_patches, sampling_interval
from ssc_core.skin.scores.stability import compare_scores


@pytest.mark.parametrize("n", [5, 20, 100])
def test_score_intervals_cover_the_score_of_the_whole_section(n):
    """Skewed patch scores, as sections with patchy fibrosis have; coverage of nominal 95 %."""
    rng = np.random.default_rng(n)
    section = rng.gamma(6.0, 1.0, 20_000)
    hits = 0
    for _ in range(2000):
        _, low, high = sampling_interval(rng.choice(section, n))
        hits += low <= section.mean() <= high
    assert 0.93 <= hits / 2000 <= 0.97


def test_one_patch_has_no_interval():
    mean, low, high = sampling_interval(np.array([3.0]))
    assert mean == 3.0
    assert math.isnan(low)
    assert math.isnan(high)


@pytest.mark.parametrize(("within", "between"), [(2.0, 1.0), (1.0, 2.0)])
def test_the_patch_curve_recovers_known_variances(within, between):
    rng = np.random.default_rng(1)
    biopsy = np.repeat(np.arange(50), 8)
    truth = between**2 / (between**2 + within**2 / 10)
    hits, found = 0, []
    for _ in range(50):
        scores = rng.normal(0, between, 50)[biopsy] + rng.normal(0, within, len(biopsy))
        one = how_many_patches(scores, biopsy)
        row = one.table.set_index("n_patches").loc[10]
        hits += row["low"] <= truth <= row["high"]
        found.append((row["reliability"], one.within_sd, one.between_sd, one.needed(0.9)))
    assert hits >= 44
    truths = [truth, within, between, math.ceil(9 * (within / between) ** 2)]
    assert np.median(found, axis=0) == pytest.approx(truths, rel=0.1)


def test_biopsies_that_do_not_differ_need_infinitely_many_patches():
    values = np.tile([1.0, -1.0], 50)
    assert how_many_patches(values, np.repeat(np.arange(10), 10)).needed() == math.inf


def test_the_jackknife_of_folds_estimates_the_spread_of_a_mean():
    """For a plain mean the delete-a-group jackknife is the standard error of the mean."""
    rng = np.random.default_rng(0)
    estimates = []
    for _ in range(400):
        sample = rng.normal(size=50)
        parts = sample.reshape(10, 5).mean(axis=1)
        leave = np.array([np.delete(parts, k).mean() for k in range(10)])
        estimates.append(Linear(np.zeros((10, 1)), leave).model_se(np.zeros(1)) ** 2)
    assert np.mean(estimates) == pytest.approx(1 / 50, rel=0.1)


def test_power_of_a_correlation_is_what_simulation_finds():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(4000, 23))
    y = 0.55 * x + math.sqrt(1 - 0.55**2) * rng.normal(size=x.shape)
    r = np.array([np.corrcoef(a, b)[0, 1] for a, b in zip(x, y, strict=True)])
    t = r * np.sqrt(21 / (1 - r**2))
    found = power_of_correlation(23, 0.55)
    assert found.power == pytest.approx((abs(t) > 2.0796).mean(), abs=0.03)
    assert not found.enough
    assert found.sentence.startswith("n is too small to say")
    assert power_of_correlation(60).enough
    assert "four are needed" in power_of_correlation(3).sentence


@given(effect=st.floats(0.1, 0.9))
@settings(max_examples=20, deadline=None)
def test_the_needed_patients_give_the_power_asked_for(effect):
    n = patients_needed(effect)
    assert power_of_correlation(n, effect).power >= 0.8 - 1e-6
    assert n <= 4 or power_of_correlation(n - 1, effect).power < 0.8 + 1e-6


def test_power_of_auc_and_of_groups():
    small, large = power_of_auc(18, 5), power_of_auc(60, 16)
    assert small.power < large.power
    assert small.sentence.startswith("n is too small to say")
    assert large.detectable < small.detectable
    assert "1 controls" in power_of_auc(20, 1).sentence
    # Cohen 1988, table 2.3.5: d = 0.5 with 64 in each group has power 0.80
    assert power_of_group_sizes(64, 64, 0.5).power == pytest.approx(0.80, abs=0.005)
    assert "too small" in power_of_group_sizes(1, 9).sentence


def test_smallest_detectable_change_of_patches_holds_in_simulation():
    rng = np.random.default_rng(2)
    biopsy = np.repeat(np.arange(60), 25)
    found = patch_sampling_sdc(rng.normal(0, 2, 60)[biopsy] + rng.normal(0, 3, len(biopsy)), biopsy)
    twice = rng.normal(0, 3 / 5, (5000, 2))
    assert (abs(twice[:, 1] - twice[:, 0]) > found.value).mean() == pytest.approx(0.05, abs=0.012)
    assert found.low < found.value < found.high
    assert math.isnan(patch_sampling_sdc(np.ones(3), np.arange(3)).value)


def test_changes_are_told_from_error_and_the_larger_error_counts():
    table = pd.DataFrame({"patient_id": list("ppq"), "visit_months": [6, 0, 0], "s": [9.0, 5.0, 1.0]})
    sections = pd.DataFrame({"biopsy_id": list("aabb"), "section": [1, 2, 1, 2], "s": [1.0, 2.0, 5.0, 6.0]})
    by_section = section_sdc(sections, "s")
    assert by_section.value == pytest.approx(1.96 * math.sqrt(2) * math.sqrt(0.5), rel=1e-3)
    small = patch_sampling_sdc(np.array([1.0, 1.1, 5.0, 5.1]), np.array([0, 0, 1, 1]))
    found = changes(table, "s", (small, by_section))
    row = found.table.iloc[0]
    assert (row["change"], row["from_months"], row["to_months"]) == (4.0, 0, 6)
    assert bool(row["exceeds"])
    assert "another biopsy" in found.note
    assert "lower bound" in changes(table, "s", (small,)).note
    assert section_sdc(sections.drop_duplicates("biopsy_id"), "s") is None


def test_quantile_normalisation_by_hand():
    """The worked example of Bolstad et al. 2003's method, with a tie."""
    raw = pd.DataFrame({"a": [5.0, 2, 3, 4], "b": [4.0, 1, 4, 2], "c": [3.0, 4, 6, 8]})
    found = quantile_normalised(raw)
    low = [2.0, 3.0, 14 / 3, 17 / 3]
    np.testing.assert_allclose(found["a"], [low[3], low[0], low[1], low[2]])
    np.testing.assert_allclose(found["c"], low)
    np.testing.assert_allclose(found["b"], [(low[2] + low[3]) / 2, low[0], (low[2] + low[3]) / 2, low[1]])


def test_only_whole_arrays_are_quantile_normalised(tmp_path):
    """A gene that rises in some biopsies must not be flattened because few others stand beside it."""
    rng = np.random.default_rng(1)
    for n in (40, 1200):
        table = pd.DataFrame(rng.normal(8, 1, (n, 6)), columns=[f"b{k}" for k in range(6)])
        table.iloc[0] = [5, 6, 7, 8, 9, 10]
        table["b5"] += 3  # a brighter scan
        table.insert(0, "gene", [f"G{k}" for k in range(n)])
        table.insert(0, "probe", range(n))
        table.to_csv(tmp_path / "e.csv", index=False)
        found = read_expression(tmp_path / "e.csv")
        brighter = found.values["b5"].mean() - found.values["b4"].mean()
        if n < 1000:
            assert brighter > 2
            assert "not quantile-normalised" in found.note
        else:
            assert brighter == pytest.approx(0, abs=1e-9)
            assert "1200 probes, quantile-normalised" in found.note


def test_four_s_is_up_minus_down_scaled(tmp_path):
    rng = np.random.default_rng(0)
    severity = rng.normal(size=30)
    genes = {"COMP": 1, "THBS1": 1, "DOWN1": -1, **{f"OTHER{i}": 0 for i in range(60)}}
    rows = []
    for gene, way in genes.items():
        for k in range(2):
            rows.append([f"{gene}_{k}", gene, *(8 + way * severity + 0.2 * rng.normal(size=30))])
    ids = [f"B{i}" for i in range(30)]
    pd.DataFrame(rows, columns=["probe", "gene", *ids]).to_csv(tmp_path / "e.csv", index=False)
    (tmp_path / "g.csv").write_text("gene,direction\nCOMP,up\nthbs1,over\nDOWN1,down\nMISSING,up\n")
    expression = read_expression(tmp_path / "e.csv")
    up, down = read_gene_list(tmp_path / "g.csv")
    found, said = four_s(expression, up, down)
    assert found.mean() == pytest.approx(0, abs=1e-12)
    assert found.std(ddof=1) == pytest.approx(1)
    assert np.corrcoef(found, severity)[0, 1] > 0.9
    assert said == "3 of 4 genes found; not found: MISSING"
    scores = pd.DataFrame({"biopsy_id": [*ids, "without"], "patient_id": range(31), "s": [*severity, 9.0]})
    found_genes = gene_correlations(scores, "s", expression, ["COMP", "SIGLEC1"])
    lines = {name: (r, rho) for name, r, rho in found_genes}
    assert set(lines) == {"COMP COMP_0", "COMP COMP_1", "COMP (mean of 2 probes)", "SIGLEC1"}
    assert lines["COMP COMP_0"][0].value > 0.8
    assert lines["COMP COMP_0"][0].n == 30
    assert "no probe" in lines["SIGLEC1"][0].note


def test_the_report_writes_columns_as_words_and_leaves_probes_alone():
    shown = readable(
        pd.DataFrame({"with": ["mrss", "local_skin_score", "COMP A_23_P1"], "value": [0.1, 0.2, 0.3]})
    )
    assert list(shown["with"]) == ["mRSS", "local skin score", "COMP A_23_P1"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("probe,b1,b2\np,1,2\n", "no column gene"),
        ("probe,gene,b1\np,g,1\np,g,2\n", "several rows"),
        ("probe,gene,b1\np,g,\n", "missing value"),
        ("probe,gene\np,g\n", "missing value"),
    ],
)
def test_expression_tables_that_cannot_be_used(tmp_path, text, words):
    (tmp_path / "e.csv").write_text(text)
    with pytest.raises(InputError, match=words):
        read_expression(tmp_path / "e.csv")


def test_gene_lists_that_cannot_be_used(tmp_path):
    (tmp_path / "g.csv").write_text("gene,direction\nCOMP,sideways\n")
    with pytest.raises(InputError, match="neither up nor down"):
        read_gene_list(tmp_path / "g.csv")
    one = Expression(pd.DataFrame({"b1": [1.0], "b2": [2.0]}, index=["p"]), pd.Series(["G"], index=["p"]))
    with pytest.raises(InputError, match="no gene"):
        four_s(one, ["X"], [])


def test_what_the_score_sees_ranks_measures_and_corrects_for_their_number():
    rng = np.random.default_rng(0)
    n = 40
    score = rng.normal(size=n)
    table = pd.DataFrame({"patient_id": np.arange(n) // 2, "s": score, "coherence": rng.normal(size=n)})
    table = table.assign(collagen_fraction=score + rng.normal(size=n), nuclei_per_mm2=np.nan)
    found = what_the_score_sees(table, "s")
    assert found["measure"].iloc[0] == "collagen_fraction"
    known = found.dropna(subset=["p"])
    assert (known["p_holm"] >= known["p"]).all()
    assert found.loc[found["measure"] == "nuclei_per_mm2", "note"].iloc[0] != ""


def test_scores_under_two_conditions():
    before = pd.DataFrame({"biopsy_id": list("abcd"), "patient_id": list("ppqr"), "s": [1.0, 2, 3, 4]})
    after = before.assign(s=before["s"] + [0.4, 0.6, 0.5, 0.5]).sample(frac=1, random_state=0)
    found = compare_scores(before, after, "s")
    assert found.agreement.bias == pytest.approx(0.5)
    moved = np.std([0.4, 0.6, 0.5, 0.5], ddof=1)
    assert found.relative == pytest.approx(moved / np.std([1, 2, 3, 4], ddof=1))
    with pytest.raises(InputError, match="in common"):
        compare_scores(before, after.assign(biopsy_id="z"), "s")
