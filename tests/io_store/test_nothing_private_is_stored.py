"""A name that stands in a DICOM header and in every file name reaches no output."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pydicom
import pytest
from pydicom.dataset import FileDataset, FileMetaDataset

from ssc_core.io.store import write_map, write_mask, write_nifti
from ssc_core.io.tables import write_table
from ssc_core.io.volume import Volume, open_volume

NAME = "ZZNAME"


@pytest.fixture
def volume(tmp_path: Path) -> Volume:
    folder = tmp_path / f"{NAME}^Given"
    folder.mkdir()
    for k in range(5):
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
        meta.MediaStorageSOPInstanceUID = f"1.2.9.{k}"
        meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
        ds = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
        ds.SOPClassUID, ds.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
        ds.Modality, ds.ImageType, ds.SeriesInstanceUID = "CT", ["ORIGINAL", "PRIMARY", "AXIAL"], "1.2.9"
        for tag in ("PatientName", "PatientID", "SeriesDescription", "StudyDescription", "InstitutionName"):
            setattr(ds, tag, NAME)
        ds.Rows, ds.Columns, ds.PixelSpacing = 12, 13, [1.0, 1.0]
        ds.ImageOrientationPatient, ds.ImagePositionPatient = [1, 0, 0, 0, 1, 0], [0, 0, 2.0 * k]
        ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
        ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 1
        ds.RescaleSlope, ds.RescaleIntercept, ds.ConvolutionKernel = 1, 0, "B40f"
        ds.PixelData = np.full((12, 13), 40 * k - 900, np.int16).tobytes()
        ds.save_as(folder / f"{NAME}_{k}.dcm", enforce_file_format=True)
    return open_volume(folder)


def test_no_output_holds_a_name(tmp_path: Path, volume: Volume) -> None:
    assert NAME in str(volume.files[0])  # the trap is set
    out = tmp_path / "out"
    out.mkdir()
    write_mask(out / "mask.ome.zarr", volume.hu < -800, volume.frame, {1: "air"})
    write_map(out / "map.ome.zarr", volume.hu, volume.frame, "HU")
    write_nifti(out / "mask.nii", (volume.hu < -800).compute(), volume)
    write_nifti(out / "mask.nii.gz", (volume.hu < -800).compute(), volume)
    write_table(out, "table", pd.DataFrame({"a": [1.0]}), {"a": "mm"})
    (out / "repr.txt").write_text(
        repr(volume) + repr(dict(volume.header)) + repr(volume.warnings) + volume.kind
    )
    files = [p for p in out.rglob("*") if p.is_file()]
    assert len(files) > 10
    for file in files:
        assert NAME.encode() not in file.read_bytes(), file.name
        assert NAME not in str(file.relative_to(tmp_path))
    assert "B40f" in (out / "repr.txt").read_text()


def test_nifti_bytes_repeat(tmp_path: Path, volume: Volume) -> None:
    for name in ("a", "b"):
        write_nifti(tmp_path / name / "mask.nii.gz", (volume.hu < -800).compute(), volume)
    assert (tmp_path / "a" / "mask.nii.gz").read_bytes() == (tmp_path / "b" / "mask.nii.gz").read_bytes()
    assert [p.name for p in (tmp_path / "a").iterdir()] == ["mask.nii.gz"]
