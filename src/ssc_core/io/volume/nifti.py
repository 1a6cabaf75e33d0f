"""NIfTI-1 and NIfTI-2 in one file (.nii, .nii.gz), read straight from the published header layout.

Not through ITK, which for ``ct.nii.gz`` reads a ``ct.nii`` that lies beside it, and returns arbitrary values
for the missing end of a truncated file. Files are memory-mapped, compressed ones after they were unpacked to
a scratch file: only what is asked for is read.
"""

from __future__ import annotations

import gzip
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from ssc_core.errors import FormatError, GeometryError, InputError, ScaleUnknown
from ssc_core.geometry import Frame
from ssc_core.io.volume.pixels import Pixels, as_hu, file_token, hu_dtype
from ssc_core.io.volume.unpacked import UNREADABLE, Unpacked
from ssc_core.progress import Tick, silent

__all__ = ["NiftiHeader", "nifti_pixels", "read_nifti_header"]

_TYPES = {
    2: "u1",
    4: "i2",
    8: "i4",
    16: "f4",
    64: "f8",
    256: "i1",
    512: "u2",
    768: "u4",
    1024: "i8",
    1280: "u8",
}
_MM = {0: 1.0, 1: 1000.0, 2: 1.0, 3: 0.001}

# name -> (format, offset), as in nifti1.h and nifti2.h
_FIELDS_1 = {
    "magic": ("S4", 344), "dim": ("(8,)i2", 40), "datatype": ("i2", 70), "pixdim": ("(8,)f4", 76),
    "vox_offset": ("f4", 108), "slope": ("f4", 112), "intercept": ("f4", 116), "units": ("u1", 123),
    "qform": ("i2", 252), "sform": ("i2", 254), "quatern": ("(3,)f4", 256), "qoffset": ("(3,)f4", 268),
    "srow": ("(3,4)f4", 280),
}  # fmt: skip
_FIELDS_2 = {
    "magic": ("S4", 4), "dim": ("(8,)i8", 16), "datatype": ("i2", 12), "pixdim": ("(8,)f8", 104),
    "vox_offset": ("i8", 168), "slope": ("f8", 176), "intercept": ("f8", 184), "units": ("i4", 500),
    "qform": ("i4", 344), "sform": ("i4", 348), "quatern": ("(3,)f8", 352), "qoffset": ("(3,)f8", 376),
    "srow": ("(3,4)f8", 400),
}  # fmt: skip
_LAYOUTS = {348: _FIELDS_1, 540: _FIELDS_2}


@dataclass(frozen=True)
class NiftiHeader:
    """What is needed of a NIfTI header."""

    shape: tuple[int, ...]
    stored: np.dtype[Any]
    offset: int
    slope: float
    intercept: float
    frame: Frame
    warnings: tuple[str, ...]

    @property
    def size(self) -> int:
        """Bytes that the whole (uncompressed) file must have."""
        return self.offset + math.prod(self.shape) * self.stored.itemsize


def read_nifti_header(path: Path) -> NiftiHeader:
    """Read and check the header; an incomplete file is refused here, before any pixel is read.

    Raises
    ------
    FormatError
        Not NIfTI, truncated, or of a pixel type that no CT has.
    ScaleUnknown, GeometryError, InputError
        No voxel size, no or a sheared orientation, more than one time point.
    """
    try:
        with _opened(path) as file:
            raw = file.read(540)
    except UNREADABLE as error:
        raise FormatError("the file is not a complete NIfTI file", source=path) from error
    fields = _fields(raw, path)
    dim = [int(d) for d in fields["dim"]]
    if not 3 <= dim[0] <= 7 or any(d < 1 for d in dim[1:4]):
        raise FormatError(f"this NIfTI file has {dim[0]} axes; a CT volume has three", source=path)
    if any(d > 1 for d in dim[4 : dim[0] + 1]):
        raise InputError(
            "the file holds several volumes (time points); save the one that is meant", source=path
        )
    code = int(fields["datatype"])
    if code not in _TYPES:
        raise FormatError(f"pixels of NIfTI type {code} (colour, complex ...) are not HU", source=path)
    warnings: list[str] = []
    header = NiftiHeader(
        shape=(dim[3], dim[2], dim[1]),
        stored=np.dtype(_TYPES[code]).newbyteorder(fields.dtype["dim"].base.byteorder),
        offset=int(fields["vox_offset"]),
        **_rescale(fields),
        frame=_frame(fields, path, warnings),
        warnings=tuple(warnings),
    )
    _require_complete(path, header)
    return header


