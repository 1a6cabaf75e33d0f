"""Masks that a reader drew on an image and saved: bones, lesions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ssc_core.errors import FormatError, GeometryError, InputError
from ssc_core.io.image import FingerImage
from ssc_core.io.picture import read_picture
from ssc_core.io.store import read_array

__all__ = ["PICTURES", "read_bones", "read_lesions_drawn", "whole_numbers"]

PICTURES = (".png", ".jpg", ".jpeg", ".tif", ".tiff")


def read_bones(path: Path, image: FingerImage) -> npt.NDArray[np.bool_]:
    """Where bone was drawn on an image: everything but 0.

    Parameters
    ----------
    path : Path
        OME-Zarr, or a picture.
    image : FingerImage
        The image.

    Raises
    ------
    FormatError
        If it is neither.
    GeometryError
        If it lies on another grid.
    """
    mask = _read(path, image, "bone mask")
    return np.asarray((mask[..., :3].max(-1) if mask.ndim == 3 else mask) > 0)


def read_lesions_drawn(path: Path, image: FingerImage) -> npt.NDArray[np.int32]:
    """Lesions as they were drawn on an image: each has its own whole number, 0 is none.

    Parameters
    ----------
    path : Path
        OME-Zarr, or a grey PNG or TIFF whose grey levels are the lesions' numbers.
    image : FingerImage
        The image.

    Raises
    ------
    FormatError
        If it is neither, or a JPEG, which does not keep numbers.
    GeometryError
        If it lies on another grid.
    InputError
        If it is in colour or holds anything but whole numbers from 0 on.
    """
    if path.suffix.lower() in (".jpg", ".jpeg"):
        raise FormatError("a JPEG does not keep the lesions' numbers; save a PNG or OME-Zarr", source=path)
    labels = _read(path, image, "lesion mask")
    if labels.ndim == 3:
        said = "the lesion mask is in colour; save the lesions' numbers as grey levels"
        raise InputError(said, source=path)
    return whole_numbers(labels, path)


def whole_numbers(labels: npt.NDArray[Any], path: Path) -> npt.NDArray[np.int32]:
    """Labels as integers.

    Raises
    ------
    InputError
        If one is no whole number from 0 on.
    """
    numbers = np.asarray(labels, np.float64)
    if not (np.isfinite(numbers).all() and (numbers >= 0).all() and (numbers == np.rint(numbers)).all()):
        raise InputError("the lesion mask must hold whole numbers, 0 where there is no lesion", source=path)
    return numbers.astype(np.int32)


def _read(path: Path, image: FingerImage, what: str) -> npt.NDArray[Any]:
    if path.suffix == ".zarr":
        array, frame, _ = read_array(path)
        if array.shape == image.hu.shape and not frame.same_as(image.frame):
            raise GeometryError(f"the {what} lies on another grid than the image", source=path)
        mask = np.asarray(array)
    elif path.suffix.lower() in PICTURES:
        mask = np.asarray(read_picture(path))
    else:
        raise FormatError(f"a {what} is a picture (PNG, TIFF) or an OME-Zarr folder", source=path)
    if mask.shape[:2] != image.hu.shape:
        raise GeometryError(
            f"the {what} has {' x '.join(map(str, mask.shape))} pixels and the image"
            f" {' x '.join(map(str, image.hu.shape))}; draw it on this image",
            source=path,
        )
    return mask
