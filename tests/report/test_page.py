"""The report is one file that needs nothing else, escapes what it shows and never hides what is missing."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pandas as pd
import pytest
from matplotlib.figure import Figure as Plot

from ssc_core.errors import OutputError
from ssc_core.report import Figure, Note, Numbers, Page, Section, Table
from ssc_core.results import Measurement, record_run


def _page() -> Page:
    plot = Plot(figsize=(2, 1))
    plot.subplots().plot([1, 2])
    table = pd.DataFrame(
        {"level": [1, 2], "error_mm": [1.2345, math.nan], "flag": ["<b>", ""], "ok": [True, False]}
    )
    blocks = [
        Note("Read me"),
        Note("Careful", kind="warning"),
        Numbers(
            {"Area": Measurement(12.3456, "mm2", 11, 13), "Score": Measurement(math.nan, note="no model")}
        ),
        Table(table, "Levels", {"error_mm": 1}),
        Figure(plot, "A line"),
    ]
    record = record_run("lung analyse", {"offset": 10}, {"ct": "sha256:00"})
    return Page("Title & more", "Lead", [Section("One", blocks), Section("Two")], {"lung": record})


def test_nothing_outside_the_file_is_needed() -> None:
    html = _page().html()
    assert not re.search(r"(?:src|href)=\"(?!data:image/|#)", html)
    assert "data:image/png;base64," in html
    assert "http" not in html.replace("http-equiv", "")


def test_text_is_escaped_and_missing_is_not_zero() -> None:
    html = _page().html()
    assert "Title &amp; more" in html
    assert "&lt;b&gt;" in html
    assert "not measured" in html
    assert "no model" in html
    assert "\N{EN DASH}" in html
    assert ">1.2<" in html
    assert ">yes<" in html


def test_same_page_gives_same_bytes(tmp_path: Path) -> None:
    one = _page().write(tmp_path / "a.html").read_bytes()
    assert one == _page().write(tmp_path / "b.html").read_bytes()


def test_unwritable_place_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        _page().write(tmp_path / "absent" / "r.html")
