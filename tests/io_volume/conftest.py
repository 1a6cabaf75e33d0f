"""CT files whose every voxel tells where in the patient it lies, so that no flip or shift goes unnoticed."""

from __future__ import annotations

import sys
import tarfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
ENHANCED_CT = "1.2.840.10008.5.1.4.1.1.2.1"


def hu_at(position_xyz: np.ndarray) -> np.ndarray:
    """A linear field of LPS positions (..., 3): distinct along every axis and direction."""
    return position_xyz @ np.array([2.0, 7.0, 19.0]) + 100.0


@dataclass
class Grid:
    """A scan's grid in DICOM terms: row and column cosines, position of the first slice, LPS."""

    shape: tuple[int, int, int] = (9, 14, 11)
    spacing: tuple[float, float, float] = (3.0, 1.5, 1.25)
    origin: tuple[float, float, float] = (-8.0, -12.0, -20.0)
    row: tuple[float, float, float] = (1.0, 0.0, 0.0)
    column: tuple[float, float, float] = (0.0, 1.0, 0.0)
    step: tuple[float, float, float] | None = None

    def positions(self) -> np.ndarray:
        """LPS of every voxel centre, (slices, rows, columns, 3)."""
        k, j, i = np.meshgrid(*map(np.arange, self.shape), indexing="ij")
        dz, dy, dx = self.spacing
        step = np.cross(self.row, self.column) * dz if self.step is None else np.array(self.step)
        return (
            np.array(self.origin)
            + k[..., None] * step
            + j[..., None] * np.array(self.column) * dy
            + i[..., None] * np.array(self.row) * dx
        )

    def hu(self) -> np.ndarray:
        return np.rint(hu_at(self.positions())).astype(np.int16)


@dataclass
class Series:
    """What is written, and every way in which it may be odd."""

    grid: Grid = field(default_factory=Grid)
    slope: Any = 1
    intercept: Any = -1024
    bits: int = 16
    signed: bool = False
    syntax: str = ExplicitVRLittleEndian
    tags: dict[str, Any] = field(default_factory=dict)
    uid: str = ""
    names: Any = None


def dataset(series: Series, uid: str) -> FileDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CT_IMAGE
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = series.syntax
    ds = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    ds.SOPClassUID, ds.SOPInstanceUID = CT_IMAGE, meta.MediaStorageSOPInstanceUID
    ds.Modality, ds.ImageType = "CT", ["ORIGINAL", "PRIMARY", "AXIAL"]
    ds.PatientName, ds.PatientID = "ZZNAME^Given", "ZZNAME-7"
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.FrameOfReferenceUID = f"{uid[:40]}.1", uid, f"{uid[:40]}.2"
    ds.SeriesDescription, ds.ConvolutionKernel, ds.SeriesNumber = "Thorax ZZNAME", "B40f", 3
    ds.SliceThickness, ds.KVP, ds.PatientPosition = 99.0, 120, "HFS"
    ds.Rows, ds.Columns = series.grid.shape[1:]
    ds.PixelSpacing = [float(s) for s in series.grid.spacing[1:]]
    ds.ImageOrientationPatient = [*series.grid.row, *series.grid.column]
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 16, series.bits, series.bits - 1
    ds.PixelRepresentation = int(series.signed)
    return ds


def stored(series: Series, hu: np.ndarray, slope: float, intercept: float) -> np.ndarray:
    values = np.rint((hu - (intercept or 0.0)) / (slope or 1.0))
    return values.astype(np.int16 if series.signed else np.uint16)


def of_slice(value: Any, k: int) -> Any:
    return value[k] if isinstance(value, list) else value


def write_series(folder: Path, series: Series | None = None, **changes: Any) -> list[Path]:
    """Write one file per slice; the files in stack order."""
    series = series or Series()
    for name, value in changes.items():
        setattr(series, name, value)
    folder.mkdir(parents=True, exist_ok=True)
    uid = series.uid or generate_uid()
    hu, positions = series.grid.hu(), series.grid.positions()
    files = []
    for k in range(series.grid.shape[0]):
        ds = dataset(series, uid)
        ds.ImagePositionPatient = [float(v) for v in positions[k, 0, 0]]
        ds.InstanceNumber = k + 1
        slope, intercept = of_slice(series.slope, k), of_slice(series.intercept, k)
        if slope is not None:
            ds.RescaleSlope = slope
        if intercept is not None:
            ds.RescaleIntercept = intercept
        for tag, value in series.tags.items():
            setattr(ds, tag, value(k) if callable(value) else value)
        ds.PixelData = stored(series, hu[k], slope, intercept).tobytes()
        name = series.names(k) if series.names else f"ZZNAME_{k:03d}.dcm"
        ds.save_as(folder / name, enforce_file_format=True)
        files.append(folder / name)
    return files