def nifti_pixels(path: Path, header: NiftiHeader, dtype: np.dtype[Any] | None = None) -> Pixels:
    """HU of a NIfTI file, memory-mapped (unpacked before, if need be). `dtype` overrides int16 or float32."""
    dtype = dtype or hu_dtype(header.stored, header.slope, header.intercept)
    content = Unpacked(path, header.size) if path.name.lower().endswith(".gz") else None
    return _Mapped(path, header, dtype, file_token(path), content)


@dataclass(frozen=True)
class _Mapped:
    file: Path
    header: NiftiHeader
    dtype: np.dtype[Any]
    token: str
    content: Unpacked | None
    ndim = 3
    mapped = True

    @property
    def shape(self) -> tuple[int, ...]:
        return self.header.shape

    def prepare(self, tick: Tick) -> None:
        """Do what the first block would wait for."""
        if self.content is not None:
            self.content.unpack(tick)

    def __getitem__(self, index: Any) -> npt.NDArray[Any]:
        h = self.header
        self.prepare(silent)
        try:
            mapped: npt.NDArray[Any]
            if self.content is None:
                mapped = np.memmap(self.file, h.stored, "r", h.offset, h.shape)
            else:
                mapped = np.ndarray(h.shape, h.stored, self.content.buffer(), h.offset)
            stored = mapped[index]
        except (OSError, ValueError) as error:
            raise FormatError("the file can no longer be read", source=self.file) from error
        return np.array(as_hu(stored, self.dtype, h.slope, h.intercept, self.file), self.dtype)


def _opened(path: Path) -> BinaryIO:
    return gzip.open(path) if path.name.lower().endswith(".gz") else path.open("rb")  # type: ignore[return-value]


def _fields(raw: bytes, path: Path) -> Any:
    for order in "<>":
        size = int(np.frombuffer(raw[:4].ljust(4, b"\0"), f"{order}i4")[0])
        if size in _LAYOUTS and len(raw) >= size:
            layout = _LAYOUTS[size]
            formats = [_ordered(f, order) for f, _ in layout.values()]
            spec = {"names": list(layout), "formats": formats, "offsets": [o for _, o in layout.values()]}
            fields = np.frombuffer(raw[:size], np.dtype({**spec, "itemsize": size}))[0]  # type: ignore[call-overload]
            magic = bytes(fields["magic"])
            if magic[:3] in (b"ni1", b"ni2"):
                raise FormatError("a .hdr/.img pair is not read; save it as one .nii.gz file", source=path)
            if magic[:3] in (b"n+1", b"n+2"):
                return fields
    raise FormatError("this is not a NIfTI file, or its beginning is missing", source=path)


def _ordered(code: str, order: str) -> str:
    return code.replace(")", ")" + order) if code.startswith("(") else order + code


def _rescale(fields: Any) -> dict[str, float]:
    slope, intercept = float(fields["slope"]), float(fields["intercept"])
    if slope == 0 or not (math.isfinite(slope) and math.isfinite(intercept)):  # the standard's "not scaled"
        return {"slope": 1.0, "intercept": 0.0}
    return {"slope": slope, "intercept": intercept}


def _require_complete(path: Path, header: NiftiHeader) -> None:
    have = path.stat().st_size
    if path.name.lower().endswith(".gz"):
        have = _uncompressed_size(path, header.size)
    if have < header.size:
        raise FormatError("the file is truncated: voxels are missing at its end", source=path)


