"""The example on the page about slides runs as it stands."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import shapely

from ssc_core.io.roi import Roi, write_rois

PAGE = Path(__file__).resolve().parents[2] / "docs" / "slides.md"


def test_the_example_on_the_page_runs(slide, tmp_path, monkeypatch, capsys):
    shutil.copy(slide.path, tmp_path / "biopsy.svs")
    write_rois(tmp_path / "dermis.geojson", [Roi(shapely.box(100, 100, 2300, 1900))])
    monkeypatch.chdir(tmp_path)
    example = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert example is not None
    names: dict[str, object] = {}
    exec(example[1], names)
    assert names["patches"].shape == (100, 227, 227, 3)  # type: ignore[attr-defined]
    assert "100 fields of 227 px" in capsys.readouterr().out
