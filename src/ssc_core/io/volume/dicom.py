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
    if slices[0].frame is None:
        return _Stack(tuple(s.file for s in slices), shape, dtype, token)
    if len(files) > 1:
        raise InputError(
            "the series lies in several multi-frame files; give one of them", source=files[0].parent
        )
    frames = tuple(s.frame or 0 for s in slices)
    rescale = tuple((_slope(s), s.intercept or 0.0) for s in slices)
    return DecodedOnce(files[0], shape, dtype, token, _multi_frame, (frames, rescale, dtype))


def require_rescale(slices: Sequence[Slice], source: Path) -> tuple[str, ...]:
    """Check that stored values become HU; the warnings to give.

    Raises
    ------
    InputError
        If unsigned pixels lack their intercept, a slope is zero, or the values are declared as no HU.
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
        values = (s.slope if s.slope is not None else 1.0, s.intercept or 0.0)
        if values[0] == 0 or not all(map(math.isfinite, values)):
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
    missing = sum(s.intercept is None or s.slope is None for s in slices)
    if missing:
        warnings.append(
            f"{missing} slices lack RescaleSlope or RescaleIntercept; their signed pixels were taken as HU"
        )
    return tuple(warnings)


def dicom_padding(slices: Sequence[Slice]) -> tuple[tuple[float, ...], tuple[str, ...]]:
    """Per slice the HU declared as padding (NaN for none), and the warnings to give."""
    values, common = [], 0
    for s in slices:
        hu = math.nan
        if s.padding is not None:
            # of a range only its low end is kept: higher ones lie below NEVER_TISSUE_HU or are air
            hu = s.padding[0] * _slope(s) + (s.intercept or 0.0)
            if LOWEST_AIR_HU < hu < 32767:
                common, hu = common + 1, math.nan
        values.append(hu)
    warnings = []
    if common:
        warnings.append(
            f"the padding value declared in {common} slices is also a value of air or tissue; such voxels"
            " are kept"
        )
    return tuple(values), tuple(warnings)


def _slope(s: Slice) -> float:
    return 1.0 if s.slope is None else s.slope


def _whole(s: Slice) -> bool:
    return _slope(s).is_integer() and (s.intercept or 0.0).is_integer()


@dataclass(frozen=True)
class _Stack:
    """One file per slice."""

    files: tuple[Path, ...]
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    token: str
    ndim = 3

    def __getitem__(self, index: Any) -> Array:
        rows, *inside = index if isinstance(index, tuple) else (index,)
        wanted: int | range = range(len(self.files))[rows]
        if isinstance(wanted, int):
            one: Array = self._slice(self.files[wanted])[tuple(inside)]
            return one
        out = np.empty((len(wanted), *self.shape[1:]), self.dtype)
        for i, k in enumerate(wanted):
            out[i] = self._slice(self.files[k])
        block: Array = out[(slice(None), *inside)]
        return block

    def _slice(self, file: Path) -> Array:
        image = read_pixels(file)
        if image.shape[-2:] != self.shape[1:] or image.size != image.shape[-1] * image.shape[-2]:
            raise FormatError("the header and the pixels disagree in size", source=file)
        return as_hu(image.reshape(self.shape[1:]), self.dtype, source=file)


def read_pixels(file: Path) -> Array:
    """Decode one file; GDCM applies slope and intercept. Axes (1, y, x) or (frames, y, x)[, colours]."""
    import SimpleITK as sitk

    reader = sitk.ImageFileReader()
    reader.SetImageIO("GDCMImageIO")
    reader.SetFileName(str(file))
    try:
        image: Array = sitk.GetArrayFromImage(reader.Execute())
    except RuntimeError as error:
        raise FormatError(
            "the pixels cannot be decoded; the file is truncated or damaged", source=file
        ) from error
    return image


def _multi_frame(
    file: Path, frames: tuple[int, ...], rescale: tuple[tuple[float, float], ...], dtype: np.dtype[Any]
) -> Array:
    """HU of a multi-frame file in stack order."""
    image = read_pixels(file)
    if image.ndim != 3 or len(image) <= max(frames):
        raise FormatError("the header and the pixels disagree in the number of frames", source=file)
    return as_hu(image[list(frames)], dtype, source=file)