def write_enhanced(
    path: Path,
    grid: Grid,
    *,
    intercepts: list[float] | None = None,
    only: list[int] | None = None,
    uid: str = "",
) -> None:
    """One multi-frame file, frames shuffled; of the slices in `only`, where a scan fills several files."""
    series = Series(grid)
    ds = dataset(series, uid or generate_uid())
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = ENHANCED_CT
    hu, positions = grid.hu(), grid.positions()
    members = range(grid.shape[0]) if only is None else only
    order = [int(k) for k in np.random.default_rng(5).permutation(members)]
    intercepts = intercepts or [-1024.0] * grid.shape[0]
    for tag in ("PixelSpacing", "ImageOrientationPatient", "SliceThickness"):
        delattr(ds, tag)
    measures, plane = Dataset(), Dataset()
    measures.PixelSpacing, measures.SliceThickness = list(grid.spacing[1:]), 3.0
    plane.ImageOrientationPatient = [*grid.row, *grid.column]
    shared = Dataset()
    shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = [measures], [plane]
    frames, pixels = [], []
    for k in order:
        place, rescale, item = Dataset(), Dataset(), Dataset()
        place.ImagePositionPatient = [float(v) for v in positions[k, 0, 0]]
        rescale.RescaleSlope, rescale.RescaleIntercept, rescale.RescaleType = 1.0, intercepts[k], "HU"
        item.PlanePositionSequence, item.PixelValueTransformationSequence = [place], [rescale]
        frames.append(item)
        pixels.append(stored(series, hu[k], 1.0, intercepts[k]))
    ds.SharedFunctionalGroupsSequence = [shared]
    ds.PerFrameFunctionalGroupsSequence = frames
    ds.NumberOfFrames = len(frames)
    ds.PixelData = np.stack(pixels).tobytes()
    ds.save_as(path, enforce_file_format=True)


def itk_image(grid: Grid, dtype: Any = np.int16) -> sitk.Image:
    """The same grid as a SimpleITK image."""
    image = sitk.GetImageFromArray(grid.hu().astype(dtype))
    normal = np.cross(grid.row, grid.column) if grid.step is None else np.array(grid.step) / grid.spacing[0]
    image.SetSpacing(grid.spacing[::-1])
    image.SetOrigin(grid.origin)
    image.SetDirection(np.column_stack([grid.row, grid.column, normal]).ravel().tolist())
    return image


def edit(path: Path, **tags: Any) -> None:
    """Change tags of a DICOM file; None deletes."""
    ds = pydicom.dcmread(path)
    for tag, value in tags.items():
        if value is None:
            delattr(ds, tag)
        else:
            setattr(ds, tag, value)
    ds.save_as(path)


def assert_in_place(volume: Any, tolerance: float = 0.51) -> None:
    """Every voxel's HU is the one of the patient position that the frame gives it."""
    hu = volume.hu.compute()
    index = np.stack(np.meshgrid(*map(np.arange, hu.shape), indexing="ij"), axis=-1)
    xyz = volume.frame.to_physical(index)[..., ::-1]
    assert np.abs(hu - hu_at(xyz)).max() <= tolerance
    assert np.all(np.diag(np.asarray(volume.frame.direction)) > 0.5)


@pytest.fixture(scope="session")
def ct() -> Any:
    """This module: what the tests here write scans with."""
    return sys.modules[__name__]


@pytest.fixture(scope="session")
def unpacked(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The real DICOM series, by folder name."""
    out = {}
    for name in ("cptac_chest", "lung_pet_ct_chest"):
        (archive,) = (real_data / "ct" / name).glob("*.tar.xz")
        out[name] = tmp_path_factory.mktemp(name)
        with tarfile.open(archive) as tar:
            tar.extractall(out[name], filter="data")
    return out
