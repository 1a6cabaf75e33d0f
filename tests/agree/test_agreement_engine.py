"""From CSV files to the papers' tables: right numbers, nothing lost, nobody named."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import cohen_kappa_score, mean_absolute_error

from ssc_core import stats
from ssc_core.agree.cohort_table import cohort_table
from ssc_core.agree.engine import Agreement, agree, agree_readers, only_patients
from ssc_core.agree.kinds import kind_named
from ssc_core.agree.params import AgreeParams
from ssc_core.agree.reading import read_readings, read_table, readings_of
from ssc_core.agree.save import save, save_cohort
from ssc_core.agree.tables import long_table, pairs_table, paper_table
from ssc_core.errors import EmptyError, InputError

GOH = kind_named("goh")
FAST = AgreeParams()


def goh_scores(seed: int, noise: float, patients: int = 16) -> pd.DataFrame:
    """Scores about the same truth (seed 0), in steps of 5, that obey the rules."""
    truth, rng = np.random.default_rng(0), np.random.default_rng(seed)
    rows = []
    for patient in range(1, patients + 1):
        for level in range(1, 6):
            gg, ret = (truth.gamma(0.7, 14) * level / 3 + noise * rng.normal() for _ in "gr")
            gg, ret = (float(np.clip(stats.nearest_class(v), 0, 100)) for v in (gg, ret))
            tot = float(np.clip(max(gg, ret) + 5 * rng.integers(0, 2) * (min(gg, ret) > 0), 0, 100))
            rows.append((f"ZZNAME{patient:03d}", level, tot, gg, ret))
    return pd.DataFrame(rows, columns=["patient", "level", "tot", "gg", "ret"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("readings")
    goh_scores(0, 0).to_csv(folder / "truth.csv", index=False)
    goh_scores(5, 4).to_csv(folder / "network.csv", index=False)
    parts = [
        goh_scores(seed, noise).assign(rater=rater, session=session)
        for seed, (rater, session, noise) in enumerate(
            [("A", "T1", 6), ("A", "T2", 5), ("B", "T1", 3), ("B", "T2", 3)], start=11
        )
    ]
    pd.concat(parts).to_csv(folder / "observers.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def pair(folder: Path) -> Agreement:
    first, second = (read_readings(folder / f"{n}.csv", GOH, n)[0] for n in ("truth", "network"))
    return agree(first, second, AgreeParams.make(by="level"))


@pytest.fixture(scope="module")
def readers(folder: Path) -> Agreement:
    observers = read_readings(folder / "observers.csv", GOH, "?")
    (network,) = read_readings(folder / "network.csv", GOH, "network")
    (truth,) = read_readings(folder / "truth.csv", GOH, "consensus")
    return agree_readers([*observers, network], FAST, reference=truth, against="network")


def test_each_level_and_all_of_them_have_the_numbers_of_other_libraries(
    folder: Path, pair: Agreement
) -> None:
    a, b = pd.read_csv(folder / "truth.csv"), pd.read_csv(folder / "network.csv")
    assert len(pair.comparisons) == 3 * 6
    for c in pair.comparisons:
        rows = slice(None) if c.group == "all" else a["level"] == int(c.group)
        x, y = a.loc[rows, c.value], b.loc[rows, c.value]
        assert c.stats["mae"].value == pytest.approx(mean_absolute_error(x, y))
        kappa = cohen_kappa_score(x.astype(int), y.astype(int), labels=range(0, 101, 5), weights="linear")
        assert c.stats["kappa"].value == pytest.approx(kappa)
        assert c.stats["icc"].value == pytest.approx(stats.icc(np.column_stack([x, y])).value)
        assert c.stats["bias"].value == pytest.approx((y - x).mean())
        assert c.stats["line"].value == pytest.approx(np.polyfit(x, y, 1)[0])
        assert c.stats["icc"].n_subjects == 16


def test_intervals_over_all_levels_come_from_leaving_out_patients_and_those_of_one_level_do_not(
    pair: Agreement,
) -> None:
    for c in pair.comparisons:
        for name in ("mae", "kappa", "icc", "ccc"):
            assert ("patients left out one at a time" in c.stats[name].method) == (c.group == "all")
            if c.group == "all" and name != "mae":
                assert "p takes rows as independent" in c.stats[name].note
        repeated = "repeated measures" in c.stats["bias"].method
        assert repeated == (c.group == "all")
        assert ("rmcorr" in c.stats) == (c.group == "all")


def test_the_long_table_gives_every_number_its_passport(pair: Agreement) -> None:
    table = long_table(pair)
    assert set(table["statistic"]) >= {
        "mae", "mae_sd", "kappa", "icc", "ccc", "bias", "lower_limit", "upper_limit", "proportional_bias",
        "spearman", "pearson", "line", "intercept", "rmcorr", "sdc",
    }  # fmt: skip
    assert (table["method"] != "").all()
    assert (table["n"] > 0).all()
    assert table.loc[table["p"].notna(), "test"].ne("").all()
    assert table.loc[table["estimate"].isna(), "note"].ne("").all()


def test_readers_are_paired_within_sessions_sessions_within_readers_and_all_with_the_reference(
    readers: Agreement,
) -> None:
    found = [(p.relation, p.first, p.second) for p in readers.pairings]
    assert found == [
        ("inter-observer", "A T1", "B T1"),
        ("inter-observer", "A T2", "B T2"),
        ("intra-observer", "A T1", "A T2"),
        ("intra-observer", "B T1", "B T2"),
        *[("against the reference", "consensus", r) for r in ("A T1", "A T2", "B T1", "B T2", "network")],
    ]


def test_errors_against_the_reference_are_tested_against_those_of_the_chosen_reader(
    folder: Path, readers: Agreement
) -> None:
    table = readers.errors
    assert set(table["reader_2"]) == {"network"}
    assert len(table) == 4 * 3
    truth, network = pd.read_csv(folder / "truth.csv"), pd.read_csv(folder / "network.csv")
    observers = pd.read_csv(folder / "observers.csv")
    one = observers[(observers["rater"] == "B") & (observers["session"] == "T2")].reset_index(drop=True)
    errors = [(one["tot"] - truth["tot"]).abs(), (network["tot"] - truth["tot"]).abs()]
    row = table[(table["reader_1"] == "B T2") & (table["value"] == "tot")].iloc[0]
    assert row["mae_1"] == pytest.approx(errors[0].mean())
    assert row["mae_2"] == pytest.approx(errors[1].mean())
    assert row["p_wilcoxon"] == pytest.approx(stats.wilcoxon(*errors).p)
    assert row["p_paired_t"] == pytest.approx(stats.paired_t(*errors).p)
    assert row["n_equal_errors"] == int((errors[0] == errors[1]).sum())
    assert "80 rows of 16 patients" in row["note"]
    text = paper_table(readers).set_index("comparison").loc["consensus vs B T2", "TOT p (error vs network)"]
    assert text.endswith("†") == (row["p_wilcoxon"] < 0.05 and row["mae_1"] < row["mae_2"])


def test_nothing_that_is_written_names_a_patient_and_equal_runs_write_equal_bytes(
    tmp_path: Path, folder: Path, pair: Agreement
) -> None:
    for run in ("one", "two"):
        (tmp_path / run).mkdir()
        save(pair, tmp_path / run, {"readings 1": "sha256:x"})
    one, two = ({p.name: p.read_bytes() for p in sorted((tmp_path / r).iterdir())} for r in ("one", "two"))
    assert one == two
    assert set(one) == {
        "agreement.csv", "table.csv", "table.md", "pairs.csv", "run.json",
        *(f"{f}.{k}" for f in ("scatter", "bland-altman", "distribution") for k in ("svg", "pdf", "png")),
    }  # fmt: skip
    for name, content in one.items():
        assert b"ZZNAME" not in content, name
        assert str(folder).encode() not in content, name
    record = json.loads(one["run.json"])
    assert record["parameters"]["by"] == "level"
    assert pairs_table(pair)["patient"].nunique() == 16


def test_missing_values_and_unmatched_readings_are_counted_and_said(tmp_path: Path) -> None:
    a, b = goh_scores(0, 0), goh_scores(5, 3)
    b.loc[3, "gg"] = np.nan
    a.drop(index=[0, 7]).to_csv(tmp_path / "a.csv", index=False)
    b.drop(columns="ret").to_csv(tmp_path / "b.csv", index=False)
    first, second = (read_readings(tmp_path / f"{n}.csv", GOH, n)[0] for n in "ab")
    result = agree(first, second, FAST)
    assert {c.value for c in result.comparisons} == {"tot", "gg"}
    by_value = {c.value: c.stats for c in result.comparisons}
    assert (by_value["tot"]["mae"].n, by_value["gg"]["mae"].n) == (78, 77)
    assert by_value["gg"]["icc"].n_missing == 1
    said = " / ".join(result.warnings)
    assert "2 of 80 readings of b have no partner in a" in said
    assert "only one of a and b has ret" in said
    assert "1 paired readings miss a value" in said


def test_scores_that_are_no_multiple_of_5_have_no_kappa_until_rounding_is_asked_for(tmp_path: Path) -> None:
    a, b = goh_scores(0, 0), goh_scores(5, 3)
    b["tot"] = (b["tot"] + 1.3).clip(0, 100)
    for name, table in (("a", a), ("b", b)):
        table.to_csv(tmp_path / f"{name}.csv", index=False)
    first, second = (read_readings(tmp_path / f"{n}.csv", GOH, n)[0] for n in "ab")
    raw = agree(first, second, FAST).comparisons[0].stats
    assert math.isnan(raw["kappa"].value)
    assert "--round-scores" in raw["kappa"].note
    rounded = agree(first, second, AgreeParams.make(round_scores=True)).comparisons[0].stats
    assert rounded["kappa"].value > 0
    assert "halves up" in rounded["kappa"].note
    assert rounded["mae"].value == raw["mae"].value  # only kappa is rounded


def test_broken_goh_rules_are_told_and_not_repaired(tmp_path: Path) -> None:
    table = goh_scores(0, 0)
    table.loc[0, ["tot", "gg", "ret"]] = [20, 5, 5]
    table.to_csv(tmp_path / "a.csv", index=False)
    (readings,) = read_readings(tmp_path / "a.csv", GOH, "a")
    assert "1 of 80 readings break" in readings.warnings[0]
    assert readings.table.loc[0, "tot"] == 20


def test_wide_files_other_column_names_and_european_files_read_the_same(tmp_path: Path) -> None:
    long = goh_scores(0, 0, patients=4)
    long.to_csv(tmp_path / "long.csv", index=False)
    (a,) = read_readings(tmp_path / "long.csv", GOH, "a")
    wide = long.pivot(index="patient", columns="level", values=["tot", "gg", "ret"])
    names = {"tot": "disext", "gg": "gg", "ret": "retp"}
    wide.columns = [f"L{level}_{names[v]}" for v, level in wide.columns]
    wide.rename_axis("PatID").reset_index().to_csv(tmp_path / "wide.csv", index=False)
    long.rename(columns={"patient": "Case ID"}).to_csv(
        tmp_path / "semi.csv", index=False, sep=";", decimal=","
    )
    for name in ("wide", "semi"):
        (b,) = read_readings(tmp_path / f"{name}.csv", GOH, "b")
        both = agree(a, b, FAST)
        assert all(c.stats["mae"].value == 0 and c.stats["mae"].n == 20 for c in both.comparisons)
        assert not both.warnings


def test_areas_use_concordance_and_spearman_as_the_calcinosis_paper(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    x = rng.lognormal(1.8, 1, 24).round(2)
    area = pd.DataFrame({"patient": np.arange(24) // 2, "image": np.arange(24) % 2, "area_mm2": x})
    area.to_csv(tmp_path / "a.csv", index=False)
    area.assign(area_mm2=(x * rng.lognormal(0, 0.1, 24)).round(2)).to_csv(tmp_path / "b.csv", index=False)
    kind = kind_named("area")
    first, second = (read_readings(tmp_path / f"{n}.csv", kind, n)[0] for n in "ab")
    result = agree(first, second, AgreeParams.make(kind="area"))
    (c,) = result.comparisons
    assert "kappa" not in c.stats
    (direct,) = readings_of(area, kind, "a")  # as another command would hand it over
    pd.testing.assert_frame_equal(direct.table, first.table)
    y = pd.read_csv(tmp_path / "b.csv")["area_mm2"]
    assert c.stats["ccc"].value == pytest.approx(stats.lin_ccc(x, y).value)
    assert c.stats["spearman"].value == pytest.approx(stats.spearman(x, y).value)
    assert list(paper_table(result).columns)[3:] == [
        "MAE (SD) [mm²]", "ICC(A,1)", "CCC", "Spearman", "bias [limits]", "p (bias)"
    ]  # fmt: skip


def test_level_positions_give_the_first_table_of_2022(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"patient": np.repeat(range(20), 5), "level": list("12345") * 20})
    table["z_mm"] = 300 - 40.0 * np.tile(range(5), 20) + np.repeat(rng.normal(0, 15, 20), 5)
    table.to_csv(tmp_path / "a.csv", index=False)
    table.assign(z_mm=table["z_mm"] + rng.normal(0, 3, 100)).to_csv(tmp_path / "b.csv", index=False)
    kind = kind_named("position")
    first, second = (read_readings(tmp_path / f"{n}.csv", kind, n)[0] for n in "ab")
    result = agree(first, second, AgreeParams.make(kind="position", by="level"))
    assert [c.group for c in result.comparisons] == ["1", "2", "3", "4", "5", "all"]
    assert all(c.stats["icc"].word in ("good", "excellent") for c in result.comparisons)  # type: ignore[attr-defined]


def test_a_subset_of_patients_is_kept_and_unknown_ones_are_counted(folder: Path) -> None:
    (truth,) = read_readings(folder / "truth.csv", GOH, "truth")
    some = only_patients(truth, frozenset({"ZZNAME001", "ZZNAME009", "unknown"}))
    assert some.table["patient"].nunique() == 2
    assert "1 of 3 chosen patients" in some.warnings[-1]
    with pytest.raises(EmptyError):
        only_patients(truth, frozenset({"unknown"}))


def test_the_cohort_table_counts_as_papers_do_and_leaves_names_out(tmp_path: Path) -> None:
    n = 40
    pd.DataFrame(
        {
            "patient": range(n),
            "Age": [50.0] * 20 + [60.0] * 20,
            "Anti-Scl70": ["yes"] * 10 + ["no"] * 28 + [None] * 2,
            "subset": ["diffuse", "limited"] * 20,
            "initials": [f"ZZ{i}" for i in range(n)],
            "status": ["SSc"] * 30 + ["control"] * 10,
        }
    ).to_csv(tmp_path / "p.csv", index=False)
    table = cohort_table(read_table(tmp_path / "p.csv"))
    cells = table.set_index("characteristic")["all"]
    assert cells["patients"] == "40"
    assert cells["Age, mean (SD)"] == "55.0 (5.1)"
    assert cells["Anti-Scl70, n (%)"] == "10 (26.3)"  # of the 38 in whom it is known
    assert table.set_index("characteristic")["missing"]["Anti-Scl70, n (%)"] == "2"
    assert cells["subset: diffuse, n (%)"] == "20 (50.0)"
    assert table.attrs["left_out"] == ("initials",)
    by = cohort_table(read_table(tmp_path / "p.csv"), "status")
    assert by.set_index("characteristic").loc["patients", ["SSc", "control"]].tolist() == ["30", "10"]
    (tmp_path / "out").mkdir()
    save_cohort(by, tmp_path / "out", {"patients": "sha256:x"}, formats=("svg",))
    for path in (tmp_path / "out").iterdir():
        assert "ZZ1" not in path.read_text()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("patient,level,tot,gg,ret\n", "no row"),
        ("patient,tot\n1,5\n", "no column level"),
        ("patient,level\n1,1\n", "tot or gg or ret"),
        ("level,tot\n1,5\n", "no column patient"),
        ("patient,level,tot\n1,1,5\n1,2,abc\n", "tot in row 3 is not a number"),
        ("patient,level,tot\n1,1,105\n", "outside 0 to 100"),
        ("patient,level,tot\n1,1,-5\n", "outside 0 to 100"),
        ("patient,level,tot\n1,1,5\n1,1,10\n", "row 3 repeats"),
        ("patient,level,tot\n,1,5\n", "row 2 has no patient"),
        ("patient,level,tot\n1,,5\n", "row 2 has no level"),
        ("patient,subject,level,tot\n1,1,1,5\n", "several columns mean patient"),
        ('patient,level,tot\n1,1,5\n1,2,5,6,7\n"x\n', "not a CSV table"),
        ("\udcff\udcfe\x00\x01", "not a CSV table"),
    ],
)
def test_a_bad_file_gets_one_clear_sentence_that_names_it(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "ZZNAME.csv"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(InputError, match=words) as caught:
        read_readings(path, GOH, "a")
    assert "ZZNAME.csv" in str(caught.value)
    assert "ZZNAME" not in caught.value.storable
    assert "\n" not in str(caught.value)


def test_readings_that_cannot_be_compared_are_refused(folder: Path, tmp_path: Path) -> None:
    (truth,) = read_readings(folder / "truth.csv", GOH, "truth")
    goh_scores(1, 2).assign(visit="V1").to_csv(tmp_path / "visit.csv", index=False)
    (visit,) = read_readings(tmp_path / "visit.csv", GOH, "visit")
    goh_scores(1, 2).assign(patient=lambda t: t["patient"] + "x").to_csv(tmp_path / "x.csv", index=False)
    (other,) = read_readings(tmp_path / "x.csv", GOH, "other")
    with pytest.raises(InputError, match="same columns"):
        agree(truth, visit, FAST)
    with pytest.raises(EmptyError, match="identifiers alike"):
        agree(truth, other, FAST)
    with pytest.raises(InputError, match="no such column"):
        agree(truth, truth, AgreeParams.make(by="finger"))
    with pytest.raises(InputError, match="several readings are called truth"):
        agree_readers([truth, truth])
    with pytest.raises(InputError, match="one reading"):
        agree_readers([truth])
    with pytest.raises(InputError, match="is none of"):
        agree_readers([truth], reference=visit, against="network")
