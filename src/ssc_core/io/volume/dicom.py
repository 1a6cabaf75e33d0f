"""HU of a DICOM series, decoded slice by slice through SimpleITK (GDCM), compressed syntaxes included."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ssc_core.errors import FormatError, InputError
from ssc_core.io.volume.headers import Slice
from ssc_core.io.volume.pixels import DecodedOnce, Pixels, as_hu, file_token

__all__ = ["dicom_padding", "dicom_pixels", "read_pixels", "require_rescale"]

LOWEST_AIR_HU = -1024.5
"""Padding above this is a value that air or tissue has as well, so it cannot mark the outside."""

Array = npt.NDArray[Any]


def dicom_pixels(slices: Sequence[Slice]) -> Pixels:
    """Decoder of slices in stack order (see :func:`require_rescale` first)."""
    whole = all(_whole(s) for s in slices)
    dtype = np.dtype(np.int16 if whole else np.float32)
    shape = (len(slices), *slices[0].shape)
    files = tuple(dict.fromkeys(s.file for s in slices))
    token = file_token(*files)
    if all(s.frame is None for s in slices):
        return _Stack(tuple(slices), shape, dtype, token)
    parts, where = [], [(0, 0)] * len(slices)
    for number, file in enumerate(files):
        own = [(k, s) for k, s in enumerate(slices) if s.file == file]
        for i, (k, _) in enumerate(own):
            where[k] = number, i
        members = tuple(s for _, s in own)
        size = (len(own), *shape[1:])
        parts.append(DecodedOnce(file, size, dtype, file_token(file), _multi_frame, (members, dtype)))
    return parts[0] if len(parts) == 1 else _Files(tuple(parts), tuple(where), shape, dtype, token)


def require_rescale(slices: Sequence[Slice], source: Path) -> tuple[str, ...]:
    """Check that stored values become HU; the warnings to give.

    Raises
    ------
    InputError
        If unsigned pixels lack their intercept, some slices lack what others have, a slope is zero, or the
        values are declared as no HU.
    """
    warnings = []
    for s in slices:
        private = [s.file.name]
        if s.intercept is None and not s.signed:
            raise InputError(
                f"slice {s.name} has no RescaleIntercept and unsigned pixels, so its values cannot be turned"
                " into HU; export the series again",
                source=source,
                private=private,
            )
        if s.rescale[0] == 0 or not all(map(math.isfinite, s.rescale)):
            raise InputError(
                f"slice {s.name} has an unusable RescaleSlope or RescaleIntercept; export the series again",
                source=source,
                private=private,
            )
        if s.rescale_type.upper() not in ("", "HU", "US"):
            raise InputError(
                f"the values are declared as '{s.rescale_type}', not as Hounsfield units; open the CT series"
                " itself",
                source=source,
                private=[s.rescale_type],
            )
    lacking = [s for s in slices if s.intercept is None or s.slope is None]
    given = {s.rescale for s in slices if s.intercept is not None and s.slope is not None}
    for s in lacking:
        if given - {s.rescale}:
            raise InputError(
                f"slice {s.name} lacks RescaleSlope or RescaleIntercept, which other slices have, so its"
                " values cannot be turned into HU; export the series again",
                source=source,
                private=[s.file.name],
            )
    if lacking:
        number = "1 slice lacks" if len(lacking) == 1 else f"{len(lacking)} slices lack"
        warnings.append(f"{number} RescaleSlope or RescaleIntercept; signed pixels were taken as HU")
    return tuple(warnings)


def dicom_padding(slices: Sequence[Slice]) -> tuple[tuple[float, ...], tuple[str, ...]]:
    """Per slice the HU declared as padding (NaN for none), and the warnings to give."""
    values, common = [], 0
    for s in slices:
        hu = math.nan
        if s.padding is not None:
            # of a range only its low end is kept: higher ones lie below NEVER_TISSUE_HU or are air
            hu = s.padding[0] * s.rescale[0] + s.rescale[1]
            if LOWEST_AIR_HU < hu < 32767:
                common, hu = common + 1, math.nan
        values.append(float(np.clip(hu, -32768, 32767)))  # as the voxels are held
    warnings = []
    if common:
        warnings.append(
            f"the padding value declared in {common} slices is also a value of air or tissue; such voxels"
            " are kept"
        )
    return tuple(values), tuple(warnings)


def _whole(s: Slice) -> bool:
    return all(v.is_integer() for v in s.rescale)


@dataclass(frozen=True)
class _Stack:
    """One file per slice."""

    slices: tuple[Slice, ...]
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    token: str
    ndim = 3

    def __getitem__(self, index: Any) -> Array:
        rows, *inside = index if isinstance(index, tuple) else (index,)
        wanted: int | range = range(len(self.slices))[rows]
        if isinstance(wanted, int):
            one: Array = self._slice(self.slices[wanted])[tuple(inside)]
            return one
        out = np.empty((len(wanted), *self.shape[1:]), self.dtype)
        for i, k in enumerate(wanted):
            out[i] = self._slice(self.slices[k])
        block: Array = out[(slice(None), *inside)]
        return block

    def _slice(self, s: Slice) -> Array:
        image = read_pixels(s.file, s)
        if image.shape[-2:] != self.shape[1:] or image.size != image.shape[-1] * image.shape[-2]:
            raise FormatError("the header and the pixels disagree in size", source=s.file)
        return as_hu(image.reshape(self.shape[1:]), self.dtype, source=s.file)


@dataclass(frozen=True)
class _Files:
    """Several multi-frame files, whose frames may lie between one another."""

    parts: tuple[DecodedOnce, ...]
    where: tuple[tuple[int, int], ...]
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    token: str
    ndim = 3

    def __getitem__(self, index: Any) -> Array:
        rows, *inside = index if isinstance(index, tuple) else (index,)
        wanted: int | range = range(len(self.where))[rows]
        if isinstance(wanted, int):
            part, i = self.where[wanted]
            one: Array = self.parts[part][(i, *inside)]
            return one
        block = np.empty((len(wanted), *self.shape[1:]), self.dtype)
        for k, (part, i) in enumerate(self.where[w] for w in wanted):
            block[k] = self.parts[part][i]
        cut: Array = block[(slice(None), *inside)]
        return cut


def read_pixels(file: Path, s: Slice) -> Array:
    """Decode one file to HU as GDCM rescales it, with MONOCHROME1 turned back.

    Parameters
    ----------
    file : Path
        What is decoded.
    s : Slice
        Its header; of a multi-frame file, that of its first frame.

    Returns
    -------
    array (1, y, x) or (frames, y, x), and a last axis for colours
    """
    import SimpleITK as sitk

    reader = sitk.ImageFileReader()
    reader.SetImageIO("GDCMImageIO")
    reader.SetFileName(str(file))
    try:
        image: Array = sitk.GetArrayFromImage(reader.Execute())
    except RuntimeError as error:
        raise FormatError(
            "the pixels cannot be decoded; the file is truncated or damaged, or compressed in a way that is"
            " not read here: export it uncompressed",
            source=file,
        ) from error
    if s.inverted:  # ITK mirrors such pixels within their number range, as for display; HU are not inverted
        image = (sum(s.range_hu) - image).astype(image.dtype)
    return image


def _multi_frame(file: Path, slices: tuple[Slice, ...], dtype: np.dtype[Any]) -> Array:
    """HU of a multi-frame file in stack order. GDCM rescales every frame as it does the first."""
    first = next((s for s in slices if s.frame == 0), slices[0])
    image = read_pixels(file, first)
    frames = [s.frame or 0 for s in slices]
    if image.ndim != 3 or len(image) <= max(frames):
        raise FormatError("the header and the pixels disagree in the number of frames", source=file)
    if len({s.rescale for s in slices}) == 1:
        return as_hu(image[frames], dtype, source=file)
    stored = np.rint((image[frames] - first.rescale[1]) / first.rescale[0])
    slopes, intercepts = np.array([s.rescale for s in slices]).T[:, :, None, None]
    hu: Array = np.clip(stored * slopes + intercepts, -32768, 32767).astype(dtype)
    return hu
