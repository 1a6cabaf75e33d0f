"""Chest phantoms as files: other software finds every voxel where the phantom says it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk

from ssc_core.errors import OutputError
from ssc_core.phantoms.chest import Chest, ChestPhantom, Pose, write_dicom_series, write_nifti


@pytest.fixture(scope="module")
def scan() -> ChestPhantom:
    return Chest(4, pose=Pose(offset=(3.5, -7.25, -123.4))).render(
        (7.0, 6.0, 5.0), (24, 60, 90), padding=-2000
    )


def read_series(folder: Path) -> sitk.Image:
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    return sitk.DICOMOrient(reader.Execute(), "LPS")


def assert_same_place(image: sitk.Image, phantom: ChestPhantom) -> None:
    assert np.array_equal(sitk.GetArrayFromImage(image), phantom.hu)
    assert image.GetSpacing() == pytest.approx(phantom.frame.spacing[::-1], abs=1e-4)
    assert image.GetOrigin() == pytest.approx(phantom.frame.origin[::-1], abs=1e-3)


@pytest.mark.parametrize("position", ["HFS", "FFS", "HFP", "FFP"])
@pytest.mark.parametrize("odd", [False, True])
def test_series_reads_back_at_the_same_positions(
    tmp_path: Path, scan: ChestPhantom, position: str, odd: bool
) -> None:
    files = write_dicom_series(
        tmp_path / "series",
        scan,
        position=position,  # type: ignore[arg-type]
        shuffle_names=odd,
        reverse_numbers=odd,
        unsigned=odd,
    )
    assert len(files) == len(scan.hu)
    assert_same_place(read_series(tmp_path / "series"), scan)
    header = pydicom.dcmread(files[0])
    assert header.PatientPosition == position
    assert header.PixelRepresentation == (0 if odd else 1)
    assert header.PixelPaddingValue + header.RescaleIntercept == -2000
    if odd:
        assert [f.name for f in files] != sorted(f.name for f in files)
        assert header.InstanceNumber == len(files)


def test_series_is_the_same_bytes_every_time(tmp_path: Path, scan: ChestPhantom) -> None:
    first, second = (write_dicom_series(tmp_path / name, scan) for name in ("a", "b"))
    assert [f.read_bytes() for f in first] == [f.read_bytes() for f in second]
    uids = {pydicom.dcmread(f).SOPInstanceUID for f in first}
    assert len(uids) == len(first)


def test_two_series_share_the_study(tmp_path: Path, scan: ChestPhantom) -> None:
    a = pydicom.dcmread(write_dicom_series(tmp_path / "a", scan)[0])
    b = pydicom.dcmread(write_dicom_series(tmp_path / "b", scan, series=2, kernel="B70f")[0])
    assert a.StudyInstanceUID == b.StudyInstanceUID
    assert a.SeriesInstanceUID != b.SeriesInstanceUID
    assert a.SOPInstanceUID != b.SOPInstanceUID


def test_a_folder_with_files_is_refused(tmp_path: Path, scan: ChestPhantom) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match="holds files"):
        write_dicom_series(tmp_path, scan)
    assert [p.name for p in tmp_path.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize("orientation", ["LPS", "RAS", "LAS", "LPI", "PIR"])
@pytest.mark.parametrize("ending", [".nii.gz", ".mha"])
def test_volume_files_read_back_at_the_same_positions(
    tmp_path: Path, scan: ChestPhantom, orientation: str, ending: str
) -> None:
    path = write_nifti(tmp_path / f"scan{ending}", scan, orientation=orientation)
    image = sitk.ReadImage(str(path))
    turn = sitk.DICOMOrientImageFilter_GetOrientationFromDirectionCosines(image.GetDirection())
    assert turn == orientation
    assert_same_place(sitk.DICOMOrient(image, "LPS"), scan)


def test_masks_are_written_too_and_bad_paths_are_named(tmp_path: Path, scan: ChestPhantom) -> None:
    path = write_nifti(tmp_path / "lungs.nii.gz", scan, "lungs", orientation="RAS")
    back = sitk.GetArrayFromImage(sitk.DICOMOrient(sitk.ReadImage(str(path)), "LPS"))
    assert np.array_equal(back, scan.lungs)
    with pytest.raises(OutputError, match="cannot be written"):
        write_nifti(tmp_path / "missing" / "scan.nii.gz", scan)