def _uncompressed_size(path: Path, expected: int) -> int:
    """Size of the content: from the gzip trailer where that agrees, else by decompressing."""
    with path.open("rb") as file:
        file.seek(-4, 2)
        if int.from_bytes(file.read(4), "little") == expected % (1 << 32):
            return expected
    total = 0
    try:
        with gzip.open(path) as stream:
            while block := stream.read(1 << 22):
                total += len(block)
    except UNREADABLE as error:
        raise FormatError("the file is truncated or damaged", source=path) from error
    return total


def _frame(fields: Any, path: Path, warnings: list[str]) -> Frame:
    unit = int(fields["units"]) & 7
    if unit not in _MM:
        raise ScaleUnknown(f"the voxel size has an unknown unit (code {unit})", source=path)
    if unit == 0:
        warnings.append("the file names no unit of length; millimetres were taken, as is usual")
    pixdim = np.abs(np.asarray(fields["pixdim"], float)[1:4])
    if not np.all(np.isfinite(pixdim)) or np.any(pixdim == 0):
        raise ScaleUnknown(
            "the voxel size in the file is zero or no number; convert the CT again", source=path
        )
    qform, sform = _qform(fields), _sform(fields)
    affine = sform if sform is not None else qform
    if affine is None:
        raise GeometryError(
            "the file does not say how the patient lies (qform and sform are both unset), so left and right"
            " are unknown; convert the CT again with its orientation",
            source=path,
        )
    if sform is not None and qform is not None and not _agree(sform, qform, fields["dim"][1:4], pixdim):
        warnings.append("the two orientations in the file (sform and qform) differ; the sform was used")
    return _lps_frame(affine * _MM[unit], path)


def _lps_frame(affine: npt.NDArray[np.float64], path: Path) -> Frame:
    """(3, 4) RAS affine of (i, j, k), mm, to a frame of (k, j, i) in LPS."""
    lps = affine * np.array([[-1.0], [-1.0], [1.0]])
    spacing = np.linalg.norm(lps[:, :3], axis=0)
    if not np.all(np.isfinite(lps)) or np.any(spacing < 1e-6):
        raise GeometryError(
            "the orientation in the file is not a valid one; convert the CT again", source=path
        )
    cosines = (lps[:, :3] / spacing)[::-1, ::-1]
    return Frame(
        tuple(spacing[::-1].tolist()), tuple(lps[::-1, 3].tolist()), tuple(map(tuple, cosines.tolist()))
    )


def _sform(fields: Any) -> npt.NDArray[np.float64] | None:
    return np.asarray(fields["srow"], np.float64) if int(fields["sform"]) > 0 else None


def _qform(fields: Any) -> npt.NDArray[np.float64] | None:
    """(3, 4) affine of the quaternion (nifti1.h, method 2)."""
    if int(fields["qform"]) <= 0:
        return None
    b, c, d = (float(q) for q in fields["quatern"])
    a = math.sqrt(max(0.0, 1.0 - b * b - c * c - d * d))
    rotation = np.array(
        [
            [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
            [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
            [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c],
        ]
    )
    pixdim = np.asarray(fields["pixdim"], np.float64)
    handed = -1.0 if pixdim[0] < 0 else 1.0
    scaled = rotation * np.abs(pixdim[1:4]) * np.array([1.0, 1.0, handed])
    return np.column_stack([scaled, np.asarray(fields["qoffset"], np.float64)])


def _agree(a: npt.NDArray[Any], b: npt.NDArray[Any], size: Any, pixdim: npt.NDArray[Any]) -> bool:
    corners = np.array([[0, 0, 0, 1], *(np.append(np.eye(3)[i] * (int(size[i]) - 1), 1) for i in range(3))])
    return bool(np.abs(corners @ (a - b).T).max() < 0.1 * pixdim.min())
