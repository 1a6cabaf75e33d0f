"""A DICOM file as a file: with or without preamble, and whole to its last pixel or refused."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO, Literal

from ssc_core.errors import FormatError

__all__ = ["DICOM_ENDINGS", "read_dataset", "require_pixels"]

DICOM_ENDINGS = (".dcm", ".ima", ".dicom")
DEFLATED = "1.2.840.10008.1.2.1.99"
_PIXEL_TAGS = (0x7FE00008, 0x7FE00009, 0x7FE00010)


def read_dataset(file: BinaryIO, path: Path, tags: Sequence[str]) -> Any:
    """The header of a DICOM file, up to its pixels, where `file` stands afterwards.

    Returns
    -------
    Dataset
        With `tags` only; None where the file does not even claim to be DICOM.

    Raises
    ------
    FormatError
        If it is named like a DICOM image and is none.
    """
    import pydicom
    from pydicom.errors import InvalidDicomError

    try:
        return pydicom.dcmread(file, stop_before_pixels=True, specific_tags=list(tags))
    except InvalidDicomError as error:
        if not _claims_to_be_dicom(path):
            return None
        file.seek(0)
        ds = _without_preamble(file, tags)
        if ds is None:
            raise FormatError(
                "the file is named like a DICOM image but is none (empty, truncated?); copy it again",
                source=path,
            ) from error
        return ds


def _without_preamble(file: BinaryIO, tags: Sequence[str]) -> Any:
    """Old files begin with their data set at once; None if this one does not."""
    import pydicom

    if file.read(2) != b"\x08\x00":
        return None
    file.seek(0)
    ds = pydicom.dcmread(file, stop_before_pixels=True, specific_tags=list(tags), force=True)
    return ds if "SOPClassUID" in ds and "Rows" in ds else None


def _claims_to_be_dicom(path: Path) -> bool:
    """By its ending; an empty file without any ending may have been a slice as well."""
    suffix = path.suffix.lower()
    return suffix in DICOM_ENDINGS or (path.stat().st_size == 0 and suffix == "")


def require_pixels(file: BinaryIO, ds: Any, path: Path) -> None:
    """Check that the pixels are all there, without reading them. `file` stands at their beginning.

    Raises
    ------
    FormatError
        If the file ends too early.
    """
    if str(ds.file_meta.get("TransferSyntaxUID", "")) == DEFLATED:
        return  # everything was inflated to get here, and zlib notices what is missing
    start = file.tell()
    file.seek(0, 2)
    size = file.tell()
    implicit = ds.original_encoding[0] is not False
    little = ds.original_encoding[1] is not False
    file.seek(start)
    head = file.read(12)
    order: Literal["little", "big"] = "little" if little else "big"
    tag = int.from_bytes(head[:2], order) << 16 | int.from_bytes(head[2:4], order)
    if len(head) < 8 or tag not in _PIXEL_TAGS:
        raise FormatError("the DICOM file is truncated: it holds no pixels", source=path)
    length = int.from_bytes(head[4:8] if implicit else head[8:12], order)
    begin = start + (8 if implicit else 12)
    if length == 0xFFFFFFFF:
        complete = _fragments_end(file, begin, size)
    else:
        frames = int(ds.get("NumberOfFrames") or 1)
        bits = int(ds.Rows) * int(ds.Columns) * int(ds.get("SamplesPerPixel") or 1) * int(ds.BitsAllocated)
        complete = begin + max(length, frames * bits // 8) <= size
    if not complete:
        raise FormatError("the DICOM file is truncated: pixels are missing at its end", source=path)


def _fragments_end(file: BinaryIO, begin: int, size: int) -> bool:
    """Whether the encapsulated fragments run to their delimiter."""
    at = begin
    while at + 8 <= size:
        file.seek(at)
        head = file.read(8)
        if head[:4] == b"\xfe\xff\xdd\xe0":
            return True
        if head[:4] != b"\xfe\xff\x00\xe0":
            return False
        at += 8 + int.from_bytes(head[4:], "little")
    return False
