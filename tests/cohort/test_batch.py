"""The cohort engine on a toy room: attempts all, resumes, lists failures, does not depend on workers."""

from __future__ import annotations

import sys
import time
import types
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import pytest
from pydantic import BaseModel

from ssc_core.cohort import rooms, run_batch, write_manifest
from ssc_core.cohort.manifest import read_manifest
from ssc_core.errors import Cancelled, EmptyError, FormatError, InputError, OutputError
from ssc_core.params import Params, quantity


class ToyCase(BaseModel):
    """One file with a number in it."""

    case_id: str
    file: Path
    scale: float | None = None


class ToyParams(Params):
    """A factor."""

    factor: Annotated[float, quantity("", "Multiplies.")] = 2.0


RUNS: list[str] = []


def _run_case(case: ToyCase, params: ToyParams, folder: Path, tick: Any) -> dict[str, Any]:
    RUNS.append(case.case_id)
    for i in range(3):
        tick(i, 3, "toy")
        time.sleep(0.002)
    text = case.file.read_text()
    if text == "stuck":
        while True:
            tick(1, 3, "toy")
            time.sleep(0.01)
    if text == "bug":
        raise ZeroDivisionError
    try:
        value = float(text)
    except ValueError:
        raise FormatError(f"{case.file.name} holds no number; write one", source=case.file) from None
    (folder / "run.json").write_text("{}")
    return {"double": value * params.factor * (case.scale or 1.0), "nothing": float("nan")}


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("ssc_core.toy.case")
    module.ToyCase, module.ToyParams = ToyCase, ToyParams  # type: ignore[attr-defined]
    module.discover = lambda folder: []  # type: ignore[attr-defined]
    module.run_case = _run_case  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "ssc_core.toy", types.ModuleType("ssc_core.toy"))
    monkeypatch.setitem(sys.modules, "ssc_core.toy.case", module)
    monkeypatch.setitem(sys.modules, "ssc_core.toy.params", module)
    monkeypatch.setitem(rooms._MODELS, "toy", ("ToyCase", "ToyParams", "x.csv"))
    RUNS.clear()


def _study(folder: Path, values: dict[str, str]) -> Path:
    folder.mkdir(exist_ok=True)
    lines = ["case_id,file,scale,mrss"]
    for name, text in values.items():
        (folder / f"ZZNAME-{name}.txt").write_text(text)
        lines.append(f"{name},ZZNAME-{name}.txt,,12")
    (folder / "manifest.csv").write_text("\n".join(lines) + "\n")
    return folder / "manifest.csv"


def _bytes(out: Path) -> dict[str, bytes]:
    return {
        str(p.relative_to(out)): p.read_bytes()
        for p in sorted(out.rglob("*"))
        if p.is_file() and ".state" not in p.parts
    }


@pytest.mark.usefixtures("toy")
def test_all_cases_are_attempted_and_failures_listed(tmp_path: Path) -> None:
    manifest = _study(tmp_path / "s", {"a": "1", "b": "no number", "c": "3", "d": "bug"})
    outcome = run_batch("toy", manifest, tmp_path / "out", workers=2)
    assert (outcome.finished, outcome.skipped, outcome.failed) == (2, 0, 2)
    results = pd.read_csv(outcome.results)
    assert results["case_id"].tolist() == ["a", "c"]
    assert results["double"].tolist() == [2.0, 6.0]
    assert results["nothing"].isna().all()
    failures = pd.read_csv(outcome.failures)
    assert failures["case_id"].tolist() == ["b", "d"]
    assert "holds no number" in failures["reason"][0]
    assert "unexpected ZeroDivisionError" in failures["reason"][1]
    assert pd.read_parquet(tmp_path / "out" / "results.parquet")["double"].tolist() == [2.0, 6.0]


@pytest.mark.usefixtures("toy")
def test_nothing_stored_holds_a_name_from_the_files(tmp_path: Path) -> None:
    manifest = _study(tmp_path / "s", {"a": "1", "b": "no number"})
    run_batch("toy", manifest, tmp_path / "out")
    assert not [n for n, data in _bytes(tmp_path / "out").items() if b"ZZNAME" in data or "ZZNAME" in n]


@pytest.mark.usefixtures("toy")
def test_second_run_does_only_the_rest(tmp_path: Path) -> None:
    manifest = _study(tmp_path / "s", {"a": "1", "b": "no number", "c": "3"})
    out = tmp_path / "out"
    run_batch("toy", manifest, out)
    RUNS.clear()
    (tmp_path / "s" / "ZZNAME-b.txt").write_text("2")
    outcome = run_batch("toy", manifest, out)
    assert RUNS == ["b"]
    assert (outcome.finished, outcome.skipped, outcome.failed) == (1, 2, 0)
    assert pd.read_csv(outcome.results)["case_id"].tolist() == ["a", "b", "c"]
    assert pd.read_csv(outcome.failures).empty


@pytest.mark.usefixtures("toy")
def test_changed_file_or_parameter_is_run_again(tmp_path: Path) -> None:
    manifest = _study(tmp_path / "s", {"a": "1", "b": "2"})
    out = tmp_path / "out"
    run_batch("toy", manifest, out)
    RUNS.clear()
    (tmp_path / "s" / "ZZNAME-a.txt").write_text("50")
    run_batch("toy", manifest, out)
    assert RUNS == ["a"]
    outcome = run_batch("toy", manifest, out, ToyParams(factor=3))
    assert pd.read_csv(outcome.results)["double"].tolist() == [150.0, 6.0]


