"""Readers' lines, agreement, and what could not be read."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from ssc_core.calcinosis.compare import compare, save
from ssc_core.calcinosis.readers import read_lesions
from ssc_core.cli.calcinosis import app
from ssc_core.cohort.state import CASES
from ssc_core.errors import FormatError, InputError


def lines(path, factor=1.0, n=12, unusable=()):
    rng = np.random.default_rng(1)
    long = rng.uniform(2, 9, n)
    short = long * rng.uniform(0.4, 0.9, n)
    table = pd.DataFrame(
        {"patient": np.arange(n), "image": np.arange(n), "long_mm": long * factor, "short_mm": short}
    )
    table["unusable"] = ["phalanges cut" if i in unusable else "" for i in range(n)]
    table.to_csv(path, index=False)
    return math.pi / 4 * long * factor * short


def test_lengths_give_the_ellipse_and_unusable_rows_are_counted_with_their_reason(tmp_path):
    areas = lines(tmp_path / "a.csv", unusable=(3, 7, 8))
    read = read_lesions(tmp_path / "a.csv", "A")
    assert read.readings.table.area_mm2.to_numpy() == pytest.approx(np.delete(areas, [3, 7, 8]), rel=1e-6)
    assert read.unusable.reason.tolist() == ["phalanges cut"] * 3


def test_ends_of_lines_give_the_ellipse_in_mm(tmp_path):
    row = {"patient": "p", "lesion": 1, "pixel_mm": 0.2}
    row |= {"long_row1": 0, "long_column1": 0, "long_row2": 30, "long_column2": 40}
    row |= {"short_row1": 11, "short_column1": 23, "short_row2": 19, "short_column2": 17}
    pd.DataFrame([row]).to_csv(tmp_path / "a.csv", index=False)
    read = read_lesions(tmp_path / "a.csv", "A")
    assert read.readings.table.area_mm2[0] == pytest.approx(math.pi / 4 * 10 * 2, rel=1e-6)
    assert read.warnings == ()
    pd.DataFrame([row | {"short_row2": 11, "short_column2": 33}]).to_csv(tmp_path / "b.csv", index=False)
    assert "from square" in read_lesions(tmp_path / "b.csv", "B").warnings[0]


def test_readings_that_cannot_be_are_refused(tmp_path):
    pd.DataFrame([{"patient": 1, "long_mm": 3, "short_mm": 4}]).to_csv(tmp_path / "a.csv", index=False)
    with pytest.raises(InputError, match="line 2"):
        read_lesions(tmp_path / "a.csv", "A")
    pd.DataFrame([{"patient": 1, "length": 3}]).to_csv(tmp_path / "b.csv", index=False)
    with pytest.raises(InputError, match="neither area_mm2"):
        read_lesions(tmp_path / "b.csv", "B")


def test_agreement_is_that_of_the_formulas_and_both_pairs_are_written(tmp_path):
    x = lines(tmp_path / "a.csv", unusable=(0,))
    y = lines(tmp_path / "b.csv", 1.1)
    read = [read_lesions(tmp_path / f, f) for f in ("a.csv", "b.csv", "a.csv")]
    result = compare(*read)
    table = result.table()
    d = (y - x)[1:]
    assert table.n.tolist() == [11, 11]
    assert table.difference_mm2[0] == pytest.approx(d.mean(), rel=1e-5)
    assert table.upper_limit_mm2[0] == pytest.approx(d.mean() + 1.959964 * d.std(ddof=1), rel=1e-4)
    u, v = x[1:], y[1:]
    ccc = 2 * np.cov(u, v, ddof=0)[0, 1] / (u.var() + v.var() + (u.mean() - v.mean()) ** 2)
    assert table.ccc[0] == pytest.approx(ccc, rel=1e-5)
    assert table.spearman[0] == pytest.approx(1.0)
    assert result.counts.unusable.tolist() == [1, 0, 1]
    save(result, tmp_path, {})
    assert (tmp_path / "figure-5.png").stat().st_size > 10_000
    assert pd.read_csv(tmp_path / "unusable.csv").readings.tolist() == [1, 1]


@pytest.mark.slow
def test_the_command_prints_every_figure(tmp_path, capsys):
    lines(tmp_path / "a.csv", unusable=(0,))
    lines(tmp_path / "b.csv", 1.05)
    app(["compare", str(tmp_path / "a.csv"), str(tmp_path / "b.csv"), "-o", str(tmp_path / "out")])
    said = capsys.readouterr().out
    for words in ("Spearman's rho", "Lin's CCC", "95% CI", "limits", "phalanges cut"):
        assert words in said


def test_the_folder_of_a_batch_is_read_as_the_softwares_table(tmp_path):
    for case, areas in {"a": [5.0, 2.0], "b": [], "c": [7.5]}.items():
        folder = tmp_path / CASES / case
        folder.mkdir(parents=True)
        found = pd.DataFrame({"label": range(1, len(areas) + 1), "area_mm2": areas})
        found.to_csv(folder / "lesions.csv", index=False)
    (tmp_path / "failures.csv").write_text("case_id,error,reason\nd,FormatError,the picture is truncated\n")
    read = read_lesions(tmp_path, "software")
    assert read.readings.table.set_index(["patient", "lesion"]).area_mm2.astype(float).to_dict() == {
        ("a", "1"): 5.0,
        ("a", "2"): 2.0,
        ("c", "1"): 7.5,
    }
    assert read.unusable.reason.tolist() == ["the picture is truncated"]


def test_a_folder_without_areas_is_refused(tmp_path):
    with pytest.raises(FormatError, match="no results of"):
        read_lesions(tmp_path, "software")
    (tmp_path / CASES / "a").mkdir(parents=True)
    volumes = pd.DataFrame({"label": [1], "volume_mm3": [9.0]})
    volumes.to_csv(tmp_path / CASES / "a" / "lesions.csv", index=False)
    with pytest.raises(FormatError, match="results of volumes"):
        read_lesions(tmp_path, "software")
