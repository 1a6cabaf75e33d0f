"""Tables and figures of the 2024 paper from readers' scores and predictions."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import wilcoxon
from sklearn.metrics import cohen_kappa_score

from ssc_core.cli import main
from ssc_core.errors import InputError
from ssc_core.lung.evaluation.derived import Derived
from ssc_core.lung.evaluation.readings import human_scores, predicted_scores
from ssc_core.lung.evaluation.tables import ablation_table, cascade_table, prevalence_table, readers_table
from ssc_core.lung.reading.table import write_scores

PATTERNS = ("tot", "gg", "ret")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """16 patients x 5 levels: consensus, two readers twice, a network and its cascade."""
    folder = tmp_path_factory.mktemp("study")
    rng = np.random.default_rng(5)
    slices = pd.DataFrame(
        [(f"c{c:02d}", f"p{c:02d}", n) for c in range(16) for n in range(1, 6)],
        columns=["case_id", "patient", "level"],
    )
    truth = 5.0 * rng.integers(0, 12, (len(slices), 3)) * rng.integers(0, 2, (len(slices), 1))
    truth[:, 0] = np.maximum(truth[:, 1], truth[:, 2])
    parts = []
    for reader, session, spread in (("consensus", "T1", 0), ("A", "T1", 2), ("A", "T2", 2), ("B", "T1", 1)):
        given = np.clip(truth + 5.0 * rng.integers(-spread, spread + 1, truth.shape), 0, 100)
        parts.append(
            slices.assign(
                reader=reader,
                session=session,
                seconds=60.0,
                day="2026-01-01",
                note="",
                z_mm=0.0,
                slice=1,
                **dict(zip(PATTERNS, given.T, strict=True)),
            )
        )
    write_scores(pd.concat(parts), folder / "scores.csv")
    for name, spread in (("network", 4), ("cascade", 5), ("worse", 12)):
        raw = truth + rng.normal(0, spread, truth.shape)
        table = slices.drop(columns="patient").assign(**dict(zip(PATTERNS, raw.T, strict=True)))
        if name == "network":
            extra = table.assign(case_id="other", set="train")
            table = pd.concat([table.assign(set="test"), extra.head(5)])
        table.to_csv(folder / f"{name}.csv", index=False)
    return folder


def test_numbers_are_those_of_second_libraries(study: Path) -> None:
    human = human_scores(study / "scores.csv")
    network = predicted_scores(study / "network.csv", "network", human.patients)
    assert any("outside the test set" in w for w in network.warnings)
    worse = predicted_scores(study / "worse.csv", "worse", human.patients)
    row = ablation_table({"network": network, "worse": worse}, human.consensus).iloc[0]
    both = human.consensus.table.merge(network.table, on=["patient", "image", "level"])
    error = (both["tot_y"] - both["tot_x"]).abs()
    assert row["tot_mae"] == pytest.approx(error.mean())
    assert row["tot_mae_sd"] == pytest.approx(error.std(ddof=1))
    classes = np.clip(np.floor(both["tot_y"] / 5 + 0.5) * 5, 0, 100)
    kappa = cohen_kappa_score(
        both["tot_x"].astype(int), classes.astype(int), weights="linear", labels=list(range(0, 101, 5))
    )
    assert row["tot_kappa"] == pytest.approx(kappa)
    table, _ = readers_table([worse], network, human.consensus)
    other = human.consensus.table.merge(worse.table, on=["patient", "image", "level"])
    p = wilcoxon(error, (other["tot_y"] - other["tot_x"]).abs(), correction=True, method="asymptotic").pvalue
    found = table[table["comparison"].str.endswith("worse")].iloc[0]
    assert found["tot_p"] == pytest.approx(p, rel=0.05)
    assert not found["tot_better"]


def test_tables_have_the_papers_rows(study: Path) -> None:
    human = human_scores(study / "scores.csv")
    network = predicted_scores(study / "network.csv", "S-Net", human.patients)
    cascade = predicted_scores(study / "cascade.csv", "L&S-Net", human.patients)
    table = cascade_table(cascade, network, human.consensus)
    assert table["level"].tolist() == ["1", "2", "3", "4", "5", "all"]
    assert table["n"].tolist() == [16] * 5 + [80]
    assert table["tot_mae_S-Net"].iloc[:5].mean() == pytest.approx(table["tot_mae_S-Net"].iloc[5])
    table, _ = readers_table(human.readers, cascade, human.consensus)
    assert table["comparison"].tolist() == [
        "A T1 vs B T1",
        "A T1 vs A T2",
        "consensus T1 vs A T1",
        "consensus T1 vs A T2",
        "consensus T1 vs B T1",
        "consensus T1 vs L&S-Net",
    ]
    assert table["agreement"].tolist()[:2] == ["inter-observer", "intra-observer"]
    assert human.seconds["median_minutes_per_case"].tolist() == [5.0] * 4


def test_constant_predictions_stand_beside_the_mae(study: Path) -> None:
    human = human_scores(study / "scores.csv")
    table = prevalence_table(human.consensus).set_index("pattern")
    tot = human.consensus.table["tot"]
    assert table.loc["tot", "mae_of_zero"] == pytest.approx(tot.mean())
    assert table.loc["tot", "zero_percent"] == pytest.approx(100 * (tot == 0).mean())
    assert table.loc["tot", "mae_of_median"] <= table.loc["tot", "mae_of_zero"]


def test_derived_scores_explain_a_known_share() -> None:
    rng = np.random.default_rng(2)
    x = rng.uniform(0, 60, 200)
    table = pd.DataFrame({"case_id": [str(i) for i in range(200)]})
    for pattern in PATTERNS:
        table[pattern], table[f"{pattern}_derived"] = x, 0.5 * x + 3
    summary = Derived(table).summary()
    assert summary["r2"].tolist() == pytest.approx([1, 1, 1])
    assert summary["slope"].tolist() == pytest.approx([0.5] * 3)


def test_command_writes_one_page_with_everything(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sizes = tmp_path / "networks.csv"
    sizes.write_text("name,parameters_m,gflops\nS-Net,27.8,23\nsmall,1.2,0.3\n")
    derived = pd.read_csv(study / "cascade.csv")
    for pattern in PATTERNS:
        derived[f"{pattern}_derived"] = derived[pattern] * 0.8
    derived.to_csv(tmp_path / "derived.csv", index=False)
    ratings = []
    for reader in "AB":
        ratings.append(tmp_path / f"ratings-{reader}.json")
        rows = [
            {
                "Index": i,
                "Pat_ID": "001",
                "Level": str(i),
                "TOT": "5",
                "GG": "4",
                "RET": str(i),
                "Status": "Done",
            }
            for i in range(1, 6)
        ]
        ratings[-1].write_text(json.dumps(rows))
    pd.DataFrame({"patient": [f"p{i:02d}" for i in range(8)]}).to_csv(tmp_path / "subset.csv", index=False)
    with pytest.raises(SystemExit) as stopped:
        main(
            [
                "lung",
                "evaluate",
                str(study / "scores.csv"),
                "-o",
                str(tmp_path / "out"),
                "--predictions",
                str(study / "network.csv"),
                str(study / "worse.csv"),
                "--names",
                "S-Net",
                "small",
                "--cascade",
                str(study / "cascade.csv"),
                "--networks",
                str(sizes),
                "--subset",
                str(tmp_path / "subset.csv"),
                "--derived",
                str(tmp_path / "derived.csv"),
                "--ratings",
                *map(str, ratings),
            ]
        )
    assert not stopped.value.code, capsys.readouterr().err
    names = {p.name for p in (tmp_path / "out").iterdir()}
    assert {
        "index.html",
        "run.json",
        "networks.csv",
        "prevalence.csv",
        "table-3-networks.csv",
        "table-5-cascade.csv",
        "table-6-readers.csv",
        "reading-times.csv",
        "figure-3-networks.png",
        "figure-7-derived.svg",
        "figure-7-ratings.png",
        "figure-a1-labels.png",
        "figure-a3-bland-altman-1.png",
    } <= names
    readers = pd.read_csv(tmp_path / "out" / "table-6-readers.csv")
    assert set(readers["n"]) == {40}
    assert not any("p05" in p.read_text() for p in (tmp_path / "out").glob("*.csv"))


def test_what_does_not_fit_is_refused(study: Path, tmp_path: Path) -> None:
    human = human_scores(study / "scores.csv")
    (tmp_path / "p.csv").write_text("case_id,level,tot,gg,ret\nnobody,1,1,1,1\n")
    with pytest.raises(InputError, match="none of its cases"):
        predicted_scores(tmp_path / "p.csv", "x", human.patients)
    (tmp_path / "q.csv").write_text("case_id,level,tot\nc01,1,1\n")
    with pytest.raises(InputError, match="no column gg, ret"):
        predicted_scores(tmp_path / "q.csv", "x", human.patients)
    table = pd.read_csv(study / "scores.csv")
    table[table["reader"] != "consensus"].to_csv(tmp_path / "s.csv", index=False)
    with pytest.raises(InputError, match="could be the reference"):
        human_scores(tmp_path / "s.csv")
