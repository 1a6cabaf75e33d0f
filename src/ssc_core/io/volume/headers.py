"""What is needed of the header of a DICOM file, and nothing that identifies a patient."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ssc_core.errors import FormatError
from ssc_core.io.libraries import library_warnings
from ssc_core.io.volume.dicomfile import read_dataset, require_pixels

__all__ = ["Slice", "read_slices"]


CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
ENHANCED_CT = "1.2.840.10008.5.1.4.1.1.2.1"
LEGACY_ENHANCED_CT = "1.2.840.10008.5.1.4.1.1.2.2"
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
_CT = (CT_IMAGE, ENHANCED_CT, LEGACY_ENHANCED_CT)

_TAGS = (
    "SOPClassUID", "SOPInstanceUID", "ImageType", "Modality", "Manufacturer", "ManufacturerModelName",
    "SeriesDescription", "SeriesInstanceUID", "SeriesNumber", "AcquisitionNumber", "InstanceNumber",
    "FrameOfReferenceUID", "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing",
    "SliceThickness", "KVP", "ConvolutionKernel", "ContrastBolusAgent", "PatientPosition",
    "Rows", "Columns", "NumberOfFrames",
    "SamplesPerPixel", "PhotometricInterpretation", "BitsAllocated", "BitsStored", "PixelRepresentation",
    "PixelPaddingValue", "PixelPaddingRangeLimit", "RescaleSlope", "RescaleIntercept", "RescaleType",
    "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Slice:
    """One image of a series: a file, or one frame of a multi-frame file.

    Positions and cosines are LPS in the order (x, y, z), as DICOM has them; `spacing` is (row, column).
    """

    file: Path
    frame: int | None
    series: str
    excluded: str
    acceptable: bool
    shape: tuple[int, int]
    position: tuple[float, ...] | None
    cosines: tuple[float, ...] | None
    spacing: tuple[float, ...] | None
    slope: float | None
    intercept: float | None
    rescale_type: str
    signed: bool
    bits: int
    inverted: bool
    padding: tuple[float, float] | None
    reference: str
    number: int
    instance: str = ""
    acquisition: str = ""
    description: str = ""
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """For messages: the file's name, with the frame where a file holds several."""
        return self.file.name if self.frame is None else f"frame {self.frame + 1} of {self.file.name}"

    @property
    def rescale(self) -> tuple[float, float]:
        """Slope and intercept; 1 and 0 where the file has none."""
        return 1.0 if self.slope is None else self.slope, self.intercept or 0.0

    @property
    def range_hu(self) -> tuple[float, float]:
        """HU of the smallest and of the largest number that can be stored."""
        lowest = -(1 << (self.bits - 1)) if self.signed else 0
        slope, intercept = self.rescale
        return lowest * slope + intercept, (lowest + (1 << self.bits) - 1) * slope + intercept


def read_slices(path: Path) -> list[Slice] | None:
    """The images in one file; None where it is no DICOM image at all (a DICOMDIR, a text, a report).

    Raises
    ------
    FormatError
        If it is a DICOM file that is truncated or whose numbers cannot be read.
    """
    with library_warnings("ignore"):  # what matters of a malformed value is checked where it is used
        try:
            with path.open("rb") as file:
                ds = read_dataset(file, path, _TAGS)
                if ds is None:
                    return None
                if "Rows" not in ds:
                    if _is_no_image(ds):
                        return None
                    raise FormatError("the DICOM file is truncated: its header ends too early", source=path)
                require_pixels(file, ds, path)
            return _slices(ds, path)
        except FormatError:
            raise
        except (OSError, EOFError) as error:
            raise FormatError("the DICOM file cannot be read to its end", source=path) from error
        except (ValueError, TypeError, KeyError, AttributeError, NotImplementedError) as error:
            raise FormatError(
                "the DICOM header cannot be read; export the series again", source=path
            ) from error


def _is_no_image(ds: Any) -> bool:
    uid = str(ds.get("SOPClassUID", "")) or str(
        getattr(ds, "file_meta", {}).get("MediaStorageSOPClassUID", "")
    )
    return bool(uid) and uid not in (*_CT, SECONDARY_CAPTURE)


