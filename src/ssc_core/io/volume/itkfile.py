"""NRRD, MHA and MHD through SimpleITK, after a look at the header for what ITK would silently make up."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ssc_core.errors import FormatError, GeometryError, InputError, ScaleUnknown
from ssc_core.geometry import Frame
from ssc_core.io.volume.orientation import ItkGeometry
from ssc_core.io.volume.pixels import DecodedOnce, Pixels, as_hu, file_token, hu_dtype

__all__ = ["ITK_ENDINGS", "itk_volume"]

ITK_ENDINGS = (".nrrd", ".nhdr", ".mha", ".mhd")
_READERS = {".nrrd": "NrrdImageIO", ".nhdr": "NrrdImageIO", ".mha": "MetaImageIO", ".mhd": "MetaImageIO"}
_HEADER_BYTES = 1 << 16
_META_TYPES = {
    "MET_CHAR": 1, "MET_UCHAR": 1, "MET_SHORT": 2, "MET_USHORT": 2, "MET_INT": 4, "MET_UINT": 4,
    "MET_LONG": 4, "MET_ULONG": 4, "MET_LONG_LONG": 8, "MET_ULONG_LONG": 8, "MET_FLOAT": 4, "MET_DOUBLE": 8,
}  # fmt: skip
_NRRD_SPACES = (
    "left-posterior-superior",
    "right-anterior-superior",
    "left-anterior-superior",
    "lps",
    "ras",
    "las",
)


def itk_volume(path: Path, dtype: np.dtype[Any] | None = None) -> tuple[Pixels, Frame, tuple[Path, ...]]:
    """Pixels, frame and files of an NRRD or MetaImage volume. `dtype` overrides int16 or float32.

    Raises
    ------
    FormatError, InputError, ScaleUnknown, GeometryError
        If the file is not complete, not one grey three-dimensional volume, or lacks spacing or orientation.
    """
    suffix = path.suffix.lower()
    files = _check_nrrd(path) if suffix in (".nrrd", ".nhdr") else _check_meta(path)
    import SimpleITK as sitk

    try:
        reader = _reader(path)
        reader.ReadImageInformation()
    except RuntimeError as error:
        raise FormatError("the header cannot be read; the file is damaged", source=path) from error
    if reader.GetDimension() != 3:
        raise InputError(f"the file has {reader.GetDimension()} axes; a CT volume has three", source=path)
    if reader.GetNumberOfComponents() != 1:
        raise InputError("the file holds colours or vectors, not HU", source=path)
    geometry = ItkGeometry(reader.GetSpacing(), reader.GetOrigin(), reader.GetDirection())
    stored = sitk.GetArrayViewFromImage(sitk.Image([1, 1, 1], reader.GetPixelID())).dtype
    shape = tuple(int(n) for n in reader.GetSize()[::-1])
    token = file_token(*files)
    dtype = dtype or hu_dtype(stored)
    return DecodedOnce(path, shape, dtype, token, _decode, (dtype,)), geometry.frame, files


def _reader(path: Path) -> Any:
    import SimpleITK as sitk

    reader = sitk.ImageFileReader()
    reader.SetImageIO(_READERS[path.suffix.lower()])
    reader.SetFileName(str(path))
    return reader


def _decode(path: Path, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    import SimpleITK as sitk

    try:
        stored = sitk.GetArrayFromImage(_reader(path).Execute())
    except RuntimeError as error:
        raise FormatError("the file is truncated or damaged", source=path) from error
    return as_hu(stored, dtype, source=path)


def _header(path: Path, separator: str) -> dict[str, str]:
    """``key separator value`` lines of the text that a file begins with."""
    with path.open("rb") as file:
        text = file.read(_HEADER_BYTES).decode("latin-1")
    out: dict[str, str] = {}
    for line in text.splitlines():
        key, found, value = line.partition(separator)
        if separator == ":" and not line.strip():  # an empty line ends an NRRD header
            break
        if found:
            out.setdefault(key.strip().lower(), value.strip())
        if key.strip().lower() == "elementdatafile":  # and this one a MetaImage header
            break
    return out


def _check_nrrd(path: Path) -> tuple[Path, ...]:
    with path.open("rb") as file:
        text = file.read(_HEADER_BYTES)
    if not text.startswith(b"NRRD"):
        raise FormatError("this is not an NRRD file", source=path)
    header = _header(path, ":")
    if b"\n\n" not in text and b"\n\r\n" not in text and not {"data file", "datafile"} & set(header):
        raise FormatError("the file is truncated: its header ends too early", source=path)
    directions = header.get("space directions", "")
    if "nan" in directions.lower() or not (directions or header.get("spacings")):
        raise ScaleUnknown(
            "the file holds no voxel size ('space directions'); convert the CT again", source=path
        )
    if header.get("space", "").lower() not in _NRRD_SPACES or not directions:
        raise GeometryError(
            "the file does not say how the patient lies ('space'), so left and right are unknown; convert the"
            " CT again with its orientation",
            source=path,
        )
    detached = header.get("data file", header.get("datafile"))
    return (path,) if detached is None else (path, _beside(path, detached))


def _check_meta(path: Path) -> tuple[Path, ...]:
    header = _header(path, "=")
    if "dimsize" not in header or "elementdatafile" not in header:
        raise FormatError("this is not a MetaImage file, or its beginning is missing", source=path)
    spacing = header.get("elementspacing", header.get("elementsize", ""))
    if not spacing:
        raise ScaleUnknown(
            "the file holds no voxel size ('ElementSpacing'); convert the CT again", source=path
        )
    if not _positive(spacing):
        raise ScaleUnknown(f"the voxel size in the file is '{spacing}'; convert the CT again", source=path)
    data = header["elementdatafile"]
    local = data.upper() == "LOCAL"
    target = path if local else _beside(path, data)
    compressed = header.get("compresseddata", "False").lower() == "true"
    needed = _number(header.get("compresseddatasize")) if compressed else _meta_bytes(header)
    if local:
        needed += _text_length(path)
    if target.stat().st_size < needed:
        raise FormatError("the file is truncated: voxels are missing at its end", source=target)
    return (path,) if local else (path, target)


def _text_length(path: Path) -> int:
    """Bytes of a MetaImage header: to the end of the line that names the data."""
    with path.open("rb") as file:
        text = file.read(_HEADER_BYTES)
    return text.find(b"\n", text.lower().find(b"elementdatafile")) + 1


def _meta_bytes(header: dict[str, str]) -> int:
    size = _META_TYPES.get(header.get("elementtype", ""), 0) * _number(
        header.get("elementnumberofchannels"), 1
    )
    return math.prod(_number(n) for n in header["dimsize"].split()) * size


def _number(text: str | None, default: int = 0) -> int:
    return int(text) if text is not None and text.isdigit() else default


def _positive(text: str) -> bool:
    try:
        values = [float(v) for v in text.split()]
    except ValueError:
        return False
    return all(math.isfinite(v) and v > 0 for v in values)


def _beside(path: Path, name: str) -> Path:
    target = path.parent / name
    if name.upper().startswith("LIST") or "%" in name or not target.is_file():
        raise FormatError(
            "the pixels lie in another file, which is not beside this one; keep both together",
            source=path,
            private=[name],
        )
    return target
