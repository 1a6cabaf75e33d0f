"""Finger phantoms as files: a DICOM image with its pixel spacing, and 8-bit exports without."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from ssc_core.errors import InputError
from ssc_core.phantoms.finger.phantom import FingerPhantom

__all__ = ["to_grey", "write_dicom", "write_export"]

Energy = Literal["mixed", "low", "high"]


def to_grey(
    hu: npt.NDArray[np.float32], *, window: float = 1500.0, level: float = 450.0
) -> npt.NDArray[np.uint8]:
    """HU to 8-bit grey, as DICOM's linear window does it (PS3.3 C.11.2.1.2); 5.9 HU per step by default."""
    grey = ((hu - (level - 0.5)) / (window - 1) + 0.5) * 255.0
    return np.asarray(np.clip(np.rint(grey), 0, 255), np.uint8)


def write_export(
    phantom: FingerPhantom, path: str | Path, *, window: float = 1500.0, level: float = 450.0
) -> Path:
    """Write the 2-D image as PNG or JPEG (by the file's ending), without any scale in it.

    Raises
    ------
    InputError
        If the phantom is a volume.
    """
    from skimage.io import imsave

    path = Path(path)
    quality = {"quality": 95} if path.suffix.lower() in (".jpg", ".jpeg") else {}
    imsave(
        path, to_grey(_flat(phantom, "mixed"), window=window, level=level), check_contrast=False, **quality
    )
    return path


def write_dicom(phantom: FingerPhantom, path: str | Path, *, energy: Energy = "mixed") -> Path:
    """Write the 2-D image as one DICOM file with PixelSpacing (row, column) and window 1500 / level 450.

    Raises
    ------
    InputError
        If the phantom is a volume.
    """
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

    hu = _flat(phantom, energy)
    series = generate_uid(entropy_srcs=["finger phantom", str(phantom.spec), energy])
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=[series, "1"])
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data = Dataset()
    data.file_meta = meta
    data.SOPClassUID, data.SOPInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID
    data.StudyInstanceUID = generate_uid(entropy_srcs=["finger phantom study", str(phantom.spec)])
    data.SeriesInstanceUID = series
    data.FrameOfReferenceUID = generate_uid(entropy_srcs=["finger phantom frame", str(phantom.spec)])
    data.Modality, data.PatientName, data.PatientID = "CT", "Phantom", "PHANTOM"
    data.SeriesDescription = f"finger, sagittal, {energy}"
    data.ImageType = ["DERIVED", "SECONDARY", "MPR"]
    data.KVP = {"mixed": "", "low": "80", "high": "140"}[energy] or None
    data.SeriesNumber, data.InstanceNumber = 1, 1
    data.ImagePositionPatient, data.ImageOrientationPatient = [0, 0, 0], [0, 1, 0, 0, 0, -1]
    data.PixelSpacing = [float(s) for s in phantom.frame.spacing]
    data.SliceThickness = phantom.spec.slab_mm
    data.Rows, data.Columns = hu.shape
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 12, 11, 0
    data.RescaleSlope, data.RescaleIntercept, data.RescaleType = 1, -1024, "HU"
    data.WindowWidth, data.WindowCenter = 1500, 450
    data.PixelData = np.clip(np.rint(hu + 1024), 0, 4095).astype("<u2").tobytes()
    path = Path(path)
    data.save_as(path, enforce_file_format=True)
    return path


def _flat(phantom: FingerPhantom, energy: Energy) -> npt.NDArray[np.float32]:
    image = {"mixed": phantom.hu, "low": phantom.low, "high": phantom.high}[energy]
    if image.ndim != 2:
        raise InputError("only 2-D finger phantoms are written as one image; use make_image")
    return image
