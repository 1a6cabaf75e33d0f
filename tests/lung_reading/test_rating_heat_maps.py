"""Readers rate heat maps: files as the paper's software writes them, agreement counted both ways."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import cohen_kappa_score

from ssc_core.cli import main
from ssc_core.errors import FormatError, InputError
from ssc_core.lung.reading.likert import agreement_with_maps, kappa_between_readers, shares
from ssc_core.lung.reading.maps import read_maps
from ssc_core.lung.reading.rating import MapItem, RatingSession, read_ratings, write_ratings

ITEMS = [MapItem(f"c{c}", n, Path("x.png")) for c in range(9) for n in range(1, 6)]


def ratings(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"case_id": [i.case_id for i in ITEMS], "level": [i.level for i in ITEMS]})
    base = np.random.default_rng(0).integers(1, 6, len(ITEMS))
    for pattern in ("tot", "gg", "ret"):
        table[pattern] = np.clip(base + rng.integers(-1, 2, len(ITEMS)), 1, 5)
    return table.astype({"tot": "Int64", "gg": "Int64", "ret": "Int64"})


def test_file_has_the_papers_format_and_comes_back(tmp_path: Path) -> None:
    table = ratings(1)
    write_ratings(table, tmp_path / "ratings-A.json")
    first = json.loads((tmp_path / "ratings-A.json").read_text())[0]
    assert set(first) == {"Index", "Pat_ID", "Level", "TOT", "GG", "RET", "Status"}
    assert (first["Pat_ID"], first["Level"], first["Status"]) == ("c0", "1", "Done")
    assert isinstance(first["TOT"], str)
    pd.testing.assert_frame_equal(read_ratings(tmp_path / "ratings-A.json"), table)


def test_session_is_resumed_and_autosaved_after_every_click(tmp_path: Path) -> None:
    one = RatingSession(tmp_path, ITEMS, reader="A")
    item = one.current
    one.rate("tot", 5)
    assert RatingSession(tmp_path, ITEMS, reader="A").given(item) == {"tot": 5}
    one.rate("gg", 4)
    one.rate("ret", 2)
    one.forward()
    again = RatingSession(tmp_path, ITEMS, reader="A")
    assert (again.done, again.current) == (1, one.current)
    again.back()
    assert again.current == item
    with pytest.raises(InputError, match="1 to 5"):
        again.rate("tot", 6)
    assert RatingSession(tmp_path, ITEMS, reader="B").order != one.order


@pytest.mark.parametrize(
    "text", ["", "{}", '[{"Pat_ID": "1"}]', '[{"Pat_ID": "1", "Level": "1", "TOT": "7"}]']
)
def test_damaged_files_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "ratings-A.json"
    path.write_text(text)
    with pytest.raises(FormatError):
        read_ratings(path)


def test_both_ways_of_counting_agreement() -> None:
    one, two = ratings(1), ratings(2)
    table = agreement_with_maps({"A": one, "B": two}).set_index(["pattern", "reader"])["agree_percent"]
    a, b = (one["tot"] >= 4), (two["tot"] >= 4)
    assert table["tot", "A"] == pytest.approx(100 * a.mean())
    assert table["tot", "mean of readers"] == pytest.approx(50 * (a.mean() + b.mean()))
    assert table["tot", "all agree"] == pytest.approx(100 * (a & b).mean())
    assert table["tot", "all agree"] < table["tot", "mean of readers"]
    part = shares({"A": one})
    assert part.groupby("pattern")["percent"].sum().round(9).tolist() == [100, 100, 100]


def test_kappa_is_that_of_scikit_learn() -> None:
    one, two = ratings(1), ratings(2)
    found = kappa_between_readers({"A": one, "B": two}).set_index("pattern")["kappa"]
    for pattern in ("tot", "gg", "ret"):
        expected = cohen_kappa_score(one[pattern].astype(int), two[pattern].astype(int), weights="linear")
        assert found[pattern] == pytest.approx(expected)


def test_commands_rate_and_compare(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.png").write_bytes(b"")
    maps = tmp_path / "maps.csv"
    maps.write_text("case_id,level,picture\nc1,1,a.png\nc1,2,a.png\n")
    assert len(read_maps(maps)) == 2

    def run(typed: str, *arguments: str) -> int:
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        with pytest.raises(SystemExit) as stopped:
            main(arguments)
        return int(stopped.value.code or 0)

    study = str(tmp_path / "study")
    assert (
        run("5 4 9\n5 4 4\nback\n5 4 3\n1 2 3\n", "lung", "rate", str(maps), "-o", study, "--reader", "A")
        == 0
    )
    assert "2 of 2 heat maps are rated" in capsys.readouterr().out
    assert run("4 4 4\n4 4 4\n", "lung", "rate", str(maps), "-o", study, "--reader", "B") == 0
    files = [f"{study}/ratings-{r}.json" for r in "AB"]
    assert run("", "lung", "ratings", *files, "-o", str(tmp_path / "both")) == 0
    names = {p.name for p in (tmp_path / "both").iterdir()}
    assert {"agreement.csv", "kappa.csv", "shares.csv", "pies.png", "pies.svg", "run.json"} <= names
    maps.write_text("case_id,level,picture\nc1,1,b.png\nc1,x,a.png\n")
    assert run("", "lung", "rate", str(maps), "-o", study, "--reader", "A") == 2
    assert "2 problems" in capsys.readouterr().err
