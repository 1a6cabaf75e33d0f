"""Phantoms as files: a DICOM series as a scanner writes it, or one volume file."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian
from pydicom.valuerep import format_number_as_ds

from ssc_core.errors import OutputError
from ssc_core.phantoms.chest.truth import ChestPhantom
from ssc_core.seeds import seed_of

__all__ = ["Position", "write_dicom_series", "write_nifti"]

Position = Literal["HFS", "FFS", "HFP", "FFP"]
_FLIPS: dict[str, tuple[bool, bool, bool]] = {
    "HFS": (False, False, False),
    "HFP": (False, True, True),
    "FFS": (True, False, True),
    "FFP": (True, True, False),
}
"""Which axes (z, y, x) run against the patient's when the table moves in that position."""


def write_dicom_series(
    folder: str | Path,
    phantom: ChestPhantom,
    *,
    position: Position | None = None,
    shuffle_names: bool = False,
    reverse_numbers: bool = False,
    unsigned: bool = False,
    series: int = 1,
    kernel: str = "B40f",
) -> list[Path]:
    """Write a CT series (CT Image Storage, one file per slice).

    Parameters
    ----------
    folder : path-like
        New or empty.
    phantom : ChestPhantom
        What to write; `padding` becomes PixelPaddingValue.
    position : {"HFS", "FFS", "HFP", "FFP"}, optional
        How the person went into the scanner, which decides the order and orientation in which pixels are
        stored; head first, supine or prone as the phantom lies, by default. Positions stay where they are.
    shuffle_names : bool
        File names without any order.
    reverse_numbers : bool
        InstanceNumber against the direction of the slices.
    unsigned : bool
        Unsigned pixels (PixelRepresentation 0) instead of signed ones.
    series : int
        SeriesNumber; two series of one phantom share the study and the frame of reference.
    kernel : str
        ConvolutionKernel.

    Returns
    -------
    list of Path
        Files in the order in which the slices were stored.

    Raises
    ------
    OutputError
        If the folder holds files or cannot be written.
    """
    folder = Path(folder)
    _empty_folder(folder)
    how = position or ("HFP" if phantom.prone else "HFS")
    pixels, first, steps = _stored(phantom, how)
    count = len(pixels)
    order = np.arange(count)
    if shuffle_names:
        order = np.random.default_rng(seed_of(phantom.seed, "chest", "names")).permutation(count)
    paths = []
    for k, image in enumerate(pixels):
        number = count - k if reverse_numbers else k + 1
        where = first + k * steps[0]
        data = _header(phantom, how, steps, where, number, series, kernel)
        _set_pixels(data, image, phantom.padding, unsigned)
        path = folder / f"IM{order[k] + 1:05d}.dcm"
        try:
            data.save_as(path, enforce_file_format=True)
        except OSError as error:
            raise OutputError(f"the series cannot be written ({error.strerror})", source=folder) from error
        paths.append(path)
    return paths


def _empty_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        occupied = any(folder.iterdir())
    except OSError as error:
        raise OutputError(f"the folder cannot be used ({error.strerror})", source=folder) from error
    if occupied:
        raise OutputError("the folder holds files already; name a new or empty one", source=folder)


