"""``ssc agree`` as a user types it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from ssc_core.cli.agree import app
from ssc_core.cli.outcome import exit_code_of

ROWS = [(p, level, 5 * ((p * level) % 7)) for p in range(1, 9) for level in range(1, 6)]


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    base = pd.DataFrame(ROWS, columns=["patient", "level", "tot"])
    out = {}
    for i, name in enumerate(("one", "two", "three")):
        shifted = base.assign(tot=(base["tot"] + 5 * ((base["patient"] + i) % 2) * (i > 0)))
        out[name] = tmp_path / f"{name}.csv"
        shifted.to_csv(out[name], index=False)
    return out


def run(*arguments: object) -> int:
    return exit_code_of(app, [str(a) for a in arguments])


def test_two_files(files: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    code = run(files["one"], files["two"], "--by", "level", "--format", "svg", "-o", out)
    assert code == 0
    said = capsys.readouterr().out
    assert "A vs B" in said
    assert "TOT kappa" in said
    assert {p.name for p in out.iterdir()} >= {"agreement.csv", "table.md", "scatter.svg", "run.json"}
    assert not list(out.glob("*.png"))


def test_many_readers_with_a_reference(
    files: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    code = run(
        "--readers", files["two"], files["three"], "--names", "AS", "LK", "--reference", files["one"],
        "--against", "LK", "--by", "level", "--format", "svg", "-o", out,
    )  # fmt: skip
    assert code == 0
    table = pd.read_csv(out / "table.csv")
    comparisons = ["AS vs LK", "reference vs AS", "reference vs LK"]
    assert table["comparison"].drop_duplicates().tolist() == comparisons
    assert table["group"].tolist() == ["1", "2", "3", "4", "5", "all"] * 3
    errors = pd.read_csv(out / "errors.csv")  # as table 5 of 2024: one reader against another, per level
    assert errors["group"].tolist() == ["1", "2", "3", "4", "5", "all"]
    assert set(errors["reader_1"] + errors["reader_2"]) == {"ASLK"}
    assert "p (error vs LK)" in capsys.readouterr().out


def test_the_cohort_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "patients.csv"
    path.write_text("patient,age,sex\n1,50,f\n2,60,f\n3,70,m\n4,64,m\n")
    assert run("cohort", path, "-o", tmp_path / "out", "--format", "svg") == 0
    assert "61.0 (8.4)" in capsys.readouterr().out
    assert (tmp_path / "out" / "cohort.svg").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["one.csv"], "two CSV files"),
        ([], "two CSV files"),
        (["one.csv", "missing.csv"], "no such file"),
        (["one.csv", "."], "cannot be read"),
        (["one.csv", "two.csv", "--by", "finger"], "no such column"),
        (["one.csv", "two.csv", "--format", "gif"], "gif"),
        (["one.csv", "two.csv", "--kind", "mrss"], "--kind"),
        (["one.csv", "two.csv", "--reference", "three.csv"], "belongs to --readers"),
        (["one.csv", "two.csv", "--names", "A"], "1 names for 2 files"),
        (["one.csv", "two.csv", "--kind", "area"], "no column area_mm2"),
        (["one.csv", "two.csv", "--confidence", "3"], "--confidence"),
        (["cohort", "one.csv"], "several rows"),
    ],
)
def test_bad_input_leaves_with_2_one_sentence_and_no_result(
    files: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(*arguments, "-o", "out") == 2
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1
    assert "Traceback" not in said
    assert not Path("out").exists()
