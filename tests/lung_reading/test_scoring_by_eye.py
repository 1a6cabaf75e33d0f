"""People score slices: blinded, resumable, with a wash-out, and a consensus beside the single scores."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from ssc_core.agree.kinds import kind_named
from ssc_core.agree.reading import read_readings
from ssc_core.cli import main
from ssc_core.cohort import read_manifest
from ssc_core.errors import InputError
from ssc_core.lung.reading.case import ReadCase, slice_hu
from ssc_core.lung.reading.queue import Item
from ssc_core.lung.reading.session import ScoringSession
from ssc_core.lung.reading.study import open_study
from ssc_core.lung.reading.table import read_scores

ITEMS = [Item(f"case-{c}", f"p{c}", n, -10.0 * n, 50 - 5 * n) for c in range(8) for n in range(1, 6)]


def sitting(
    folder: Path, reader: str = "A", session: str = "T1", day: int = 1, **more: int
) -> ScoringSession:
    return ScoringSession(folder, ITEMS, reader=reader, session=session, today=date(2026, 3, day), **more)


def all_scored(one: ScoringSession, tot: float = 10) -> None:
    while one.current is not None:
        one.score(tot, tot, 5, seconds=7.04)


def test_order_is_blinded_and_the_same_when_taken_up(tmp_path: Path) -> None:
    one = sitting(tmp_path)
    assert sorted(one.order) == ITEMS
    assert list(one.order) != ITEMS
    assert one.order == sitting(tmp_path).order
    assert one.order != sitting(tmp_path, reader="B").order
    assert one.order != sitting(tmp_path, session="T2", washout_days=0).order


def test_a_stopped_session_goes_on_where_it_was(tmp_path: Path) -> None:
    one = sitting(tmp_path)
    for _ in range(3):
        one.score(20, 15, 10, seconds=3)
    expected = one.current
    again = sitting(tmp_path)
    assert (again.done, again.current) == (3, expected)
    assert again.given(one.order[0])["tot"] == 20


def test_skipped_slices_come_last_and_back_replaces(tmp_path: Path) -> None:
    one = sitting(tmp_path)
    first = one.current
    one.skip()
    second = one.current
    one.score(0, 0, 0, seconds=1)
    assert one.back() == second
    one.score(30, 30, 0, seconds=1)
    assert (one.given(second)["tot"], one.done) == (30, 1)
    all_scored(one)
    assert one.done == len(ITEMS)
    assert one.given(first)["tot"] == 10


def test_scores_off_the_scale_are_refused_and_contradictions_need_a_second_word(tmp_path: Path) -> None:
    one = sitting(tmp_path)
    item = one.current
    with pytest.raises(InputError, match="TOT 12 is no step of 5"):
        one.score(12, 10, 5, seconds=1)
    assert one.score(10, 20, 0, seconds=1)
    assert one.given(item) is None
    assert "less than GG" in one.score(10, 20, 0, seconds=1, sure=True)[0]
    assert "less than GG" in one.given(item)["note"]


def test_wash_out_holds_between_sessions_of_one_reader(tmp_path: Path) -> None:
    all_scored(sitting(tmp_path))
    with pytest.raises(InputError, match="9 days ago, and the wash-out is 42 days"):
        sitting(tmp_path, session="T2", day=10)
    sitting(tmp_path, reader="B", session="T1", day=10)
    sitting(tmp_path, session="T2", day=10, washout_days=9).score(0, 0, 0, seconds=1)
    sitting(tmp_path, session="T2", day=11)  # begun, so it may go on


def test_consensus_sees_single_scores_and_stands_beside_them(tmp_path: Path) -> None:
    all_scored(sitting(tmp_path), 10)
    with pytest.raises(InputError, match="needs two readings"):
        sitting(tmp_path, reader="consensus")
    all_scored(sitting(tmp_path, reader="B"), 20)
    agreed = sitting(tmp_path, reader="consensus")
    assert list(agreed.order) == ITEMS
    assert agreed.singles(agreed.current)["tot"].tolist() == [10, 20]
    assert sitting(tmp_path, reader="B").singles(ITEMS[0]).empty
    all_scored(agreed, 15)
    table = read_scores(tmp_path / "scores.csv")
    assert table.groupby("reader")["tot"].agg(["size", "mean"]).to_dict("index") == {
        "A": {"size": 40, "mean": 10}, "B": {"size": 40, "mean": 20}, "consensus": {"size": 40, "mean": 15},
    }  # fmt: skip
    assert set(table["seconds"]) == {7.0}
    readings = read_readings(tmp_path / "scores.csv", kind_named("goh"), "x")
    assert [r.label for r in readings] == ["A T1", "B T1", "consensus T1"]


def test_slices_are_those_nearest_to_the_levels(manifest: Path, tmp_path: Path) -> None:
    cases = read_manifest(manifest, ReadCase)
    items, seed = open_study(tmp_path / "study", cases, seed=4)
    assert [i.slice for i in items[:5]] == [55, 45, 35, 25, 15]
    assert float(slice_hu(cases[0], 55)[0].mean()) == pytest.approx(-850 + 55)
    assert open_study(tmp_path / "study", cases, seed=9) == (items, 4)
    with pytest.raises(InputError, match="differ"):
        open_study(tmp_path / "study", cases[:1])
    assert seed == 4


def test_a_level_outside_the_ct_is_refused(manifest: Path, tmp_path: Path) -> None:
    table = pd.DataFrame({"level": [1, 2], "z_mm": [400.0, -10.0]})
    table.to_csv(manifest.parent / "levels1.csv", index=False)
    with pytest.raises(InputError, match="level 1 lies outside the CT"):
        open_study(tmp_path / "study", read_manifest(manifest, ReadCase))


def run(monkeypatch: pytest.MonkeyPatch, typed: str, *arguments: str) -> int:
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    return int(stopped.value.code or 0)


def test_command_scores_stops_and_goes_on(
    manifest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ("lung", "read", str(manifest), "-o", str(tmp_path / "study"), "--reader", "A")
    assert run(monkeypatch, "20 15 10\nnonsense\n12 5 5\n5 10 0\n5 10 0 keep\nstop\n", *command) == 0
    said = capsys.readouterr().out
    assert "2 of 10 images are scored" in said
    assert "not understood" in said
    assert "no step of 5" in said
    assert "case-1" not in said  # blinded
    assert not list((tmp_path / "study").glob("shown*"))
    assert run(monkeypatch, "0 0 0\n" * 8, *command) == 0
    assert "10 of 10 images are scored" in capsys.readouterr().out
    assert len(read_scores(tmp_path / "study" / "scores.csv")) == 10
    assert run(monkeypatch, "", *command[:-1], "a b") == 2
    assert "alias" in capsys.readouterr().err