def _slices(ds: Any, path: Path) -> list[Slice]:
    per_frame = ds.get("PerFrameFunctionalGroupsSequence") or []
    excluded, acceptable = _exclusion(ds)
    frames = int(ds.get("NumberOfFrames") or 1)
    if not per_frame and frames > 1:
        excluded, acceptable = excluded or f"{frames} frames in one file without positions", False
    shared = (ds.get("SharedFunctionalGroupsSequence") or [None])[0]
    common: dict[str, Any] = {
        "file": path, "series": str(ds.get("SeriesInstanceUID", "")), "excluded": excluded,
        "acceptable": acceptable, "shape": (int(ds.Rows), int(ds.Columns)),
        "signed": int(ds.get("PixelRepresentation") or 0) == 1, "padding": _padding(ds),
        "inverted": str(ds.get("PhotometricInterpretation") or "").upper() == "MONOCHROME1",
        "bits": int(ds.get("BitsStored") or ds.get("BitsAllocated") or 16),
        "reference": str(ds.get("FrameOfReferenceUID", "")), "number": int(ds.get("SeriesNumber") or 0),
        "instance": str(ds.get("SOPInstanceUID", "")), "acquisition": str(ds.get("AcquisitionNumber") or ""),
        "description": str(ds.get("SeriesDescription") or ""), "facts": _facts(ds, shared),
    }  # fmt: skip
    if not per_frame:
        return [Slice(frame=None, **common, **_geometry(ds, None, None))]
    return [Slice(frame=i, **common, **_geometry(ds, shared, item)) for i, item in enumerate(per_frame)]


def _geometry(ds: Any, shared: Any, own: Any) -> dict[str, Any]:
    position = _group(ds, shared, own, "PlanePositionSequence")
    orientation = _group(ds, shared, own, "PlaneOrientationSequence")
    measures = _group(ds, shared, own, "PixelMeasuresSequence")
    rescale = _group(ds, shared, own, "PixelValueTransformationSequence")
    return {
        "position": _numbers(position, "ImagePositionPatient", 3),
        "cosines": _numbers(orientation, "ImageOrientationPatient", 6),
        "spacing": _numbers(measures, "PixelSpacing", 2),
        "slope": _number(rescale, "RescaleSlope"),
        "intercept": _number(rescale, "RescaleIntercept"),
        "rescale_type": str(rescale.get("RescaleType") or ""),
    }


def _group(ds: Any, shared: Any, own: Any, name: str) -> Any:
    """Where a functional group of a multi-frame file lies: with the frame, shared, or on top."""
    for item in (own, shared):
        if item is not None and item.get(name):
            return item[name].value[0]
    return ds


def _numbers(ds: Any, name: str, count: int) -> tuple[float, ...] | None:
    value = ds.get(name)
    if value is None or value == "":
        return None
    numbers = tuple(float(v) for v in value)
    return numbers if len(numbers) == count and all(map(math.isfinite, numbers)) else None


def _number(ds: Any, name: str) -> float | None:
    value = ds.get(name)
    return None if value is None or value == "" else float(value)


def _padding(ds: Any) -> tuple[float, float] | None:
    """Stored values that mean "nothing here", as a range."""
    value = _number(ds, "PixelPaddingValue")
    if value is None:
        return None
    limit = _number(ds, "PixelPaddingRangeLimit")
    ends = [_as_stored(v, ds) for v in (value, value if limit is None else limit)]
    return min(ends), max(ends)


def _as_stored(value: float, ds: Any) -> float:
    """A padding value whose VR was written unsigned for signed pixels (63536 for -2000)."""
    bits = int(ds.get("BitsAllocated") or 16)
    signed = int(ds.get("PixelRepresentation") or 0) == 1
    return value - (1 << bits) if signed and value >= 1 << (bits - 1) else value


def _exclusion(ds: Any) -> tuple[str, bool]:
    """Why an image is no slice of a CT volume ("" if it is), and whether it may be taken when asked for."""
    kind = [str(v).upper() for v in (ds.get("ImageType") or [])]
    uid = str(ds.get("SOPClassUID", ""))
    modality = str(ds.get("Modality") or "").upper()
    if uid == SECONDARY_CAPTURE or uid.startswith(SECONDARY_CAPTURE + "."):
        return "secondary capture (a picture of a screen)", False
    if modality not in ("", "CT") or (uid not in _CT and modality != "CT"):
        return f"not CT (modality {modality or 'unknown'})", False
    if int(ds.get("SamplesPerPixel") or 1) != 1:
        return "a colour picture", False
    if any(v in ("LOCALIZER", "SCOUT", "TOPOGRAM", "SURVIEW") for v in kind):
        return "localiser (scout)", False
    if any("DOSE" in v or "SCREEN" in v for v in kind):
        return "dose report", False
    if kind[:1] == ["DERIVED"]:
        return "derived (computed from another series)", True
    return "", True


def _facts(ds: Any, shared: Any) -> dict[str, Any]:
    """Facts of the scan that identify nobody."""
    measures = _group(ds, shared, None, "PixelMeasuresSequence")
    kernel = ds.get("ConvolutionKernel") or ""
    found = {
        "kernel": kernel if isinstance(kernel, str) else "/".join(str(k) for k in kernel),
        "slice thickness (mm)": _number(measures, "SliceThickness"),
        "kVp": _number(ds, "KVP"),
        "contrast": "yes" if ds.get("ContrastBolusAgent") else "",  # often not stated where it was given
        "maker": str(ds.get("Manufacturer") or ""),
        "model": str(ds.get("ManufacturerModelName") or ""),
        "patient position": str(ds.get("PatientPosition") or ""),
    }
    return {key: value for key, value in found.items() if value not in (None, "")}
