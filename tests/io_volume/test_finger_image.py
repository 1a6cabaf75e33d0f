"""Finger images: HU and millimetres from DICOM, or from a picture and what its user knows about it."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ssc_core.errors import EmptyError, FormatError, InputError, ScaleUnknown
from ssc_core.io.image import open_finger
from ssc_core.io.picture import unwindowed

KNOWN = {"pixel_spacing": 0.2, "window": 1500.0, "level": 450.0}


def windowed(hu: np.ndarray, width: float = 1500, centre: float = 450) -> np.ndarray:
    """DICOM PS3.3 C.11.2.1.2.1 as written there, with its two ends."""
    grey = ((hu - (centre - 0.5)) / (width - 1) + 0.5) * 255
    grey = np.where(hu <= centre - 0.5 - (width - 1) / 2, 0, grey)
    grey = np.where(hu > centre - 0.5 + (width - 1) / 2, 255, grey)
    return np.rint(grey).astype(np.uint8)


@pytest.fixture
def hu() -> np.ndarray:
    ramp = np.linspace(-900, 2500, 60 * 40).reshape(60, 40)
    return np.rint(ramp).astype(np.int16)


def saved(path: Path, values: np.ndarray, **options: Any) -> Path:
    Image.fromarray(values).save(path, **options)
    return path


@pytest.mark.parametrize("ending", ["png", "tif", "PNG"])
def test_hu_come_back_from_a_picture_within_half_a_step(tmp_path: Path, hu: np.ndarray, ending: str) -> None:
    image = open_finger(saved(tmp_path / f"finger.{ending}", windowed(hu)), **KNOWN)
    inside = ~image.saturated
    assert image.step_hu == pytest.approx(5.878, abs=0.001)
    assert np.abs(image.hu - hu)[inside].max() <= image.step_hu / 2 + 0.01
    assert np.all(image.saturated[(hu < -303) | (hu > 1202)])
    assert not image.saturated[(hu > -296) & (hu < 1195)].any()
    assert image.hu.min() == pytest.approx(-300)
    assert image.hu.max() == pytest.approx(1199)
    assert image.frame.spacing == (0.2, 0.2)
    assert "5.9 HU" in image.warnings[0]
    assert np.array_equal(pickle.loads(pickle.dumps(image)).hu, image.hu)


def test_the_exact_window_differs_from_the_simple_one_by_one_hu_at_most() -> None:
    grey = np.arange(256)
    simple = 450 - 750 + grey / 255 * 1500
    assert np.abs(unwindowed(grey, 1500, 450, 255) - simple).max() == pytest.approx(1.0)
    assert np.array_equal(windowed(unwindowed(grey[1:], 1500, 450, 255)), grey[1:])


def test_pixel_spacing_is_rows_then_columns(tmp_path: Path, hu: np.ndarray) -> None:
    path = saved(tmp_path / "finger.png", windowed(hu), dpi=(72, 72))
    image = open_finger(path, **KNOWN | {"pixel_spacing": (0.3, 0.1)})
    assert image.frame.spacing == (0.3, 0.1)
    assert image.shape == (60, 40)
    assert image.frame.pixel_size == pytest.approx(0.03)


MISSING = {
    "no spacing": ({"pixel_spacing": None}, ScaleUnknown, "--pixel-spacing"),
    "zero": ({"pixel_spacing": 0}, InputError, "--pixel-spacing takes one positive number"),
    "NaN": ({"pixel_spacing": float("nan")}, InputError, "--pixel-spacing"),
    "three": ({"pixel_spacing": (1, 1, 1)}, InputError, "--pixel-spacing"),
    "metres": ({"pixel_spacing": 0.0002}, InputError, "in millimetres"),
    "micrometres": ({"pixel_spacing": 200.0}, InputError, "in millimetres"),
    "no window": ({"window": None, "level": None}, InputError, "--window 1500 --level 450"),
    "half a window": ({"level": None}, InputError, "belong together"),
    "window of nothing": ({"window": 0.0}, InputError, "is no window in HU"),
    "window of NaN": ({"window": float("nan")}, InputError, "is no window in HU"),
}


@pytest.mark.parametrize("case", MISSING)
def test_what_a_picture_does_not_hold_is_asked_for(tmp_path: Path, hu: np.ndarray, case: str) -> None:
    changes, kind, text = MISSING[case]
    path = saved(tmp_path / "finger.png", windowed(hu), dpi=(300, 300))
    with pytest.raises(kind, match=text):
        open_finger(path, **KNOWN | changes)


def test_colour_is_annotation_or_no_ct(tmp_path: Path, hu: np.ndarray) -> None:
    grey = windowed(hu)
    rgb = np.stack([grey] * 3, axis=-1)
    plain = open_finger(saved(tmp_path / "rgb.png", rgb), **KNOWN)
    assert np.array_equal(plain.hu, open_finger(saved(tmp_path / "grey.png", grey), **KNOWN).hu)
    rgb[30:32, 5:15] = (255, 200, 0)
    noted = open_finger(saved(tmp_path / "noted.png", rgb), **KNOWN)
    assert noted.saturated[30:32, 5:15].all()
    assert "20 pixels lie under coloured annotation" in noted.warnings[-1]
    rgb[20:40] = (200, 100, 120)
    with pytest.raises(InputError, match="is coloured"):
        open_finger(saved(tmp_path / "skin.png", rgb), **KNOWN)


def test_jpeg_is_read_and_its_loss_is_told(tmp_path: Path, hu: np.ndarray) -> None:
    image = open_finger(saved(tmp_path / "finger.jpg", windowed(hu), quality=95), **KNOWN)
    assert np.abs(image.hu - np.clip(hu, -300, 1199)).mean() < 20
    assert "JPEG" in image.warnings[-1]


def other_pictures(folder: Path) -> dict[str, tuple[Path, type[Exception], str]]:
    rng = np.random.default_rng(0)
    grey = rng.integers(0, 255, (20, 30), dtype=np.uint8)
    twelve = rng.integers(0, 4095, (20, 30), dtype=np.uint16)
    pages = folder / "pages.tif"
    Image.fromarray(grey).save(pages, save_all=True, append_images=[Image.fromarray(grey)])
    text = folder / "text.png"
    text.write_text("no picture")
    pdf = folder / "report.pdf"
    pdf.write_bytes(b"%PDF-1.4 ...")
    alpha = np.dstack([grey, grey, grey, np.where(grey > 9, 255, 0).astype(np.uint8)])
    return {
        "pages": (pages, FormatError, "several pages"),
        "text": (text, FormatError, "not a PNG, JPEG or TIFF"),
        "pdf": (pdf, FormatError, "not a DICOM, PNG, JPEG or TIFF"),
        "12 of 16 bits": (saved(folder / "12.png", twelve), InputError, "only reaches"),
        "floats": (saved(folder / "f.tif", grey.astype(np.float32)), InputError, "does not say whether"),
        "black and white": (saved(folder / "bw.png", grey > 99), FormatError, "black and white"),
        "transparent": (saved(folder / "alpha.png", alpha), FormatError, "transparent"),
        "blank": (saved(folder / "blank.png", np.full((9, 9), 7, np.uint8)), EmptyError, "same value"),
        "folder": (folder, FormatError, "a folder"),
        "nothing": (folder / "none.png", FormatError, "no such file"),
    }


@pytest.mark.parametrize(
    "case",
    [
        "pages",
        "text",
        "pdf",
        "12 of 16 bits",
        "floats",
        "black and white",
        "transparent",
        "blank",
        "folder",
        "nothing",
    ],
)
def test_other_pictures_are_refused_with_a_way_out(tmp_path: Path, case: str) -> None:
    path, kind, text = other_pictures(tmp_path)[case]
    with pytest.raises(kind, match=text):
        open_finger(path, **KNOWN)


@pytest.mark.parametrize("ending", ["png", "jpg", "tif"])
def test_a_truncated_picture_is_refused(tmp_path: Path, ending: str) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (50, 60), dtype=np.uint8)
    path = saved(tmp_path / f"finger.{ending}", noise)
    raw = path.read_bytes()
    for end in (0, 1, 9, *(int(len(raw) * f) for f in (0.1, 0.4, 0.7, 0.95))):
        path.write_bytes(raw[:end])
        with pytest.raises(FormatError):
            open_finger(path, **KNOWN)


def test_a_sixteen_bit_picture_keeps_finer_steps(tmp_path: Path, hu: np.ndarray) -> None:
    grey = np.clip((hu + 300.0) / 1499 * 65535, 0, 65535).astype(np.uint16)
    image = open_finger(saved(tmp_path / "finger.png", grey), **KNOWN)
    assert np.abs(image.hu - hu)[~image.saturated].max() < 0.03


def test_dicom_needs_nothing(ct: Any, tmp_path: Path) -> None:
    grid = ct.Grid(shape=(1, 14, 11), spacing=(1.0, 0.4, 0.3))
    path = ct.write_series(tmp_path, grid=grid, bits=12)[0]
    image = open_finger(path)
    assert np.array_equal(image.hu, grid.hu()[0])
    assert image.hu.dtype == np.float32
    assert image.frame.spacing == (0.4, 0.3)
    assert image.warnings == ()
    assert not image.saturated.any()
    told = open_finger(path, pixel_spacing=0.2, window=1500, level=450)
    assert np.array_equal(told.hu, image.hu)
    assert told.frame.spacing == (0.2, 0.2)
    assert "replaces the 0.4 x 0.3 mm" in told.warnings[0]
    assert "not needed" in told.warnings[1]


def test_dicom_without_pixel_spacing_does_not_take_that_of_the_detector(ct: Any, tmp_path: Path) -> None:
    path = ct.write_series(tmp_path, grid=ct.Grid(shape=(1, 14, 11)))[0]
    ct.edit(path, PixelSpacing=None, ImagerPixelSpacing=[0.1, 0.1])
    with pytest.raises(ScaleUnknown, match="ImagerPixelSpacing is that of the detector"):
        open_finger(path)
    assert open_finger(path, pixel_spacing=0.25).frame.spacing == (0.25, 0.25)


def test_a_secondary_capture_needs_its_window(ct: Any, tmp_path: Path) -> None:
    path = ct.write_series(tmp_path, grid=ct.Grid(shape=(1, 14, 11)))[0]
    ds = ct.pydicom.dcmread(path)
    grey = np.linspace(0, 255, 14 * 11).astype(np.uint8).reshape(14, 11)
    ds.SOPClassUID, ds.BitsAllocated, ds.BitsStored, ds.HighBit = "1.2.840.10008.5.1.4.1.1.7", 8, 8, 7
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.PixelData = grey.tobytes()
    ds["PixelData"].VR = "OB"
    del ds.RescaleSlope, ds.RescaleIntercept
    ds.save_as(path)
    with pytest.raises(InputError, match="--window 1500"):
        open_finger(path)
    image = open_finger(path, window=1500, level=450)
    assert np.array_equal(image.hu, unwindowed(grey, 1500, 450, 255))


def test_dense_values_at_the_top_of_the_number_range_are_marked(ct: Any, tmp_path: Path) -> None:
    path = ct.write_series(tmp_path, grid=ct.Grid(shape=(1, 14, 11)), bits=12)[0]
    ds = ct.pydicom.dcmread(path)
    pixels = ds.pixel_array.copy()
    pixels[2:4, 5] = 4095
    ds.PixelData = pixels.tobytes()
    ds.save_as(path)
    image = open_finger(path)
    assert np.argwhere(image.saturated).tolist() == [[2, 5], [3, 5]]
    assert image.hu[2, 5] == 3071