@pytest.mark.usefixtures("toy")
def test_results_do_not_depend_on_order_or_workers(tmp_path: Path) -> None:
    values = {f"c{i}": str(i) for i in range(12)} | {"bad": "x"}
    manifest = _study(tmp_path / "s", values)
    run_batch("toy", manifest, tmp_path / "one", workers=1)
    run_batch("toy", manifest, tmp_path / "four", workers=4)
    assert _bytes(tmp_path / "one") == _bytes(tmp_path / "four")


@pytest.mark.usefixtures("toy")
def test_what_a_killed_run_left_half_written_is_removed(tmp_path: Path) -> None:
    manifest = _study(tmp_path / "s", {"a": "1", "a-b": "2"})
    cases = tmp_path / "out" / "cases"
    for name in (".a-x3_9kqzz.partial", ".a-x3_9kqzz.earlier", ".c-x3_9kqzz.partial", ".a-notes.partial"):
        (cases / name / "sub").mkdir(parents=True)
    (tmp_path / "out" / "run.json").write_text("{}")
    run_batch("toy", manifest, tmp_path / "out")
    assert sorted(p.name for p in cases.iterdir()) == [".a-notes.partial", ".c-x3_9kqzz.partial", "a", "a-b"]


@pytest.mark.usefixtures("toy")
def test_cancelling_keeps_what_is_finished(tmp_path: Path) -> None:
    manifest = _study(tmp_path / "s", {"a": "1", "b": "stuck", "c": "3"})
    out = tmp_path / "out"

    def tick(done: float, total: float, what: str) -> None:
        if done > 2.2:
            raise Cancelled

    start = time.monotonic()
    with pytest.raises(Cancelled):
        run_batch("toy", manifest, out, workers=2, tick=tick)
    assert time.monotonic() - start < 5
    assert pd.read_csv(out / "results.csv")["case_id"].tolist() == ["a", "c"]
    assert not list((out / "cases").glob(".*"))
    (tmp_path / "s" / "ZZNAME-b.txt").write_text("2")
    assert run_batch("toy", manifest, out).skipped == 2


@pytest.mark.usefixtures("toy")
def test_folders_of_other_people_and_bad_worker_counts_are_refused(tmp_path: Path) -> None:
    manifest = _study(tmp_path / "s", {"a": "1"})
    with pytest.raises(OutputError, match="not an earlier result"):
        run_batch("toy", manifest, tmp_path / "s")
    with pytest.raises(OutputError, match="this is a file"):
        run_batch("toy", manifest, manifest)
    with pytest.raises(InputError, match="--workers"):
        run_batch("toy", manifest, tmp_path / "o", workers=0)
    with pytest.raises(InputError, match="no room called"):
        run_batch("kidney", manifest, tmp_path / "o")


def test_every_problem_of_a_manifest_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("1")
    manifest = tmp_path / "m.csv"
    manifest.write_text(
        "case_id,file,scale\na,x.txt,big\nA/b,x.txt,\nc,absent.txt,\nd,,\nc,x.txt,\nC,x.txt,1\n"
    )
    with pytest.raises(InputError) as caught:
        read_manifest(manifest, ToyCase)
    text = str(caught.value)
    for part in ("line 2: scale", "line 3: case_id 'A/b'", "line 4: file", "line 5: file is empty", "3 rows"):
        assert part in text
    assert "absent.txt" not in caught.value.storable


@pytest.mark.parametrize(
    ("content", "error", "words"),
    [
        (b"", EmptyError, "empty"),
        (b"case_id,file\n", EmptyError, "no case"),
        (b"case_id,slide\na,b\n", InputError, "no column file"),
        ("case_id,file\ngr\u00f6\u00dfe,x\n".encode("utf-16"), FormatError, "UTF-8"),
        (b"\x00\x01\x02" * 50, FormatError, "not a text file"),
    ],
)
def test_manifests_that_are_none(tmp_path: Path, content: bytes, error: type, words: str) -> None:
    path = tmp_path / "m.csv"
    path.write_bytes(content)
    with pytest.raises(error, match=words):
        read_manifest(path, ToyCase)


def test_absent_manifest_and_folder_name_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="ssc manifest"):
        read_manifest(tmp_path / "absent.csv", ToyCase)
    with pytest.raises(InputError, match="this is a folder"):
        read_manifest(tmp_path, ToyCase)


def test_manifest_round_trip_keeps_paths_relative(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "x, y.txt").write_text("1")
    cases = [ToyCase(case_id="c1", file=tmp_path / "in" / "x, y.txt", scale=0.5)]
    path = write_manifest(cases, tmp_path / "m.csv")
    assert "in/x, y.txt" in path.read_text()
    assert str(tmp_path) not in path.read_text()
    assert read_manifest(path, ToyCase) == cases
    with pytest.raises(OutputError, match="exists already"):
        write_manifest(cases, path)


def test_cells_may_hold_line_breaks(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("1")
    (tmp_path / "m.csv").write_text('case_id,note,file\na,"two\nlines",x.txt\nb,,absent.txt\n')
    with pytest.raises(InputError, match="1 problem to correct:\n  line 4: file"):
        read_manifest(tmp_path / "m.csv", ToyCase)


def test_semicolons_of_european_spreadsheets_are_read(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("1")
    (tmp_path / "m.csv").write_text("\ufeffcase_id;file;scale\r\na;x.txt;\r\n", encoding="utf-8")
    assert read_manifest(tmp_path / "m.csv", ToyCase)[0].case_id == "a"
