"""Gaps and series rules reach a lung case from its row and from the command line, and the run record."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ssc_core.cli import app
from ssc_core.cli.outcome import exit_code_of
from ssc_core.errors import ChoiceNeeded, GeometryError, InputError
from ssc_core.lung.case import LungCase
from ssc_core.params import parsed
from ssc_core.phantoms.chest import Chest
from ssc_core.phantoms.chest.files import write_dicom_series


@pytest.fixture(scope="module")
def gappy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A chest with two missing slices."""
    folder = tmp_path_factory.mktemp("ZZNAME") / "ct"
    write_dicom_series(folder, Chest(11).render((5.0, 4.0, 4.0)))
    files = sorted(folder.iterdir())
    for k in (20, 21):
        files[k].unlink()
    return folder


def test_filled_gaps_stand_in_the_run_record(
    gappy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code_of(app, ["lung", "analyse", str(gappy), "-o", str(tmp_path / "no")]) == 2
    assert "--resample-gaps" in capsys.readouterr().err
    assert (
        exit_code_of(app, ["lung", "analyse", str(gappy), "-o", str(tmp_path / "out"), "--resample-gaps"])
        == 0
    )
    text = (tmp_path / "out" / "run.json").read_text()
    record = json.loads(text)
    assert record["parameters"]["resample_gaps"] is True
    assert any(w.startswith("2 missing slices were filled") for w in record["warnings"])
    assert "ZZNAME" not in text


def test_the_rule_of_a_row_opens_a_series(ct: Any, tmp_path: Path) -> None:
    for number, dz in ((1, 3.0), (2, 1.0), (3, 1.0)):
        kernel = {"SeriesNumber": number, "ConvolutionKernel": "B30f" if number < 3 else "B70f"}
        grid = ct.Grid((6, 5, 4), (dz, 1.0, 1.0))
        ct.write_series(tmp_path / str(number), uid=f"1.2.{number}", tags=kernel, grid=grid)
    row = {"case_id": "a", "ct": str(tmp_path), "series": "", "resample_gaps": ""}
    opened = parsed(LungCase, {**row, "series_rule": "thinnest axial, kernel B30f"}).open()
    assert opened.frame.spacing[0] == 1
    assert opened.warnings[0].startswith("the series was chosen by the rule 'thinnest axial, kernel B30f'")
    assert parsed(LungCase, {**row, "series": "1", "series_rule": "thinnest"}).open().frame.spacing[0] == 3
    with pytest.raises(ChoiceNeeded, match="cannot tell apart"):
        parsed(LungCase, {**row, "series_rule": "thinnest"}).open()
    with pytest.raises(ChoiceNeeded, match="name one with --series N"):
        parsed(LungCase, {**row, "series_rule": " "}).open()
    with pytest.raises(InputError, match="cannot be understood at 'nicest'"):
        parsed(LungCase, {**row, "series_rule": "nicest"})


def test_a_row_may_ask_for_gaps_to_be_filled(gappy: Path) -> None:
    for value, filled in (("true", True), ("1", True), ("", False), ("no", False)):
        case = parsed(LungCase, {"case_id": "a", "ct": str(gappy), "resample_gaps": value})
        assert case.resample_gaps is filled
    with pytest.raises(GeometryError):
        case.open()


def test_a_tie_in_a_manifest_is_listed_among_the_failures(ct: Any, tmp_path: Path) -> None:
    for number in (1, 2):
        tags = {"SeriesNumber": number, "ConvolutionKernel": f"B{number}0f"}
        ct.write_series(tmp_path / "ct" / str(number), uid=f"1.2.{number}", tags=tags)
    (tmp_path / "m.csv").write_text("case_id,ct,series_rule\ntied,ct,thinnest axial\n")
    arguments = ["lung", "levels", str(tmp_path / "m.csv"), "-o", str(tmp_path / "out")]
    assert exit_code_of(app, arguments) == 3
    failures = (tmp_path / "out" / "failures.csv").read_text()
    assert "leaves 2 series that it cannot tell apart" in failures
    assert "kernel B10f" in failures
    assert "kernel B20f" in failures
    assert "ZZNAME" not in failures
