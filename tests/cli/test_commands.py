"""The commands as a user runs them: results, exit codes, interruption, batches, nothing private stored."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pydicom
import pytest
import tifffile

from ssc_core.cli import app
from ssc_core.cli.outcome import exit_code_of

IMAGES = {"skin": "slide.svs", "lung": "ct.nii.gz", "calcinosis": "finger.dcm"}
TABLES = {"skin": "summary.csv", "lung": "levels.csv", "calcinosis": "lesions.csv"}
QUICK = {"skin": ["--n-patches", "12"], "lung": [], "calcinosis": []}


def _run(*arguments: object) -> int:
    return exit_code_of(app, [str(a) for a in arguments])


def _bytes(folder: Path) -> dict[str, bytes]:
    files = (p for p in sorted(folder.rglob("*")) if p.is_file() and ".state" not in p.parts)
    return {str(p.relative_to(folder)): p.read_bytes() for p in files}


@pytest.mark.parametrize("room", list(IMAGES))
def test_analyse_writes_a_result_and_prints_its_table(
    room: str, good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert _run(room, "analyse", good / IMAGES[room], "-o", out, *QUICK[room]) == 0
    printed = capsys.readouterr().out
    table = pd.read_csv(out / TABLES[room])
    assert len(table) >= 1
    assert str(table.columns[0]) in printed
    record = json.loads((out / "run.json").read_text())
    assert record["what"] == f"{room} analyse"
    assert all(str(d).startswith("sha256:") for d in record["inputs"].values())
    assert record["versions"]["napari-ssc"]
    assert list(out.glob("*.png"))
    assert list(out.glob("*.ome.zarr"))


@pytest.mark.parametrize("room", list(IMAGES))
def test_same_inputs_give_the_same_bytes(room: str, good: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert _run(room, "analyse", good / IMAGES[room], "-o", tmp_path / name, *QUICK[room]) == 0
    assert _bytes(tmp_path / "one") == _bytes(tmp_path / "two")


def _named_inputs(good: Path, folder: Path) -> None:
    """Copies of the good inputs that carry a patient's name wherever one can stand."""
    folder.mkdir()
    shutil.copy(good / "slide.svs", folder / "ZZNAME^slide.svs")
    with tifffile.TiffFile(folder / "ZZNAME^slide.svs", mode="r+b") as file:
        tag = file.pages[0].tags["ImageDescription"]
        tag.overwrite(tag.value + "|Title = ZZNAME|User = ZZNAME")
    shutil.copytree(good / "dicom", folder / "ZZNAME ct")
    for path in [*(folder / "ZZNAME ct").rglob("*.dcm"), good / "finger.dcm"]:
        data = pydicom.dcmread(path)
        data.PatientName, data.PatientID, data.PatientBirthDate = "ZZNAME^Anna", "ZZNAME", "19010203"
        data.StudyDescription = data.SeriesDescription = data.InstitutionName = "ZZNAME"
        data.save_as(folder / "ZZNAME finger.dcm" if path.name == "finger.dcm" else path)


@pytest.mark.parametrize("room", list(IMAGES))
def test_nothing_that_identifies_a_patient_is_stored(room: str, good: Path, tmp_path: Path) -> None:
    inputs = tmp_path / "ZZNAME"
    _named_inputs(good, inputs)
    image = {"skin": "ZZNAME^slide.svs", "lung": "ZZNAME ct", "calcinosis": "ZZNAME finger.dcm"}[room]
    assert _run(room, "analyse", inputs / image, "-o", tmp_path / "out", *QUICK[room]) == 0
    stored = _bytes(tmp_path / "out")
    assert len(stored) > 5
    for name, content in stored.items():
        assert "ZZNAME" not in name
        for private in (b"ZZNAME", b"19010203", str(tmp_path).encode()):
            assert private not in content, name


@pytest.mark.parametrize("room", ["skin", "calcinosis"])
def test_manifest_and_batch_go_on_past_a_broken_case(
    room: str, good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images = tmp_path / "images"
    images.mkdir()
    suffix = Path(IMAGES[room]).suffix
    for name in ("a", "c"):
        shutil.copy(good / IMAGES[room], images / f"{name}{suffix}")
    (images / f"b{suffix}").write_bytes((good / IMAGES[room]).read_bytes()[:3000])
    manifest = tmp_path / "manifest.csv"
    assert _run("manifest", room, images, "-o", manifest) == 0
    assert pd.read_csv(manifest)["case_id"].tolist() == ["case-0001", "case-0002", "case-0003"]

    assert _run(room, "batch", manifest, "-o", tmp_path / "one", *QUICK[room]) == 3
    said = capsys.readouterr()
    assert "2 finished, 0 finished before, 1 failed" in said.out
    assert "failures.csv" in said.err
    assert _run(room, "batch", manifest, "-o", tmp_path / "two", "--workers", 2, *QUICK[room]) == 3
    assert _bytes(tmp_path / "one") == _bytes(tmp_path / "two")

    shutil.copy(good / IMAGES[room], images / f"b{suffix}")
    assert _run(room, "batch", manifest, "-o", tmp_path / "one", *QUICK[room]) == 0
    assert "1 finished, 2 finished before, 0 failed" in capsys.readouterr().out
    assert len(pd.read_csv(tmp_path / "one" / "results.csv")) == 3


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_run_leaves_nothing_behind(number: signal.Signals, good: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = ["skin", "analyse", str(good / "slide.svs"), "-o", str(out), "--n-patches", "20000"]
    code = f"from ssc_core.cli import main; main({command!r})"
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),  # tests run in the background ignore Ctrl-C
    )
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob(".out*.partial")) and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.5)
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in said
    assert "stopped" in said
    assert list(tmp_path.iterdir()) == []


def test_wheel_holds_what_is_not_python(tmp_path: Path) -> None:
    import zipfile

    root = Path(__file__).resolve().parents[2]
    build = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--wheel-dir",
        str(tmp_path),
        str(root),
    ]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    for needed in (
        "napari_ssc/napari.yaml",
        "ssc_core/py.typed",
        "napari_ssc/py.typed",
        "ssc_core/report/page.html.j2",
        "ssc_core/models/cards/alexnet.toml",
    ):
        assert needed in names
    assert not [n for n in names if n.startswith("tests/")]
