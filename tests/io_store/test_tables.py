"""Tables: the same bytes from the same rows, the same rows from the bytes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from ssc_core.errors import FormatError, InputError
from ssc_core.io.tables import read_table, write_table


@pytest.fixture
def table() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "case": ["a", 'Müller\'s, "b"', None],
            "n": [1, 2, 3],
            "area": [1 / 3, np.nan, 12345678.25],
            "flag": [True, False, True],
        },
        index=[7, 8, 9],
    )


def test_csv_is_written_for_people(tmp_path: Path, table: pd.DataFrame) -> None:
    write_table(tmp_path, "lesions", table, {"area": "mm2"})
    text = (tmp_path / "lesions.csv").read_bytes()
    assert text == (
        b'case,n,area,flag\na,1,0.333333333,True\n"M\xc3\xbcller\'s, ""b""",2,,False\n,3,12345678.2,True\n'
    )


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_rows_units_and_missing_values_come_back(tmp_path: Path, table: pd.DataFrame, ending: str) -> None:
    write_table(tmp_path, "t", table, {"area": "mm2", "n": ""})
    again = read_table(tmp_path / f"t.{ending}")
    pd.testing.assert_frame_equal(again, table.reset_index(drop=True), check_dtype=False, rtol=1e-8)
    assert again.attrs["units"] == {"area": "mm2", "n": ""}
    if ending == "parquet":
        assert again["area"][0] == 1 / 3


def test_equal_tables_are_equal_bytes(tmp_path: Path, table: pd.DataFrame) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_table(tmp_path / name, "t", table.copy(), {"area": "mm2"})
    for file in ("t.csv", "t.parquet", "t.units.json"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()
    assert pq.read_schema(tmp_path / "a" / "t.parquet").metadata is None  # no attributes, no index, no names


def test_an_empty_table_keeps_its_columns(tmp_path: Path, table: pd.DataFrame) -> None:
    write_table(tmp_path, "t", table.iloc[:0])
    assert list(read_table(tmp_path / "t.csv").columns) == list(table.columns)
    assert len(read_table(tmp_path / "t.parquet")) == 0
    assert not (tmp_path / "t.units.json").exists()


def test_a_unit_for_no_column_is_refused(tmp_path: Path, table: pd.DataFrame) -> None:
    with pytest.raises(InputError, match="does not have: aera"):
        write_table(tmp_path, "t", table, {"aera": "mm2"})


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.csv", b""),
        ("latin.csv", "a,b\nM\xfcller,1\n".encode("latin-1")),
        ("ragged.csv", b"a,b\n1,2\n1,2,3\n"),
        ("text.parquet", b"no parquet"),
        ("other.xlsx", b"PK"),
        ("missing.csv", None),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, name: str, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(FormatError) as caught:
        read_table(tmp_path / name)
    assert name not in caught.value.storable
