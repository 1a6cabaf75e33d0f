"""The main job on a study made smaller: report against the truth, second run, refusals."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from ssc_core.cohort import run as cohort_run
from ssc_core.demo import calcinosis, lung, run_demo, skin
from ssc_core.errors import OutputError


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo of two biopsies, one coarse chest and two fingers."""
    folder = tmp_path_factory.mktemp("demo") / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(skin, "_PATIENTS", 1)
        patch.setattr(skin, "_CONTROLS", 1)
        patch.setattr(skin, "_BIOPSIES", 2)
        patch.setattr(lung, "_CASES", {"chest-healthy": None})
        patch.setattr(lung, "_SPACING_MM", (6.0, 2.0, 2.0))
        cases = {name: calcinosis._CASES[name] for name in ("finger-touching", "finger-picture")}
        patch.setattr(calcinosis, "_CASES", cases)
        run_demo(folder, workers=1)
        first = (folder / "report.html").read_bytes()
        started: list[str] = []
        patch.setattr(cohort_run, "run_one", lambda *a: started.append(str(a)))
        run_demo(folder, workers=1)
        assert started == []
        assert (folder / "report.html").read_bytes() == first
    return folder


def test_report_sets_measured_beside_true(demo: Path) -> None:
    html = (demo / "report.html").read_text(encoding="utf-8")
    text = re.sub(r"data:image[^\"]*|<[^>]+>", " ", html)
    for words in (
        "Skin",
        "Lung",
        "Calcinosis",
        "true collagen",
        "true mm",
        "true_mm2",
        "Phantoms are not patients",
    ):
        assert words in text
    assert html.count("data:image/png") >= 6
    assert not re.search(r"(?:src|href)=\"(?!data:image/|#)", html)
    assert str(demo) not in html


def test_measured_is_near_true(demo: Path) -> None:
    text = re.sub(r"data:image[^\"]*|<[^>]+>", " ", (demo / "report.html").read_text(encoding="utf-8"))
    level = re.search(r"mean absolute error ([\d.]+) mm, largest", text)
    area = re.search(r"Mean absolute area error ([\d.]+) mm2", text)
    collagen = re.search(r"mean error \+?(-?[\d.]+), largest", text)
    assert level is not None
    assert area is not None
    assert collagen is not None
    assert float(level[1]) < 10
    assert float(area[1]) < 1
    assert abs(float(collagen[1])) < 0.12


def test_results_lie_where_any_batch_puts_them(demo: Path) -> None:
    for room in ("skin", "lung", "calcinosis"):
        assert (demo / "results" / room / "results.csv").is_file()
        assert (demo / "results" / room / "failures.csv").read_text().strip() == "case_id,error,reason"
    assert json.loads((demo / "run.json").read_text())["what"] == "demo"


def test_folder_of_other_people_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("x")
    with pytest.raises(OutputError, match="not an earlier"):
        run_demo(tmp_path)


@pytest.mark.slow
def test_the_whole_demo(tmp_path: Path) -> None:
    report = run_demo(tmp_path / "out")
    assert report.stat().st_size > 1e6
