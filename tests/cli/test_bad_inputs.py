"""What users get wrong: one sentence with the file and the way out, exit code 2, earlier results intact.

Each row of the tables is made by a small function that spoils a good input and returns the arguments. The
command is run in this process, as the shell would.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from PIL import Image

from ssc_core.cli import app
from ssc_core.cli.outcome import exit_code_of

Spoil = Callable[[Path, Path], list[Any]]
"""(folder of good inputs, folder to work in) -> arguments."""


def _file(name: str, content: bytes) -> Spoil:
    """A file of this name and content in place of the image."""

    def spoil(good: Path, here: Path) -> list[Any]:
        (here / name).write_bytes(content)
        return [here / name]

    return spoil


def _truncated(name: str, share: float) -> Spoil:
    """A good file that ends too early."""

    def spoil(good: Path, here: Path) -> list[Any]:
        data = (good / name).read_bytes()
        (here / name).write_bytes(data[: int(len(data) * share)])
        return [here / name]

    return spoil


def _with(name: str, *more: Any) -> Spoil:
    """A good file with bad options."""

    def spoil(good: Path, here: Path) -> list[Any]:
        return [good / name, *more]

    return spoil


def _picture(array: np.ndarray, *more: Any) -> Spoil:
    """A picture with this content."""

    def spoil(good: Path, here: Path) -> list[Any]:
        Image.fromarray(array).save(here / "picture.png")
        return [here / "picture.png", *more]

    return spoil


def _folder(*names: str) -> Spoil:
    """A folder that holds text files of these names."""

    def spoil(good: Path, here: Path) -> list[Any]:
        (here / "folder").mkdir()
        for name in names:
            (here / "folder" / name).write_text("some text")
        return [here / "folder"]

    return spoil


def _roi(content: Any) -> Spoil:
    """A good slide with this region file."""

    def spoil(good: Path, here: Path) -> list[Any]:
        path = here / "roi.geojson"
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return [good / "slide.svs", "--roi", path]

    return spoil


def _polygon(*points: tuple[float, float]) -> dict[str, Any]:
    ring = [list(p) for p in (*points, points[0])]
    return {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}}


def _volume(change: Callable[[sitk.Image], sitk.Image]) -> Spoil:
    """The good CT, changed."""

    def spoil(good: Path, here: Path) -> list[Any]:
        sitk.WriteImage(change(sitk.ReadImage(str(good / "ct.nii.gz"))), str(here / "ct.nii.gz"))
        return [here / "ct.nii.gz"]

    return spoil


def _filled(value: float, kind: int = sitk.sitkInt16) -> Callable[[sitk.Image], sitk.Image]:
    def change(image: sitk.Image) -> sitk.Image:
        out = sitk.Image(image.GetSize(), kind) + value
        out.CopyInformation(image)
        return sitk.Cast(out, kind)

    return change


def _slices(change: Callable[[list[Path], Path], None]) -> Spoil:
    """The good DICOM series, its sorted files changed."""

    def spoil(good: Path, here: Path) -> list[Any]:
        shutil.copytree(good / "dicom", here / "ct")
        files = [p for p in (here / "ct").rglob("*") if p.is_file()]
        change(sorted(files, key=_height), here)
        return [here / "ct"]

    return spoil


def _height(path: Path) -> float:
    import pydicom

    return float(pydicom.dcmread(path, stop_before_pixels=True).ImagePositionPatient[2])


def _retag(path: Path, target: Path | None = None, **tags: Any) -> None:
    import pydicom

    data = pydicom.dcmread(path)
    for name, value in tags.items():
        setattr(data, name, value)
        if name == "SOPInstanceUID":
            data.file_meta.MediaStorageSOPInstanceUID = value
    data.save_as(target or path)


def _mask(change: Callable[[sitk.Image], sitk.Image]) -> Spoil:
    """The good CT with a bad mask."""

    def spoil(good: Path, here: Path) -> list[Any]:
        image = sitk.ReadImage(str(good / "ct.nii.gz"))
        sitk.WriteImage(change(sitk.Cast(image < -500, sitk.sitkUInt8)), str(here / "mask.nii.gz"))
        return [good / "ct.nii.gz", "--mask", here / "mask.nii.gz"]

    return spoil


def _moved(image: sitk.Image) -> sitk.Image:
    image.SetOrigin([o + 40 for o in image.GetOrigin()])
    return image


def _second_series(files: list[Path], here: Path) -> None:
    import pydicom.uid

    series = pydicom.uid.generate_uid(entropy_srcs=["second"])
    for i, path in enumerate(files):
        uid = pydicom.uid.generate_uid(entropy_srcs=["second", str(i)])
        _retag(path, path.with_name(f"second-{i}.dcm"), SeriesInstanceUID=series, SOPInstanceUID=uid)


GREY = np.tile(np.linspace(0, 250, 64).astype(np.uint8), (64, 1))
COLOUR = np.dstack([GREY, GREY.T, 255 - GREY])
SCALED = ("--pixel-spacing", 0.3, "--window", 1500, "--level", 450)

SKIN: dict[str, Spoil] = {
    "absent file": lambda good, here: [here / "absent.svs"],
    "zero bytes": _file("slide.svs", b""),
    "text named svs": _file("slide.svs", b"not an image at all\n" * 30),
    "text named tif": _file("slide.tif", b"II*\0" + b"rubbish" * 50),
    "text named png": _file("slide.png", b"hello"),
    "wrong extension": _file("slide.docx", b"PK\x03\x04"),
    "folder for a file": _folder("a.txt"),
    "empty folder": _folder(),
    **{f"slide truncated at {s}": _truncated("slide.svs", s) for s in (0.001, 0.01, 0.1, 0.5, 0.9, 0.999)},
    "picture without mpp": _picture(COLOUR),
    "mpp of zero": _picture(COLOUR, "--mpp", 0),
    "mpp NaN": _picture(COLOUR, "--mpp", "nan"),
    "negative mpp": _picture(COLOUR, "--mpp", -0.5),
    "mpp in millimetres": _picture(COLOUR, "--mpp", 0.0005),
    "mpp absurd": _picture(COLOUR, "--mpp", 5000),
    "mpp not a number": _picture(COLOUR, "--mpp", "forty"),
    "blank white": _picture(np.full((900, 900, 3), 255, np.uint8), "--mpp", 1),
    "blank black": _picture(np.zeros((900, 900, 3), np.uint8), "--mpp", 1),
    "roi absent": _with("slide.svs", "--roi", "absent.geojson"),
    "roi empty file": _roi(b""),
    "roi not json": _roi(b"POLYGON ((0 0))"),
    "roi not utf-8": _roi('{"type": "Gr\u00f6\u00dfe"}'.encode("utf-16")),
    "roi without regions": _roi({"type": "FeatureCollection", "features": []}),
    "roi other json": _roi({"answer": 42}),
    "roi outside": _roi(_polygon((90000, 90000), (91000, 90000), (91000, 91000))),
    "roi crosses itself": _roi(_polygon((100, 100), (600, 600), (600, 100), (100, 600))),
    "roi with NaN": _roi(b'{"type":"Polygon","coordinates":[[[NaN,0],[9,0],[9,9],[NaN,0]]]}'),
    "roi a point": _roi(
        {"type": "Feature", "properties": {}, "geometry": {"type": "Point", "coordinates": [1, 1]}}
    ),
    "roi too small": _roi(_polygon((300, 300), (302, 300), (302, 302))),
    "no patches": _with("slide.svs", "--n-patches", 0),
    "impossible share": _with("slide.svs", "--min-inside", 2),
    "unknown option": _with("slide.svs", "--colour", "red"),
    "scene that is not there": _with("slide.svs", "--scene", 7),
}

LUNG: dict[str, Spoil] = {
    "absent file": lambda good, here: [here / "absent.nii.gz"],
    "empty folder": _folder(),
    "folder of texts": _folder("a.txt", "b.dcm"),
    "zero bytes": _file("ct.nii.gz", b""),
    "text named nii": _file("ct.nii", b"hello" * 100),
    "picture": _file("ct.jpg", b"\xff\xd8\xff"),
    "zip": _file("ct.zip", b"PK\x03\x04"),
    **{f"nifti truncated at {s}": _truncated("ct.nii.gz", s) for s in (0.001, 0.05, 0.3, 0.7, 0.99)},
    "all air": _volume(_filled(-1000)),
    "all zero": _volume(_filled(0)),
    "absurd HU": _volume(lambda image: sitk.Cast(image, sitk.sitkFloat32) * 100),
    "grey levels, not HU": _volume(
        lambda image: sitk.Cast(sitk.RescaleIntensity(image, 0, 255), sitk.sitkUInt8)
    ),
    "NaN": _volume(_filled(float("nan"), sitk.sitkFloat32)),
    "one slice": _volume(lambda image: image[:, :, 5:6]),
    "a missing slice": _slices(lambda files, here: files[10].unlink()),
    "a duplicated slice": _slices(
        lambda files, here: _retag(files[10], files[10].with_name("again.dcm"), SOPInstanceUID="1.2.3.4.5.6")
    ),
    "mixed spacing": _slices(lambda files, here: _retag(files[10], PixelSpacing=[1.0, 1.0])),
    "zero spacing": _slices(lambda files, here: [_retag(f, PixelSpacing=[0.0, 0.0]) for f in files]),
    "one file left": _slices(lambda files, here: [f.unlink() for f in files[1:]]),
    "two series": _slices(_second_series),
    "not a CT": _slices(lambda files, here: [_retag(f, Modality="MR") for f in files]),
    "localisers only": _slices(
        lambda files, here: [_retag(f, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"]) for f in files]
    ),
    "a truncated slice": _slices(lambda files, here: files[9].write_bytes(files[9].read_bytes()[:-400])),
    "series that is not there": _with("dicom", "--series", "9"),
    "mask absent": _with("ct.nii.gz", "--mask", "absent.nii.gz"),
    "mask of another shape": _mask(lambda image: image[1:, :, :]),
    "mask elsewhere": _mask(_moved),
    "mask empty": _mask(lambda image: image * 0),
    "a slide as CT": lambda good, here: [good / "slide.svs"],
    "negative offset": _with("ct.nii.gz", "--dome-offset-mm", "-3"),
}

CALCINOSIS: dict[str, Spoil] = {
    "absent file": lambda good, here: [here / "absent.dcm"],
    "folder": _folder("a.txt"),
    "zero bytes": _file("finger.dcm", b""),
    "text named dcm": _file("finger.dcm", b"hello" * 100),
    "text named png": _file("finger.png", b"hello" * 100),
    **{f"dicom truncated at {s}": _truncated("finger.dcm", s) for s in (0.01, 0.1, 0.6, 0.97)},
    "png truncated": lambda good, here: [*_truncated("finger.png", 0.5)(good, here), *SCALED],
    "no pixel size": _with("finger.png", "--window", 1500, "--level", 450),
    "no window": _with("finger.png", "--pixel-spacing", 0.3),
    "pixel size of zero": _with("finger.png", "--pixel-spacing", 0, "--window", 1500, "--level", 450),
    "pixel size NaN": _with("finger.png", "--pixel-spacing", "nan", "--window", 1500, "--level", 450),
    "pixel size in um": _with("finger.png", "--pixel-spacing", 300, "--window", 1500, "--level", 450),
    "window of zero": _with("finger.png", "--pixel-spacing", 0.3, "--window", 0, "--level", 450),
    "colour picture": _picture(COLOUR, *SCALED),
    "blank picture": _picture(np.zeros((64, 64), np.uint8), *SCALED),
    "a volume": lambda good, here: [good / "ct.nii.gz"],
    "bones absent": _with("finger.dcm", "--bones", "absent.png"),
}

TABLE = [
    *[("skin", name, spoil) for name, spoil in SKIN.items()],
    *[("lung", name, spoil) for name, spoil in LUNG.items()],
    *[("calcinosis", name, spoil) for name, spoil in CALCINOSIS.items()],
]


@pytest.mark.parametrize(("room", "name", "spoil"), TABLE, ids=[f"{r}: {n}" for r, n, _ in TABLE])
def test_bad_input_is_one_sentence(
    room: str, name: str, spoil: Spoil, good: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "run.json").write_text("an earlier result")
    here = tmp_path / "here"
    here.mkdir()
    arguments = [str(a) for a in spoil(good, here)]
    capfd.readouterr()

    code = exit_code_of(app, [room, "analyse", *arguments, "-o", str(out)])

    said = capfd.readouterr().err.strip()
    assert code == 2, said
    assert "Traceback" not in said
    assert "defect of ours" not in said
    assert "--" in said or any(Path(a).name in said for a in arguments if "/" in a or "." in a)
    assert said.startswith("ssc: ")
    assert len(said.splitlines()) <= 12  # a list of series or scenes may follow the sentence
    assert 25 < len(said) < 1500
    assert (out / "run.json").read_text() == "an earlier result"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["here", "out"]


def test_the_table_is_long_enough() -> None:
    assert len(TABLE) >= 60


@pytest.mark.parametrize("room", ["skin", "lung", "calcinosis"])
def test_result_folders_that_cannot_be_used(
    room: str, good: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    image = {"skin": "slide.svs", "lung": "ct.nii.gz", "calcinosis": "finger.dcm"}[room]
    (tmp_path / "file").write_text("x")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x")
    for target in (tmp_path / "file", tmp_path / "file" / "below", tmp_path / "mine"):
        assert exit_code_of(app, [room, "analyse", str(good / image), "-o", str(target)]) == 2
        assert "with -o" in capfd.readouterr().err
    assert exit_code_of(app, [room, "analyse", str(good / image)]) == 2
    assert "--out" in capfd.readouterr().err