def _stored(
    phantom: ChestPhantom, position: str
) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Pixels as stored, position (x, y, z) of the first one, and step (x, y, z) along each axis (z, y, x)."""
    frame = phantom.frame
    flips = _FLIPS[position]
    pixels = phantom.hu[tuple(slice(None, None, -1 if flip else 1) for flip in flips)]
    corner = [(n - 1) if flip else 0 for n, flip in zip(pixels.shape, flips, strict=True)]
    first = frame.to_physical(corner)[::-1]
    signs = np.where(flips, -1.0, 1.0)
    steps = (frame.matrix * signs).T[:, ::-1]
    return pixels, first, steps


def _uid(*parts: int | str) -> str:
    return f"2.25.{seed_of(*parts)}"


def _header(
    phantom: ChestPhantom,
    position: str,
    steps: npt.NDArray[np.float64],
    where: npt.NDArray[np.float64],
    number: int,
    series: int,
    kernel: str,
) -> FileDataset:
    seed = phantom.seed
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = _uid(seed, "chest", series, "image", number)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = _uid("chest", "writer")
    data = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    data.SpecificCharacterSet = "ISO_IR 100"
    data.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    data.SOPClassUID = CTImageStorage
    data.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    data.StudyDate = data.StudyTime = data.AccessionNumber = ""
    data.Modality = "CT"
    data.Manufacturer = "synthetic"
    data.ReferringPhysicianName = ""
    data.SeriesDescription = "synthetic chest"
    data.PatientName = "SYNTHETIC"
    data.PatientID = f"SYNTHETIC-{seed}"
    data.PatientBirthDate = data.PatientSex = data.StudyID = ""
    data.PatientIdentityRemoved = "YES"
    data.DeidentificationMethod = "never a person"
    data.SliceThickness = f"{phantom.thickness_mm:g}"
    data.KVP = "120"
    data.ConvolutionKernel = kernel
    data.PatientPosition = position
    data.StudyInstanceUID = _uid(seed, "chest", "study")
    data.SeriesInstanceUID = _uid(seed, "chest", series, "series")
    data.FrameOfReferenceUID = _uid(seed, "chest", "frame")
    data.PositionReferenceIndicator = ""
    data.SeriesNumber, data.AcquisitionNumber, data.InstanceNumber = series, 1, number
    data.ImagePositionPatient = [_decimal(v) for v in where]
    units = steps / np.linalg.norm(steps, axis=1, keepdims=True)
    data.ImageOrientationPatient = [_decimal(v) for v in [*units[2], *units[1]]]
    data.PixelSpacing = [_decimal(phantom.frame.spacing[1]), _decimal(phantom.frame.spacing[2])]
    return data


def _decimal(value: float) -> str:
    """A decimal string of at most 16 characters."""
    return str(format_number_as_ds(float(value) + 0.0))


def _set_pixels(data: FileDataset, image: npt.NDArray[np.int16], padding: int | None, unsigned: bool) -> None:
    intercept = -1024 if not unsigned else min(-1024, -1024 if padding is None else padding)
    stored = image.astype(np.int32) - intercept
    kind = "<u2" if unsigned else "<i2"
    data.SamplesPerPixel = 1
    data.PhotometricInterpretation = "MONOCHROME2"
    data.Rows, data.Columns = image.shape
    data.BitsAllocated = data.BitsStored = 16
    data.HighBit = 15
    data.PixelRepresentation = 0 if unsigned else 1
    if padding is not None:
        data.add_new(0x00280120, "US" if unsigned else "SS", padding - intercept)
    data.WindowCenter, data.WindowWidth = "-600", "1500"
    data.RescaleIntercept, data.RescaleSlope, data.RescaleType = str(intercept), "1", "HU"
    data.add_new(0x7FE00010, "OW", np.ascontiguousarray(stored.astype(kind)).tobytes())


def write_nifti(
    path: str | Path,
    phantom: ChestPhantom,
    what: Literal["hu", "lungs", "bones", "disease"] = "hu",
    *,
    orientation: str = "LPS",
) -> Path:
    """Write the scan, or a truth mask, as one file.

    Parameters
    ----------
    path : path-like
        Ends in .nii.gz or .nii (or .mha, .nrrd).
    phantom : ChestPhantom
        What to write.
    what : {"hu", "lungs", "bones", "disease"}
        Which of its arrays.
    orientation : str
        In which direction columns, rows and slices run in the file: "LPS" (to the left, back, head), "RAS",
        "LAS", "LPI", "PIR", ... Positions stay where they are.

    Returns
    -------
    Path

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    array = np.asarray(getattr(phantom, what))
    image = sitk.GetImageFromArray(array.astype(np.uint8) if array.dtype == bool else array)
    frame = phantom.frame
    image.SetSpacing(frame.spacing[::-1])
    image.SetOrigin(frame.origin[::-1])
    image.SetDirection(np.asarray(frame.direction)[::-1, ::-1].ravel().tolist())
    try:
        sitk.WriteImage(sitk.DICOMOrient(image, orientation), str(path))
    except RuntimeError as error:
        raise OutputError("the volume cannot be written there", source=path) from error
    return Path(path)
